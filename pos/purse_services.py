"""What the counter does for a card besides taking payments: balance, statement, load, refund, deposit.

    balance, statement   reads the customer's card; moves nothing
    load       cash in hand -> the teller's purse pays the customer's        attempt, cash.moved
    refund     of a payment taken here -> the shop's purse pays it back      attempt, refund.closed
    deposit    the shop's purse pays the teller's                            attempt

Each that moves value has one attempt key, minted here, and its intent is durable before the first byte
that can move it; a lost answer is found out about under that key (RS), never by a second transfer.
What it moved is journalled with its result, in one transaction with its paper: only then is it said,
and only then the drawer opens. Cash for a load that is in doubt is kept apart until it is known.
Source: purse.md 2.3 M12, 4.4; clerk-and-courier.md 1.2 (returns), 5.5.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, assert_never

from msgspec.structs import replace

from pos.originals import NotFound, Originals
from pos.paying import given_back
from pos.payment_desk import PaymentDesk
from pos.points import ATTEMPT, NOTE
from pos.purse_moving import move
from pos.purse_reading import read_purse
from pos.purse_refusals import explain
from pos.purse_transfer import (
    DEPOSIT,
    LOAD,
    REFUND,
    Route,
    Side,
    power,
    settled,
)
from pos.purses import CONNECT_NS, VALUE_MAX, Witness
from pos.register import Register
from pos.returns import Original
from pos.sale import GiveBack, Refusal, decide
from pos.store.journal import Doubt, Draft
from pos.store.papers import Paper
from pos.tenders.agreement import Ask, GivenUp, Refunding
from pos.view import Notice, Stage
from protocols.facts import (
    CashMoved,
    Fact,
    Line,
    PurseMoved,
    RefundClosed,
    SaleClosed,
    Service,
    Tender,
)
from protocols.journal import attempt_key, attempt_letter
from protocols.money import Money, allocate, currency
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.purse.attempt import details_in
from protocols.purse.coordinator import (
    InDoubt,
    NotMoved,
    PurseState,
    Slot,
)
from protocols.purse.details import PaymentDetails, decode_details
from protocols.purse.enquiry import Told, Untold
from protocols.purse.proof import transfer_reference
from receipts.forms.purse import PurseSlip, Statement, StatementRow

METHOD: Final = "purse"
ROUTES: Final[dict[Service, Route]] = {"refund": REFUND, "load": LOAD, "deposit": DEPOSIT}
_IN_DOUBT: Final[dict[Service, str]] = {
    "refund": "PUR-41",
    "load": "PUR-40",
    "deposit": "PUR-42",
}
_REASONS: Final = {"ko": "전자화폐 충전", "en": "e-cash load"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Something was done for a card, and is durable: what drawer and printer now have to do."""

    notice: Notice
    cash: bool
    """Cash goes into the drawer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A transfer that is to be."""

    service: Service
    amount: int
    reference: str
    """What the transfer is bound to: the payment that a refund gives back, else its own key."""
    refunds: str = ""
    reason: str = ""


@dataclass(slots=True)
class PurseServices:
    """Carries out what concerns purses and is no payment."""

    register: Register
    publish: Callable[[], None]
    announce: Callable[[Notice], None]
    told: Mapping[str, object] = field(default_factory=dict)
    """What the last service has found or done, for programs."""
    _desk: PaymentDesk | None = None
    """Of the transfer that runs, or that waits for its card."""

    @property
    def running(self) -> bool:
        """Tell whether a card is waited for, or value moves."""
        return self._desk is not None

    def give_up(self) -> Notice | None:
        """Wait no longer for a card; says so where nobody can. None: nothing to say yet."""
        if self._desk is None or self._desk.give_up():
            return None
        return self.register.say("PUR-23")

    async def balance(self, *, statement: bool) -> Notice | Served:
        """Say what a customer's card holds; a statement goes on paper too. Raises: StoreError."""
        told = await self._read(statement=statement)
        if isinstance(told, Notice):
            return told
        state = told.state
        room = max(0, state.ceiling - state.balance)
        name = state.name.decode("ascii", "replace")
        self.told = {"purse": name, "balance": state.balance, "room": room, "expiry": state.expiry}
        if not statement:
            return self.register.say("purse_balance", name=name, balance=state.balance, room=room)
        slip = Statement(
            purse=name,
            balance=state.balance,
            ceiling=state.ceiling,
            expiry=state.expiry,
            rows=[_row(past.details, state.name) for past in told.past],
        )
        paper = self.register.paper("statement", slip)
        await self.register.append([], NOTE, papers=[paper])
        said = self.register.say("statement_printed", balance=state.balance, count=len(slip.rows))
        return Served(notice=said, cash=False)

    async def load(self, amount: int) -> Notice | Served:
        """Put value on the customer's card against cash that is in hand. Raises: StoreError."""
        if refused := self._refused(amount, teller=True):
            return refused
        return await self._move(_Wish(service="load", amount=amount, reference=""))

    async def deposit(self, amount: int | None) -> Notice | Served:
        """Give the shop's e-cash to the teller's purse; without an amount, all. Raises: StoreError."""
        if refused := self._refused(1 if amount is None else amount, teller=True, alone=True):
            return refused
        if amount is None:
            held = await self._held()
            if isinstance(held, Notice):
                return held
            amount = held
        if not amount:
            return self.register.say("PUR-45")
        return await self._move(_Wish(service="deposit", amount=amount, reference=""))

    async def refund(self, key: str, amount: int | None, reason: str) -> Notice | Served:
        """Give a payment back to the customer's card: all that is left of it, or an amount.

        Raises: StoreError.
        """
        register = self.register
        if refused := self._refused(1 if amount is None else amount, alone=True):
            return refused
        originals = Originals(register)
        order = originals.named(key)
        original = await originals.find(order) if order else NotFound.UNKNOWN
        if original is NotFound.AWAY:
            return register.say("RET-02", receipt=order or "")
        paid = None if isinstance(original, NotFound) else _payment(original, key)
        if isinstance(original, NotFound) or paid is None:
            return register.say("PUR-35", key=key[:32])
        key = paid.attempt
        if await register.runner.run(lambda store: store.refunds.in_doubt(key)):
            return register.say("PUR-37")
        left = paid.amount - original.given_back.get(key, 0)
        amount = left if amount is None else amount
        if not 0 < amount <= left:
            return register.say("PUR-36", left=max(0, left))
        wish = _Wish(
            service="refund", amount=amount, reference=key, refunds=key, reason=reason.strip()
        )
        return await self._move(wish)

    async def resume(self, doubt: Doubt) -> Notice | Served:
        """Find out what became of a transfer in doubt; moves nothing anew. Raises: StoreError."""
        register, fact = self.register, doubt.fact
        details = details_in(fact.peer)
        giver = register.tenders.tender(fact.method)
        by_bank = details is None and fact.service == "refund" and isinstance(giver, Refunding)
        if not fact.service or (details is None and not by_bank):
            return register.say("PUR-08")
        if not register.shift.number:
            # What it moved goes into a drawer and a Z.
            return register.say("SHF-01")
        desk = self._opened(fact.service, fact.amount, fact.refunds, doubt)
        money = Money(fact.amount, currency(doubt.intent.currency))
        with self._running(desk):
            if details is None:
                assert isinstance(giver, Refunding), "it was looked at"
                ask = Ask(amount=money, offered=money)
                outcome = await giver.resume_back(ask, fact.peer, desk)
            else:
                begun = InDoubt(details, Slot.PAYER, "the till has ended in between")
                route = ROUTES[fact.service]
                outcome = await settled(begun, route, money, desk, Witness())
        if isinstance(outcome, Unknown) and doubt.told:
            return register.say(_doubted(desk))
        if isinstance(outcome, Approved) and await self._of_the_return(desk, doubt, outcome):
            return register.say("purse_refunded", amount=outcome.amount.minor, key=desk.refunds)
        return await self._conclude(desk, outcome, balance=-1)

    async def _of_the_return(self, desk: PaymentDesk, doubt: Doubt, outcome: Approved) -> bool:
        """Let what has gone back stand in the open return that it was begun in. Raises: StoreError."""
        register = self.register
        returning = register.sale.returning is not None
        if not returning or doubt.order != register.order(register.sale.number):
            return False
        events = decide(register.sale, GiveBack(tender=given_back(desk, outcome)))
        if isinstance(events, Refusal):
            # Meanwhile it went back another way: this is a refund of its own, and asked about.
            return False
        await register.append(desk.results(outcome), ATTEMPT, events=events)
        return True

    async def _move(self, wish: _Wish) -> Notice | Served:
        route = ROUTES[wish.service]
        desk = self._opened(wish.service, wish.amount, wish.refunds)
        money = Money(wish.amount, self.register.setup.currency)
        with self._running(desk):
            moving = await move(route, money, wish.reference or desk.key, desk)
        if desk.intended:
            self.register.next_sale = desk.sale + 1
        balance = _after(route, wish.amount, moving.before)
        return await self._conclude(desk, moving.outcome, balance=balance, reason=wish.reason)

    async def _conclude(
        self, desk: PaymentDesk, outcome: Outcome, *, balance: int, reason: str = ""
    ) -> Notice | Served:
        """Journal what came of it, with everything that it moved, and say it. Raises: StoreError."""
        register = self.register
        match outcome:
            case Approved():
                return await self._done(desk, outcome, balance=balance, reason=reason)
            case Declined(code=code, blanks=blanks) | NotSent(code=code, blanks=blanks):
                await register.append(desk.results(outcome), ATTEMPT)
                if code == "PUR-19" and desk.service == "load":
                    return register.say("PUR-43")
                return register.say(code, **blanks)
            case Unknown() | Pending():
                await register.append(desk.results(outcome), ATTEMPT)
                return register.say(_doubted(desk))
            case _:
                assert_never(outcome)

    async def _done(
        self, desk: PaymentDesk, outcome: Approved, *, balance: int, reason: str
    ) -> Served:
        register, amount = self.register, outcome.amount.minor
        results = desk.results(outcome)
        number = self._number_of_today(desk)
        told: str | int = balance if balance >= 0 else "-"
        match desk.service:
            case "refund":
                order = desk.refunds.rpartition("-")[0]
                original = await Originals(register).find(order)
                fact = refund_of(
                    None if isinstance(original, NotFound) else original,
                    given_back(desk, outcome),
                    number=number,
                    shift=register.shift.number,
                    original=order,
                    reason=reason,
                )
                drafts = [self._draft(desk, fact, amount)]
                shown = register.paper("refund", fact, sale=number)
                said = register.say("purse_refunded", amount=amount, key=desk.refunds)
            case "load":
                cash = CashMoved(
                    shift=register.shift.number,
                    direction="in",
                    amount=amount,
                    reason=_REASONS[register.setup.language],
                    against="e-cash",
                )
                drafts = [self._draft(desk, cash, amount)]
                shown = self._slip(desk, _details(desk).payee, amount, balance, number)
                said = register.say("purse_loaded", amount=amount, balance=told)
            case "deposit":
                drafts = []
                shown = self._slip(desk, _details(desk).payer, amount, balance, number)
                said = register.say("purse_deposited", amount=amount, balance=told)
            case _:
                raise AssertionError("a payment is no service")
        await register.append([*results, *drafts], ATTEMPT, papers=[shown])
        self.told = {"amount": amount, "key": desk.key, "reference": outcome.reference}
        if balance >= 0 and desk.service != "refund":
            self.told = {**self.told, "balance": balance}
        return Served(notice=said, cash=desk.service == "load")

    def _draft(self, desk: PaymentDesk, fact: Fact, amount: int) -> Draft:
        return self.register.draft(fact, amount=amount, attempt=desk.key)

    def _slip(
        self, desk: PaymentDesk, purse: bytes, amount: int, balance: int, number: int
    ) -> Paper:
        slip = PurseSlip(
            service="load" if desk.service == "load" else "deposit",
            amount=amount,
            purse=purse.decode("ascii", "replace"),
            balance=balance,
            key=desk.key,
            reference=transfer_reference(_details(desk)),
        )
        return self.register.paper("purse", slip, sale=number)

    def _number_of_today(self, desk: PaymentDesk) -> int:
        """Return the number that its papers have today: its own, or a new one on a later day."""
        register = self.register
        intent = desk.intent
        if intent is None or intent.business_date == register.business_date:
            return desk.sale
        number = self._next_number()
        register.next_sale = number + 1
        return number

    def _next_number(self) -> int:
        register = self.register
        return max(register.next_sale, register.sale.number + 1)

    def _opened(
        self, service: Service, amount: int, refunds: str, doubt: Doubt | None = None
    ) -> PaymentDesk:
        register = self.register
        number = self._next_number() if doubt is None else doubt.fact.sale
        key = "" if doubt is None else doubt.key
        if service and doubt is None:
            key = self._mint(number)
        return PaymentDesk(
            register=register,
            key=key,
            sale=number,
            method=METHOD if doubt is None else doubt.fact.method,
            amount=amount,
            service=service,
            refunds=refunds,
            of_sale=False,
            intent=None if doubt is None else doubt.intent,
            intended=doubt is not None,
            known=None if doubt is None else doubt.fact.slip,
            publish=self.publish,
            announce=self.announce,
        )

    def _mint(self, number: int) -> str:
        register = self.register
        return attempt_key(
            store=register.setup.store,
            terminal=register.terminal,
            business_date=register.business_date,
            sale=number,
            letter=attempt_letter(0),
        )

    @contextmanager
    def _running(self, desk: PaymentDesk) -> Iterator[None]:
        """Show that a card is waited for and value moves; Esc may end the waiting."""
        register = self.register
        back = register.stage
        self._desk, register.stage = desk, Stage.TENDER
        self.publish()
        try:
            yield
        finally:
            self._desk, register.payment, register.stage = None, None, back

    def _refused(self, amount: int, *, teller: bool = False, alone: bool = False) -> Notice | None:
        """Return why nothing is begun, if it is not."""
        register = self.register
        if not register.cards.configured:
            return register.say("RDR-05")
        if teller and not register.cards.has_teller:
            return register.say("PUR-34")
        if alone and register.has_sale():
            return register.say("PUR-38")
        if amount <= 0:
            return register.say("PAY-06")
        if amount > VALUE_MAX:
            return register.say("PAY-03", amount=amount, limit=VALUE_MAX)
        return None

    async def _read(self, *, statement: bool) -> Told | Notice:
        register = self.register
        if not register.cards.configured:
            return register.say("RDR-05")
        desk = self._opened("", 0, "")
        with self._running(desk):
            self.announce(register.say("card_to_read"))
            self.publish()
            channel = await desk.unless_given_up(power(Side.CUSTOMER, desk))
            if isinstance(channel, GivenUp):
                return register.say("PUR-22")
            if channel is None:
                return register.say("RDR-02", seconds=CONNECT_NS // NANOSECONDS_PER_SECOND)
            try:
                told = await read_purse(
                    channel, register.setup.currency, clock=register.clock, statement=statement
                )
            finally:
                await channel.close()
        return self._unread(told, Side.CUSTOMER) if isinstance(told, Untold) else told

    async def _held(self) -> int | Notice:
        """Return what the shop's purse holds."""
        register = self.register
        desk = self._opened("", 0, "")
        with self._running(desk):
            channel = await power(Side.SHOP, desk)
            if channel is None:
                return register.say("RDR-04")
            try:
                told = await read_purse(channel, register.setup.currency, clock=register.clock)
            finally:
                await channel.close()
        return self._unread(told, Side.SHOP) if isinstance(told, Untold) else told.state.balance

    def _unread(self, told: Untold, side: Side) -> Notice:
        """Say why a purse did not tell."""
        setup = self.register.setup
        route = DEPOSIT if side is Side.SHOP else LOAD
        slot = Slot.PAYER if side is Side.SHOP else Slot.PAYEE
        refused = explain(
            NotMoved(slot, told.sw),
            Witness(),
            Money(0, setup.currency),
            intended=False,
            route=route,
            language=setup.language,
        )
        return self.register.say(refused.code, **refused.blanks)


def _doubted(desk: PaymentDesk) -> str:
    """Return what is said of one that nobody knows about."""
    return _IN_DOUBT[desk.service] if desk.method == METHOD else "CRD-44"


def _details(desk: PaymentDesk) -> PaymentDetails:
    """Return the transfer that was kept with an approved result."""
    moved = next(fact for fact in desk.kept if isinstance(fact, PurseMoved))
    return decode_details(moved.details)


def _after(route: Route, amount: int, before: Mapping[Slot, PurseState]) -> int:
    """Return what the purse on the slip holds now: the loaded card, the shop's purse; -1: not known."""
    slot = Slot.PAYEE if route == LOAD else Slot.PAYER
    state = before.get(slot)
    if state is None:
        return -1
    return state.balance + (amount if slot is Slot.PAYEE else -amount)


def _payment(original: Original, key: str) -> Tender | None:
    """Return the payment by e-cash that a key names, or the only one of a sale that is named."""
    paid = [tender for tender in original.paid if tender.method == METHOD]
    named = [tender for tender in paid if tender.attempt == key]
    if named or key.startswith(f"{original.order}-"):
        return named[0] if named else None
    return paid[0] if len(paid) == 1 else None


def _row(details: PaymentDetails, own: bytes) -> StatementRow:
    paid = details.payer == own
    other = details.payee if paid else details.payer
    return StatementRow(
        number=details.payer_sequence if paid else details.payee_sequence,
        amount=-details.value if paid else details.value,
        other=other.decode("ascii", "replace"),
    )


def refund_of(
    found: Original | None,
    given: Tender,
    *,
    number: int,
    shift: int,
    original: str,
    reason: str,
) -> RefundClosed:
    """Return the fact of money that went back: of a whole sale with its goods, of a part without.

    A part is split in the proportions of its sale; where the sale cannot be had now (another till's, and
    the broker is away), the broker does that.
    """
    net, vat, exempt, lines = 0, 0, given.amount, list[Line]()
    if found is not None and given.amount == found.sale.total and not found.returned:
        sale = found.sale
        net, vat, exempt = sale.net, sale.vat, sale.exempt
        lines = [
            replace(line, original=place)
            for place, line in enumerate(sale.lines, start=1)
            if not line.voided
        ]
    elif found is not None:
        net, vat, exempt = _parts(found.sale, given.amount)
    return RefundClosed(
        sale=number,
        shift=shift,
        original=original,
        lines=lines,
        total=given.amount,
        net=net,
        vat=vat,
        exempt=exempt,
        tenders=[given],
        reason=reason,
    )


def _parts(sale: SaleClosed, amount: int) -> tuple[int, int, int]:
    """Return net, VAT and exempt of a part of a sale, in the sale's own proportions."""
    weights = [max(0, sale.net), max(0, sale.vat), max(0, sale.exempt)]
    if not sum(weights):
        return 0, 0, amount
    net, vat, exempt = (part.minor for part in allocate(Money(amount), weights))
    return net, vat, exempt
