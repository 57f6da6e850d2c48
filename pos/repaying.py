"""Gives late money back to the card that it came from (decisions.md "A parked attempt").

A payment that proves paid after its sale was settled another way, or given up, is the customer's money.
With the card that paid in the slot, the shop's purse pays it back: an ordinary transfer under an attempt
key of its own, bound to the late payment as every refund is. Without it, or with another card, the money
stays owed: the broker has it as the customer's credit, refund requested, and RS tries again.
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
from pos.view import Notice, Stage
from protocols.journal import attempt_key, attempt_letter
from protocols.money import Money, currency
from protocols.outcome import Approved, Outcome, Unknown
from protocols.purse.attempt import details_in
from protocols.purse.coordinator import InDoubt, Slot
from receipts.forms.purse import PurseSlip

_IN_DOUBT: Final = "PUR-41"


@dataclass(frozen=True, slots=True)
class Repaying:
    """Carries out what is owed for payments that came too late."""

    register: Register
    publish: Callable[[], None]
    announce: Callable[[Notice], None]

    async def repay(self, late: Doubt) -> Notice | None:
        """Pay it back, if the card that paid is there; None when nothing was done. Raises: StoreError."""
        register = self.register
        paid = details_in(late.fact.peer)
        if paid is None or not register.cards.configured or not register.business_date:
            return None
        number = max(register.next_sale, register.sale.number + 1)
        key = attempt_key(
            store=register.setup.store,
            terminal=register.terminal,
            business_date=register.business_date,
            sale=number,
            letter=attempt_letter(0),
        )
        desk = self._desk(late, key=key, sale=number, of=late.key)
        amount = Money(paid.value, currency(late.intent.currency))
        with self._running():
            moving = await move(REFUND, amount, late.key, desk, to=paid.payer, wait_ns=RECOVERY_NS)
        if not desk.intended:
            return None
        register.next_sale = number + 1
        return await self._conclude(desk, moving.outcome, paid.payer)

    async def resume(self, doubt: Doubt) -> Notice:
        """Find out whether money went back; moves nothing anew. Raises: StoreError."""
        details = details_in(doubt.fact.peer)
        if details is None:
            return self.register.say(_IN_DOUBT)
        desk = self._desk(doubt, key=doubt.key, sale=doubt.fact.sale, of=doubt.fact.repays)
        desk.intent, desk.intended = doubt.intent, True
        begun = InDoubt(details, Slot.PAYER, "the till has ended in between")
        amount = Money(doubt.fact.amount, currency(doubt.intent.currency))
        with self._running():
            outcome = await settled(begun, REFUND, amount, desk, Witness())
        if isinstance(outcome, Unknown) and doubt.told:
            return self.register.say(_IN_DOUBT)
        return await self._conclude(desk, outcome, details.payee)

    async def _conclude(self, desk: PaymentDesk, outcome: Outcome, purse: bytes) -> Notice:
        register = self.register
        if isinstance(outcome, Approved):
            slip = self._slip(desk, outcome, purse)
            await register.append(desk.results(outcome), ATTEMPT, papers=[slip])
            return register.say("PUR-28", amount=outcome.amount.minor, key=desk.key)
        await register.append(desk.results(outcome), ATTEMPT)
        if isinstance(outcome, Unknown):
            return register.say(_IN_DOUBT)
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
