"""The commands that end a sale: subtotal, quick cash, payment.

Order of a sale that is paid: attempt and sale, the basket's end and the receipt are one durable
transaction; only then is "done" said; the drawer, the display and the printer follow, and none of
them can take the sale back. One payment runs at a time: the till's own lock sees to it, not the screen.
Source: clerk-and-courier.md 2.3 rules 1, 2, 5; house.md "journal".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from msgspec.structs import replace

from pos.points import ATTEMPT, SALE
from pos.quick_cash import quick_cash
from pos.register import Register
from pos.sale import HoldTender, Offer, Refusal, closed, consider, decide
from pos.sale_events import AttemptMade, Event
from pos.sale_state import Sale, evolve
from pos.store.journal import Draft, Ending
from pos.tenders.agreement import Ask, Mover, Tender
from pos.view import Notice, Stage
from protocols.facts import AttemptClosed, AttemptOpened
from protocols.facts import Tender as TenderFact
from protocols.journal import attempt_key, attempt_letter
from protocols.money import Money
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A sale was closed: what the drawer, the display and the printer now have to do."""

    notice: Notice
    cash: bool


@dataclass(slots=True)
class PaymentDesk:
    """What the till does for one attempt to pay."""

    register: Register
    key: str
    method: str
    amount: int
    intended: bool = False

    async def intend(self, peer: str = "") -> str:
        """Make the intent durable and return the attempt key. Raises: StoreError."""
        assert not self.intended, "one attempt has one intent"
        opened = AttemptOpened(
            sale=self.register.sale.number, method=self.method, amount=self.amount, peer=peer
        )
        draft = self.register.draft(opened, amount=self.amount, attempt=self.key)
        await self.register.append([draft], ATTEMPT, events=[AttemptMade(key=self.key)])
        self.intended = True
        return self.key


@dataclass(frozen=True, slots=True)
class Paying:
    """Carries out what concerns payment."""

    register: Register
    publish: Callable[[], None]
    """Shows the view as it is now: a payment by device takes seconds."""

    def subtotal(self) -> Notice | None:
        """Show what is due and the quick amounts, or go back."""
        register = self.register
        if register.stage is Stage.SUBTOTAL:
            register.stage = Stage.ENTRY
            return None
        if register.sale.is_empty():
            return register.say("PAY-01")
        register.stage = Stage.SUBTOTAL
        return None

    async def quick(self, choice: int) -> Notice | Paid:
        """Pay cash with the n-th suggested amount."""
        amounts = quick_cash(self.register.sale.due, self.register.setup.currency)
        if not amounts:
            return self.register.say("PAY-01")
        if not 1 <= choice <= len(amounts):
            return self.register.say("PAY-07", choice=choice, last=len(amounts))
        return await self.pay("cash", amounts[choice - 1])

    async def pay(self, method: str, amount: int | None) -> Notice | Paid:
        """Take a payment; close the sale when nothing is due any more. Raises: StoreError."""
        register = self.register
        tender = register.tenders.tender(method) if method in register.policy.tenders else None
        if tender is None:
            return register.say("PAY-04", method=method)
        if not register.allowed(tender.right):
            return register.say("RGT-01", right=tender.right.value)
        if register.sale.is_empty():
            return register.say("PAY-01")
        if register.sale.due == 0:
            return await self._close(register.sale, [])
        offer = consider(register.sale, amount, tender.over)
        if isinstance(offer, Refusal):
            return register.explain(offer)
        return await self._attempt(tender, offer)

    async def _attempt(self, tender: Tender, offer: Offer) -> Notice | Paid:
        register = self.register
        currency = register.setup.currency
        desk = PaymentDesk(register, self._mint(), tender.name, offer.amount)
        register.stage = Stage.TENDER
        self.publish()
        ask = Ask(amount=Money(offer.amount, currency), offered=Money(offer.offered, currency))
        outcome = await tender.take(ask, desk)
        register.stage = Stage.ENTRY
        by_device = tender.mover is Mover.DEVICE
        moved = not isinstance(outcome, Declined | NotSent)
        assert desk.intended or not (by_device and moved), "no value moves without its intent"
        if isinstance(outcome, Approved):
            return await self._approved(desk, offer, outcome)
        if desk.intended:
            await register.append([self._result(desk, outcome)], ATTEMPT)
        match outcome:
            case Declined(code=code) | NotSent(code=code):
                return register.say(code)
            case Pending() | Unknown():
                return register.say("CRD-05")
            case _:
                assert_never(outcome)

    async def _approved(self, desk: PaymentDesk, offer: Offer, outcome: Approved) -> Notice | Paid:
        """Hold an approved payment; what a device moved is journalled at once, cash with its sale."""
        register = self.register
        held = TenderFact(
            method=desk.method,
            attempt=desk.key,
            amount=outcome.amount.minor,
            tendered=offer.offered if offer.change or not desk.intended else 0,
            change=offer.change,
            reference=outcome.reference,
        )
        decided = decide(register.sale, HoldTender(held))
        assert not isinstance(decided, Refusal), "an approved payment is never more than was asked"
        events: list[Event] = decided if desk.intended else [AttemptMade(key=desk.key), *decided]
        result = [self._result(desk, outcome)] if desk.intended else []
        sale = register.sale
        for event in events:
            sale = evolve(sale, event)
        if sale.due == 0:
            return await self._close(sale, result)
        await register.append(result, ATTEMPT, events=events)
        return register.say(
            "part_paid",
            method=self._method(desk.method),
            amount=held.amount,
            due=sale.due,
        )

    async def _close(self, sale: Sale, results: list[Draft]) -> Paid:
        """End the paid sale in one durable transaction, together with its receipt."""
        register = self.register
        fact = closed(sale, shift=register.shift.number)
        by_hand = [
            register.draft(_by_hand(sale.number, held), amount=held.amount, attempt=held.attempt)
            for held in sale.tenders
            if held.tendered
        ]
        receipt = register.paper("sale", fact, sale=sale.number)
        register.sale = sale
        drafts = [*results, *by_hand, register.draft(fact, amount=fact.total)]
        await register.append(drafts, SALE, papers=[receipt], ending=Ending.CLEAR_BASKET)
        change = sum(held.change for held in sale.tenders)
        methods = "+".join(dict.fromkeys(self._method(held.method) for held in sale.tenders))
        register.stage = Stage.ENTRY
        register.last_sale = f"{register.sale_name(sale.number)} {methods}".strip()
        register.last_change = change
        message = register.say(
            "sale_done",
            sale=register.sale_name(sale.number),
            method=methods,
            amount=fact.total,
            change=change,
        )
        return Paid(notice=message, cash=bool(by_hand))

    def _mint(self) -> str:
        register = self.register
        return attempt_key(
            store=register.setup.store,
            terminal=register.terminal,
            business_date=register.business_date,
            sale=register.sale.number,
            letter=attempt_letter(register.sale.attempts),
        )

    def _result(self, desk: PaymentDesk, outcome: Outcome) -> Draft:
        fact = _of_device(self.register.sale.number, desk, outcome)
        return self.register.draft(fact, amount=desk.amount, attempt=desk.key)

    def _method(self, name: str) -> str:
        tender = self.register.tenders.tender(name)
        return name if tender is None else tender.label(self.register.setup.language)


def _by_hand(sale: int, held: TenderFact) -> AttemptClosed:
    return AttemptClosed(
        sale=sale,
        method=held.method,
        outcome="approved",
        amount=held.amount,
        tendered=held.tendered,
        change=held.change,
    )


def _of_device(sale: int, desk: PaymentDesk, outcome: Outcome) -> AttemptClosed:
    fact = AttemptClosed(sale=sale, method=desk.method, outcome="unknown", amount=desk.amount)
    match outcome:
        case Approved(amount=amount, reference=reference):
            return replace(fact, outcome="approved", amount=amount.minor, reference=reference)
        case Declined(code=code, reason=reason):
            return replace(fact, outcome="declined", code=code, reason=reason)
        case NotSent(code=code, reason=reason):
            return replace(fact, outcome="not_sent", code=code, reason=reason)
        case Pending(reference=reference):
            return replace(fact, outcome="pending", reference=reference)
        case Unknown(reason=reason):
            return replace(fact, reason=reason)
        case _:
            assert_never(outcome)
