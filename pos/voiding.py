"""The commands that take payments out of an open sale, and give their money back the way it came.

    nVT       one payment: cash by hand, a device's by the device that took it, to the card that paid
    VS        the whole sale: every payment that a device took goes back first, one after the other

Each that a device gives back is an attempt of its own, marked as a void: its intent is durable before the
first byte, its result is one transaction with the payment's end in the sale. One whose result nobody
knows holds the counter like a payment does; parked, its sale goes on as if the money had gone, and should
it prove that it has not, it is the customer's and is paid back (pos.repaying). A till that is killed
between two payments finds in its basket what still stands, and the same command goes on.
Source: clerk-and-courier.md 2.3 rules 5 and 8b; decisions.md "A parked attempt".
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as with_fields
from typing import Final

from pos.cash_receipt import asked
from pos.closing import Paid, by_hand, close, mint
from pos.doubted import Doubted, look
from pos.last_sale import LastSale
from pos.parking import parked, situation
from pos.paying import given_back
from pos.payment_desk import PaymentDesk, running
from pos.points import ATTEMPT, SALE, VOID
from pos.register import Register
from pos.rights import Right
from pos.sale import GiveBack, Refusal, TakeOut, decide
from pos.sale_events import AttemptMade, Event, ReturnableTender
from pos.selling import Selling, handed_back
from pos.store.journal import Doubt, Draft, Ending
from pos.store.papers import Paper
from pos.tenders.agreement import Ask, Carded, Refunding
from pos.tenders.agreement import Paid as Earlier
from pos.tenders.agreement import Tender as TenderWay
from pos.view import Notice, Stage
from protocols.facts import Tender, TenderChanged, TenderVoided
from protocols.money import Money, currency
from protocols.outcome import Approved, Declined, NotSent, Outcome, Unknown

CASH: Final = "cash"
_NOTHING_MOVED: Final = frozenset({"PUR-19", "ICS-16"})
"""What a tender says of a transfer that did not happen, where the payer was meant."""


@dataclass(slots=True)
class Voiding:
    """Carries out what takes payments out of a sale."""

    register: Register
    selling: Selling
    publish: Callable[[], None]
    announce: Callable[[Notice], None]
    ask_first: Callable[[TenderWay], Awaitable[None]]
    """Asks about what the tender's next result would take away."""
    _desk: PaymentDesk | None = None
    """Of the attempt to give back that runs."""

    @property
    def running(self) -> bool:
        """Tell whether a card is waited for, or value moves."""
        return self._desk is not None

    def give_up(self) -> Notice | None:
        """Wait no longer for a card; says so where nobody can. None: nothing to say yet."""
        if self._desk is None or self._desk.give_up():
            return None
        return self.register.say("PUR-23")

    async def take_out(self, choice: int, method: str) -> Notice | Paid:
        """Give one payment of the open sale back. Raises: StoreError, NotAllowedError."""
        tenders = self.register.sale.tenders
        if not tenders:
            return self.register.say("VOI-01")
        if choice > len(tenders):
            return self.register.say("ENT-10", choice=str(choice))
        return await self._take_out(tenders[choice - 1], method)

    async def give_up_sale(self, reason: str) -> Notice | Paid | None:
        """Void the sale, whatever of it is paid. Raises: StoreError, NotAllowedError.

        What cannot go back now stops it: the sale stays open with what still stands in it.
        """
        register = self.register
        for tender in by_device(register):
            said = await self._take_out(tender, "")
            if tender in register.sale.tenders or register.doubted is not None:
                return said if isinstance(said, Notice) else said.notice
        cash = bool(register.sale.tenders)
        open_before = register.has_sale()
        notice = await self.selling.give_up(reason)
        if notice is None or register.has_sale() or not open_before:
            return notice
        return Paid(notice=notice, cash=cash)

    async def resume(self, doubt: Doubt) -> Notice | Paid:
        """Find out whether a payment went back; gives nothing back anew. Raises: StoreError."""
        register, fact = self.register, doubt.fact
        giver = register.tenders.tender(fact.method)
        if not isinstance(giver, Refunding):
            return register.say("CRD-05")
        desk = self._opened(fact.method, fact.amount, fact.refunds, doubt)
        money = Money(fact.amount, currency(doubt.intent.currency))
        with self._running(desk):
            outcome = await giver.resume_back(Ask(amount=money, offered=money), fact.peer, desk)
        if isinstance(outcome, Unknown) and doubt.told:
            said: Notice | Paid = register.say(outcome.code)
        else:
            said = await self._conclude(desk, outcome)
        await self._look(desk, outcome)
        return said

    async def park(self, doubted: Doubted) -> Notice:
        """Set a payment aside that may have gone back: its ticket goes on without it. Raises: StoreError."""
        register, fact = self.register, doubted.doubt.fact
        drafts, events = [parked(register, doubted, "tender")], list[Event]()
        slip = situation(register, doubted, parked=True)
        back = Tender(
            method=fact.method,
            attempt=doubted.doubt.key,
            amount=fact.amount,
            back_to=fact.refunds,
        )
        said = register.say("void_parked", amount=fact.amount, key=doubted.doubt.key)
        tender = self._standing(fact.refunds)
        if tender is not None:
            draft, events = self._out(tender, back)
            drafts.append(draft)
        elif self._changes(fact.refunds):
            await self.change_ends(back, drafts, papers=[slip])
            await look(register)
            return said
        elif self._voids(fact.refunds):
            events = self._gone(back)
        await register.append(drafts, ATTEMPT, events=events, papers=[slip])
        if register.sale.voiding and not register.sale.due:
            await close(register, register.sale, [])
        await look(register)
        return said

    async def give_back(self, way: ReturnableTender, amount: int) -> Notice | Paid | Tender:
        """Give a payment of a closed sale back by its device. Raises: StoreError.

        In a void the tender stands in the ticket then; a change of payment has come to its end.
        """
        register = self.register
        giver = register.tenders.tender(way.method)
        assert isinstance(giver, Refunding), "only a device that can is asked to"
        earlier = Earlier(attempt=way.attempt, reference=way.reference, slip=way.slip)
        said = await self._by_device(way.method, amount, earlier, giver)
        back = register.sale.returning
        if isinstance(said, Paid) or back is None or not back.given:
            return said
        last = back.given[-1]
        return last if said.code == "" and last.back_to == way.attempt else said

    async def change_ends(
        self, back: Tender, drafts: list[Draft], papers: Sequence[Paper] = ()
    ) -> Paid:
        """Journal that a payment was replaced: the ticket's end. Raises: StoreError."""
        register, sale = self.register, self.register.sale
        change = sale.changing
        assert change is not None and not sale.due, "the new payments stand before the old one goes"
        old = change.tender
        fact = TenderChanged(
            sale=sale.number,
            shift=register.shift.number,
            original=change.original,
            tender=Tender(
                method=old.method,
                attempt=old.attempt,
                amount=old.amount,
                reference=old.reference,
                slip=old.slip,
            ),
            back=back,
            taken=list(sale.tenders),
            reason=change.reason,
            cash_receipt=asked(sale, register.cash_receipt_from),
        )
        draft = register.draft(fact, amount=old.amount, attempt=back.attempt)
        slip = register.paper("change", fact, sale=sale.number)
        await register.append(
            [*drafts, *by_hand(register, sale), draft],
            SALE,
            papers=[slip, *papers],
            ending=Ending.CLEAR_BASKET,
        )
        register.stage = Stage.ENTRY
        new = "+".join(dict.fromkeys(register.method(each.method) for each in fact.taken))
        name = register.sale_name(sale.number)
        said = register.say(
            "tender_changed",
            sale=name,
            old=register.method(old.method),
            new=new,
            amount=old.amount,
        )
        register.last = LastSale(number=sale.number, paid=tuple(fact.taken))
        cash = back.method == CASH or any(each.tendered for each in fact.taken)
        return Paid(notice=said, cash=cash)

    async def _take_out(self, tender: Tender, method: str) -> Notice | Paid:
        register = self.register
        giver = register.tenders.tender(tender.method)
        if method not in ("", tender.method, CASH):
            return register.say("PAY-04", method=method)
        if tender.tendered:
            return await self._by_hand(tender)
        if method == CASH or not isinstance(giver, Refunding):
            # Its own way is closed, or another one was asked for: cash, if somebody allows it.
            register.demand(Right.REFUND_OTHER_WAY)
            return await self._by_hand(tender)
        earlier = Earlier(attempt=tender.attempt, reference=tender.reference, slip=tender.slip)
        return await self._by_device(tender.method, tender.amount, earlier, giver)

    async def _by_hand(self, tender: Tender) -> Paid:
        """Hand cash back; durable before the drawer opens."""
        register = self.register
        key = mint(register, register.sale)
        back = Tender(method=CASH, attempt=key, amount=tender.amount, back_to=tender.attempt)
        draft, events = self._out(tender, back)
        drafts = [draft]
        if tender.tendered:
            drafts.insert(0, handed_back(register, tender, reason=""))
        await register.append(drafts, VOID, events=[AttemptMade(key=key), *events])
        return self._said(back, cash=True)

    async def _by_device(
        self, method: str, amount: int, earlier: Earlier, giver: Refunding
    ) -> Notice | Paid:
        register, key = self.register, earlier.attempt
        await self.ask_first(giver)
        peer = await register.runner.run(lambda store: store.journal.peer(key))
        desk = self._opened(method, amount, key)
        money = Money(amount, register.setup.currency)
        paid = with_fields(earlier, peer=peer or "")
        with self._running(desk):
            outcome = await giver.give_back(Ask(amount=money, offered=money), paid, desk)
        moved = not isinstance(outcome, Declined | NotSent)
        assert desk.intended or not (moved and isinstance(giver, Carded)), "intent comes first"
        said = await self._conclude(desk, outcome)
        await self._look(desk, outcome)
        return said

    async def _conclude(self, desk: PaymentDesk, outcome: Outcome) -> Notice | Paid:
        """Journal what came of giving back, with what it makes of the ticket, and say it."""
        register = self.register
        if isinstance(outcome, Approved):
            return await self._went_back(desk, given_back(desk, outcome), outcome)
        if desk.intended:
            await register.append(desk.results(outcome), ATTEMPT)
        match outcome:
            case Declined(code=code, blanks=blanks) | NotSent(code=code, blanks=blanks):
                if not self._is_here(desk.refunds):
                    return register.say("PUR-21", amount=desk.amount, key=desk.refunds)
                if code in _NOTHING_MOVED:
                    return register.say("VOI-02", amount=desk.amount)
                return register.say(code, **blanks)
            case Unknown(code=code):
                return register.say(code)
            case _:
                return register.say("CRD-05")

    async def _went_back(self, desk: PaymentDesk, back: Tender, outcome: Approved) -> Notice | Paid:
        register, results = self.register, desk.results(outcome)
        tender = self._standing(desk.refunds)
        if tender is not None:
            draft, events = self._out(tender, back)
            events = [*self._minted(desk), *events]
            slip = register.paper("void", draft.fact, sale=register.sale.number)
            await register.append([*results, draft], ATTEMPT, events=events, papers=[slip])
            return self._said(back, cash=False)
        if self._changes(desk.refunds):
            return await self.change_ends(back, results)
        said = register.say("purse_refunded", amount=desk.amount, key=desk.refunds)
        if not self._voids(desk.refunds):
            await register.append(results, ATTEMPT)
            return said
        await register.append(results, ATTEMPT, events=[*self._minted(desk), *self._gone(back)])
        if desk.intent is not None and not register.sale.due:
            # Found out about: whoever asked ends the ticket with it.
            return await close(register, register.sale, [])
        return said

    def _minted(self, desk: PaymentDesk) -> list[Event]:
        """Return that a key is used whose attempt had no intent: the record alone gives it back."""
        return [] if desk.intended else [AttemptMade(key=desk.key)]

    async def _look(self, desk: PaymentDesk, outcome: Outcome) -> None:
        if isinstance(outcome, Unknown):
            await look(self.register, outcome, desk.sides)
        elif self.register.doubted is not None:
            await look(self.register)

    def _standing(self, key: str) -> Tender | None:
        """Return the payment of this key, if it stands in the open sale."""
        return next((each for each in self.register.sale.tenders if each.attempt == key), None)

    def _changes(self, key: str) -> bool:
        """Tell whether the open ticket replaces this payment."""
        change = self.register.sale.changing
        return change is not None and change.tender.attempt == key

    def _voids(self, key: str) -> bool:
        """Tell whether the open ticket voids the sale of this payment, and still has to give it back."""
        back = self.register.sale.returning
        if back is None or not back.void:
            return False
        return key in [way.attempt for way in back.ways_back()]

    def _is_here(self, key: str) -> bool:
        """Tell whether the open ticket is about this payment; else it was parked, and went on."""
        return self._standing(key) is not None or self._changes(key) or self._voids(key)

    def _gone(self, back: Tender) -> list[Event]:
        events = decide(self.register.sale, GiveBack(tender=back))
        assert not isinstance(events, Refusal), "no more goes back than is due"
        return events

    def _out(self, tender: Tender, back: Tender) -> tuple[Draft, list[Event]]:
        """Return what takes a payment out of the sale: the fact and the events of the basket."""
        register = self.register
        events = decide(register.sale, TakeOut(tender.attempt))
        assert not isinstance(events, Refusal), "a payment that stands can be taken out"
        fact = TenderVoided(
            sale=register.sale.number, shift=register.shift.number, tender=tender, back=back
        )
        return register.draft(fact, amount=tender.amount, attempt=back.attempt), events

    def _said(self, back: Tender, *, cash: bool) -> Paid:
        register = self.register
        notice = register.say(
            "tender_voided",
            method=register.method(back.method),
            amount=back.amount,
            due=register.sale.due,
        )
        return Paid(notice=notice, cash=cash)

    def _opened(
        self, method: str, amount: int, refunds: str, doubt: Doubt | None = None
    ) -> PaymentDesk:
        register = self.register
        return PaymentDesk(
            register=register,
            key=mint(register, register.sale) if doubt is None else doubt.key,
            sale=register.sale.number if doubt is None else doubt.fact.sale,
            method=method,
            amount=amount,
            service="void",
            refunds=refunds,
            intent=None if doubt is None else doubt.intent,
            intended=doubt is not None,
            known=None if doubt is None else doubt.fact.slip,
            publish=self.publish,
            announce=self.announce,
        )

    @contextmanager
    def _running(self, desk: PaymentDesk) -> Iterator[None]:
        register = self.register
        resting = Stage.RETURN if register.sale.voiding else Stage.ENTRY
        back = register.stage if register.stage is Stage.DOUBT else resting
        self._desk = desk
        try:
            with running(register, desk, self.publish, back=back):
                yield
        finally:
            self._desk = None


def by_device(register: Register) -> list[Tender]:
    """Return the payments of the open sale that a device took; cash is only handed back."""
    return [tender for tender in register.sale.tenders if not tender.tendered]
