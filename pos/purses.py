"""Two purses at the counter, a customer's and the till's own, and a dialogue played between them.

The coordinator (protocols.purse.coordinator) knows no reader; here its commands go to two channels
and its intent to the journal. The first lost answer ends both channels: whoever goes on connects
anew, because the card in the slot may be another one. Signed messages that pass are kept, as
evidence; nothing else of a card is.
Source: purse.md 4.4, devices.md section 0.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, assert_never

from pos.dialogues import played
from pos.view import Side
from protocols.iso7816 import SW, Response, parse_response
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel, Clock
from protocols.purse.coordinator import (
    STATE_BYTES,
    Ask,
    Dialogue,
    EnterPin,
    Intend,
    PurseState,
    Result,
    Slot,
    Step,
    decode_state,
)
from protocols.purse.details import (
    DETAILS_BYTES,
    SIGNED_BYTES,
    MessageType,
    PaymentDetails,
    decode_details,
)
from protocols.purse.image import Status

EXCHANGE_NS: Final = 5 * NANOSECONDS_PER_SECOND
"""The longest that one command may take: a slow card signs in well under a second."""
CONNECT_NS: Final = 10 * NANOSECONDS_PER_SECOND
"""How long a slot waits for its card."""
VALUE_MAX: Final = 0xFFFF_FFFF
"""Minor units in one transfer: four bytes."""
EXCHANGES_MAX: Final = 1_200
"""Of one dialogue: two purses' logs and narratives read whole, and the transfer."""


_IN_HAND: Final = bytes((0x00, 0xCA, 0x01, 0x03))
"""GET DATA: status and payment details."""
_DEBIT: Final = bytes((0x90, 0x54))


class Cards(Protocol):
    """Where the customer's card and the shop's own are."""

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        """Wait for the customer's card and power it; None when none came in time."""
        ...

    async def shop(self, *, deadline_ns: int, scheme: str = "purse") -> CardChannel | None:
        """Power the shop's own card of a scheme, named like its tender; None when it cannot be reached."""
        ...

    async def teller(self, *, deadline_ns: int) -> CardChannel | None:
        """Power the teller's purse, which loads cards and takes deposits; None as above."""
        ...

    @property
    def configured(self) -> bool:
        """Say whether this till has slots for e-cash at all."""
        ...

    def keeps(self, scheme: str) -> bool:
        """Say whether there is a slot for the shop's own card of a scheme."""
        ...

    @property
    def reads(self) -> bool:
        """Say whether it has a slot for customers' cards, of whatever kind."""
        ...

    def read_stripe(self, *, failed: bool) -> None:
        """Have the stripe of the customer's card read that is in and mute, where the slot has a head for it.

        It comes as a swipe. `failed`: whatever its chip says, it is of no use.
        """
        ...

    @property
    def mute_ns(self) -> int:
        """Return when a card in it last said nothing, by the monotonic clock; 0: none has."""
        ...

    @property
    def has_teller(self) -> bool:
        """Say whether this till has a teller's purse."""
        ...


@dataclass(frozen=True, slots=True)
class NoCards:
    """A till without slots for e-cash. Implements Cards."""

    configured: bool = False
    reads: bool = False
    mute_ns: int = 0
    has_teller: bool = False

    def keeps(self, scheme: str) -> bool:
        """No slot for any."""
        return False

    def read_stripe(self, *, failed: bool) -> None:
        """No slot, no head."""

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        """No slot, no card."""
        return None

    async def shop(self, *, deadline_ns: int, scheme: str = "purse") -> CardChannel | None:
        """No slot, no purse."""
        return None

    async def teller(self, *, deadline_ns: int) -> CardChannel | None:
        """No slot, no purse."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What both purses last said about one transfer."""

    card: Side
    balance: int | None
    """What the customer's holds."""
    shop: Side


@dataclass(slots=True)
class Witness:
    """What passed between the purses and is worth keeping."""

    whole: bool = False
    """It was there from the transfer's first command on."""

    states: dict[Slot, PurseState] = field(default_factory=dict)
    """What each purse said of itself before anything moved."""
    messages: dict[MessageType, bytes] = field(default_factory=dict)
    """The newest VAL and ACK with their certificates."""
    hands: dict[Slot, bytes] = field(default_factory=dict)
    """What each purse has in hand: its status, and payment details if any."""
    asked_to_pay: bool = False
    """The customer's purse was told to let the value go; nobody may have heard its answer."""
    paid_since: int = 0
    """What it has let go since it last told its balance."""

    def see(self, asked: Ask, response: Response) -> None:
        """Take note of an answer."""
        data = response.data
        if response.sw != SW.OK:
            return
        if asked.apdu[:4] == _IN_HAND:
            self.hands[asked.slot] = data
        if len(data) == STATE_BYTES and asked.apdu[:3] == b"\x90\x50\x00":
            state = decode_state(data)
            assert state is not None
            self.states[asked.slot] = state
            if asked.slot is Slot.PAYER:
                self.paid_since = 0
        elif len(data) == SIGNED_BYTES and data[0] in (MessageType.VAL, MessageType.ACK):
            self.messages[MessageType(data[0])] = data
            if asked.apdu[:2] == _DEBIT:
                self.paid_since = decode_details(data[1 : 1 + DETAILS_BYTES]).value

    def send(self, asked: Ask) -> None:
        """Take note of a command, whether or not an answer comes."""
        if asked.apdu[:2] == _DEBIT:
            self.asked_to_pay = True

    def sides(self, details: PaymentDetails) -> Sides:
        """Return what both purses last said about a transfer."""
        encoded = details.encode()
        payer = self.states.get(Slot.PAYER)
        known = (details.payer, details.currency)
        if payer is not None and (payer.name, payer.currency) != known:
            # Another card, or another pocket of it.
            payer = None
        return Sides(
            card=self._card(encoded),
            balance=None if payer is None else payer.balance - self.paid_since,
            shop=self._shop(encoded),
        )

    def _card(self, encoded: bytes) -> Side:
        if self._saw(MessageType.VAL, encoded):
            return Side.MOVED
        if self._in_hand(Slot.PAYER, encoded) is Status.EPA:
            return Side.MOVED
        if self._in_hand(Slot.PAYER, encoded) is Status.EPR:
            return Side.NOT_MOVED
        return Side.NOT_MOVED if self.whole and not self.asked_to_pay else Side.UNKNOWN

    def _shop(self, encoded: bytes) -> Side:
        if self._saw(MessageType.ACK, encoded):
            return Side.MOVED
        match self._in_hand(Slot.PAYEE, encoded):
            case Status.EATO:
                return Side.MOVED
            case Status.EPV:
                return Side.NOT_MOVED
            case _:
                return Side.UNKNOWN

    def _saw(self, kind: MessageType, encoded: bytes) -> bool:
        return self.messages.get(kind, b"")[1 : 1 + DETAILS_BYTES] == encoded

    def _in_hand(self, slot: Slot, encoded: bytes) -> Status | None:
        """Return a purse's status in this transfer; None where it has another in hand, or none."""
        hand = self.hands.get(slot, b"")
        return Status(hand[0]) if hand[1:] == encoded else None

    def evidence(self, details: PaymentDetails) -> bytes:
        """Return the best proof of a transfer that was seen: its VAL, else its ACK, else nothing."""
        encoded = details.encode()
        for kind in (MessageType.VAL, MessageType.ACK):
            message = self.messages.get(kind, b"")
            if message[1 : 1 + DETAILS_BYTES] == encoded:
                return message
        return b""


@dataclass(slots=True, kw_only=True)
class Table:
    """Two purses on the table, powered; one may be missing while the other is asked alone."""

    channels: dict[Slot, CardChannel] = field(default_factory=dict)
    clock: Clock
    witness: Witness

    async def play(
        self,
        dialogue: Dialogue,
        intend: Callable[[PaymentDetails], Awaitable[None]] | None = None,
        enter_pin: Callable[[EnterPin, CardChannel], Awaitable[Response | None]] | None = None,
    ) -> Result:
        """Play a dialogue to its end. Raises: what `intend` raises."""

        async def answer(step: Step) -> Response | None:
            match step:
                case Ask():
                    return await self._exchange(step)
                case EnterPin():
                    return await self._enter_pin(step, enter_pin)
                case Intend(details):
                    assert intend is not None, "only a new transfer has an intent"
                    await intend(details)
                    return None
                case _:
                    assert_never(step)

        return await played(dialogue, answer, most=EXCHANGES_MAX)

    async def close(self) -> None:
        """Let go of both."""
        for channel in self.channels.values():
            await channel.close()

    async def _enter_pin(
        self,
        wanted: EnterPin,
        enter_pin: Callable[[EnterPin, CardChannel], Awaitable[Response | None]] | None,
    ) -> Response | None:
        if enter_pin is None:
            # A purse of the till's own that wants a PIN: nobody here has one.
            return Response(b"", SW.SECURITY_NOT_SATISFIED)
        return await enter_pin(wanted, self.channels[Slot.PAYER])

    async def _exchange(self, asked: Ask) -> Response | None:
        channel = self.channels.get(asked.slot)
        if channel is None:
            return None
        deadline_ns = self.clock.monotonic_ns() + EXCHANGE_NS
        self.witness.send(asked)
        answer = await channel.transmit(asked.apdu, deadline_ns=deadline_ns)
        response = None if answer is None else parse_response(answer)
        if response is not None:
            self.witness.see(asked, response)
        return response
