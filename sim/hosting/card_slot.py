"""A slot's twin on its carrier: who inserts a card dials the reader, who removes it hangs up.

carrier --connected, received, disconnected--> HostedSlot --> twin
carrier <--insert, write, remove--------------            <-- twin.visit, outgoing
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from protocols.control import DeviceState, Event, Verb, VerbHelp
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.smart_card import SmartCardTwin

_OVERDUE_NS: Final = 1_000_000
"""A deadline that stays in the past is looked at again only this much later."""


class Contact(Protocol):
    """What a carrier tells the slot's side."""

    def connected(self) -> None:
        """The card touches the reader's contacts."""
        ...

    def disconnected(self) -> None:
        """It no longer does."""
        ...

    def received(self, data: bytes) -> None:
        """Take bytes from the reader."""
        ...


class CardCarrier(Protocol):
    """A reader, as a card sees it."""

    @property
    def address(self) -> str:
        """What a till opens to reach this slot."""
        ...

    def insert(self, contact: Contact) -> None:
        """Put the card in; tell when it has contact, and again whenever contact was lost."""
        ...

    def remove(self) -> None:
        """Pull the card out, at once; nothing more is told of it."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes to the reader; without contact they are lost."""
        ...


class HostedSlot:
    """A slot that a till can reach and a tester can work on."""

    def __init__(
        self, *, name: str, twin: SmartCardTwin, carrier: CardCarrier, clock: Clock
    ) -> None:
        self.name = name
        self.twin = twin
        self._carrier = carrier
        self._clock = clock
        self._visit = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """What a till opens."""
        return self._carrier.address

    async def start(self) -> None:
        """Begin; a card that is in already is put in."""
        self._pump()

    async def stop(self) -> None:
        """Take the card out of the reader for good; in the twin it stays."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._visit:
            self._visit = 0
            self._carrier.remove()

    def verbs(self) -> list[VerbHelp]:
        """Return what can be done."""
        return self.twin.verbs()

    async def do(self, verb: Verb) -> None:
        """Carry out a verb. Raises: VerbError."""
        self.work(verb)

    def work(self, verb: Verb) -> None:
        """Carry out a verb, at once. Raises: VerbError."""
        self.twin.do(verb, self._now())
        self._pump()

    def state(self) -> DeviceState:
        """Return the slot as the control interface shows it."""
        return DeviceState(
            name=self.name,
            device=self.twin.device,
            address=self.address,
            verbs=self.verbs(),
            state=self.twin.state(),
        )

    def history(self) -> Sequence[Event]:
        """Return what happened, oldest first."""
        return self.twin.history

    def connected(self) -> None:
        """Learn that the card has contact."""
        self.twin.connected(self._now())
        self._pump()

    def disconnected(self) -> None:
        """Learn that contact is gone though the card is in: the reader let go."""
        self.twin.disconnected(self._now())
        self._pump()

    def received(self, data: bytes) -> None:
        """Take bytes from the reader."""
        self.twin.receive(data, self._now())
        self._pump()

    def _pump(self) -> None:
        now_ns = self._now()
        due = self.twin.deadline_ns
        if due is not None and due <= now_ns:
            self.twin.tick(now_ns)
        said = self.twin.outgoing()
        visit = self.twin.visit
        if visit != self._visit:
            if self._visit:
                self._carrier.remove()
            self._visit = visit
            if visit:
                self._carrier.insert(self)
        elif said:
            self._carrier.write(said)
        self._wake(now_ns)

    def _wake(self, now_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.twin.deadline_ns
        if due is not None:
            wait_ns = due - now_ns if due > now_ns else _OVERDUE_NS
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait_ns / NANOSECONDS_PER_SECOND, self._pump)

    def _now(self) -> int:
        return self._clock.monotonic_ns()
