"""The terminal's side of a purchase, as a machine that knows no reader: it asks, it is answered.

A generator yields what it wants and is sent the answer:

    Ask(place, apdu)    -> Response, or None when the card was torn out or the answer was lost
    Intend(details)     -> None, once the attempt is durable; the module has not been asked yet
    result              -> the generator returns Paid, NotPaid or InDoubt

After a lost answer nothing more is tried on the connection; `recover` asks both sides afresh and
follows the table in protocols.icash. The shop is paid when its own module says so.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.icash.card import CARD_AID
from protocols.icash.details import DETAILS_BYTES, Details, Kind
from protocols.icash.keys import MAC_BYTES
from protocols.icash.module import MODULE_AID, Found
from protocols.iso7816 import SW, Command, Response

RECORDS_MAX: Final = 255
SILENT: Final = "no answer"
OTHER_CARD: Final = "another card is in the reader"
OTHER_MODULE: Final = "another module is in the reader"
FORGOTTEN: Final = "no longer known to the module"
"""Reasons of a doubt; any other one is that a side refused, with its status word."""
CARD_STATE_BYTES: Final = 31
"""What QUERY says of a card: card 8|version 1|number 4|loads 4|currency 2|balance 4|..."""
_MODULE_BYTES: Final = 8 + 4 + 2 + 8 + 2 + DETAILS_BYTES


class Place(Enum):
    """Which side is asked."""

    CARD = "card"
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this command to that side."""

    place: Place
    apdu: bytes


@dataclass(frozen=True, slots=True)
class Intend:
    """Make this attempt durable; nothing that can move value has been sent yet."""

    details: Details


@dataclass(frozen=True, slots=True)
class Paid:
    """The module has the value."""

    details: Details
    proof: bytes
    """SI, for the collector: the card owns up to the debit. Empty when only the module was asked; the
    card's GET PREVIOUS SIGNATURE has it."""


@dataclass(frozen=True, slots=True)
class NotPaid:
    """No value moved: which side refused, and with what (0: it was never asked, or never can be)."""

    place: Place
    sw: int


@dataclass(frozen=True, slots=True)
class InDoubt:
    """An answer was lost, or this card cannot tell: ask both sides again."""

    details: Details
    place: Place
    reason: str


Result = Paid | NotPaid | InDoubt
Step = Ask | Intend
Dialogue = Generator[Step, Response | None, Result]
_Asking = Generator[Step, Response | None, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What shall be paid."""

    amount: int
    currency: int
    """ISO 4217 number."""
    reference: bytes
    """Eight bytes that bind the order."""
    day: int
    """The store's date, YYYYMMDD."""


class _LostError(Exception):
    """No answer came."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.value)
        self.place = place


class _RefusedError(Exception):
    """A side said no."""

    def __init__(self, place: Place, sw: int) -> None:
        super().__init__(f"{place.value} {sw:04X}")
        self.place = place
        self.sw = sw


def _ask(place: Place, ins: int, body: bytes = b"", *, cla: int = 0x90, p1: int = 0) -> _Asking:
    response = yield Ask(place, Command(cla, ins, p1, 0, body, 256).encode())
    if response is None:
        raise _LostError(place)
    if response.sw != SW.OK:
        raise _RefusedError(place, response.sw)
    return response.data


def purchase(order: Order) -> Dialogue:
    """Have the card in the reader pay an order into the module."""
    details: Details | None = None
    try:
        module, number = yield from _module()
        card, version = yield from _card()
        opened, terms = yield from _open(module, number, order)
        details = Details(
            card=card, key_version=version, module=module, amount=order.amount,
            currency=order.currency, card_number=opened, module_number=number,
            reference=order.reference,
        )  # fmt: skip
        yield Intend(details)
        encoded = details.encode()
        asked = encoded + terms[:8] + order.day.to_bytes(4) + terms[8:]
        right = yield from _ask(Place.MODULE, 0x70, asked)
        return (yield from _pay(details, right, late=0))
    except _RefusedError as refusal:
        return NotPaid(refusal.place, refusal.sw)
    except _LostError as lost:
        if details is None:
            return NotPaid(lost.place, 0)
        return InDoubt(details, lost.place, SILENT)


SELECT_MODULE: Final = Command(0, 0xA4, 4, 0, MODULE_AID, 256).encode()
QUERY_MODULE: Final = Command(0x90, 0x5C, 0, 0, b"", 256).encode()


def _module() -> Generator[Step, Response | None, tuple[bytes, int]]:
    yield from _ask(Place.MODULE, 0xA4, MODULE_AID, cla=0, p1=4)
    state = decode_module_state((yield from _ask(Place.MODULE, 0x5C)))
    if state is None:
        raise _RefusedError(Place.MODULE, SW.NOT_FOUND)
    return state.module, state.number


def _card() -> Generator[Step, Response | None, tuple[bytes, int]]:
    yield from _ask(Place.CARD, 0xA4, CARD_AID, cla=0, p1=4)
    state = yield from _ask(Place.CARD, 0x5C)
    if len(state) != CARD_STATE_BYTES:
        raise _RefusedError(Place.CARD, SW.NOT_FOUND)
    return state[:8], state[8]


def _open(
    module: bytes, number: int, order: Order
) -> Generator[Step, Response | None, tuple[int, bytes]]:
    """Open a purchase on the card. Returns (card's number, balance 4 | expiry 4 | S1 8)."""
    body = (
        module + number.to_bytes(4) + order.amount.to_bytes(4) + order.currency.to_bytes(2)
        + order.reference + order.day.to_bytes(4)
    )  # fmt: skip
    answer = yield from _ask(Place.CARD, 0x50, body, p1=1)
    if len(answer) != 12 + MAC_BYTES:
        raise _RefusedError(Place.CARD, SW.NOT_FOUND)
    return int.from_bytes(answer[:4]), answer[4:]


def _pay(details: Details, right: bytes, *, late: int) -> Dialogue:
    """Debit the card. A refusal moved nothing, and leaves the purchase open at the module."""
    answer = yield from _ask(Place.CARD, 0x54, right)
    return (yield from _credit(details, answer, late=late))


def _credit(details: Details, receipt: bytes, *, late: int) -> Dialogue:
    """Book S3 | SI. From here on a refusal is no longer "not paid": the value has left the card."""
    try:
        yield from _ask(Place.MODULE, 0x72, details.encode() + receipt[:MAC_BYTES], p1=late)
    except _RefusedError as refusal:
        return InDoubt(details, refusal.place, f"refused the value: {refusal.sw:04X}")
    return Paid(details, receipt[MAC_BYTES:])


def recover(details: Details, day: int, *, wanted: bool = True) -> Dialogue:
    """Bring a purchase in doubt to its end: the module first, and the card where it must be asked.

    A card of another name is not asked anything. Moves nothing twice: every number is used once. A
    card that has not paid yet pays now, unless the purchase is no longer `wanted`: then it is given
    up, and the answer is NotPaid. Where no card answers, the module alone tells what it knows.
    """
    try:
        module, number = yield from _module()
        if module != details.module:
            return InDoubt(details, Place.MODULE, OTHER_MODULE)
        found = Found((yield from _ask(Place.MODULE, 0x76, details.encode()))[0])
        match found:
            case Found.CREDITED:
                return Paid(details, b"")
            case Found.REPLACED:
                return NotPaid(Place.MODULE, 0)
            case Found.UNKNOWN if number == details.module_number:
                return NotPaid(Place.MODULE, 0)
            case Found.UNKNOWN:
                return InDoubt(details, Place.MODULE, FORGOTTEN)
            case Found.PENDING | Found.OPEN:
                late = int(found is Found.OPEN)
                return (yield from _settle(details, day, late=late, wanted=wanted))
    except _RefusedError as refusal:
        return InDoubt(details, refusal.place, f"refused: {refusal.sw:04X}")
    except _LostError as lost:
        return InDoubt(details, lost.place, SILENT)


def _settle(details: Details, day: int, *, late: int, wanted: bool) -> Dialogue:
    card, _ = yield from _card()
    if card != details.card:
        return InDoubt(details, Place.CARD, OTHER_CARD)
    receipt = yield from _receipt_of(details)
    if receipt is not None:
        return (yield from _credit(details, receipt, late=late))
    state = yield from _ask(Place.CARD, 0x5C)
    if int.from_bytes(state[9:13]) != details.card_number or not wanted:
        return (yield from _give_up(0, late=late))
    order = Order(
        amount=details.amount, currency=details.currency, reference=details.reference, day=day
    )
    try:
        yield from _open(details.module, details.module_number, order)
    except _RefusedError as refusal:
        # It has not paid, and will not: expired since, or its money was spent elsewhere.
        return (yield from _give_up(refusal.sw, late=late))
    right = yield from _ask(Place.MODULE, 0x86, details.encode())
    return (yield from _pay(details, right, late=late))


def _give_up(sw: int, *, late: int) -> Dialogue:
    if not late:
        yield from _ask(Place.MODULE, 0x74)
    return NotPaid(Place.CARD, sw)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleState:
    """What a module says of itself to anybody."""

    module: bytes
    number: int
    """Of its next purchase."""
    currency: int
    """ISO 4217 number."""
    total: int
    free: int
    """How many purchases it can still give up."""


def decode_module_state(data: bytes) -> ModuleState | None:
    """Decode a module's answer to QUERY; None for any other."""
    if len(data) != _MODULE_BYTES:
        return None
    return ModuleState(
        module=data[:8],
        number=int.from_bytes(data[8:12]),
        currency=int.from_bytes(data[12:14]),
        total=int.from_bytes(data[14:22]),
        free=data[23],
    )


def prove(details: Details) -> Generator[Step, Response | None, bytes]:
    """Have the card say SI of a purchase again; empty when this card has no record of it."""
    try:
        card, _ = yield from _card()
        receipt = (yield from _receipt_of(details)) if card == details.card else None
    except (_RefusedError, _LostError):
        return b""
    return b"" if receipt is None else receipt[MAC_BYTES:]


def _receipt_of(details: Details) -> Generator[Step, Response | None, bytes | None]:
    """Return S3 | SI of a purchase from the card's records, newest first; None when it has none."""
    wanted = bytes((Kind.DEBIT,)) + details.encode()
    for back in range(RECORDS_MAX):
        try:
            record = yield from _ask(Place.CARD, 0x5A, p1=back)
        except _RefusedError as refusal:
            if refusal.sw == SW.RECORD_NOT_FOUND:
                return None
            raise
        if record[: len(wanted)] == wanted:
            return record[len(wanted) :]
    return None
