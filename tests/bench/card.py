"""A chip card's sale over real pcscd: from the key to the closed sale, till to broker to bank and back.

The till is the production one over our reader driver; the broker is a process that it reaches over HTTP, the
bank another that the broker dials over TCP. Shares of each sale:

    card    from a command's way out to its answer, power-on included; the virtual card's arithmetic is in it
    bank    from the broker's question on its line to the bank's answer, seen by a relay between the two
    own     all the rest: till, journal, paper, HTTP, the broker and its commits
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from devices.bus.card_slot import PcscChannel, PcscSlot
from ips.bank import tcp
from ips.bank.wiring import BankConfig
from ips.rules import load_rules
from protocols.facts import SaleClosed, decode_fact
from protocols.journal import decode_record
from protocols.ports import ByteLink
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.stage.children import Child
from sim.stage.world.banks import HANBIT, WIRING
from sim.stage.world.equipment import CUSTOMER, wish
from sim.stage.world.given import Given, TillWish
from sim.stage.world.loop import SkippingLoop
from sim.stage.world.served import BrokerServed
from sim.stage.world.shop import STORES, World
from sim.stage.world.street import Street, opened
from sim.stage.world.wires import Wire

SALES = 60
WARM = 5
P95_GOAL_MS = 700
GOODS = "8800103000011"
CARD = "sign"
"""Its holder signs: nobody is waited for."""
_BANK = """\
seed = 1

[devices.hanbit]
kind = "bank"
wire = "tcp"
port = {port}
options = {{ bank = "hanbit" }}
"""


@dataclass
class Spent:
    """Seconds of the sale under way, by where they went."""

    card: float = 0.0
    bank: float = 0.0


@dataclass
class Sales:
    """Milliseconds of each sale."""

    total: list[float] = field(default_factory=list)
    card: list[float] = field(default_factory=list)
    bank: list[float] = field(default_factory=list)

    def own(self) -> list[float]:
        return [
            total - card - bank
            for total, card, bank in zip(self.total, self.card, self.bank, strict=True)
        ]


class BankApart:
    """A bank's host in a process of its own, behind a relay that looks at the clock; as World wants banks."""

    hosts: dict[str, Any] = {}  # noqa: RUF012  nothing is done to it

    def __init__(self, folder: Path, spent: Spent) -> None:
        self._folder = folder
        self._spent = spent
        self._asked = 0.0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._server: asyncio.Server | None = None
        self._child: Child | None = None
        self._port = _free_port()

    @property
    def wiring(self) -> dict[str, BankConfig]:
        port = self._listening.getsockname()[1]
        told = {"address": f"127.0.0.1:{port}", **WIRING[HANBIT]}
        return {HANBIT: msgspec.convert(told, BankConfig)}

    async def start(self) -> None:
        plan = self._folder / "bank.toml"
        plan.write_text(_BANK.format(port=self._port))
        arguments = ("sim.stage.cli", "up", str(plan), "--folder", str(self._folder / "bank"))
        log = self._folder / "bank.log"
        self._child = Child("bank", arguments, log=log, clock=SystemClock())
        self._child.announcement()
        self._server = await asyncio.start_server(self._relay, sock=self._listening)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._child is not None:
            self._child.end()

    async def dial(self, address: str) -> ByteLink:
        return await tcp.dial(address)

    async def _relay(self, inward: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        from_bank, to_bank = await asyncio.open_connection("127.0.0.1", self._port)

        async def asks() -> None:
            while data := await inward.read(65_536):
                self._asked = time.perf_counter()
                to_bank.write(data)

        async def answers() -> None:
            while data := await from_bank.read(65_536):
                self._spent.bank += time.perf_counter() - self._asked
                back.write(data)

        passing = [asyncio.create_task(asks()), asyncio.create_task(answers())]
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        for task in passing:
            task.cancel()
        for end in (to_bank, back):
            end.close()


def _free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _looking_at_cards(spent: Spent) -> Iterator[None]:
    """Add up what commands to a card and its power-on take, while the block runs."""

    def timed(ask: Any) -> Any:
        async def asked(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return await ask(*arguments, **named)
            finally:
                spent.card += time.perf_counter() - began

        return asked

    before = PcscChannel.transmit, PcscSlot.connect
    PcscChannel.transmit, PcscSlot.connect = map(timed, before)  # type: ignore[method-assign]
    try:
        yield
    finally:
        PcscChannel.transmit, PcscSlot.connect = before  # type: ignore[method-assign]


async def _sell(world: World, spent: Spent) -> Sales:
    """Sell so often, each time with the card put in anew."""
    till, equipment, sales = world.till(), world.equipment(), Sales()
    await till.wired.devices.settled()
    for _ in range(SALES + WARM):
        await equipment.do(CUSTOMER, "insert", card=CARD)
        await till.key(GOODS)
        await asyncio.sleep(0.2)
        spent.card = spent.bank = 0.0
        began = time.perf_counter()
        said = await till.key("CD")
        sales.total.append((time.perf_counter() - began) * 1000)
        sales.card.append(spent.card * 1000)
        sales.bank.append(spent.bank * 1000)
        assert said is not None and not till.view.lines, said
        await equipment.do(CUSTOMER, "remove")
        await asyncio.sleep(0.1)
    closed = [
        fact
        for record in map(decode_record, till.records())
        if isinstance(fact := decode_fact(record.kind, record.body), SaleClosed)
    ]
    assert len(closed) == SALES + WARM
    assert all(tender.method == "card" for sale in closed for tender in sale.tenders)
    return Sales(sales.total[WARM:], sales.card[WARM:], sales.bank[WARM:])


def _world(street: Street, folder: Path, spent: Spent) -> World:
    entropy = SeededEntropy(1)
    broker = BrokerServed(
        folder / "broker",
        clock=street.clock,
        machine=street.machine,
        entropy=entropy.fork("broker"),
        rules=load_rules(),
        stores=STORES,
    )
    broker.banks = BankApart(folder, spent)  # type: ignore[assignment]
    equipment = {name: wish(name) for name in ("printer", "line_display", CUSTOMER)}
    given = replace(Given(), tills=(TillWish(equipment=equipment),), bank_cards=(CARD,))
    return World(
        given,
        folder=folder,
        clock=street.clock,
        entropy=entropy,
        rules=load_rules(),
        ground=street.ground,
        wire=street.wire,
        broker=broker,
        passes=street.clock.skip,
    )


def _measured(street: Street) -> Sales:
    async def story() -> Sales:
        async with _world(street, folder, spent) as world:
            # The bank has signed on, and the session with the broker is open, as when a day has begun.
            await asyncio.sleep(3)
            return await _sell(world, spent)

    spent, folder = Spent(), street.folder / "shop"
    folder.mkdir()
    with (
        _looking_at_cards(spent),
        asyncio.Runner(loop_factory=lambda: SkippingLoop(street.clock)) as runner,
    ):
        return runner.run(story())


def _p95(durations: list[float]) -> float:
    return sorted(durations)[int(len(durations) * 0.95)]


def measure() -> list[dict[str, Any]]:
    """Return the rows of this module."""
    row: dict[str, Any] = {
        "name": "card_chip_sale_p95_ms",
        "unit": f"ms, key to closed sale, {SALES} sales by chip, real pcscd, broker and bank",
        "goal": P95_GOAL_MS,
    }
    try:
        with opened(Wire.PCSC, machine=SystemClock()) as street:
            sales = _measured(street)
    except (OSError, ModuleNotFoundError) as error:
        return [row | {"against": f"not measured: {error}"}]
    p95, own = _p95(sales.total), sales.own()
    shares = f"medians: card {median(sales.card):.0f}, bank {median(sales.bank):.0f}, own {median(own):.0f} ms"
    return [
        row
        | {
            "value": round(p95, 1),
            "met": p95 <= P95_GOAL_MS,
            "against": shares,
            "ratio": round(median(own) / median(sales.total), 2),
        },
        {
            "name": "card_chip_sale_own_p95_ms",
            "value": round(_p95(own), 1),
            "unit": "ms of it, till and broker: neither the card's nor the bank's",
            "against": f"the whole sale: {p95:.1f} ms",
            "ratio": round(_p95(own) / p95, 2),
        },
    ]
