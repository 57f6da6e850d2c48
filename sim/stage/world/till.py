"""The real till of a world: wired as in the program, killed and started again, watched by nobody it knows.

Its store is on a file and run inline; what stands between it and everything else is bytes: links to
its equipment, slots for cards, HTTP to its broker.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from pos.broker_client import BrokerClient
from pos.catalogue_file import import_catalogue
from pos.config import BrokerTable, ClerkTable, Config, DevicesTable, StoreTable
from pos.enrol import Enrolled, enrol
from pos.entry import EntryError, parse_entry
from pos.messages import notice
from pos.store.journal import Doubt
from pos.store.store import Store
from pos.store.threads import StoreInline
from pos.uplink import open_keys
from pos.view import Notice, TillView
from pos.wiring import Host, WiredTill, line_of, open_store, wire
from protocols.ports import Clock, Entropy
from sim.stage.world.broker import BrokerHere
from sim.stage.world.equipment import CUSTOMER, PAYMENT_TERMINAL, SHOP, Equipment
from sim.stage.world.given import STORE, TillWish
from sim.stage.world.life import KilledError, Life
from sim.stage.world.network import Network

Result = TypeVar("Result")
GOODS: Final = Path(__file__).parents[3] / "pos" / "data" / "goods.csv"
PROGRAM: Final = "world"
NOTICES_MAX: Final = 10_000
_PAGES_MAX: Final = 1_073_741_823
"""SQLite's own default."""
_ROLES: Final = {
    "printer": "printer",
    "line_display": "line_display",
    "scanner": "scanner",
    "stripe_reader": "stripe_reader",
    "pin_pad": "pin_pad",
    PAYMENT_TERMINAL: "payment_terminal",
    CUSTOMER: "customer_card",
    SHOP: "shop_card",
}
"""Where the configuration has the address of each device."""


class Disk(Enum):
    """How the disk under a till's store is."""

    FREE = "free"
    FULL = "full"
    """No room for another page of the file."""
    READ_ONLY = "read_only"
    """As a system leaves it after an error."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message on the till's screen."""

    at_ns: int
    notice: Notice


class MortalStore:
    """A till's store that does nothing for a till that is dead. Satisfies StoreRunner."""

    def __init__(self, store: Store, life: Life) -> None:
        self.store = store
        self._inner = StoreInline(store)
        self._life = life

    async def run(self, step: Callable[[Store], Result]) -> Result:
        """Run a step now. Raises: StoreError, what the step raises, KilledError."""
        self._life.demand()
        return await self._inner.run(step)

    async def close(self) -> None:
        """Close the file."""
        await self._inner.close()


@dataclass(slots=True, kw_only=True)
class TillHere:
    """One till under the caller's clock."""

    wish: TillWish
    folder: Path
    clock: Clock
    entropy: Entropy
    network: Network
    equipment: Equipment
    url: str
    heard: list[Heard] = field(default_factory=list)
    """Every message that stood on its screen, of all its lives."""
    viewed: Callable[[], None] = lambda: None
    """Called whenever its picture changes."""
    life: Life = field(default_factory=Life)
    disk: Disk = Disk.FREE
    _wired: WiredTill | None = None
    _store: MortalStore | None = None
    _shown: Notice | None = None

    @property
    def running(self) -> bool:
        """Say whether it can be worked."""
        return self._wired is not None and not self.life.dead

    @property
    def wired(self) -> WiredTill:
        """The till with what runs beside it."""
        assert self._wired is not None, "the till is off"
        return self._wired

    @property
    def view(self) -> TillView:
        """What it shows."""
        return self.wired.till.view

    async def join(self, broker: BrokerHere) -> None:
        """Import the goods and join the broker, as the shop's owner does once."""
        config, host = self._config(), self._host()
        code = await broker.code(self.wish.terminal, STORE)
        with open_store(config, self.clock)() as store:
            import_catalogue(
                store.database, GOODS.read_bytes(), date="20260101", now_ns=self.clock.now_ns()
            )
            if not self.wish.joined:
                return
            client = BrokerClient(
                self.url, clock=self.clock, entropy=self.entropy, transport=broker
            )
            joined = await enrol(
                code,
                client=client,
                keys=open_keys(line_of(config, host)),
                store=StoreInline(store),
                entropy=self.entropy,
                program=PROGRAM,
            )
            await client.close()
        assert isinstance(joined, Enrolled), joined

    async def start(self) -> None:
        """Be on, from what is durable; harmless when it is. Raises: StoreError."""
        if self.running:
            return
        await self._end()
        self.life = Life()
        config = self._config()
        self._store = MortalStore(open_store(config, self.clock)(), self.life)
        self._feel_disk(self._store.store)
        self._wired = wire(config, self._host(), self._store)
        self._shown = None
        await self.life.run(self._begin(self._wired), name="till start")

    async def stop(self) -> None:
        """Be switched off in order."""
        if self.running:
            await self.life.run(self.wired.stop(), name="till stop")
            self.life.kill()
        await self._end()

    async def kill(self) -> None:
        """End as by a power cut."""
        self.life.kill()
        await self._end()

    async def key(self, entry: str) -> Notice | None:
        """Enter something; returns what the till says to it, None where it died over it."""
        try:
            command = parse_entry(entry, self.view.currency, self.view.tenders)
        except EntryError as error:
            return notice(error.code, self.view.language, **error.blanks)
        working = self.life.run(self.wired.till.execute(command), name=f"key {entry}")
        # One that waits is not the till's: it outlives it, to say so.
        await asyncio.wait([working])
        if working.cancelled() or isinstance(working.exception(), KilledError):
            await self._end()
            return None
        return working.result()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Give its store to read, also of a till that is dead or off."""
        if self._store is not None:
            yield self._store.store
            return
        with open_store(self._config(), self.clock)() as store:
            yield store

    def set_disk(self, disk: Disk) -> None:
        """Let the disk be so from now on, for later lives too."""
        self.disk = disk
        if self._store is not None:
            self._feel_disk(self._store.store)

    def records(self, after: int = 0) -> list[bytes]:
        """Return what its journal holds above a sequence number."""
        records: list[bytes] = []
        with self.store() as store:
            while more := store.records(after + len(records)):
                records += more
        return records

    def doubts(self) -> Sequence[Doubt]:
        """Return the attempts whose result nobody knows."""
        with self.store() as store:
            return store.journal.doubts()

    def _feel_disk(self, store: Store) -> None:
        pages = store.database.number("PRAGMA page_count")
        full = self.disk is Disk.FULL
        store.database.number(f"PRAGMA max_page_count = {pages if full else _PAGES_MAX}")
        store.database.execute(f"PRAGMA query_only = {int(self.disk is Disk.READ_ONLY)}")

    async def _begin(self, wired: WiredTill) -> None:
        await wired.start()
        wired.till.watch(self._watch)
        self._watch(wired.till.view)

    async def _end(self) -> None:
        """Let go of the file of a till that is dead, whatever it was doing."""
        await self.life.gone()
        if self._store is not None:
            self._store.store.close()
        self._store = self._wired = None

    def _watch(self, view: TillView) -> None:
        if self.life.dead:
            return
        self.viewed()
        if view.notice is self._shown:
            return
        self._shown = view.notice
        if view.notice is not None and len(self.heard) < NOTICES_MAX:
            self.heard.append(Heard(self.clock.monotonic_ns(), view.notice))

    def _host(self) -> Host:
        return Host(
            clock=self.clock,
            entropy=self.entropy,
            faults=self.life,
            secret=self.folder / "host.secret",
            transport=self.network,
        )

    def _config(self) -> Config:
        chosen = {**self.wish.devices}
        addresses = {
            key: address
            for device, key in _ROLES.items()
            if (address := self.equipment.address(device))
        }
        devices: Any = {"paper_columns": 48} | chosen | addresses
        return Config(
            language=self.wish.language,
            folder=str(self.folder),
            terminal=self.wish.terminal,
            store=StoreTable(id=STORE, business_number="123-45-67890"),
            clerk=ClerkTable(id="kim", name="김영희"),
            devices=msgspec.convert(devices, DevicesTable),
            broker=BrokerTable(url=self.url if self.wish.joined else ""),
        )
