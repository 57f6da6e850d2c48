"""Is it the card's holder? The card's list of ways, tried in its order (8E).

    X 4 | Y 4 | rule 2 ..       rule: way, and 40 "if it fails, go on"; condition (bits.CvmCondition)
    X, Y                        amounts of the card's own currency, minor units

    result 9F34                 way | condition | 0 nobody knows yet, 1 failed, 2 successful
    no rule holds               3F 00 01, and the TVR says that the holder was not verified

A PIN that only the reader's keypad and the card see, one enciphered for the card, and one for the
issuer are three ways; who carries the payment out has them done (steps.EnterPin).
Bounded: 32 rules, 15 entries. Source: EMV 4.4 book 3, 10.5 and C3.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Final

from protocols.emv import tags
from protocols.emv.bits import Aip, Capability, Cvm, CvmCondition, CvmResult, Tsi, Tvr
from protocols.emv.certificates import CHALLENGE_BYTES, CertificateError, issuer_key, pin_key
from protocols.emv.reading import ReadCard
from protocols.emv.steps import (
    Answer,
    EndedError,
    Ending,
    EnterPin,
    PinKeys,
    PinWay,
    Stage,
    Step,
    ask,
    garbled,
)
from protocols.emv.terminal import Payment, Terminal
from protocols.iso7816 import SW, Command, Response
from protocols.pin_pad.words import EnteredForBank
from protocols.secure_pin import PinSW
from protocols.tlv import TlvError, parse_tlv

RULES_MAX: Final = 32
ENTRIES_MAX: Final = 15
PIN_KEYS_BYTES_MAX: Final = 440
"""What is handed to a PIN pad, so that it fits one of its frames; a card with longer keys goes the next way."""
_STAGE: Final = Stage.VERIFYING_HOLDER
_GO_ON: Final = 0x40
_WAY: Final = 0x3F
_NO_LIST: Final = bytes((_WAY, 0, CvmResult.UNKNOWN))
_NONE_HELD: Final = bytes((_WAY, 0, CvmResult.FAILED))
_HEAD_BYTES: Final = 8
_ISSUER_TAGS: Final = (
    tags.CA_INDEX, tags.ISSUER_CERTIFICATE, tags.ISSUER_REMAINDER, tags.ISSUER_EXPONENT, tags.PAN,
    tags.PIN_CERTIFICATE, tags.PIN_REMAINDER, tags.PIN_EXPONENT,
)  # fmt: skip
_NEEDS: Final = {
    Cvm.PLAINTEXT_PIN: Capability.PLAINTEXT_PIN,
    Cvm.PLAINTEXT_PIN_AND_SIGNATURE: Capability.PLAINTEXT_PIN | Capability.SIGNATURE,
    Cvm.ENCIPHERED_PIN: Capability.ENCIPHERED_PIN,
    Cvm.ENCIPHERED_PIN_AND_SIGNATURE: Capability.ENCIPHERED_PIN | Capability.SIGNATURE,
    Cvm.ONLINE_PIN: Capability.ONLINE_PIN,
    Cvm.SIGNATURE: Capability.SIGNATURE,
    Cvm.NONE: Capability.NO_CVM,
}
_PINS: Final = {
    Cvm.PLAINTEXT_PIN: PinWay.OFFLINE,
    Cvm.PLAINTEXT_PIN_AND_SIGNATURE: PinWay.OFFLINE,
    Cvm.ENCIPHERED_PIN: PinWay.ENCIPHERED,
    Cvm.ENCIPHERED_PIN_AND_SIGNATURE: PinWay.ENCIPHERED,
    Cvm.ONLINE_PIN: PinWay.ONLINE,
}
_SIGNED: Final = (
    Cvm.SIGNATURE,
    Cvm.PLAINTEXT_PIN_AND_SIGNATURE,
    Cvm.ENCIPHERED_PIN_AND_SIGNATURE,
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it."""

    results: bytes
    """9F34."""
    found: Tvr = Tvr.NONE
    done: Tsi = Tsi.HOLDER_VERIFICATION
    pin: EnteredForBank | None = None
    signature: bool = False


Verifying = Generator[Step, Answer, Verified]


def verify_holder(card: ReadCard, terminal: Terminal, payment: Payment, rid: bytes) -> Verifying:
    """Go through the card's list. Raises: EndedError."""
    rules = card.data.get(tags.CVM_LIST, b"")
    if Aip.CVM not in card.aip:
        return Verified(_NO_LIST, done=Tsi.NONE)
    if len(rules) < _HEAD_BYTES + 2:
        missing = Tvr.DATA_MISSING if not rules else Tvr.NONE
        return Verified(_NO_LIST, missing, Tsi.NONE)
    if len(rules) % 2 or len(rules) > _HEAD_BYTES + 2 * RULES_MAX:
        raise garbled(_STAGE, "a list of ways of another length")
    found, last = Tvr.NONE, _NONE_HELD
    for place in range(_HEAD_BYTES, len(rules), 2):
        code, condition = rules[place], rules[place + 1]
        if not _holds(card, terminal, payment, rules, code, condition):
            continue
        tried = yield from _try(card, terminal, payment, rid, code)
        found |= tried.found
        last = bytes((code, condition, tried.results[0]))
        if tried.results[0] != CvmResult.FAILED:
            return replace(tried, results=last, found=found)
        if not code & _GO_ON:
            break
    # Whatever was tried last is told; a list of which nothing held is told as that.
    return Verified(last, found | Tvr.HOLDER_NOT_VERIFIED)


def _holds(
    card: ReadCard, terminal: Terminal, payment: Payment, rules: bytes, code: int, condition: int
) -> bool:
    """Say whether a rule's condition holds; one that is not known never does."""
    own = card.data.get(tags.CARD_CURRENCY) == bytes.fromhex(f"{payment.currency:04}")
    x, y = int.from_bytes(rules[:4]), int.from_bytes(rules[4:8])
    match condition:
        case CvmCondition.ALWAYS | CvmCondition.NOT_CASH:
            return True
        case CvmCondition.SUPPORTED:
            return _can(terminal, code)
        case CvmCondition.UNDER_X:
            return own and payment.amount < x
        case CvmCondition.OVER_X:
            return own and payment.amount > x
        case CvmCondition.UNDER_Y:
            return own and payment.amount < y
        case CvmCondition.OVER_Y:
            return own and payment.amount > y
        case _:
            return False


def _can(terminal: Terminal, code: int) -> bool:
    way = code & _WAY
    needed = _NEEDS.get(Cvm(way)) if way in tuple(Cvm) else None
    return needed is not None and needed in terminal.capabilities


_FAILED: Final = bytes((CvmResult.FAILED,))
_UNKNOWN: Final = bytes((CvmResult.UNKNOWN,))
_SUCCESSFUL: Final = bytes((CvmResult.SUCCESSFUL,))


def _try(card: ReadCard, terminal: Terminal, payment: Payment, rid: bytes, code: int) -> Verifying:
    """Try one way; `results` is the result alone."""
    number = code & _WAY
    if number not in tuple(Cvm):
        return Verified(_FAILED, Tvr.CVM_UNKNOWN)
    way = Cvm(number)
    if way is Cvm.FAIL:
        return Verified(_FAILED)
    if not _can(terminal, code):
        return Verified(_FAILED, Tvr.NO_PIN_PAD if way in _PINS else Tvr.NONE)
    signature = way in _SIGNED
    match _PINS.get(way):
        case None:
            return Verified(_UNKNOWN if signature else _SUCCESSFUL, signature=signature)
        case PinWay.ONLINE:
            return (yield from _online(card))
        case pin_way:
            said = yield from _offline(card, terminal, payment, rid, pin_way)
            if said.results == _SUCCESSFUL and signature:
                return Verified(_UNKNOWN, said.found, signature=True)
            return said


def _online(card: ReadCard) -> Verifying:
    said = 0
    for _ in range(ENTRIES_MAX):
        answer = yield EnterPin(PinWay.ONLINE, None, said, card.pan)
        if isinstance(answer, EnteredForBank):
            return Verified(_UNKNOWN, Tvr.ONLINE_PIN, pin=answer)
        response = _response(answer)
        said = response.sw
        if said != PinSW.TOO_SHORT_OR_LONG:
            return _without_pin(said)
    return Verified(_FAILED, Tvr.NO_PIN_ENTERED)


def _offline(
    card: ReadCard, terminal: Terminal, payment: Payment, rid: bytes, way: PinWay
) -> Verifying:
    tries = yield from _tries()
    if tries == 0:
        return Verified(_FAILED, Tvr.PIN_TRIES_EXCEEDED)
    said = 0
    for _ in range(ENTRIES_MAX):
        keys = None
        if way is PinWay.ENCIPHERED:
            keys = yield from _pin_keys(card, terminal, rid, payment.date // 100)
            if keys is None:
                return Verified(_FAILED)
        response = _response((yield EnterPin(way, tries, said, card.pan, keys)))
        said = response.sw
        if said == SW.OK:
            return Verified(_SUCCESSFUL)
        if said in (SW.PIN_BLOCKED, SW.REFERENCE_NOT_USABLE, SW.TRIES_LEFT):
            return Verified(_FAILED, Tvr.PIN_TRIES_EXCEEDED)
        if said & 0xFFF0 == SW.TRIES_LEFT:
            tries = said & 0xF
        elif said != PinSW.TOO_SHORT_OR_LONG:
            return _without_pin(said)
    return Verified(_FAILED)


def _without_pin(said: int) -> Verified:
    """Return what it means that no PIN came. Raises: EndedError."""
    if said in (PinSW.CANCELLED, PinSW.TIMEOUT):
        why = "the customer cancelled" if said == PinSW.CANCELLED else "no PIN in time"
        raise EndedError(Ending.CANCELLED, _STAGE, why)
    return Verified(_FAILED, Tvr.NO_PIN_PAD if said == SW.SECURITY_NOT_SATISFIED else Tvr.NONE)


def _response(answer: Answer) -> Response:
    if not isinstance(answer, Response):
        raise EndedError(Ending.CARD_LEFT, _STAGE, "no answer")
    return answer


def _tries() -> Generator[Step, Answer, int | None]:
    """Ask how often the PIN may still be wrong; None from a card that does not say."""
    answer = yield from ask(_STAGE, Command(0x80, 0xCA, 0x9F, 0x17, le=256).encode())
    if not answer.ok:
        return None
    try:
        items = parse_tlv(answer.data)
    except TlvError:
        return None
    told = items[0].value if items and items[0].tag == tags.PIN_TRIES else b""
    return told[0] if len(told) == 1 else None


def _pin_keys(
    card: ReadCard, terminal: Terminal, rid: bytes, month: int
) -> Generator[Step, Answer, PinKeys | None]:
    """Get a challenge, and see that the card's PIN key is its own; None: nothing can be enciphered."""
    index = card.data.get(tags.CA_INDEX, b"\0")[0]
    authority = terminal.authorities.get((rid, index))
    try:
        if authority is None:
            raise CertificateError("no such authority's key is here")
        pin_key(issuer_key(authority, card.data, month), card.data, month)
    except CertificateError:
        return None
    answer = yield from ask(_STAGE, Command(0x00, 0x84, 0, 0, le=CHALLENGE_BYTES).encode())
    if not answer.ok or len(answer.data) != CHALLENGE_BYTES:
        return None
    given = {tag: card.data[tag] for tag in _ISSUER_TAGS if tag in card.data}
    if sum(map(len, given.values())) > PIN_KEYS_BYTES_MAX:
        return None
    return PinKeys((rid, index), given, answer.data)
