"""A till that has joined a small broker, in virtual time: what tests of client and outbox begin with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.keys import KeyFolder
from pos.broker_client import BrokerClient
from pos.enrol import Enrolled, enrol, open_identity
from pos.store.journal import Draft
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from protocols.facts import TerminalNoted
from sim.clock import VirtualClock
from sim.entropy import SeededEntropy
from tests.support.small_broker import URL, LossyTransport, SmallBroker


@dataclass
class JoinedTill:
    """A till and its broker on one clock."""

    clock: VirtualClock
    entropy: SeededEntropy
    broker: SmallBroker
    wire: LossyTransport
    client: BrokerClient
    keys: KeyFolder
    store: Store

    @property
    def runner(self) -> StoreInline:
        """Return the store as the outbox uses it."""
        return StoreInline(self.store)

    def sell(self, count: int = 1) -> None:
        """Append so many records."""
        for number in range(count):
            self.store.append([Draft(fact=TerminalNoted(note=f"sold {number}"), actor="till")])

    async def join(self, code: str = "") -> object:
        """Enrol; return what became of it."""
        return await enrol(
            code or self.broker.code(),
            client=self.client,
            keys=self.keys,
            store=self.runner,
            entropy=self.entropy,
            program="test 1",
        )

    async def joined(self) -> "JoinedTill":
        """Enrol for sure."""
        assert isinstance(await self.join(), Enrolled)
        return self

    def restart(self) -> None:
        """Begin a new process: only what is durable is left."""
        self.store.close()
        self.store = Store(self.store.database.path, clock=self.clock)
        self.client = BrokerClient(
            URL, clock=self.clock, entropy=self.entropy.fork("again"), transport=self.wire
        )
        identity = open_identity(self.store, self.keys)
        if identity is not None:
            self.client.identify(*identity)

    def at_broker(self) -> list[bytes]:
        """Return what the broker has of the till's first life."""
        return self.broker.records.get(("01", 1), [])

    def in_journal(self) -> list[bytes]:
        """Return everything that the till has written."""
        records: list[bytes] = []
        while more := self.store.records(len(records), 500):
            records += more
        return records


@contextmanager
def till_in(folder: Path, clock: VirtualClock, entropy: SeededEntropy) -> Iterator[JoinedTill]:
    """Build a till that has joined nothing yet."""
    broker = SmallBroker(clock=clock, entropy=entropy.fork("broker"))
    wire = LossyTransport(broker)
    till = JoinedTill(
        clock=clock,
        entropy=entropy.fork("till"),
        broker=broker,
        wire=wire,
        client=BrokerClient(URL, clock=clock, entropy=entropy.fork("client"), transport=wire),
        keys=KeyFolder(folder / "keys", secret=bytes(32), entropy=entropy.fork("keys")),
        store=Store(folder / FILE_NAME, clock=clock),
    )
    try:
        yield till
    finally:
        till.store.close()
