"""Where a customer's PIN is entered, and how it gets to the card past everybody else.

    the PIN pad                 checks the card's certificate, takes the digits, and hands out a VERIFY
                                that only this card can open, and once (protocols.purse.sealed_pin)
    the reader's own keypad     takes the digits and gives them to the card itself (secure PIN entry);
                                where there is no pad, or it cannot be reached, or the card gives no challenge

The till never has a digit in its hands. Implements pos.tenders.agreement.Keypads.
Source: decisions.md "PIN"; clerk-and-courier.md 5.5 (PUR-02 to PUR-05).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from devices.pin_pad import NoAnswer, NotAsked, PadResult
from pos.messages import Language
from pos.tenders.agreement import Ask, Desk, GivenUp
from protocols.emv import tags
from protocols.emv.steps import PinKeys
from protocols.iso7816 import SW, Command, Response, parse_response
from protocols.outcome import NotSent
from protocols.pin_pad import words
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel
from protocols.purse.card import PIN_KEY, SEALED_PIN_KEY
from protocols.purse.details import CERTIFICATE_BYTES
from protocols.purse.sealed_pin import CHALLENGE_BYTES
from protocols.secure_pin import DIGITS_MAX, DIGITS_MIN, PinEntry, PinSW

ENTRY_SECONDS: Final = 30
"""How long a keypad waits for the customer."""
GRACE_NS: Final = 10 * NANOSECONDS_PER_SECOND
"""How much later the answer must be there: the card compares, the reader tells."""
EXCHANGE_NS: Final = 5 * NANOSECONDS_PER_SECOND
"""The longest that one command to the card may take."""
VERIFY: Final = bytes((0x00, 0x20, 0x00, PIN_KEY))
_VERIFY_CHIP: Final = bytes((0x00, 0x20, 0x00, 0x80))
"""An EMV chip's PIN in clear."""
ENCIPHERED: Final = 0x88
"""P2 of VERIFY for a PIN that is enciphered for the chip."""
_CHALLENGE: Final = Command(0x00, 0x84, 0, 0, le=CHALLENGE_BYTES).encode()
_CERTIFICATE: Final = Command(0x00, 0xCA, 0x7F, 0x21, le=256).encode()
_GIVEN_UP: Final = "PUR-22"
CARD_GIVEN_UP: Final = "CRD-54"
PAD_UNUSABLE: Final = "PIN-07"
_ISSUER_UNKNOWN: Final = "PIN-09"
_NOT_ARRIVED: Final = "PIN-10"


class Pad(Protocol):
    """The part of devices.pin_pad.PinPad that a PIN needs."""

    @property
    def able(self) -> bool:
        """Say whether it would take a PIN now, as far as anybody knows."""
        ...

    async def enter_pin(
        self, command: words.EnterPin, *, on_digits: Callable[[int], None]
    ) -> PadResult:
        """Have a PIN entered and sealed."""
        ...


class _Elsewhere(Enum):
    """The pad was not asked; another keypad may be."""

    ASK = "ask"


_Answer = Response | NotSent | None


@dataclass(frozen=True, slots=True)
class TillKeypads:
    """The keypads of one till."""

    pad: Pad | None = None
    language: Language = "ko"

    async def verify(self, card: CardChannel, ask: Ask, desk: Desk) -> _Answer:
        """Have a PIN entered and given to the card."""
        if self.pad is not None and self.pad.able:
            answer = await self._at_the_pad(self.pad, card, ask, desk)
            if not isinstance(answer, _Elsewhere):
                return answer
        if card.has_keypad:
            return await _at_the_reader(card, desk, VERIFY)
        if self.pad is not None:
            return NotSent(code=PAD_UNUSABLE, reason="the PIN pad cannot be reached")
        return Response(b"", SW.SECURITY_NOT_SATISFIED)

    async def _at_the_pad(
        self, pad: Pad, card: CardChannel, ask: Ask, desk: Desk
    ) -> _Answer | _Elsewhere:
        challenge = await _tell(card, _CHALLENGE, desk)
        certificate = await _tell(card, _CERTIFICATE, desk)
        if challenge is None or certificate is None:
            return None
        if len(challenge.data) != CHALLENGE_BYTES or len(certificate.data) != CERTIFICATE_BYTES:
            # A card that gives no challenge takes its PIN in clear only, from its own reader.
            return _Elsewhere.ASK
        purpose = words.SealForCard(challenge.data, certificate.data)
        result = await self._entered(pad, purpose, ask, desk)
        if isinstance(result, GivenUp):
            return NotSent(code=_GIVEN_UP, reason="the clerk gave up waiting for a PIN")
        if isinstance(result, words.Entered):
            return await _give(card, result.body, desk)
        return _unsaid(result)

    @property
    def able(self) -> bool:
        """Say whether a PIN pad would take a PIN now."""
        return self.pad is not None and self.pad.able

    async def for_chip(
        self, card: CardChannel, keys: PinKeys, number: str, ask: Ask, desk: Desk
    ) -> _Answer:
        """Have a PIN entered at the pad, enciphered for the chip and given to it."""
        if self.pad is None or not self.pad.able:
            return NotSent(code=PAD_UNUSABLE, reason="the PIN pad cannot be reached")
        result = await self._entered(self.pad, _for_chip(keys, number), ask, desk)
        match result:
            case words.EnteredForChip(body):
                return await _tell(card, Command(0x00, 0x20, 0x00, ENCIPHERED, body).encode(), desk)
            case GivenUp():
                return NotSent(code=CARD_GIVEN_UP, reason="the clerk gave up waiting for a PIN")
            case other:
                said = _unsaid(other)
                if isinstance(said, _Elsewhere):
                    return NotSent(code=PAD_UNUSABLE, reason="the PIN pad is busy")
                return said

    async def at_reader(self, card: CardChannel, desk: Desk) -> Response | None:
        """Have the reader's own keypad give a PIN to the chip."""
        return await _at_the_reader(card, desk, _VERIFY_CHIP)

    async def for_bank(
        self, number: str, ask: Ask, desk: Desk
    ) -> words.EnteredForBank | PinSW | NotSent:
        """Have a PIN entered for the bank of a card."""
        if self.pad is None or not self.pad.able:
            return NotSent(code=PAD_UNUSABLE, reason="the PIN pad cannot be reached")
        result = await self._entered(self.pad, words.EncipherForBank(number), ask, desk)
        match result:
            case words.EnteredForBank():
                return result
            case GivenUp():
                return NotSent(code=CARD_GIVEN_UP, reason="the clerk gave up waiting for a PIN")
            case words.Cancelled():
                return PinSW.CANCELLED
            case words.TimedOut():
                return PinSW.TIMEOUT
            case words.TooShort():
                return PinSW.TOO_SHORT_OR_LONG
            case other:
                return NotSent(code=PAD_UNUSABLE, reason=f"the PIN pad said {other}")

    async def _entered(
        self, pad: Pad, purpose: words.Purpose, ask: Ask, desk: Desk
    ) -> PadResult | GivenUp:
        command = words.EnterPin(
            language=words.Language(self.language),
            amount=ask.amount,
            seconds=ENTRY_SECONDS,
            digits_min=DIGITS_MIN,
            digits_max=DIGITS_MAX,
            purpose=purpose,
        )
        entering = pad.enter_pin(
            command, on_digits=lambda count: desk.say("pin_digits", count=count)
        )
        return await desk.unless_given_up(entering)


def _unsaid(result: PadResult) -> _Answer | _Elsewhere:
    """Return what it means that the pad gave no PIN."""
    match result:
        case words.Cancelled():
            return Response(b"", PinSW.CANCELLED)
        case words.TimedOut():
            return Response(b"", PinSW.TIMEOUT)
        case words.TooShort():
            return Response(b"", PinSW.TOO_SHORT_OR_LONG)
        case words.Refused(words.Reason.CERTIFICATE):
            return NotSent(code=_ISSUER_UNKNOWN, reason="the PIN pad refused the certificate")
        case NotAsked():
            return _Elsewhere.ASK
        case NoAnswer(reason):
            return NotSent(code=PAD_UNUSABLE, reason=reason)
        case other:
            return NotSent(code=PAD_UNUSABLE, reason=f"the PIN pad said {type(other).__name__}")


async def _give(card: CardChannel, body: bytes, desk: Desk) -> _Answer:
    """Give a sealed PIN to the card that it is for."""
    verify = Command(0x00, 0x20, 0x00, SEALED_PIN_KEY, body).encode()
    answer = await _tell(card, verify, desk)
    if answer is not None and answer.sw in (SW.SIGNATURE_WRONG, SW.CONDITIONS_NOT_SATISFIED):
        return NotSent(code=_NOT_ARRIVED, reason=f"the card could not open it: {answer.sw:04X}")
    return answer


def _for_chip(keys: PinKeys, number: str) -> words.EncipherForChip:
    def of(tag: int) -> bytes:
        return keys.card.get(tag, b"")

    return words.EncipherForChip(
        pan=number,
        authority=keys.authority,
        challenge=keys.challenge,
        issuer=(
            of(tags.ISSUER_CERTIFICATE),
            of(tags.ISSUER_REMAINDER),
            of(tags.ISSUER_EXPONENT),
        ),
        card=(of(tags.PIN_CERTIFICATE), of(tags.PIN_REMAINDER), of(tags.PIN_EXPONENT)),
    )


async def _at_the_reader(card: CardChannel, desk: Desk, header: bytes) -> Response | None:
    """A command to the card like any other: the clerk cannot take it back, the customer can."""
    entry = PinEntry(header=header, timeout_s=ENTRY_SECONDS)
    deadline_ns = desk.clock.monotonic_ns() + ENTRY_SECONDS * NANOSECONDS_PER_SECOND + GRACE_NS
    answer = await card.enter_pin(entry.encode(), deadline_ns=deadline_ns)
    return None if answer is None else parse_response(answer)


async def _tell(card: CardChannel, apdu: bytes, desk: Desk) -> Response | None:
    deadline_ns = desk.clock.monotonic_ns() + EXCHANGE_NS
    answer = await card.transmit(apdu, deadline_ns=deadline_ns)
    return None if answer is None else parse_response(answer)
