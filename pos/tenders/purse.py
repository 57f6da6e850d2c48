"""E-cash: the customer's purse pays the shop's purse, card to card, offline and final (T5).

    take     both cards -> PIN, if the card wants it -> intent durable -> transfer -> result
             with its evidence
    resume   both cards, or the shop's alone -> what became of the attempt, under its own key

A lost answer is never answered by a second transfer: both purses are asked, and what they say decides
(protocols.purse.coordinator). Approved means that the shop's purse has the value; Declined that
nothing moved and nothing can; Unknown that only the cards can tell.
Source: purse.md 4.4; clerk-and-courier.md 5.5 (PUR, RDR); decisions.md "A parked attempt".
"""

from dataclasses import dataclass, field
from typing import Final, assert_never

from pos.messages import Language
from pos.purse_refusals import explain
from pos.purses import CONNECT_NS, Table, Witness
from pos.rights import Right
from pos.tenders.agreement import Ask, Desk, GivenUp, Mover, OverTender
from pos.view import PaymentStep
from protocols.facts import PurseMoved
from protocols.iso7816 import SW, Response
from protocols.money import Money
from protocols.outcome import Approved, Declined, NotSent, Outcome, Unknown
from protocols.ports import CardChannel
from protocols.purse.attempt import attest, details_in, peer_of
from protocols.purse.card import AID
from protocols.purse.coordinator import (
    EnterPin,
    InDoubt,
    NotMoved,
    Order,
    Result,
    Slot,
    Transferred,
    recover,
    recover_at_payee,
    transfer,
)
from protocols.purse.details import PaymentDetails, order_reference
from protocols.purse.proof import transfer_reference
from protocols.secure_pin import PinSW

RECOVERIES_MAX: Final = 3
"""How often the purses are asked before the clerk is told that nobody knows."""
VALUE_MAX: Final = 0xFFFF_FFFF
"""Minor units in one transfer: four bytes."""
_CARD_GONE: Final = "PUR-07"
_RESULT_UNKNOWN: Final = "PUR-08"
_NOTHING_MOVED: Final = "PUR-19"
_GIVEN_UP: Final = "PUR-22"
_WRONG_PIN: Final = "PUR-02"
_TOO_SHORT: Final = "PIN-06"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """The tender that needs no line and no bank."""

    name: str = "purse"
    verb: str = "EC"
    aid: bytes = AID
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
        table = await _table(desk, payment.witness)
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
        return await _settled(result, ask.amount, desk, payment.witness)

    async def resume(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Find out what became of an attempt, and bring it to its end if it is still under way."""
        details = details_in(peer)
        if details is None:
            return Unknown(case_id=desk.key, reason="the attempt names no transfer", code="PUR-08")
        begun = InDoubt(details, Slot.PAYER, "the till has ended in between")
        return await _settled(begun, ask.amount, desk, Witness())


@dataclass(slots=True)
class _Payment:
    """What the transfer asks of the till while it is played, and what is known when it ends."""

    ask: Ask
    desk: Desk
    witness: Witness = field(default_factory=Witness)
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


async def _table(desk: Desk, witness: Witness) -> Table | NotSent:
    """Power both purses; the shop's first, so that no customer waits for a till that cannot."""
    desk.progress(PaymentStep.CARD)
    deadline_ns = desk.clock.monotonic_ns() + CONNECT_NS
    shop = await desk.unless_given_up(desk.cards.shop(deadline_ns=deadline_ns))
    if isinstance(shop, GivenUp):
        return NotSent(code=_GIVEN_UP, reason="the clerk gave up waiting for the shop's purse")
    if shop is None:
        return NotSent(code="RDR-04", reason="the shop's purse cannot be reached")
    deadline_ns = desk.clock.monotonic_ns() + CONNECT_NS
    customer = await desk.unless_given_up(desk.cards.customer(deadline_ns=deadline_ns))
    if isinstance(customer, GivenUp):
        await shop.close()
        return NotSent(code=_GIVEN_UP, reason="the clerk gave up waiting for a card")
    if customer is None:
        await shop.close()
        seconds = CONNECT_NS // 1_000_000_000
        return NotSent(code="RDR-02", reason="no card came", blanks={"seconds": seconds})
    return Table(customer=customer, shop=shop, clock=desk.clock, witness=witness)


async def _stranger(result: Result, table: Table, desk: Desk) -> Declined | None:
    """Return how a card that is no purse is paid with, where another tender knows it."""
    if result != NotMoved(Slot.PAYER, SW.NOT_FOUND) or table.customer is None:
        return None
    tender = await desk.whose(table.customer)
    if tender is None:
        return None
    named = {"label": tender.label(desk.language), "verb": tender.verb}
    return Declined(code="RDR-06", reason=f"a card of {tender.name}", blanks=named)


async def _settled(result: Result, amount: Money, desk: Desk, witness: Witness) -> Outcome:
    """Ask the purses until they tell; keep the evidence of what moved."""
    told = Told(result=result, code=_RESULT_UNKNOWN)
    for _ in range(RECOVERIES_MAX):
        if not isinstance(told.result, InDoubt):
            break
        told = await _asked(told.result, desk, witness)
    match told.result:
        case Transferred(details):
            await _attest(details, desk, witness)
            desk.keep(_moved(details, witness))
            return Approved(
                amount=Money(details.value, amount.currency), reference=transfer_reference(details)
            )
        case NotMoved(slot, sw):
            reason = f"{slot.value} {sw:04X}, both purses asked"
            return Declined(code=_NOTHING_MOVED, reason=reason)
        case InDoubt(reason=reason):
            return Unknown(case_id=desk.key, reason=reason, code=told.code)
        case _:
            assert_never(told.result)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the purses said, and the message for the clerk should it be nothing."""

    result: Result
    code: str


async def _asked(doubt: InDoubt, desk: Desk, witness: Witness) -> Told:
    """Connect anew and recover; without the customer's card the shop's purse may know alone."""
    deadline_ns = desk.clock.monotonic_ns() + CONNECT_NS
    shop = await desk.cards.shop(deadline_ns=deadline_ns)
    if shop is None:
        silent = InDoubt(doubt.details, Slot.PAYEE, "the shop's purse cannot be reached")
        return Told(result=silent, code=_RESULT_UNKNOWN)
    table = Table(customer=None, shop=shop, clock=desk.clock, witness=witness)
    try:
        alone = await table.play(recover_at_payee(doubt.details))
        if isinstance(alone, Transferred):
            return Told(result=alone, code="")
        deadline_ns = desk.clock.monotonic_ns() + CONNECT_NS
        table.customer = await desk.cards.customer(deadline_ns=deadline_ns)
        if table.customer is None:
            return Told(result=alone, code=_CARD_GONE)
        result = await table.play(recover(doubt.details, desk.day))
        return Told(result=result, code=_RESULT_UNKNOWN)
    finally:
        await table.close()


async def _attest(details: PaymentDetails, desk: Desk, witness: Witness) -> None:
    """Have the shop's purse say it again, where no message of the transfer was seen."""
    if witness.evidence(details):
        return
    shop = await desk.cards.shop(deadline_ns=desk.clock.monotonic_ns() + CONNECT_NS)
    if shop is None:
        return
    table = Table(customer=None, shop=shop, clock=desk.clock, witness=witness)
    try:
        await table.play(attest(details))
    finally:
        await table.close()


def _moved(details: PaymentDetails, witness: Witness) -> PurseMoved:
    payer, payee = witness.states.get(Slot.PAYER), witness.states.get(Slot.PAYEE)
    return PurseMoved(
        details=details.encode(),
        own="payee",
        message=witness.evidence(details),
        payer_class=0 if payer is None else payer.purse_class,
        payee_class=1 if payee is None else payee.purse_class,
    )


TENDER: Final = Purse()
