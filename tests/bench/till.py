"""Measures of the till without a screen.

sale_commit_p99_ms  the one transaction that makes a sale durable (facts, end of the basket, paper), on a
                    file with full sync; beside the same rows committed one by one
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from pos import commands
from pos.catalogue_file import import_catalogue
from pos.config import parse_config
from pos.opening import host
from pos.store.store import Store
from pos.wiring import store_thread, wire
from tests.support.random_kills import GOODS, SALE

SALES = 400


def measure() -> list[dict[str, Any]]:
    """Return the rows of `make bench` that belong to the till."""
    with tempfile.TemporaryDirectory(prefix="till") as folder:
        commits, sync = asyncio.run(_sales(Path(folder))), _syncs(Path(folder))
    p99 = _percentile(commits, 0.99)
    against = f"one empty durable transaction, p99 {_percentile(sync, 0.99):.2f} ms"
    return [
        _row("sale_commit_p99_ms", p99, 10, against, p99 / _percentile(sync, 0.99)),
        _row("sale_commit_p50_ms", _percentile(commits, 0.5), None, against, None),
    ]


def _row(name: str, value: float, goal: float | None, against: str, ratio: float | None) -> dict:
    met = None if goal is None else value <= goal
    shown = None if ratio is None else round(ratio, 2)
    return {
        "name": name,
        "value": round(value, 3),
        "unit": "ms",
        "goal": goal,
        "met": met,
        "against": against,
        "ratio": shown,
    }


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[max(0, round(share * len(values)) - 1)]


async def _sales(folder: Path) -> list[float]:
    config = parse_config(f'folder = "{folder}"\n', folder / "till.toml")
    machine = host()
    with Store(folder / "till.sqlite3", clock=machine.clock) as store:
        import_catalogue(
            store.database, GOODS.encode(), date="20260417", now_ns=machine.clock.now_ns()
        )
    wired = wire(config, machine, store_thread(config, machine.clock))
    await wired.start()
    times = []
    try:
        await wired.till.execute(commands.OpenShift(0))
        for _ in range(SALES):
            for code in (SALE[0], SALE[1].partition("*")[2]):
                await wired.till.execute(commands.Scan(code))
            begin = time.perf_counter()
            await wired.till.execute(commands.Pay("cash", 20_000))
            times.append((time.perf_counter() - begin) * 1_000)
    finally:
        await wired.stop()
    return times


def _syncs(folder: Path) -> list[float]:
    """Return what one small durable transaction costs on this disk at this minute, in ms."""
    from pos.host import HostClock

    times = []
    with Store(folder / "bare.sqlite3", clock=HostClock()) as store:
        for number in range(SALES):
            begin = time.perf_counter()
            store.set_setting("bench", number.to_bytes(4))
            times.append((time.perf_counter() - begin) * 1_000)
    return times
