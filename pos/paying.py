"""The commands that end a sale: subtotal, quick cash, payment.

Order of a sale that is paid: attempt and sale, the basket's end and the receipt are one durable
transaction; only then is "done" said; the drawer, the display and the printer follow, and none of
them can take the sale back. One payment runs at a time: the till's own lock sees to it, not the screen.
Source: clerk-and-courier.md 2.3 rules 1, 2, 5; house.md "journal".
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import assert_never

from pos.bank_payments import UNKNOWN
from pos.cash_receipt import is_demanded, sealed
from pos.closing import Paid as Closed
from pos.closing import close, mint
from pos.commands import CashReceipt
from pos.doubted import look
from pos.originals import overtaken
from pos.payment_desk import PaymentDesk, running
from pos.points import ATTEMPT, BASKET
from pos.quick_cash import quick_cash
from pos.register import Register
from pos.sale import GiveBack, HoldTender, Offer, Refusal, consider, decide
from pos.sale_events import AttemptMade, CashReceiptWanted, Event, ReturnableTender
from pos.sale_state import evolve
from pos.store.journal import Doubt
from pos.store.papers import Paper
from pos.tenders.agreement import (
    Ask,
    Carded,
    Limited,
    Mover,
    Paid,
    Recovering,
    Refunding,
    Tender,
    holds_money,
)
from pos.view import Notice, PaymentStep, Stage
from protocols.facts import Tender as TenderFact
from protocols.journal import letter_index
from protocols.money import KRW, Money, currency
from protocols.outcome import Approved, Declined, Missing, NotSent, Outcome, Pending, Unknown
from receipts.forms.slip import RefusedPayment, SignedPayment, is_signed
from receipts.forms.wording import WORDS


@dataclass(slots=True)
class Paying:
    """Carries out what concerns payment."""

    register: Register
    publish: Callable[[], None]
    """Shows the view as it is now: a payment by device takes seconds."""
    announce: Callable[[Notice], None]
    """Tells clerk and customer what it waits for."""
    ask_first: Callable[[Tender], Awaitable[None]]
    """Asks about what the tender's next result would take away."""
    _desk: PaymentDesk | None = None
    """Of the attempt that runs."""

    def give_up(self) -> Notice | None:
        """Wait no longer for card or PIN; says so where nobody can. None: nothing to say yet."""
        desk, payment = self._desk, self.register.payment
        if desk is None or desk.give_up():
            return None
        # A reader that takes a PIN is stopped by its own keypad and by nobody else.
        at_keypad = payment is not None and payment.step is PaymentStep.PIN
        return self.register.say("PIN-08" if at_keypad else "PUR-23")

    def choose(self, choice: int) -> Notice | None:
        """Take what the clerk chose for a payment that asks; says so where there is no such choice."""
        if self._desk is not None and self._desk.take_choice(choice):
            return None
        return self.register.say("ENT-10", choice=str(choice))

    def subtotal(self) -> Notice | None:
        """Show what is due and the quick amounts, or go back."""
        register = self.register
        if register.stage is Stage.SUBTOTAL:
            register.stage = Stage.ENTRY
            return None
        if register.sale.is_empty():
            return register.say("PAY-01")
        register.stage = Stage.SUBTOTAL
        if register.sale.cash_receipt is None and is_demanded(
            register.sale, register.cash_receipt_from
        ):
            return register.say("cash_receipt_which")
        return None

    async def want_cash_receipt(self, wanted: CashReceipt) -> Notice:
        """Keep whose cash receipt it is, for when the sale is paid in cash. Raises: StoreError."""
        register = self.register
        if register.setup.currency != KRW:
            return register.say("ENT-11", key="CR")
        if register.sale.is_empty():
            return register.say("PAY-01")
        event = CashReceiptWanted(
            purpose=wanted.purpose,
            shown=wanted.shown,
            sealed=sealed(wanted, register.policy.cash_receipt_key, register.entropy),
        )
        await register.keep([event], BASKET)
        if wanted.purpose == "self":
            return register.say("cash_receipt_nobody")
        purpose = WORDS[register.language].cash_receipt_purposes[wanted.purpose]
        return register.say("cash_receipt_wanted", purpose=purpose, number=wanted.shown)

    async def quick(self, choice: int) -> Notice | Closed:
        """Pay cash with the n-th suggested amount."""
        amounts = quick_cash(self.register.sale.due, self.register.setup.currency)
        if not amounts:
            return self.register.say("PAY-01")
        if not 1 <= choice <= len(amounts):
            return self.register.say("PAY-07", choice=choice, last=len(amounts))
        return await self.pay("cash", amounts[choice - 1])

    async def pay(self, method: str, amount: int | None) -> Notice | Closed:
        """Take a payment; close the sale when nothing is due any more.

        Of one kind of card, such as e-cash, the one that is there decides how it is taken.
        Raises: StoreError, NotAllowedError.
        """
        said, outcome = await self._pay(method, amount)
        if isinstance(outcome, NotSent) and outcome.instead:
            said, _ = await self._pay(outcome.instead, amount)
        return said

    async def _pay(self, method: str, amount: int | None) -> tuple[Notice | Closed, Outcome | None]:
        """Return what is said of it, and the outcome; None where nobody was asked."""
        register = self.register
        tender = self._tender(method)
        if tender is None:
            return register.say("PAY-04", method=method), None
        register.demand(tender.right)
        if register.sale.is_empty():
            return register.say("PAY-01"), None
        if refused := await overtaken(register):
            return refused, None
        if register.sale.due == 0 and register.sale.changing is None:
            return await close(register, register.sale, []), None
        if amount is None and isinstance(tender, Limited):
            amount = tender.most(register.sale.due, register.membership()) or None
        offer = consider(register.sale, amount, tender.over)
        if isinstance(offer, Refusal):
            return register.explain(offer), None
        if tender.mover is Mover.DEVICE and (doubt := await self._doubt_in_sale(tender.name)):
            # The customer's money may already be here: that is found out first, under its own key.
            said, outcome = await self._resume(doubt)
            another = isinstance(outcome, Unknown) and outcome.missing is Missing.ANOTHER_CARD
            if not (doubt.parked and another):
                return said, outcome
            # Another card than that of the parked attempt: it may pay.
        await self.ask_first(tender)
        return await self._attempt(tender, offer)

    def _tender(self, method: str) -> Tender | None:
        """Return a way to pay that this till offers, or another of its kind where it does not.

        E-cash goes into a card of the shop's own: a scheme that has no slot for one here is as if not offered.
        """
        register = self.register
        offered, wanted = register.tender(method), register.tenders.tender(method)
        if not isinstance(wanted, Carded) or (offered is not None and self._has_slot(wanted)):
            return offered
        alike = [
            each
            for each in register.offered
            if isinstance(each, Carded) and each.kind == wanted.kind
        ]
        # Where none has a slot, the one that was meant says so.
        return next(filter(self._has_slot, alike), offered or next(iter(alike), None))

    def _has_slot(self, tender: Tender) -> bool:
        return not holds_money(tender) or self.register.cards.keeps(tender.name)

    async def resume(self, doubt: Doubt) -> Notice | Closed:
        """Find out what became of an attempt; in the open sale it may end it. Raises: StoreError."""
        said, _ = await self._resume(doubt)
        return said

    async def _resume(self, doubt: Doubt) -> tuple[Notice | Closed, Outcome | None]:
        """Return what is said of it, and the outcome; None where nobody could be asked."""
        register = self.register
        fact = doubt.fact
        tender = register.tenders.tender(fact.method)
        if not isinstance(tender, Recovering):
            return register.say("CRD-05"), None
        stage = register.stage
        desk = PaymentDesk(
            register=register,
            key=doubt.key,
            sale=fact.sale,
            method=fact.method,
            amount=fact.amount,
            intent=doubt.intent,
            intended=True,
            known=fact.slip,
            # Whoever parked it took another payment: what has not moved yet, stays.
            wanted=self._fits(doubt, fact.amount) and not doubt.parked,
            publish=self.publish,
            announce=self.announce,
        )
        amount = Money(fact.amount, currency(doubt.intent.currency))
        with self._running(desk, back=stage):
            outcome = await tender.resume(Ask(amount=amount, offered=amount), fact.peer, desk)
        said = await self._resumed(doubt, desk, outcome)
        await self._look(desk, outcome)
        return said, outcome

    async def _resumed(self, doubt: Doubt, desk: PaymentDesk, outcome: Outcome) -> Notice | Closed:
        register = self.register
        match outcome:
            case Unknown(code=code) if doubt.told:
                return register.say(code)
            case Approved() if not self._fits(doubt, outcome.amount.minor):
                # The sale was settled another way: this is the customer's money now.
                await register.append(desk.results(outcome, late=True), ATTEMPT)
                return register.say("PUR-21", amount=outcome.amount.minor, key=doubt.key)
            case _:
                amount = doubt.fact.amount
                return await self._conclude(desk, Offer(amount=amount, offered=amount), outcome)

    async def _look(self, desk: PaymentDesk, outcome: Outcome) -> None:
        """Let the counter be held by what nobody knows, and no longer by what is known."""
        if isinstance(outcome, Unknown):
            await look(self.register, outcome, desk.sides)
        elif self.register.doubted is not None:
            await look(self.register)

    def _fits(self, doubt: Doubt, amount: int) -> bool:
        """Tell whether what is found, or may still come, belongs into the open sale."""
        register = self.register
        open_order = register.order(register.sale.number) if register.has_sale() else ""
        change = register.sale.changing
        if change is not None and letter_index(doubt.key) < change.attempts:
            return False  # Of the sale as it was closed: that went on without it.
        return doubt.order == open_order and amount <= register.sale.due

    async def _doubt_in_sale(self, method: str) -> Doubt | None:
        register = self.register
        order = register.order(register.sale.number)
        for doubt in await register.doubts():
            if doubt.order == order and doubt.fact.method == method:
                return doubt
        return None

    async def _attempt(self, tender: Tender, offer: Offer) -> tuple[Notice | Closed, Outcome]:
        register = self.register
        money = register.setup.currency
        desk = PaymentDesk(
            register=register,
            key=self._mint(),
            sale=register.sale.number,
            method=tender.name,
            amount=offer.amount,
            publish=self.publish,
            announce=self.announce,
        )
        ask = Ask(amount=Money(offer.amount, money), offered=Money(offer.offered, money))
        with self._running(desk, back=Stage.ENTRY):
            outcome = await tender.take(ask, desk)
            by_device = tender.mover is Mover.DEVICE
            if by_device and isinstance(outcome, Approved):
                desk.progress(PaymentStep.STORED)
        moved = not isinstance(outcome, Declined | NotSent)
        assert desk.intended or not (by_device and moved), "no value moves without its intent"
        said = await self._conclude(desk, offer, outcome)
        if by_device:
            await self._look(desk, outcome)
        return said, outcome

    @contextmanager
    def _running(self, desk: PaymentDesk, *, back: Stage) -> Iterator[None]:
        """Show that a payment runs, for as long as its tender works."""
        self._desk = desk
        try:
            with running(self.register, desk, self.publish, back=back):
                yield
        finally:
            self._desk = None

    async def _conclude(self, desk: PaymentDesk, offer: Offer, outcome: Outcome) -> Notice | Closed:
        """Journal what came of an attempt and say it; approved, it stands in the sale."""
        register = self.register
        if isinstance(outcome, Approved):
            return await self._approved(desk, offer, outcome)
        if desk.intended:
            papers = self._refusal(desk, outcome)
            await register.append(desk.results(outcome), ATTEMPT, papers=papers)
        match outcome:
            case Declined(code=code, blanks=blanks) | NotSent(code=code, blanks=blanks):
                # A purse that is short may pay what it has (PUR-01).
                register.split = int(blanks.get("balance", 0))
                return register.say(code, **blanks)
            case Unknown(code=code):
                return register.say(code)
            case Pending():
                return register.say("CRD-05")
            case _:
                assert_never(outcome)

    def _refusal(self, desk: PaymentDesk, outcome: Outcome) -> list[Paper]:
        """Return the slip that a customer may ask for whose payment a bank has refused."""
        if not isinstance(outcome, Declined) or desk.known is None or desk.service:
            return []
        register = self.register
        asked = TenderFact(
            method=desk.method, attempt=desk.key, amount=desk.amount, slip=desk.known
        )
        refused = RefusedPayment(
            sale=desk.sale,
            tender=asked,
            happened=register.say(outcome.code, **outcome.blanks).banner,
        )
        return [register.paper("declined", refused, sale=desk.sale, kept=True)]

    async def _approved(
        self, desk: PaymentDesk, offer: Offer, outcome: Approved
    ) -> Notice | Closed:
        """Hold an approved payment; what a device moved is journalled at once, cash with its sale."""
        register = self.register
        held = TenderFact(
            method=desk.method,
            attempt=desk.key,
            amount=outcome.amount.minor,
            tendered=offer.offered if offer.change or not desk.intended else 0,
            change=offer.change,
            reference=outcome.reference,
            balance=desk.sides.balance,
            slip=desk.known,
        )
        decided = decide(register.sale, HoldTender(held))
        assert not isinstance(decided, Refusal), "an approved payment is never more than was asked"
        events: list[Event] = decided if desk.intended else [AttemptMade(key=desk.key), *decided]
        result = desk.results(outcome)
        sale = register.sale
        for event in events:
            sale = evolve(sale, event)
        signed = SignedPayment(sale=sale.number, tender=held)
        papers = [register.paper("merchant", signed)] if is_signed(held.slip) else []
        if sale.due == 0 and sale.changing is None:
            return await close(register, sale, result, first=papers)
        await register.append(result, ATTEMPT, events=events, papers=papers)
        return register.say(
            "part_paid",
            method=register.method(desk.method),
            amount=held.amount,
            due=sale.due,
        )

    async def give_back(self, way: ReturnableTender, amount: int) -> Notice | TenderFact:
        """Let a device give money of an earlier payment back; durable on return. Raises: StoreError."""
        register = self.register
        tender = register.tenders.tender(way.method)
        assert isinstance(tender, Refunding), "only a device that can is asked to"
        if await register.runner.run(lambda store: store.refunds.in_doubt(way.attempt)):
            # It may have gone back already: that is found out first, under its own key.
            return register.say("PUR-37")
        await self.ask_first(tender)
        desk = PaymentDesk(
            register=register,
            key=self._mint(),
            sale=register.sale.number,
            method=tender.name,
            amount=amount,
            service="refund",
            refunds=way.attempt,
            publish=self.publish,
            announce=self.announce,
        )
        money = Money(amount, register.setup.currency)
        with self._running(desk, back=Stage.RETURN):
            ask = Ask(amount=money, offered=money)
            paid = Paid(attempt=way.attempt, reference=way.reference, slip=way.slip)
            outcome = await tender.give_back(ask, paid, desk)
        if isinstance(outcome, Unknown):
            # No takeover: whoever gives back waits, or comes back to it (RS).
            outcome = replace(outcome, code="CRD-44" if outcome.code == UNKNOWN else "PUR-41")
        if not isinstance(outcome, Approved):
            said = await self._conclude(desk, Offer(amount=amount, offered=amount), outcome)
            assert isinstance(said, Notice), "what was not approved pays for nothing"
            return said
        given = given_back(desk, outcome)
        events = decide(register.sale, GiveBack(tender=given))
        assert not isinstance(events, Refusal), "no more goes back than is due"
        if not desk.intended:
            events = [AttemptMade(key=desk.key), *events]
        await register.append(desk.results(outcome), ATTEMPT, events=events)
        return given

    def _mint(self) -> str:
        return mint(self.register, self.register.sale)


def given_back(desk: PaymentDesk, outcome: Approved) -> TenderFact:
    """Return what has gone back to an earlier payment, as it stands in a refund."""
    return TenderFact(
        method=desk.method,
        attempt=desk.key,
        amount=outcome.amount.minor,
        reference=outcome.reference,
        back_to=desk.refunds,
        slip=desk.known,
    )
