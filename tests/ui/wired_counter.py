"""The counter's screen on a till as the program wires it: twins at the ends of its wires, a small broker.

What is measured is the machine's time; the clock on the wall stands.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from pos.broker_client import BrokerClient
from pos.catalogue import replace_catalogue
from pos.config import BrokerTable, ClerkTable, Config, DevicesTable, StoreTable
from pos.enrol import Enrolled, enrol
from pos.entry import parse_entry
from pos.host import NoFaults
from pos.keymap import load_keymap
from pos.messages import Language
from pos.store.store import Store
from pos.store.threads import StoreInline
from pos.ui.grammar import read_entry
from pos.ui.source import Counter as Screen
from pos.uplink import open_keys
from pos.wiring import Host, WiredTill, line_of, open_store, wire
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.stage.world.equipment import BYTES, CUSTOMER, SHOP, Equipment, wish
from sim.stage.world.wires import MemoryGround
from tests.pos.conftest import MORNING_NS
from tests.support.counter_till import GOODS
from tests.support.small_broker import URL, LossyTransport, SmallBroker
from tests.support.staff import STAFF, employ
from tests.ui.stage import Stage, on_stage


class MorningClock(SystemClock):
    """Ten in the morning in Seoul, for ever: pictures are comparable. What is measured goes on."""

    def now_ns(self) -> int:
        return MORNING_NS


@dataclass
class Wired:
    """A wired till, and what is beside it."""

    stage: Stage
    wired: WiredTill
    store: Store
    equipment: Equipment
    broker: SmallBroker
    line: LossyTransport
    clock: MorningClock

    @property
    def view(self):
        """What the till shows."""
        return self.wired.till.view

    async def key(self, *entries: str) -> None:
        """Do something by entries."""
        for entry in entries:
            await self.wired.till.execute(parse_entry(entry))
        await self.stage.settled()

    async def says(self, code: str) -> None:
        """Wait until the till says this."""
        await self.stage.until(
            lambda: self.view.notice is not None and self.view.notice.code == code
        )
        await self.stage.settled()

    def break_disk(self, *, broken: bool) -> None:
        """Let the disk be read-only, as a system leaves it after an error; or well again."""
        self.store.database.execute(f"PRAGMA query_only = {int(broken)}")


@asynccontextmanager
async def wired_counter(
    folder: Path, language: Language = "ko", *, joined: bool = False, card_slots: bool = False
) -> AsyncIterator[Wired]:
    """Open it: clerk 7 has the shift open and milk in the basket. `joined`: it has a broker."""
    clock, entropy = MorningClock(), SeededEntropy(7)
    broker = SmallBroker(clock=clock, entropy=entropy.fork("broker"))
    line = LossyTransport(broker)
    slots = (CUSTOMER, SHOP) if card_slots else ()
    equipment = Equipment(
        {name: wish(name) for name in BYTES},
        ground=MemoryGround(clock),
        clock=clock,
        entropy=entropy.fork("wires"),
        cards={},
        away=set(),
    )
    config = Config(
        language=language,
        folder=str(folder),
        store=StoreTable(id="S1", name_ko="한빛마트", name_en="Hanbit Mart"),
        clerk=ClerkTable(id="kim", name="김영희"),
        devices=DevicesTable(
            **{name: equipment.address(name) for name in BYTES},
            **{f"{name}_card": f"sim://{name}?bench=/none" for name in slots},
        ),
        broker=BrokerTable(url=URL if joined else ""),
    )
    host = Host(
        clock=clock,
        entropy=entropy.fork("till"),
        faults=NoFaults(),
        secret=folder / "host.secret",
        transport=line,
    )
    store = open_store(config, clock)()
    replace_catalogue(store.database, GOODS, now_ns=clock.now_ns())
    employ(store, STAFF)
    if joined:
        client = BrokerClient(URL, clock=clock, entropy=entropy.fork("client"), transport=line)
        keys = open_keys(line_of(config, host))
        code = broker.code()
        done = await enrol(
            code, client=client, keys=keys, store=StoreInline(store),
            entropy=entropy.fork("enrol"), program="test 1",
        )  # fmt: skip
        assert isinstance(done, Enrolled)
        await client.close()
    await equipment.start()
    made = wire(config, host, StoreInline(store))
    await made.start()
    await made.devices.settled()
    for entry in ("7PN:4711", "50.OS", "8801115114154"):
        await made.till.execute(parse_entry(entry))
    screen = Screen(
        till=made.till,
        grammar=read_entry,
        keymap=load_keymap("kr-106"),
        clock=clock,
        zone=UTC,
    )
    try:
        async with on_stage(screen) as stage:
            yield Wired(stage, made, store, equipment, broker, line, clock)
    finally:
        await made.stop()
        await equipment.stop()
