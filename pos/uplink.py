"""The till's end of the line to its broker: outbox, client and keys, or nothing while it is alone."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devices.keys import KeyFolder, open_host_secret
from pos.store.errors import StoreError
from pos.store.store import Store
from pos.store.threads import StoreRunner
from pos.till import Till
from pos.view import Notice, QueueView
from protocols.enrolment import Certificate
from protocols.ports import Clock, Entropy, FaultPoints

if TYPE_CHECKING:
    import httpx
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from pos.broker_client import BrokerClient
    from pos.outbox import Outbox
    from pos.own_purses import OwnPurses

DRAIN_SECONDS: Final = 5.0
"""How long a command without a screen tries to get its records to the broker."""
PURSE_SECONDS: Final = 2.0
"""Of these, how long it waits for a purse of the till's own to take what its issuer wants."""

_NOT_THERE: Final = frozenset({"NET-01", "NET-05"})
"""Messages after which waiting for the broker is of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What an uplink is made of."""

    url: str
    keys: Path
    """The folder of the till's keys."""
    secret: Path
    """The host's secret, apart from the folder."""
    clock: Clock
    entropy: Entropy
    faults: FaultPoints
    transport: "httpx.AsyncBaseTransport | None" = None
    """What stands in for the network; None is the network."""


def open_keys(line: Line) -> KeyFolder:
    """Open the till's keys. Raises: KeysError."""
    secret = open_host_secret(line.secret, line.entropy)
    return KeyFolder(line.keys, secret=secret, entropy=line.entropy)


class Uplink:
    """Runs the outbox while the till is up and has joined a broker."""

    def __init__(self, line: Line, till: Till, runner: StoreRunner) -> None:
        self._line = line
        self._till = till
        self._runner = runner
        self._task: asyncio.Task[None] | None = None
        self._outbox: Outbox | None = None
        self._own_purses: OwnPurses | None = None
        self._reports: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._unreachable = False
        self._away: Notice | None = None
        """What says that the broker is not there, while it is not."""
        self._mended = asyncio.Event()

    async def start(self) -> None:
        """Begin to send, if there is a broker and this till is one of its terminals.

        Raises: StoreError, KeysError, EnrolmentError.
        """
        if not self._line.url or self._till.register.setup.training:
            return
        enrolled = await self._runner.run(self._identity)
        if enrolled is None:
            return
        from pos.acquirer import AcquirerAtBroker
        from pos.broker_client import BrokerClient
        from pos.club import ClubAtBroker
        from pos.elsewhere import AtBroker
        from pos.errands import ErrandsAtBroker
        from pos.outbox import Listeners, Outbox, Terminal
        from pos.own_purses import OwnPurses
        from pos.pushed import Puller

        line = self._line
        certificate, identity = enrolled
        client = BrokerClient(
            line.url, clock=line.clock, entropy=line.entropy, transport=line.transport
        )
        client.identify(certificate, identity)
        self._till.register.elsewhere = AtBroker(client)
        self._till.register.club = ClubAtBroker(
            client, store=certificate.store, terminal=certificate.terminal
        )
        self._till.register.acquirer = AcquirerAtBroker(
            client, store=certificate.store, terminal=certificate.terminal
        )
        errands = self._till.register.errands = ErrandsAtBroker(client)
        self._own_purses = OwnPurses(self._till, errands)
        puller = Puller(
            client=client, store=self._runner, broker_key=certificate.broker, clock=line.clock
        )
        self._outbox = Outbox(
            terminal=Terminal(certificate=certificate, identity=identity),
            store=self._runner,
            client=client,
            puller=puller,
            entropy=line.entropy,
            faults=line.faults,
            listeners=Listeners(
                queue=self._queue,
                notice=self._notice,
                document=self._document,
                failed=self._till.store_failed,
                commands=self._own_purses.heard,
            ),
            language=self._till.register.setup.language,
        )
        self._till.appended = self._outbox.wake
        self._till.mended = self._mended.set
        self._task = asyncio.get_running_loop().create_task(self._run(client), name="outbox")

    async def drained(self, *, seconds: float) -> bool:
        """Wait until the broker has everything, or is known not to be there.

        What it wants of the till's own purses is given to them meanwhile. Raises: StoreError.
        """
        if self._outbox is None:
            return False
        self._outbox.wake()
        try:
            async with asyncio.timeout(seconds):
                while not self._unreachable:
                    self._changed.clear()
                    if self._own_purses is not None:
                        await self._own_purses.rest(seconds=PURSE_SECONDS)
                    if (await self._runner.run(Store.queue)).waiting == 0:
                        return True
                    await self._changed.wait()
        except TimeoutError:
            pass
        return False

    async def stop(self) -> None:
        """Stop sending; what is on its way is settled by its sequence numbers next time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._own_purses is not None:
            await self._own_purses.stop()

    async def _run(self, client: "BrokerClient") -> None:
        assert self._outbox is not None, "the outbox is made before it runs"
        try:
            while True:
                await self._outbox.run()
                # The store has failed under it. It goes on when selling does.
                self._mended.clear()
                await self._mended.wait()
        finally:
            await client.close()

    def _identity(self, store: Store) -> "tuple[Certificate, Ed25519PrivateKey] | None":
        if not store.identity().certificate:
            return None
        # With it comes the HTTP library, which is slow to import; a till that is alone never does.
        from pos.enrol import open_identity

        return open_identity(store, open_keys(self._line))

    def _queue(self, queue: QueueView) -> None:
        self._unreachable = self._unreachable and queue.link == "offline"
        self._changed.set()
        if self._away is not None and queue.link in ("online", "sending"):
            self._till.take_back(self._away)
            self._away = None
        self._till.set_queue(queue)

    def _notice(self, notice: Notice) -> None:
        self._unreachable = notice.code in _NOT_THERE
        self._away = notice if self._unreachable else None
        self._changed.set()
        self._till.tell(notice)

    def _document(self, name: str) -> None:
        task = asyncio.get_running_loop().create_task(self._till.load_goods(), name=f"load {name}")
        self._reports.add(task)
        task.add_done_callback(self._loaded)

    def _loaded(self, task: asyncio.Task[None]) -> None:
        self._reports.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoreError):
            self._till.store_failed(error)
