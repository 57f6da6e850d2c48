"""Gives late money back to the card that it came from (decisions.md "A parked attempt").

A payment that proves paid after its sale was settled another way, or given up, is the customer's money.
E-cash: with the card that paid in the slot, the shop's purse pays it back, an ordinary transfer under an
attempt key of its own, bound to the late payment as every refund is. A bank's payment goes back by its bank,
without the card. Where it cannot go, the money stays owed: the broker has it as the customer's credit,
refund requested, and RS tries again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pos.payment_desk import PaymentDesk
from pos.points import ATTEMPT
from pos.purse_moving import move
from pos.purse_transfer import RECOVERY_NS, REFUND, settled
from pos.purses import Witness
from pos.register import Register
from pos.store.journal import Doubt
from pos.store.papers import Paper
from pos.tenders.agreement import Ask, Paid, Refunding
from pos.view import Notice, Stage
from protocols.facts import Tender
from protocols.journal import attempt_key, attempt_letter
from protocols.money import Money, currency
from protocols.outcome import Approved, Outcome, Unknown
from protocols.purse.attempt import details_in
from protocols.purse.coordinator import InDoubt, Slot
from receipts.forms.purse import PurseSlip
from receipts.forms.slip import RepaidPayment

_IN_DOUBT: Final = "PUR-41"


def _doubted(purse: bytes) -> str:
    """Return what is said of money that may be on its way back: to this purse, or by a bank."""
    return _IN_DOUBT if purse else "CRD-44"


@dataclass(frozen=True, slots=True)
class Repaying:
    """Carries out what is owed for payments that came too late."""

    register: Register
    publish: Callable[[], None]
    announce: Callable[[Notice], None]

    async def repay(self, late: Doubt) -> Notice | None:
        """Pay it back, if the card that paid is there; None when nothing was done. Raises: StoreError."""
        register = self.register
        if not register.business_date:
            return None
        paid = details_in(late.fact.peer)
        if paid is None:
            giver = register.tenders.tender(late.fact.method)
            return await self._by_bank(late, giver) if isinstance(giver, Refunding) else None
        if not register.cards.configured:
            return None
        desk = self._opened(late)
        amount = Money(paid.value, currency(late.intent.currency))
        with self._running():
            moving = await move(REFUND, amount, late.key, desk, to=paid.payer, wait_ns=RECOVERY_NS)
        if not desk.intended:
            return None
        register.next_sale = desk.sale + 1
        return await self._conclude(desk, moving.outcome, paid.payer)

    async def _by_bank(self, late: Doubt, giver: Refunding) -> Notice | None:
        """Have its bank give it back."""
        desk = self._opened(late)
        amount = Money(late.fact.amount, currency(late.intent.currency))
        paid = Paid(attempt=late.key, peer=late.fact.peer, slip=late.fact.slip)
        with self._running():
            outcome = await giver.give_back(Ask(amount=amount, offered=amount), paid, desk)
        if not desk.intended:
            return None
        self.register.next_sale = desk.sale + 1
        return await self._conclude(desk, outcome)

    def _opened(self, late: Doubt) -> PaymentDesk:
        register = self.register
        number = max(register.next_sale, register.sale.number + 1)
        key = attempt_key(
            store=register.setup.store,
            terminal=register.terminal,
            business_date=register.business_date,
            sale=number,
            letter=attempt_letter(0),
        )
        return self._desk(late, key=key, sale=number, of=late.key)

    async def resume(self, doubt: Doubt) -> Notice:
        """Find out whether money went back; moves nothing anew. Raises: StoreError."""
        details = details_in(doubt.fact.peer)
        giver = self.register.tenders.tender(doubt.fact.method)
        if details is None and not isinstance(giver, Refunding):
            return self.register.say(_IN_DOUBT)
        desk = self._desk(doubt, key=doubt.key, sale=doubt.fact.sale, of=doubt.fact.repays)
        desk.intent, desk.intended, desk.known = doubt.intent, True, doubt.fact.slip
        amount = Money(doubt.fact.amount, currency(doubt.intent.currency))
        with self._running():
            if details is not None:
                begun = InDoubt(details, Slot.PAYER, "the till has ended in between")
                outcome = await settled(begun, REFUND, amount, desk, Witness())
            else:
                assert isinstance(giver, Refunding), "it was looked at"
                ask = Ask(amount=amount, offered=amount)
                outcome = await giver.resume_back(ask, doubt.fact.peer, desk)
        purse = b"" if details is None else details.payee
        if isinstance(outcome, Unknown) and doubt.told:
            return self.register.say(_doubted(purse))
        return await self._conclude(desk, outcome, purse)

    async def _conclude(self, desk: PaymentDesk, outcome: Outcome, purse: bytes = b"") -> Notice:
        register = self.register
        if isinstance(outcome, Approved):
            slip = self._slip(desk, outcome, purse) if purse else self._bank_slip(desk, outcome)
            await register.append(desk.results(outcome), ATTEMPT, papers=[slip])
            code = "PUR-28" if purse else "CRD-45"
            return register.say(code, amount=outcome.amount.minor, key=desk.key)
        await register.append(desk.results(outcome), ATTEMPT)
        if isinstance(outcome, Unknown):
            return register.say(_doubted(purse))
        return register.say("PUR-21", amount=desk.amount, key=desk.repays)

    def _slip(self, desk: PaymentDesk, outcome: Approved, purse: bytes) -> Paper:
        slip = PurseSlip(
            service="repay",
            amount=outcome.amount.minor,
            purse=purse.decode("ascii", "replace"),
            key=desk.key,
            reference=outcome.reference,
        )
        return self.register.paper("purse", slip)

    def _bank_slip(self, desk: PaymentDesk, outcome: Approved) -> Paper:
        tender = Tender(
            method=desk.method,
            attempt=desk.key,
            amount=outcome.amount.minor,
            reference=outcome.reference,
            back_to=desk.repays,
            slip=desk.known,
        )
        return self.register.paper("repaid", RepaidPayment(sale=desk.sale, tender=tender))

    def _desk(self, doubt: Doubt, *, key: str, sale: int, of: str) -> PaymentDesk:
        return PaymentDesk(
            register=self.register,
            key=key,
            sale=sale,
            method=doubt.fact.method,
            amount=doubt.fact.amount,
            repays=of,
            of_sale=False,
            publish=self.publish,
            announce=self.announce,
        )

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Show that value moves; Esc is too late for it."""
        register = self.register
        back, register.stage = register.stage, Stage.TENDER
        self.publish()
        try:
            yield
        finally:
            register.payment, register.stage = None, back
