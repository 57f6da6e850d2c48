"""A transfer by passbook, played at the till: card, PIN pad and broker carry out the dialogue's steps.

    commands -> PIN -> intent durable -> signature -> authorise, once

The dialogue is protocols.passbook.terminal. Of the account only its mask is kept; the order, its signature and the
PIN's block go to the broker with this one request, and are kept by nobody here.
"""

from dataclasses import dataclass
from typing import Final, assert_never

from msgspec.structs import replace

from pos.dialogues import played
from pos.keypads import ENTRY_SECONDS, GRACE_NS, PAD_UNUSABLE
from pos.purses import EXCHANGE_NS
from pos.tenders.agreement import Ask, Desk
from pos.view import PaymentStep
from protocols.card_number import mask_of
from protocols.facts import Slip, SlipVerified
from protocols.iso7816 import SW, Response, parse_response
from protocols.outcome import Approved, Declined, NotSent, Outcome
from protocols.passbook import terminal
from protocols.passbook.card import AID, PIN_KEY
from protocols.passbook.order import Order
from protocols.passbook.rule import TRANSFER, TransferRule
from protocols.passbook.terminal import Said, Submitted, Wish
from protocols.pin_pad.words import EnteredForBank
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel
from protocols.purse.details import order_reference
from protocols.purse.suite import P256
from protocols.secure_pin import PinEntry, PinSW

STEPS_MAX: Final = 64
"""Of one dialogue: four commands, and a PIN that is keyed wrong as often as it may be."""
NOT_OURS: Final = "TRF-04"
_LEFT: Final = "TRF-05"
_NOT_SIGNED: Final = "TRF-09"
_REASONS: Final = {
    terminal.LEFT: _LEFT,
    terminal.NOT_OURS: NOT_OURS,
    terminal.EXPIRED: "TRF-06",
    terminal.BLOCKED: "TRF-07",
    terminal.PIN_BLOCKED: "TRF-08",
    terminal.OTHER: _NOT_SIGNED,
    terminal.USED_UP: "TRF-10",
}
"""By why the dialogue ended; whatever else: the card has not signed."""
_NO_PIN: Final[dict[int, str]] = {PinSW.CANCELLED: "CRD-56", PinSW.TIMEOUT: "CRD-57"}
_NO_KEYPAD: Final = "TRF-11"
_WRONG_PIN: Final = "PUR-02"
_DIGITS: Final = "PIN-06"
_VERIFY: Final = bytes((0x00, 0x20, 0x00, PIN_KEY))


async def transferred(card: CardChannel, ask: Ask, rule: TransferRule, desk: Desk) -> Outcome:
    """Have the passbook order a transfer, and its bank carry it out. Raises: StoreError."""
    return await _Payment(card, ask, desk).play(
        terminal.transfer(
            Wish(
                payee=rule.payee,
                amount=ask.amount.minor,
                currency=ask.amount.currency.number,
                reference=order_reference(desk.key),
                day=desk.day,
            ),
            issuer_keys=rule.issuer_keys(),
            suite=P256(),
        )
    )


@dataclass(slots=True)
class _Payment:
    """What the dialogue asks of the till while it is played."""

    card: CardChannel
    ask: Ask
    desk: Desk
    outcome: Outcome | None = None
    """What the broker said."""
    not_entered: NotSent | None = None
    """Why no PIN was entered, where no word of card or keypad says it."""
    intended: bool = False

    async def play(self, dialogue: terminal.Dialogue) -> Outcome:
        """Play it to its end."""
        return self._ended(await played(dialogue, self._answer, most=STEPS_MAX))

    async def _answer(self, step: terminal.Step) -> terminal.Answer:
        match step:
            case terminal.Ask(apdu):
                return await self._tell(apdu)
            case terminal.EnterPin():
                return await self._enter_pin(step)
            case terminal.Intend(order):
                await self._intend(order)
                return None
            case terminal.Submit(submitted):
                return await self._submit(submitted)
            case _:
                assert_never(step)

    def _ended(self, result: terminal.Result) -> Outcome:
        if not isinstance(result, terminal.NotSent):
            assert self.outcome is not None, "the broker was asked"
            return self.outcome
        if self.not_entered is not None:
            return self.not_entered
        code = _REASONS.get(result.reason, _NOT_SIGNED)
        if result.reason == terminal.NO_PIN:
            code = _NO_PIN.get(result.sw, _NO_KEYPAD)
        reason = f"{result.reason} {result.sw:04X}" if result.sw else result.reason
        # What stands in the journal gets its result there: an order that nobody has moves nothing.
        return (Declined if self.intended else NotSent)(code=code, reason=reason)

    async def _tell(self, apdu: bytes) -> Response | None:
        deadline_ns = self.desk.clock.monotonic_ns() + EXCHANGE_NS
        answer = await self.card.transmit(apdu, deadline_ns=deadline_ns)
        return None if answer is None else parse_response(answer)

    async def _enter_pin(self, wanted: terminal.EnterPin) -> EnteredForBank | Response | None:
        """Have the PIN entered at the pad; where that cannot be, at the reader's own keypad."""
        desk = self.desk
        desk.progress(PaymentStep.PIN)
        if wanted.said == PinSW.TOO_SHORT_OR_LONG:
            desk.say(_DIGITS)
        elif wanted.said:
            desk.say(_WRONG_PIN, tries=wanted.tries)
        entered = await desk.keypads.for_bank(wanted.account, self.ask, desk)
        if isinstance(entered, EnteredForBank):
            self._see(wanted.account, "online_pin")
            return entered
        if isinstance(entered, PinSW):
            return Response(b"", entered)
        if entered.code != PAD_UNUSABLE or not self.card.has_keypad:
            self.not_entered = entered
            return Response(b"", SW.SECURITY_NOT_SATISFIED)
        self._see(wanted.account, "offline_pin")
        entry = PinEntry(header=_VERIFY, timeout_s=ENTRY_SECONDS).encode()
        wait_ns = ENTRY_SECONDS * NANOSECONDS_PER_SECOND + GRACE_NS
        answer = await self.card.enter_pin(entry, deadline_ns=desk.clock.monotonic_ns() + wait_ns)
        return None if answer is None else parse_response(answer)

    def _see(self, account: str, verified: SlipVerified) -> None:
        """Say what the papers will say of it, as far as it is known."""
        self.desk.slip(Slip(number=account, aid=AID, entry="passbook", verified=verified))

    async def _intend(self, order: Order) -> None:
        """Make the attempt durable; nothing is signed yet. Raises: StoreError."""
        await self.desk.intend(f"account={mask_of(order.account)};counter={order.counter}")
        self.intended = True
        self.desk.progress(PaymentStep.MOVING)

    async def _submit(self, submitted: Submitted) -> Said | None:
        """Ask the bank, once; None: nobody knows what came of it."""
        self.outcome = await self.desk.acquirer.authorise(
            key=self.desk.key, method=TRANSFER, amount=self.ask.amount, fields=_fields(submitted)
        )
        match self.outcome:
            case Approved(reference=approval, told=told):
                seen = self.desk.known or Slip()
                self.desk.slip(replace(seen, approval=approval, acquirer=told.get("bank", "")))
                return Said(told.get("code", ""), approved=True)
            case Declined(told=told):
                return Said(told.get("code", ""), approved=False)
            case NotSent():
                return Said("", approved=False)
            case _:
                return None


def _fields(submitted: Submitted) -> dict[str, str]:
    """Return what the transfer module is told (ips/modules/transfer.toml)."""
    signed = submitted.signed + submitted.certificate
    fields = {"account": submitted.order.account, "signed_order": signed.hex().upper()}
    if submitted.pin is not None:
        block, ksn = submitted.pin.block, submitted.pin.ksn
        fields |= {"pin_block": block.hex().upper(), "ksn": ksn.hex().upper()}
    return fields
