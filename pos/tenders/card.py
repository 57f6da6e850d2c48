"""A bank's card, by chip or by stripe, approved by its bank through the broker (T3).

    take     card -> PIN, if it is wanted -> intent durable -> the bank, in one exchange -> result
    resume   a stripe: what became of the key; a chip: given up, for it has not had its bank's last word

An attempt that nobody wants any more, or that the broker cannot have heard of, is given up there: what the
bank approved is undone, and a request that comes late is refused. So no answer that was lost is ever paid
twice, or paid for nothing. Source: clerk-and-courier.md 2.3 rules 2, 5 and 8b; devices.md 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pos import bank_payments
from pos.bank_payments import found_out, with_approval
from pos.card_presenting import Stripe, presented
from pos.chip_payment import ChipFailed, ChipPayment
from pos.messages import Language
from pos.rights import Right
from pos.stripe_payment import pay_by_stripe
from pos.tenders.agreement import Ask, Desk, Mover, OverTender, Paid
from pos.view import PaymentStep
from protocols.card_rules import CardRules
from protocols.outcome import Approved, NotSent, Outcome
from protocols.ports import CardChannel
from protocols.stripe_rules import Chip


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Debit and credit cards."""

    name: str = "card"
    verb: str = "CD"
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE

    def label(self, language: Language) -> str:
        """Return what the screen and the receipt call it."""
        return {"ko": "카드", "en": "CARD"}[language]

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        """Have the card's bank approve the amount."""
        desk.progress(PaymentStep.CARD)
        outcome = await self._by(await presented(desk, Chip.NOT_TRIED), ask, desk)
        if isinstance(outcome, ChipFailed):
            outcome = await self._instead(outcome, ask, desk)
        if isinstance(outcome, Approved):
            desk.progress(PaymentStep.RECEIVED)
        return with_approval(outcome, desk)

    async def _by(
        self, card: CardChannel | Stripe | NotSent, ask: Ask, desk: Desk
    ) -> Outcome | ChipFailed:
        match card:
            case NotSent():
                return card
            case Stripe():
                return await pay_by_stripe(card, ask, desk, self.name)
            case channel:
                try:
                    return await ChipPayment(ask, desk, channel, self.name).run()
                finally:
                    await channel.close()

    async def _instead(self, failed: ChipFailed, ask: Ask, desk: Desk) -> Outcome:
        """Take the stripe of a card whose chip cannot be used."""
        if not desk.stripes.configured:
            return NotSent(code="CRD-67", reason=failed.reason)
        desk.say("CRD-66")
        outcome = await self._by(await presented(desk, Chip.FAILED), ask, desk)
        assert not isinstance(outcome, ChipFailed), "no chip is waited for any more"
        return outcome

    def applications(self, rules: CardRules) -> Sequence[bytes]:
        """Return the applications that its cards have."""
        return [bytes.fromhex(each.aid) for each in rules.applications]

    async def resume(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Find out what became of an attempt; what cannot stand is given up."""
        chip = desk.known is not None and desk.known.entry == "chip"
        return await found_out(self.name, ask, desk, stands=not chip)

    async def give_back(self, ask: Ask, paid: Paid, desk: Desk) -> Outcome:
        """Have its bank give the money back to the card, which need not be here."""
        return await bank_payments.give_back(self.name, ask, paid, desk)

    async def resume_back(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Find out whether it has."""
        return await bank_payments.resume_back(self.name, ask, peer, desk)


TENDER: Final = Card()
