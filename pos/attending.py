"""The issuer's commands, taken to a customer's card while it is in the reader for something else.

    QUERY answered      the broker is asked what waits for that purse, beside what goes on
    START answered "over the limit"
                        an UPDATE that comes within a second and a half is given, and START said again:
                        nothing has moved, nothing was begun, and the new limits may allow it
    the card is let go  what has come by now is given; a balance waits a second for it, a sale never

CLAIM and CLEAR are not given while a transfer is open, nor while the counter waits to hear of one. A
channel that lost an answer is left alone. What the purse answered is journalled as it is let go.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pos.errands import GIVING_NS, carry, waited_for, was_taken
from pos.points import NOTE
from pos.purses import EXCHANGE_NS, Cards
from pos.register import Register
from protocols.facts import Fact
from protocols.iso7816 import SW, Response, parse_response
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel
from protocols.purse.coordinator import decode_state
from protocols.purse.image import Status

if TYPE_CHECKING:
    from protocols.broker import PurseCommand

LIMIT_NS: Final = 3 * NANOSECONDS_PER_SECOND // 2
"""How long a card over its limit waits for better ones."""
READING_NS: Final = NANOSECONDS_PER_SECOND
"""How long a card that was only read waits."""
_QUERY: Final = bytes((0x90, 0x50, 0x00))
_START: Final = bytes((0x90, 0x50, 0x01))
_ACCEPT: Final = bytes((0x90, 0x50, 0x02))
_READS: Final = frozenset({0xA4, 0xCA, 0xB2})
_IN_HAND: Final = bytes((0x00, 0xCA, 0x01, 0x03, 0x00))
_IDLE: Final = frozenset({Status.EAFROM, Status.EATO})


@dataclass(frozen=True, slots=True)
class AttendedCards:
    """The cards of one attempt or reading. Implements pos.purses.Cards."""

    register: Register
    key: str
    """The attempt's."""
    intended: Callable[[], bool]
    """Whether its intent stands in the journal."""

    @property
    def _cards(self) -> Cards:
        return self.register.cards

    @property
    def configured(self) -> bool:
        """Say whether this till has slots for e-cash at all."""
        return self._cards.configured

    @property
    def reads(self) -> bool:
        """Say whether this till has a slot for customers' cards."""
        return self._cards.reads

    def keeps(self, scheme: str) -> bool:
        """Say whether there is a slot for the shop's own card of a scheme."""
        return self._cards.keeps(scheme)

    def read_stripe(self, *, failed: bool) -> None:
        """Have the stripe of the customer's card read that is in."""
        self._cards.read_stripe(failed=failed)

    @property
    def mute_ns(self) -> int:
        """Return when a card in it last said nothing."""
        return self._cards.mute_ns

    @property
    def has_teller(self) -> bool:
        """Say whether this till has a teller's purse."""
        return self._cards.has_teller

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        """Wait for the customer's card and power it; None when none came in time."""
        channel = await self._cards.customer(deadline_ns=deadline_ns)
        return None if channel is None else Attended(channel, self)

    async def shop(self, *, deadline_ns: int, scheme: str = "purse") -> CardChannel | None:
        """Power the shop's own card; its issuer's commands come another way (pos.own_purses)."""
        return await self._cards.shop(deadline_ns=deadline_ns, scheme=scheme)

    async def teller(self, *, deadline_ns: int) -> CardChannel | None:
        """Power the teller's purse, likewise."""
        return await self._cards.teller(deadline_ns=deadline_ns)


@dataclass(slots=True)
class Attended:
    """A customer's card, and what its issuer wants of it. Implements protocols.ports.CardChannel."""

    _channel: CardChannel
    _visit: AttendedCards
    _name: bytes = b""
    _asking: "asyncio.Task[Sequence[PurseCommand] | None] | None" = None
    _given: set[int] = field(default_factory=set)
    _facts: list[Fact] = field(default_factory=list)
    _started: bool = False
    """It was told to begin a transfer, and has answered."""
    _only_read: bool = True

    @property
    def insertion(self) -> int:
        """Return which insertion this is."""
        return self._channel.insertion

    @property
    def atr(self) -> bytes:
        """Return what the card said at power-on."""
        return self._channel.atr

    @property
    def alive(self) -> bool:
        """Say whether nothing has gone wrong yet."""
        return self._channel.alive

    @property
    def has_keypad(self) -> bool:
        """Say whether its reader takes PINs itself."""
        return self._channel.has_keypad

    async def enter_pin(self, structure: bytes, *, deadline_ns: int) -> bytes | None:
        """Have the reader's own keypad give a PIN to the card. None: the answer is lost."""
        self._only_read = False
        return await self._channel.enter_pin(structure, deadline_ns=deadline_ns)

    async def transmit(self, apdu: bytes, *, deadline_ns: int) -> bytes | None:
        """Exchange one command; of a START that is over the limit, the answer after an UPDATE."""
        answer = await self._channel.transmit(apdu, deadline_ns=deadline_ns)
        response = None if answer is None else parse_response(answer)
        if response is None:
            return answer
        self._see(apdu, response)
        if apdu[:3] == _START and response.sw == SW.LIMIT and await self._has_new_limits():
            return await self._channel.transmit(apdu, deadline_ns=deadline_ns)
        return answer

    async def close(self) -> None:
        """Give what has come, take the power from the card, journal. Raises: StoreError."""
        try:
            if self._name and self._channel.alive:
                await self._part()
        finally:
            if self._asking is not None:
                self._asking.cancel()
                self._asking = None
            await self._channel.close()
        await self._report()

    def _see(self, apdu: bytes, response: Response) -> None:
        self._only_read &= apdu[:3] == _QUERY or apdu[1] in _READS
        self._started |= apdu[:3] in (_START, _ACCEPT)
        state = decode_state(response.data) if apdu[:3] == _QUERY and response.ok else None
        register = self._visit.register
        wanted = register.errands.expected(offline=register.offline)
        if state is not None and not self._name and wanted:
            self._name = state.name
            asking = register.errands.wanted(state.name)
            self._asking = asyncio.get_running_loop().create_task(asking, name="errands")

    async def _has_new_limits(self) -> bool:
        """Give the UPDATE that waits, if it comes in time; tell whether the card took one."""
        commands = await self._come(LIMIT_NS)
        taken = await self._give([each for each in commands if each.what == "update"])
        return any(was_taken(fact) for fact in taken)

    async def _part(self) -> None:
        """Give what has come, as far as it may be given now. Raises: StoreError."""
        reading = self._only_read and not self._visit.intended()
        commands = await self._come(READING_NS if reading else 0)
        if any(each.what != "update" for each in commands) and not await self._may_freeze():
            commands = [each for each in commands if each.what == "update"]
        await self._give(commands)

    async def _come(self, wait_ns: int) -> "list[PurseCommand]":
        """Return what the issuer wants, as far as it is here or comes within the time."""
        if self._asking is None:
            return []
        if not self._asking.done() and wait_ns:
            await asyncio.wait([self._asking], timeout=wait_ns / NANOSECONDS_PER_SECOND)
        come = self._asking.result() if self._asking.done() else None
        return [each for each in come or () if each.id not in self._given]

    async def _give(self, commands: "list[PurseCommand]") -> list[Fact]:
        self._given |= {each.id for each in commands}
        clock = self._visit.register.clock
        deadline_ns = clock.monotonic_ns() + GIVING_NS
        facts = await carry(
            self._channel, self._name, commands, clock=clock, deadline_ns=deadline_ns
        )
        self._facts += facts
        return facts

    async def _may_freeze(self) -> bool:
        """Tell whether nobody here needs the card's log or what it has in hand. Raises: StoreError."""
        visit = self._visit
        if visit.intended() and not self._started:
            # It is asked what became of a transfer.
            return False
        if self._started:
            deadline_ns = visit.register.clock.monotonic_ns() + EXCHANGE_NS
            answer = await self._channel.transmit(_IN_HAND, deadline_ns=deadline_ns)
            said = None if answer is None else parse_response(answer)
            if said is None or not said.ok or said.data[0] not in _IDLE:
                return False
        return not await waited_for(visit.register, self._name, but=visit.key)

    async def _report(self) -> None:
        facts, self._facts = self._facts, []
        register = self._visit.register
        if facts:
            await register.append([register.draft(fact, amount=0) for fact in facts], NOTE)
