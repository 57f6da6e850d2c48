"""E-cash: the customer's purse pays the shop's purse, card to card, offline and final (T5).

    take     both cards -> PIN, if the card wants it -> intent durable -> transfer -> result
             with its evidence
    give_back  the shop's purse pays a customer's: goods come back, the money goes the way it came
    resume   both cards, or the shop's alone -> what became of the attempt, under its own key

A lost answer is never answered by a second transfer: both purses are asked, and what they say decides
(protocols.purse.coordinator). Approved means that the shop's purse has the value; Declined that
nothing moved and nothing can; Unknown that only the cards can tell.
Source: purse.md 4.4; clerk-and-courier.md 5.5 (PUR, RDR); decisions.md "A parked attempt".
"""

from dataclasses import dataclass, field
from typing import Final

from pos.messages import Language
from pos.purse_moving import move
from pos.purse_refusals import explain
from pos.purse_transfer import PAYMENT, REFUND, set_table, settled
from pos.purses import VALUE_MAX, Table, Witness
from pos.rights import Right
from pos.tenders.agreement import E_CASH, Ask, Carded, Desk, Mover, OverTender, Paid
from pos.view import PaymentStep
from protocols.iso7816 import SW, Response
from protocols.outcome import NotSent, Outcome, Unknown
from protocols.ports import CardChannel
from protocols.purse.attempt import details_in, peer_of
from protocols.purse.card import AID
from protocols.purse.coordinator import (
    EnterPin,
    InDoubt,
    NotMoved,
    Order,
    Result,
    Slot,
    Transferred,
    transfer,
)
from protocols.purse.details import PaymentDetails, order_reference
from protocols.secure_pin import PinSW

_WRONG_PIN: Final = "PUR-02"
_TOO_SHORT: Final = "PIN-06"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """The tender that needs no line and no bank."""

    name: str = "purse"
    verb: str = "EC"
    aid: bytes = AID
    kind: str = E_CASH
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE

    def label(self, language: Language) -> str:
        """Return what the screen and the receipt call it."""
        return {"ko": "전자화폐", "en": "E-CASH"}[language]

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        """Move the amount from the customer's purse to the shop's."""
        if ask.amount.minor > VALUE_MAX:
            blanks = {"amount": ask.amount.minor, "limit": VALUE_MAX}
            return NotSent(code="PAY-03", reason="more than a purse can hold", blanks=blanks)
        if not desk.cards.configured:
            return NotSent(code="RDR-05", reason="no slots are configured")
        payment = _Payment(ask, desk)
        table = await set_table(PAYMENT, desk, payment.witness)
        if isinstance(table, NotSent):
            return table
        order = Order(
            value=ask.amount.minor,
            currency=ask.amount.currency.number,
            reference=order_reference(desk.key),
            day=desk.day,
        )
        try:
            result = await table.play(transfer(order), payment.intend, payment.enter_pin)
            stranger = await _stranger(result, table, desk)
        finally:
            await table.close()
        if stranger is not None:
            return stranger
        if isinstance(result, NotMoved):
            return payment.explain(result)
        if isinstance(result, Transferred):
            desk.progress(PaymentStep.RECEIVED)
        return await settled(result, PAYMENT, ask.amount, desk, payment.witness)

    async def give_back(self, ask: Ask, paid: Paid, desk: Desk) -> Outcome:
        """Let the shop's purse pay a customer's, bound to the payment that it gives back."""
        if not desk.cards.configured:
            return NotSent(code="RDR-05", reason="no slots are configured")
        # While the counter waits for it, the till asks again by itself: no recovery waits long.
        held = paid.peer is not None
        details = details_in(paid.peer or "")
        to = b"" if details is None else details.payer
        moving = await move(REFUND, ask.amount, paid.attempt, desk, to=to, patient=not held)
        return moving.outcome

    async def resume_back(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Find out whether the customer's purse has it, and bring it to its end if it is under way."""
        details = details_in(peer)
        if details is None:
            return Unknown(case_id=desk.key, reason="the attempt names no transfer", code="PUR-08")
        begun = InDoubt(details, Slot.PAYER, "the till has ended in between")
        return await settled(begun, REFUND, ask.amount, desk, Witness(), patient=False)

    async def resume(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Find out what became of an attempt, and bring it to its end if it is still under way."""
        details = details_in(peer)
        if details is None:
            return Unknown(case_id=desk.key, reason="the attempt names no transfer", code="PUR-08")
        begun = InDoubt(details, Slot.PAYER, "the till has ended in between")
        return await settled(begun, PAYMENT, ask.amount, desk, Witness())


@dataclass(slots=True)
class _Payment:
    """What the transfer asks of the till while it is played, and what is known when it ends."""

    ask: Ask
    desk: Desk
    witness: Witness = field(default_factory=lambda: Witness(whole=True))
    intended: bool = False
    not_entered: NotSent | None = None
    """Why no PIN was entered, where no word of card or keypad says it."""

    async def intend(self, details: PaymentDetails) -> None:
        """Make the attempt durable. Raises: StoreError."""
        await self.desk.intend(peer_of(details))
        self.intended = True
        self.desk.progress(PaymentStep.MOVING, balance=self._balance())

    async def enter_pin(self, wanted: EnterPin, card: CardChannel) -> Response | None:
        """Have the customer enter the PIN; after a wrong one both are told how often it may be wrong."""
        self.desk.progress(PaymentStep.PIN, balance=self._balance())
        if wanted.said == PinSW.TOO_SHORT_OR_LONG:
            self.desk.say(_TOO_SHORT)
        elif wanted.said:
            self.desk.say(_WRONG_PIN, tries=wanted.tries)
        answer = await self.desk.keypads.verify(card, self.ask, self.desk)
        if isinstance(answer, NotSent):
            self.not_entered = answer
            return Response(b"", SW.SECURITY_NOT_SATISFIED)
        return answer

    def explain(self, refused: NotMoved) -> Outcome:
        """Return why nothing moved."""
        if self.not_entered is not None:
            return self.not_entered
        return explain(refused, self.witness, self.ask.amount, intended=self.intended)

    def _balance(self) -> int | None:
        payer = self.witness.states.get(Slot.PAYER)
        return None if payer is None else payer.balance


async def _stranger(result: Result, table: Table, desk: Desk) -> NotSent | None:
    """Return how a card that is no purse is paid with, where another tender knows it."""
    if result != NotMoved(Slot.PAYER, SW.NOT_FOUND):
        return None
    tender = await desk.whose(table.channels[Slot.PAYER])
    if tender is None:
        return None
    named = {"label": tender.label(desk.language), "verb": tender.verb}
    if not isinstance(tender, Carded):
        return NotSent(
            code="RDR-07", reason=f"a card of {tender.name}", blanks={"verb": tender.verb}
        )
    instead = tender.name if tender.kind == TENDER.kind else ""
    reason = f"a card of {tender.name}"
    return NotSent(code="RDR-06", reason=reason, blanks=named, instead=instead)


TENDER: Final = Purse()
