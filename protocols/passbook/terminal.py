"""A transfer by passbook at the terminal: a generator of steps, as the purse's transfer is one.

    step                    answered by
    Ask(apdu)               the card's response, or None: it left, or says nothing
    EnterPin(tries, said)   what came of it: for the bank (pin_pad.words.EnteredForBank), or the card's own
                            answer to VERIFY; a keypad's own word (protocols.secure_pin.PinSW); None as above
    Intend(order)           anything: the transfer is durable now, and may be sent
    Submit(submitted)       what the bank said; None: no answer, or none that can be understood

    the card is pulled      what it means
      before ORDER          nothing has happened
      at ORDER              nothing: an order that nobody has cannot be carried out, and its amount, payee and
                            reference are this sale's alone
      behind it             nothing: the bank decides

Nothing is sent twice: a transfer whose answer is missing is in doubt, and is asked about under its own key.
Source: protocols.passbook; decisions.md "PIN".
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from protocols.iso7816 import SW, Command, Response
from protocols.passbook.card import AID, STATE_BYTES
from protocols.passbook.order import (
    COUNTER_MAX,
    ORDER_BYTES,
    SIGNED_BYTES,
    Certificate,
    Holder,
    Order,
    OrderError,
    certificate_text,
    decode_certificate,
    order_text,
)
from protocols.pin_pad.words import EnteredForBank
from protocols.purse.suite import Suite
from protocols.secure_pin import PinSW

PIN_ENTRIES_MAX: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What shall be transferred."""

    payee: str
    """The shop's account."""
    amount: int
    currency: int
    reference: bytes
    day: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this command to the card."""

    apdu: bytes


@dataclass(frozen=True, slots=True)
class EnterPin:
    """Have the PIN entered: at the PIN pad for the bank, or at the reader's keypad for the card."""

    account: str
    """What a PIN block for the bank is bound to."""
    tries: int
    said: int
    """What came of the entry before; 0 at the first."""


@dataclass(frozen=True, slots=True)
class Intend:
    """Make the transfer durable; nothing that can move money has been signed yet."""

    order: Order
    """With the counter that it is going to have."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the bank is told."""

    order: Order
    signed: bytes = field(repr=False)
    """Order and signature."""
    certificate: bytes = field(repr=False)
    pin: EnteredForBank | None


@dataclass(frozen=True, slots=True)
class Submit:
    """Tell the bank."""

    submitted: Submitted


@dataclass(frozen=True, slots=True)
class Said:
    """What the bank said."""

    code: str
    approved: bool


@dataclass(frozen=True, slots=True)
class Transferred:
    """The bank has carried it out."""

    submitted: Submitted


@dataclass(frozen=True, slots=True)
class Refused:
    """The bank has not, and never will."""

    submitted: Submitted
    code: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing was sent, and nothing can be: why, and the card's status word where it said one."""

    reason: str
    sw: int = 0


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It was sent, and nobody knows what came of it: ask the bank."""

    submitted: Submitted


Result: TypeAlias = Transferred | Refused | NotSent | InDoubt
Step: TypeAlias = Ask | EnterPin | Intend | Submit
Answer: TypeAlias = Response | EnteredForBank | Said | None
Dialogue: TypeAlias = Generator[Step, Answer, Result]

LEFT: Final = "the card left"
NOT_OURS: Final = "no passbook, or none of a bank that is known here"
EXPIRED: Final = "the passbook has expired"
BLOCKED: Final = "the passbook is blocked"
NO_PIN: Final = "no PIN was entered"
PIN_BLOCKED: Final = "the PIN is blocked"
OTHER: Final = "the card signed something else"
USED_UP: Final = "the passbook has signed all it can"


class _EndedError(Exception):
    def __init__(self, reason: str, sw: int = 0) -> None:
        super().__init__(reason)
        self.end = NotSent(reason, sw)


def transfer(wish: Wish, *, issuer_keys: dict[int, bytes], suite: Suite) -> Dialogue:
    """Transfer from the account of the passbook that is in the reader. Raises nothing."""
    try:
        certificate = yield from _who(wish, issuer_keys, suite)
        order, pin = yield from _prepared(wish, certificate)
        signed = yield from _signed(order, certificate, suite)
    except _EndedError as ended:
        return ended.end
    submitted = Submitted(order, signed, certificate.encode(), pin)
    answer = yield Submit(submitted)
    if not isinstance(answer, Said):
        return InDoubt(submitted)
    return Transferred(submitted) if answer.approved else Refused(submitted, answer.code)


def _who(
    wish: Wish, issuer_keys: dict[int, bytes], suite: Suite
) -> Generator[Step, Answer, Certificate]:
    """Return whose card it is, once its bank has vouched for it. Raises: _EndedError."""
    selected = yield from _ask(Command(0x00, 0xA4, 4, 0, AID, 256))
    if selected.sw == SW.FUNCTION_NOT_SUPPORTED:
        raise _EndedError(BLOCKED, selected.sw)
    if not selected.ok:
        raise _EndedError(NOT_OURS, selected.sw)
    answer = yield from _ask(Command(0x00, 0xCA, 0x7F, 0x21, le=256))
    try:
        certificate = decode_certificate(answer.data)
    except OrderError as error:
        raise _EndedError(NOT_OURS, answer.sw) from error
    issuer = issuer_keys.get(certificate.issuer_key)
    text = certificate_text(certificate)
    if issuer is None or not suite.verify(issuer, text, certificate.signature):
        raise _EndedError(NOT_OURS)
    if wish.day > certificate.expiry:
        raise _EndedError(EXPIRED)
    return certificate


def _prepared(
    wish: Wish, certificate: Certificate
) -> Generator[Step, Answer, tuple[Order, EnteredForBank | None]]:
    """Have the PIN entered, then the transfer made durable. Raises: _EndedError."""
    state = yield from _ask(Command(0x90, 0x50, 0, 0, le=256))
    if not state.ok or len(state.data) != STATE_BYTES:
        raise _EndedError(NOT_OURS, state.sw)
    counter, tries = int.from_bytes(state.data[:4]), state.data[4]
    if counter == COUNTER_MAX:
        raise _EndedError(USED_UP)
    pin = yield from _holder(certificate.account, tries)
    order = Order(
        account=certificate.account,
        payee=wish.payee,
        amount=wish.amount,
        currency=wish.currency,
        reference=wish.reference,
        day=wish.day,
        counter=counter + 1,
        holder=Holder.CARD if pin is None else Holder.BANK,
    )
    yield Intend(order)
    return order, pin


def _holder(account: str, tries: int) -> Generator[Step, Answer, EnteredForBank | None]:
    """Return the PIN as the bank gets it; None: the card has compared it. Raises: _EndedError."""
    said = 0
    for _ in range(PIN_ENTRIES_MAX):
        answer = yield EnterPin(account, tries, said)
        if isinstance(answer, EnteredForBank):
            return answer
        if not isinstance(answer, Response):
            raise _EndedError(LEFT)
        said = answer.sw
        if said == SW.OK:
            return None
        if said in (SW.PIN_BLOCKED, SW.TRIES_LEFT):
            raise _EndedError(PIN_BLOCKED, said)
        if said & 0xFFF0 == SW.TRIES_LEFT:
            tries = said & 0xF
        elif said != PinSW.TOO_SHORT_OR_LONG:
            raise _EndedError(NO_PIN, said)
    raise _EndedError(NO_PIN, said)


def _signed(order: Order, certificate: Certificate, suite: Suite) -> Generator[Step, Answer, bytes]:
    """Have the card sign exactly this order. Raises: _EndedError."""
    answer = yield from _ask(Command(0x90, 0x54, 0, 0, order.request(), 256))
    if not answer.ok:
        raise _EndedError("the card does not sign", answer.sw)
    encoded, signature = answer.data[:ORDER_BYTES], answer.data[ORDER_BYTES:]
    if len(answer.data) != SIGNED_BYTES or encoded != order.encode():
        raise _EndedError(OTHER)
    if not suite.verify(certificate.public_key, order_text(encoded), signature):
        raise _EndedError(OTHER)
    return answer.data


def _ask(command: Command) -> Generator[Step, Answer, Response]:
    answer = yield Ask(command.encode())
    if not isinstance(answer, Response):
        raise _EndedError(LEFT)
    return answer
