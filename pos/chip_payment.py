"""A payment by a card's chip, carried out: commands to the card, PIN, intent, the bank, the end.

    select, read - PIN - Intend: durable - GENERATE AC 1 - the bank, in one exchange - GENERATE AC 2

    the card is pulled       before the bank is asked    nothing was sent
                             when the bank has approved  given up at the broker: the bank undoes it
    the card refuses what the bank approved              the same
    nobody knows what the bank said                      the card is told no; the key is asked about, and given up

What goes on between terminal and card is decided in protocols.emv.transaction; here its steps are done. The
chip's data and the card's number are in one request and kept nowhere.
Source: devices.md 3 and 4; clerk-and-courier.md 5.5.
"""

from dataclasses import dataclass
from typing import Final, assert_never

from msgspec.structs import replace

from pos.card_presenting import GIVEN_UP, of_another
from pos.chip_terminal import payment_of, terminal_of
from pos.tenders.agreement import Ask as Wanted
from pos.tenders.agreement import Desk, GivenUp
from pos.view import PaymentStep
from protocols.emv import tags
from protocols.emv.bits import KIND_MASK, Cvm, CvmResult, Kind, Tvr
from protocols.emv.issuer import Field55Error, decode_field_55
from protocols.emv.steps import (
    Answer,
    Ask,
    Asked,
    Choose,
    Ending,
    EnterPin,
    Finished,
    GoOnline,
    Intend,
    PinWay,
    Said,
    Stage,
    Step,
)
from protocols.emv.transaction import pay
from protocols.facts import Slip, SlipVerified
from protocols.iso7816 import SW, Response, parse_response
from protocols.outcome import Approved, Declined, NotSent, Outcome, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel
from protocols.secure_pin import PinSW

EXCHANGE_NS: Final = 5 * NANOSECONDS_PER_SECOND
"""The longest that one command to the card may take."""
CARD_NS: Final = 40 * NANOSECONDS_PER_SECOND
"""The longest that all of them may take together: a card that is slow at each holds up no counter."""
COMPLETING_NS: Final = 2 * EXCHANGE_NS
"""What is left of that at least, once its bank has been asked: the card is to hear of it."""
STEPS_MAX: Final = 500
UNDONE: Final = "CRD-52"
CANCELLED: Final = "CRD-56"
NO_PIN: Final = "CRD-57"
LEFT_APPROVED: Final = "CRD-58"
REFUSED_APPROVED: Final = "CRD-59"
DECLINED_HERE: Final = "CRD-60"
LEFT: Final = "CRD-61"
GARBLED: Final = "CRD-62"
BLOCKED: Final = "CRD-64"
COPY: Final = "CRD-65"
EXPIRED: Final = "CRD-17"
NOT_ALLOWED: Final = "CRD-19"
NOT_CHOSEN: Final = "CRD-69"
_FOUND: Final = (
    (Tvr.EXPIRED | Tvr.NOT_YET_EFFECTIVE, EXPIRED),
    (Tvr.SERVICE_NOT_ALLOWED, NOT_ALLOWED),
    (Tvr.SDA_FAILED | Tvr.DDA_FAILED | Tvr.CDA_FAILED, COPY),
)
"""What is said where card or terminal declined by themselves, by what the terminal found."""


@dataclass(frozen=True, slots=True)
class ChipFailed:
    """The chip cannot be used: nothing was sent, and its stripe may be swiped."""

    reason: str


@dataclass(slots=True)
class ChipPayment:
    """One payment by one card."""

    ask: Wanted
    desk: Desk
    channel: CardChannel
    method: str
    _left_ns: int = CARD_NS
    """Of the card's time."""
    _said: Outcome | None = None
    """What became of the question to the bank; None before there was one."""
    _not_entered: NotSent | None = None
    """Why no PIN was entered, where neither card nor keypad says it."""

    async def run(self) -> Outcome | ChipFailed:
        """Carry the payment out to its end. Raises: StoreError."""
        terminal = terminal_of(
            self.desk.card_rules,
            pad=self.desk.keypads.able,
            keypad=self.channel.has_keypad,
            stripe=self.desk.stripes.configured,
        )
        dialogue = pay(terminal, payment_of(self.ask, self.desk))
        try:
            step = next(dialogue)
            for _ in range(STEPS_MAX):
                step = dialogue.send(await self._do(step))
        except StopIteration as end:
            finished: Finished = end.value
            return await self._ended(finished)
        raise AssertionError("a payment by chip is bounded")

    async def _do(self, step: Step) -> Answer:
        match step:
            case Ask(apdu):
                return await self._tell(apdu)
            case Choose(labels):
                return await self._choose(labels)
            case EnterPin():
                return await self._enter_pin(step)
            case Intend(asked):
                self._show(asked)
                await self.desk.intend()
                self.desk.progress(PaymentStep.MOVING)
                return None
            case GoOnline():
                return await self._go_online(step)
            case _:
                assert_never(step)

    async def _tell(self, apdu: bytes) -> Response | None:
        began_ns = self.desk.clock.monotonic_ns()
        deadline_ns = began_ns + min(EXCHANGE_NS, self._left_ns)
        answer = await self.channel.transmit(apdu, deadline_ns=deadline_ns)
        self._left_ns = max(0, self._left_ns - (self.desk.clock.monotonic_ns() - began_ns))
        return None if answer is None else parse_response(answer)

    async def _choose(self, labels: tuple[str, ...]) -> int | None:
        chosen = await self.desk.choose(labels)
        return None if isinstance(chosen, GivenUp) else chosen

    # The PIN

    async def _enter_pin(self, step: EnterPin) -> Answer:
        desk, keypads = self.desk, self.desk.keypads
        desk.progress(PaymentStep.PIN)
        if step.said == PinSW.TOO_SHORT_OR_LONG:
            desk.say("PIN-06")
        elif step.said and step.tries is not None:
            desk.say("PUR-02", tries=step.tries)
        match step.way:
            case PinWay.ONLINE:
                entered = await keypads.for_bank(step.pan, self.ask, desk)
                if isinstance(entered, PinSW):
                    return Response(b"", entered)
                return self._unless_not_sent(entered)
            case PinWay.ENCIPHERED:
                assert step.keys is not None, "it is enciphered under the card's key"
                return self._unless_not_sent(
                    await keypads.for_chip(self.channel, step.keys, step.pan, self.ask, desk)
                )
            case PinWay.OFFLINE:
                return await keypads.at_reader(self.channel, desk)
            case _:
                assert_never(step.way)

    def _unless_not_sent(self, entered: Answer | NotSent) -> Answer:
        """Return what was entered; where the clerk gave up, as if the customer had."""
        if not isinstance(entered, NotSent):
            return entered
        if entered.code == GIVEN_UP:
            self._not_entered = entered
            return Response(b"", PinSW.CANCELLED)
        # No keypad can take it now: the card's next way to verify its holder may do.
        self.desk.say(entered.code, **entered.blanks)
        return Response(b"", SW.SECURITY_NOT_SATISFIED)

    # The bank

    async def _go_online(self, step: GoOnline) -> Said | None:
        asked = step.asked
        fields = {
            "pan": asked.pan,
            "entry": "chip",
            "expiry": asked.expiry,
            "sequence": str(asked.sequence),
            "icc": asked.field_55.hex().upper(),
        }
        if asked.track_2:
            fields["track2"] = asked.track_2
        if step.pin is not None:
            fields |= {"pin_block": step.pin.block.hex().upper(), "ksn": step.pin.ksn.hex().upper()}
        said = await self.desk.acquirer.authorise(
            key=self.desk.key, method=self.method, amount=self.ask.amount, fields=fields
        )
        self._said = said
        self._left_ns = max(self._left_ns, COMPLETING_NS)
        match said:
            case Approved(told=told):
                return Said(
                    told.get("code", "00"), approved=True, field_55=_octets(told.get("icc", ""))
                )
            case Declined(told=told):
                return Said(
                    told.get("code", "05"), approved=False, field_55=_octets(told.get("icc", ""))
                )
            case _:
                return None

    # The end

    async def _ended(self, finished: Finished) -> Outcome | ChipFailed:
        if finished.asked is not None:
            self._show(finished.asked, signature=finished.signature)
        said = self._said
        match said:
            case Approved() if finished.approved:
                return said
            case Approved():
                return await self._take_back(finished)
            case None:
                return await self._unasked(finished)
            case _:
                # Refused, not sent, or not known: the card was told no.
                return said

    async def _take_back(self, finished: Finished) -> Outcome:
        """Give up what the bank approved and the card did not; it is the broker's from then on."""
        left = finished.ending is Ending.CARD_LEFT
        undone = await self.desk.acquirer.cancel(
            key=self.desk.key,
            method=self.method,
            amount=self.ask.amount,
            why="card-removed" if left else "card-refused",
        )
        if isinstance(undone, Declined) and undone.code == UNDONE:
            code = LEFT_APPROVED if left else REFUSED_APPROVED
            return Declined(code=code, reason=f"{finished.ending.value}; {finished.reason}")
        if isinstance(undone, Approved):
            reason = "the broker could not undo it"
            return Unknown(case_id=self.desk.key, reason=reason)
        return undone

    async def _unasked(self, finished: Finished) -> Outcome | ChipFailed:
        """Return what it means that the bank was never asked: nothing has moved."""
        reason = f"{finished.ending.value} at {finished.stage.value}: {finished.reason}"
        match finished.ending:
            case Ending.CARD_SILENT:
                return ChipFailed(reason)
            case Ending.CARD_LEFT:
                return NotSent(code=LEFT, reason=reason)
            case Ending.NO_APPLICATION:
                return await of_another(self.channel, self.desk) or ChipFailed(reason)
            case Ending.APPLICATION_BLOCKED | Ending.CARD_BLOCKED:
                return NotSent(code=BLOCKED, reason=reason)
            case Ending.CANCELLED:
                return self._not_entered or NotSent(code=_cancelled(finished), reason=reason)
            case Ending.CARD_GARBLED:
                return NotSent(code=GARBLED, reason=reason)
            case _:
                # Approved by the card alone is no approval here: nobody has been asked.
                found = (code for bits, code in _FOUND if finished.found & bits)
                return Declined(code=next(found, DECLINED_HERE), reason=reason)

    def _show(self, asked: Asked, *, signature: bool = False) -> None:
        """Tell the slip what the card has said by now."""
        try:
            data = decode_field_55(asked.field_55)
        except Field55Error:
            data = {}
        cryptogram = data.get(tags.CRYPTOGRAM, b"")
        kind = data.get(tags.CRYPTOGRAM_INFORMATION, b"\0")[0] & KIND_MASK
        known = self.desk.known or Slip(number=asked.pan, label=asked.label, aid=asked.aid)
        self.desk.slip(
            replace(
                known,
                entry="chip",
                verified="signature" if signature else _verified(data),
                cryptogram=cryptogram,
                cryptogram_kind=Kind(kind).name if cryptogram and kind in tuple(Kind) else "",
            )
        )


_VERIFIED: Final[dict[Cvm, SlipVerified]] = {
    Cvm.PLAINTEXT_PIN: "offline_pin",
    Cvm.PLAINTEXT_PIN_AND_SIGNATURE: "signature",
    Cvm.ENCIPHERED_PIN: "offline_pin",
    Cvm.ENCIPHERED_PIN_AND_SIGNATURE: "signature",
    Cvm.ONLINE_PIN: "online_pin",
    Cvm.SIGNATURE: "signature",
    Cvm.NONE: "none",
}


def _verified(data: dict[int, bytes]) -> SlipVerified:
    """Return how the holder was verified, by the CVM results."""
    way, _, result = data.get(tags.CVM_RESULTS, bytes((0x3F, 0, 0)))
    if result == CvmResult.FAILED or way & 0x3F not in tuple(Cvm):
        return ""
    return _VERIFIED.get(Cvm(way & 0x3F), "")


def _cancelled(finished: Finished) -> str:
    if finished.stage is Stage.SELECTING:
        return NOT_CHOSEN
    return CANCELLED if "cancel" in finished.reason else NO_PIN


def _octets(text: str) -> bytes:
    """Return field 55 as the broker told it; what makes no sense is as if nothing had come."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
