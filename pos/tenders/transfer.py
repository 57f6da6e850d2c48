"""Account transfer: the customer's passbook orders it, his bank carries it out, asked through the broker (T4).

    take     passbook -> PIN -> intent durable -> order signed -> the bank, in one exchange -> result
    resume   what became of the key; what cannot stand any more is given up, and undone

Online only: without a line nothing is signed. An order names one payee, one amount and this very attempt, so
whoever has it can do nothing else with it; no money is anywhere but in the bank's books. The PIN goes to the
bank under a key of the PIN pad's, or, where there is no pad, to the card from the reader's own keypad.
Source: protocols.passbook; clerk-and-courier.md 2.3 rules 2, 5 and 8b; broker.md 5.
"""

from dataclasses import dataclass
from typing import Final

from pos import bank_payments
from pos.acquirer import NoAcquirer
from pos.bank_payments import found_out
from pos.card_presenting import CARD_NS, NO_READER, of_another
from pos.messages import Language
from pos.passbook_payment import NOT_OURS, transferred
from pos.rights import Right
from pos.tenders.agreement import Ask, Desk, GivenUp, Mover, OverTender, Paid
from pos.view import PaymentStep
from protocols.outcome import Approved, NotSent, Outcome
from protocols.passbook.card import AID
from protocols.passbook.rule import TRANSFER
from protocols.ports import NANOSECONDS_PER_SECOND

NOT_HERE: Final = "TRF-01"
OFFLINE: Final = "TRF-02"
GIVEN_UP: Final = "TRF-03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """The tender that is a transfer between accounts."""

    name: str = TRANSFER
    verb: str = "TR"
    aid: bytes = AID
    kind: str = "passbook"
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE

    def label(self, language: Language) -> str:
        """Return what the screen and the receipt call it."""
        return {"ko": "계좌이체", "en": "TRANSFER"}[language]

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        """Have the customer's bank transfer the amount to the shop's account."""
        rule = desk.transfers
        if rule is None:
            return NotSent(code=NOT_HERE, reason="the policy has no rule for transfers")
        if isinstance(desk.acquirer, NoAcquirer):
            return NotSent(code=OFFLINE, reason="no broker is there: nothing was signed")
        if not desk.cards.reads:
            return NotSent(code=NO_READER, reason="no slot for customers' cards is configured")
        desk.progress(PaymentStep.CARD)
        desk.say("passbook_wanted", amount=ask.amount.minor)
        deadline_ns = desk.clock.monotonic_ns() + CARD_NS
        card = await desk.unless_given_up(desk.cards.customer(deadline_ns=deadline_ns))
        if isinstance(card, GivenUp):
            return NotSent(code=GIVEN_UP, reason="nobody waits for a passbook any more")
        if card is None:
            seconds = CARD_NS // NANOSECONDS_PER_SECOND
            return NotSent(code="RDR-02", reason="no card came", blanks={"seconds": seconds})
        try:
            outcome = await transferred(card, ask, rule, desk)
            if isinstance(outcome, NotSent) and outcome.code == NOT_OURS:
                outcome = await of_another(card, desk) or outcome
        finally:
            await card.close()
        if isinstance(outcome, Approved):
            desk.progress(PaymentStep.RECEIVED)
        return outcome

    async def resume(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Find out what became of an attempt; what cannot stand is given up."""
        return await found_out(self.name, ask, desk)

    async def give_back(self, ask: Ask, paid: Paid, desk: Desk) -> Outcome:
        """Have his bank give the money back to the account; the passbook need not be here."""
        return await bank_payments.give_back(self.name, ask, paid, desk)

    async def resume_back(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Find out whether it has."""
        return await bank_payments.resume_back(self.name, ask, peer, desk)


TENDER: Final = Transfer()
