"""The terminal's side of a transfer, as a machine that knows no reader: it asks, it is answered.

A generator yields what it wants and is sent the answer:

    Ask(slot, apdu)     -> Response, or None when the card was torn out or the answer was lost
    EnterPin(tries)     -> the answer to VERIFY, or one of the keypad's own words; None as above
    Intend(details)     -> None, once the attempt is durable; before the first START
    result              -> the generator returns Transferred, NotMoved or InDoubt

After any lost answer nothing is tried on the same connection: the transfer is InDoubt, whoever holds
the readers connects anew, and `recover` reads both purses and follows the table (purse.md 4.4):

    payer              payee              next
    epr                epv                RESUME payee: REQ, DEBIT, CREDIT, COMPLETE
    epa                epv                RESUME payer: VAL, CREDIT, COMPLETE
    epa                eaTo               RESUME payee: ACK, COMPLETE
    from-log           epv or to-log      RESUME 01 payer: VAL, CREDIT, COMPLETE 01
    epa                to-log             RESUME payer: VAL, CREDIT 01, COMPLETE
    epa or from-log    credited before    RESUME 02 payee: ACK from its narrative, COMPLETE
    not paid           epv or to-log      ABORT payee: nothing moved; the issuer clears the entry
    idle, VAL told     epv, to-log, idle  paid, and settled with the issuer, or too long ago: in doubt
    idle               eaTo or credited   done
"""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.iso7816 import SW, Command, Response
from protocols.purse.card import AID
from protocols.purse.details import DETAILS_BYTES, MessageType, PaymentDetails, decode_details
from protocols.purse.image import NO_DETAILS, POCKETS, Life, Status
from protocols.secure_pin import PinSW

LOG_RECORDS_MAX: Final = 255
NARRATIVE_MIN: Final = 10
"""A purse in the field keeps at least so many transfers: a narrative with fewer has lost none."""
LATE_MAX: Final = 10
"""How many credits of earlier transfers may have been narrated late: as many as an exception log holds."""
STATE_BYTES: Final = 35
PIN_ENTRIES_MAX: Final = 10
"""In one transfer, those included that were too short to be a guess."""


class Slot(Enum):
    """Which purse is asked."""

    PAYER = "payer"
    PAYEE = "payee"


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this command to that purse."""

    slot: Slot
    apdu: bytes


@dataclass(frozen=True, slots=True)
class EnterPin:
    """Have the holder's PIN given to the payer's purse: it wants it before it pays so much."""

    tries: int
    """How often it may still be wrong."""
    said: int
    """What came of the entry before; 0 at the first."""


@dataclass(frozen=True, slots=True)
class Intend:
    """Make this attempt durable; nothing that can move value has been sent yet."""

    details: PaymentDetails


@dataclass(frozen=True, slots=True)
class Transferred:
    """The payee has the value."""

    details: PaymentDetails


@dataclass(frozen=True, slots=True)
class NotMoved:
    """No value moved, and none can: which purse refused, and with what."""

    slot: Slot
    sw: int


@dataclass(frozen=True, slots=True)
class InDoubt:
    """An answer was lost, or the purses say what the table does not know: ask them again."""

    details: PaymentDetails
    slot: Slot
    reason: str
    refused: int = 0
    """The status word of a purse that was there and would not tell."""


Result = Transferred | NotMoved | InDoubt
Step = Ask | EnterPin | Intend
Dialogue = Generator[Step, Response | None, Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What shall move."""

    value: int
    currency: int
    """ISO 4217 number."""
    reference: bytes
    """Eight bytes that bind the order (protocols.purse.details.order_reference)."""
    day: int
    """The store's date, YYYYMMDD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurseState:
    """What QUERY tells of one pocket."""

    name: bytes
    purse_class: int
    sequence: int
    currency: int
    balance: int
    ceiling: int
    free_slots: int
    status: int
    life: int
    tries: int
    expiry: int
    pin_above: int
    """More than this in one payment wants the PIN first."""

    def wants_pin(self, value: int) -> bool:
        """Return whether the holder's PIN must come before a payment of so much."""
        return self.life == Life.LOCKED or value > self.pin_above


def decode_state(data: bytes) -> PurseState | None:
    """Decode the answer to QUERY; None for another length: not a purse of ours."""
    if len(data) != STATE_BYTES:
        return None
    number = int.from_bytes
    return PurseState(
        name=data[:8],
        purse_class=data[8],
        sequence=number(data[9:13]),
        currency=number(data[13:15]),
        balance=number(data[15:19]),
        ceiling=number(data[19:23]),
        free_slots=data[23],
        status=data[24],
        life=data[25],
        tries=data[26],
        expiry=number(data[27:31]),
        pin_above=number(data[31:35]),
    )


class _LostError(Exception):
    """No answer came."""

    def __init__(self, slot: Slot) -> None:
        super().__init__(slot.value)
        self.slot = slot


class _RefusedError(Exception):
    """A purse said no."""

    def __init__(self, slot: Slot, sw: int) -> None:
        super().__init__(f"{slot.value} {sw:04X}")
        self.slot = slot
        self.sw = sw


_Asking = Generator[Step, Response | None, bytes]


def _ask(
    slot: Slot, cla: int, ins: int, p1: int, p2: int, *, body: bytes = b"", le: int | None = 256
) -> _Asking:
    response = yield Ask(slot, Command(cla, ins, p1, p2, body, le).encode())
    if response is None:
        raise _LostError(slot)
    if response.sw not in (SW.OK, SW.SELECTED_LOCKED):
        raise _RefusedError(slot, response.sw)
    return response.data


def find_pocket(
    slot: Slot, currency: int
) -> Generator[Step, Response | None, tuple[int, PurseState]]:
    """Select the purse and find its pocket of a currency."""
    yield from _ask(slot, 0x00, 0xA4, 4, 0, body=AID)
    pockets = yield from _ask(slot, 0x00, 0xCA, 0x01, 0x02)
    numbers = [int.from_bytes(pockets[n * 10 : n * 10 + 2]) for n in range(POCKETS)]
    if currency not in numbers:
        raise _RefusedError(slot, SW.POCKET)
    index = numbers.index(currency)
    state = decode_state((yield from _ask(slot, 0x90, 0x50, 0, index)))
    if state is None:
        raise _RefusedError(slot, SW.NOT_FOUND)
    return index, state


def transfer(order: Order) -> Dialogue:
    """Move value from the payer's purse to the payee's."""
    details: PaymentDetails | None = None
    offered = False
    try:
        payer_pocket, payer = yield from find_pocket(Slot.PAYER, order.currency)
        payee_pocket, payee = yield from find_pocket(Slot.PAYEE, order.currency)
        if payer.status == Status.EPA:
            yield from _tidy(payee.name)
        if payer.wants_pin(order.value):
            yield from _prove_holder(payer, order.value)
        details = PaymentDetails(
            payer.name, payee.name, order.value, order.currency,
            payer.sequence, payee.sequence, order.reference,
        )  # fmt: skip
        yield Intend(details)
        day = order.day.to_bytes(4)
        start = (
            payee.name + order.value.to_bytes(4) + order.currency.to_bytes(2)
            + payee.sequence.to_bytes(4) + order.reference + day
        )  # fmt: skip
        offer = yield from _ask(Slot.PAYER, 0x90, 0x50, 1, payer_pocket, body=start)
        offered = True
        request = yield from _ask(Slot.PAYEE, 0x90, 0x50, 2, payee_pocket, body=offer + day)
        return (yield from _pay(details, request, day))
    except _RefusedError as refusal:
        if details is None or not offered:
            return NotMoved(refusal.slot, refusal.sw)
        return (yield from _withdraw(details, refusal))
    except _LostError as lost:
        if details is None:
            return NotMoved(lost.slot, 0)
        return InDoubt(details, lost.slot, "no answer")


def _prove_holder(payer: PurseState, value: int) -> Generator[Step, Response | None, None]:
    """Have the PIN entered until it is right, and a locked purse unlocked; nothing is intended yet."""
    if value > payer.balance:
        raise _RefusedError(Slot.PAYER, SW.FUNDS)
    tries, said = payer.tries, 0
    for _ in range(PIN_ENTRIES_MAX):
        if tries == 0:
            raise _RefusedError(Slot.PAYER, SW.PIN_BLOCKED)
        response = yield EnterPin(tries, said)
        if response is None:
            raise _LostError(Slot.PAYER)
        said = response.sw
        if said == SW.OK:
            break
        if said & 0xFFF0 == SW.TRIES_LEFT:
            tries = said & 0xF
        elif said != PinSW.TOO_SHORT_OR_LONG:
            raise _RefusedError(Slot.PAYER, said)
    else:
        raise _RefusedError(Slot.PAYER, said)
    if payer.life == Life.LOCKED:
        yield from _ask(Slot.PAYER, 0x00, 0x44, 0, 0, le=None)


def _tidy(payee: bytes) -> Generator[Step, Response | None, None]:
    """Let the payer hear of its last transfer to this payee, if that arrived and only the ACK was lost.

    Its START would log it otherwise, and each such entry takes a slot until the issuer clears the log.
    """
    current = yield from _ask(Slot.PAYER, 0x00, 0xCA, 0x01, 0x03)
    encoded = current[1:]
    if len(encoded) != DETAILS_BYTES or decode_details(encoded).payee != payee:
        return
    with contextlib.suppress(_RefusedError):
        receipt = yield from _ask(Slot.PAYEE, 0x90, 0x5A, 2, 0, body=encoded)
        yield from _ask(Slot.PAYER, 0x90, 0x56, 0, 0, body=receipt, le=None)


def _withdraw(details: PaymentDetails, refusal: _RefusedError) -> Dialogue:
    """Nothing was paid: have the payer forget its offer, so that nothing can be paid later."""
    try:
        yield from _ask(Slot.PAYER, 0x90, 0x5E, 0, 0, le=None)
    except (_RefusedError, _LostError) as error:
        return InDoubt(details, error.slot, "the offer still stands")
    return NotMoved(refusal.slot, refusal.sw)


def _pay(details: PaymentDetails, request: bytes, day: bytes) -> Dialogue:
    value = yield from _ask(Slot.PAYER, 0x90, 0x54, 0, 0, body=request + day)
    return (yield from _credit(details, value, late_credit=0, late_end=0))


def _credit(details: PaymentDetails, value: bytes, *, late_credit: int, late_end: int) -> Dialogue:
    """From here on a refusal is no longer "not moved": the value has left the payer."""
    try:
        receipt = yield from _ask(Slot.PAYEE, 0x90, 0x52, late_credit, 0, body=value)
    except _RefusedError as refusal:
        return InDoubt(details, refusal.slot, f"refused the value: {refusal.sw:04X}")
    return (yield from _complete(details, receipt, late_end))


def _complete(details: PaymentDetails, receipt: bytes, late: int) -> Dialogue:
    """The payee has the value; whether the payer hears so no longer matters to the sale."""
    with contextlib.suppress(_RefusedError, _LostError):
        yield from _ask(Slot.PAYER, 0x90, 0x56, late, 0, body=receipt, le=None)
    return Transferred(details)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What one purse says about one transfer."""

    status: Status | None
    """Its status, if this transfer is the one in hand."""
    logged: bool
    told: bool
    """Its narrative has the payer's VAL, or the payee's ACK, of it."""
    sequence: int
    """Of its next transfer."""
    forgot: bool
    """It may have told of it once, and its narrative has gone on since."""


def recover(details: PaymentDetails, day: int) -> Dialogue:
    """Bring a transfer in doubt to its end, both purses present. Raises nothing, moves nothing twice.

    A purse of another name is not asked anything: the wrong card is in the reader.
    """
    encoded = details.encode()
    try:
        payer = yield from _standing(Slot.PAYER, details.payer, encoded)
        payee = yield from _standing(Slot.PAYEE, details.payee, encoded)
        return (yield from _heal(details, payer, payee, day.to_bytes(4)))
    except _RefusedError as refusal:
        return InDoubt(details, refusal.slot, f"refused: {refusal.sw:04X}", refused=refusal.sw)
    except _LostError as lost:
        return InDoubt(details, lost.slot, "no answer")


def recover_at_payee(details: PaymentDetails) -> Dialogue:
    """Find out from the payee's purse alone what became of a transfer; the payer's card has left.

    It knows when it was credited, and when it never took this transfer in hand; otherwise only both
    purses together can tell. Moves nothing, gives nothing up.
    """
    try:
        payee = yield from _standing(Slot.PAYEE, details.payee, details.encode())
    except _RefusedError as refusal:
        return InDoubt(details, refusal.slot, f"refused: {refusal.sw:04X}")
    except _LostError as lost:
        return InDoubt(details, lost.slot, "no answer")
    if payee.status is Status.EATO or payee.told:
        return Transferred(details)
    if payee.sequence == details.payee_sequence:
        return NotMoved(Slot.PAYEE, 0)
    return InDoubt(details, Slot.PAYER, "only both purses together can tell")


def recover_at_payer(details: PaymentDetails) -> Dialogue:
    """Find out from the payer's purse alone what became of a transfer; the payee's card has left.

    What it has only offered is given up for good: then nothing has moved and nothing can. Once the
    value has left it, only both purses together can tell. Moves nothing.
    """
    try:
        payer = yield from _standing(Slot.PAYER, details.payer, details.encode())
        if payer.status is Status.EPR:
            yield from _ask(Slot.PAYER, 0x90, 0x5E, 0, 0, le=None)
            return NotMoved(Slot.PAYER, 0)
    except _RefusedError as refusal:
        return InDoubt(details, refusal.slot, f"refused: {refusal.sw:04X}")
    except _LostError as lost:
        return InDoubt(details, lost.slot, "no answer")
    if payer.sequence == details.payer_sequence:
        return NotMoved(Slot.PAYER, 0)
    return InDoubt(details, Slot.PAYEE, "only both purses together can tell")


def _heal(details: PaymentDetails, payer: _Standing, payee: _Standing, day: bytes) -> Dialogue:
    encoded = details.encode()
    if payee.status is Status.EATO or payee.told:
        if payer.status is not Status.EPA and not payer.logged:
            return Transferred(details)
        again = 0 if payee.status is Status.EATO else 2
        body = b"" if again == 0 else encoded
        receipt = yield from _ask(Slot.PAYEE, 0x90, 0x5A, again, 0, body=body)
        return (yield from _complete(details, receipt, late=1 if payer.logged else 0))
    if payer.told and payer.status is not Status.EPA and not payer.logged:
        return InDoubt(details, Slot.PAYER, "paid, and no longer open on the payer's purse")
    idle = payer.status not in (Status.EPR, Status.EPA) and not payer.logged
    if idle and payer.forgot and payer.sequence != details.payer_sequence:
        return InDoubt(details, Slot.PAYER, "too long ago: the payer's purse tells of it no more")
    waiting = payee.status is Status.EPV
    if not waiting and not payee.logged:
        if payer.status is Status.EPA or payer.logged:
            return InDoubt(details, Slot.PAYEE, "paid, but the payee knows nothing of it")
        return (yield from _give_up(payer, payee))
    if payer.status is Status.EPA or payer.logged:
        late_end = 1 if payer.logged else 0
        body = encoded if payer.logged else b""
        value = yield from _ask(Slot.PAYER, 0x90, 0x5A, late_end, 0, body=body)
        late_credit = 0 if waiting else 1
        return (yield from _credit(details, value, late_credit=late_credit, late_end=late_end))
    if payer.status is Status.EPR and waiting:
        request = yield from _ask(Slot.PAYEE, 0x90, 0x5A, 0, 0)
        try:
            return (yield from _pay(details, request, day))
        except _RefusedError as refusal:
            yield from _ask(Slot.PAYER, 0x90, 0x5E, 0, 0, le=None)
            return NotMoved(refusal.slot, refusal.sw)
    return (yield from _give_up(payer, payee))


def _give_up(payer: _Standing, payee: _Standing) -> Dialogue:
    """Nothing was paid. Make it final first: an offer or a request still in hand could be honoured."""
    if payer.status is Status.EPR:
        yield from _ask(Slot.PAYER, 0x90, 0x5E, 0, 0, le=None)
    if payee.status is Status.EPV:
        yield from _ask(Slot.PAYEE, 0x90, 0x5E, 0, 0, le=None)
    return NotMoved(Slot.PAYER, 0)


def _standing(
    slot: Slot, name: bytes, encoded: bytes
) -> Generator[Step, Response | None, _Standing]:
    yield from _ask(slot, 0x00, 0xA4, 4, 0, body=AID)
    state = decode_state((yield from _ask(slot, 0x90, 0x50, 0, 0)))
    if state is None or state.name != name:
        raise _RefusedError(slot, SW.NOT_FOUND)
    current = yield from _ask(slot, 0x00, 0xCA, 0x01, 0x03)
    in_hand = current[1:] == encoded != NO_DETAILS
    logged, _ = yield from _has_record(slot, 0x14, encoded, None)
    last = MessageType.VAL if slot is Slot.PAYER else MessageType.ACK
    told, narrative = yield from _has_record(slot, 0x0C, encoded, last)
    return _Standing(
        status=Status(current[0]) if in_hand else None,
        logged=logged,
        told=told,
        sequence=state.sequence,
        forgot=not told and _has_gone_on(narrative, name, _own_sequence(slot, encoded)),
    )


def _own_sequence(slot: Slot, encoded: bytes) -> int:
    """Return a transfer's number at the purse that has this role in it."""
    details = decode_details(encoded)
    return details.payer_sequence if slot is Slot.PAYER else details.payee_sequence


def _has_gone_on(narrative: list[bytes], name: bytes, sequence: int) -> bool:
    """Tell whether a purse's narrative may have dropped what it told of a transfer of this number.

    It keeps the newest, in the order in which they happened: what it paid in the order of its numbers,
    a credit also late. So one payment of an earlier number proves that nothing after it was dropped.
    """
    if len(narrative) < NARRATIVE_MIN:
        return False
    earlier = 0
    for record in narrative:
        details = decode_details(record[1 : 1 + DETAILS_BYTES])
        paid = details.payer == name
        if (details.payer_sequence if paid else details.payee_sequence) < sequence:
            if paid:
                return False
            earlier += 1
    return earlier <= LATE_MAX


def _has_record(
    slot: Slot, file: int, encoded: bytes, kind: MessageType | None
) -> Generator[Step, Response | None, tuple[bool, list[bytes]]]:
    """Look for a transfer in a file; return whether it is there, and what was read until then."""
    records: list[bytes] = []
    for number in range(1, LOG_RECORDS_MAX + 1):
        try:
            record = yield from _ask(slot, 0x00, 0xB2, number, file)
        except _RefusedError as refusal:
            if refusal.sw == SW.RECORD_NOT_FOUND:
                return False, records
            raise
        if record[1 : 1 + DETAILS_BYTES] == encoded and (kind is None or record[0] == kind):
            return True, records
        records.append(record)
    return False, records
