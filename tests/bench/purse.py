"""A transfer over stock pcscd, pyscard and two readers; and how fast the purse's states are searched.

A transfer is what the till waits for: both cards powered anew, eleven commands, five signatures
made and nine checked. The cards run in this very process, so their arithmetic is in the figure. Beside
our reader driver stands the same transfer with Debian's vpcd at the customer's side.
"""

import asyncio
import gc
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from protocols.purse.coordinator import Slot, Transferred, transfer
from sim.host import SystemClock
from sim.hosting.pcscd import DaemonError, PrivateDaemon
from sim.search.explore import explore
from sim.search.universe import Scope, Universe
from tests.support.card_bench import card, deadline, drive, pcsc_reader, start_daemon
from tests.support.purses import ORDER

TRANSFERS = 100
WARM = 5
P95_GOAL_MS = 300
STATES_GOAL = 5_000


async def _transfers(daemon: PrivateDaemon, customer: str) -> list[float]:
    """Return the milliseconds of each transfer, in order of size."""
    balance = ORDER.value * (TRANSFERS + WARM)
    async with (
        pcsc_reader(daemon, customer, {"alice": card(b"ALICE-01", balance)}) as payer,
        pcsc_reader(daemon, "IPS shop", {"shop": card(b"SHOP-001", purse_class=1)}) as payee,
    ):
        await payer.insert("alice")
        await payee.insert("shop")
        readers = {Slot.PAYER: payer, Slot.PAYEE: payee}
        took = []
        for _ in range(TRANSFERS + WARM):
            began = time.perf_counter()
            channels = {
                slot: await each.slot.connect(deadline_ns=deadline())
                for slot, each in readers.items()
            }

            async def transmit(slot: Slot, apdu: bytes, channels=channels) -> bytes | None:
                return await channels[slot].transmit(apdu, deadline_ns=deadline())

            result = await drive(transfer(ORDER), transmit)
            took.append((time.perf_counter() - began) * 1000)
            assert isinstance(result, Transferred)
        assert payee.cards["shop"].image().balances[0] == 1_000 + balance
    return sorted(took[WARM:])


def _p95(sorted_ms: list[float]) -> float:
    return sorted_ms[int(len(sorted_ms) * 0.95)]


async def _readers() -> tuple[list[float], list[float]]:
    folder = Path(tempfile.mkdtemp(prefix="ips"))
    daemon = start_daemon(folder / "d")
    try:
        return await _transfers(daemon, "IPS customer"), await _transfers(daemon, "Stock")
    finally:
        daemon.stop()
        shutil.rmtree(folder)


def _searched(scope: Scope) -> float:
    """Return states a second of one exhaustive search."""
    gc.collect()
    report = explore(Universe(scope), clock=SystemClock())
    assert report.complete and not report.violations
    return report.states / report.seconds


def measure() -> list[dict[str, Any]]:
    """Return the rows of this module."""
    return [*_transfer_rows(), *_search_rows()]


def _transfer_rows() -> list[dict[str, Any]]:
    row: dict[str, Any] = {
        "name": "purse_transfer_pcsc_p95_ms",
        "unit": "ms, two readers, 11 commands",
        "goal": P95_GOAL_MS,
    }
    try:
        ours, stock = asyncio.run(_readers())
    except (DaemonError, ModuleNotFoundError) as error:
        return [row | {"against": f"not measured: {error}"}]
    p95, against = _p95(ours), _p95(stock)
    return [
        row
        | {
            "value": round(p95, 1),
            "met": p95 <= P95_GOAL_MS,
            "against": f"customer in Debian's vpcd: {against:.1f} ms",
            "ratio": round(against / p95, 2),
        }
    ]


def _search_rows() -> list[dict[str, Any]]:
    searched = _searched(Scope(starts=3, balance=3, late=False, claims=False))
    short = _searched(Scope())
    return [
        {
            "name": "purse_search_states_per_s",
            "value": round(searched),
            "unit": "states/s of the production class, one core, 2 purses x 3 starts",
            "goal": STATES_GOAL,
            "met": searched >= STATES_GOAL,
            "against": f"2 purses x 2 starts, late completion, claims: {short:,.0f}/s",
            "ratio": round(searched / short, 2),
        },
    ]
