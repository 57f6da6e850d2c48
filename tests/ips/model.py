"""Books in memory and records to book: a dictionary model of what the store keeps.

Not a store: a fixture for the pure rules. It checks on its own what the store's schema checks (bounds,
holds resolved once, refunds within paid), written here a second time on purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ips.booking import book
from ips.books import Booking, OrderRecord, RefundRecord, ShiftRecord
from ips.desk import Decision, is_short
from ips.flows import Flow
from ips.ledger import Bound, Phase, Transfer, bound_of
from ips.payments import PaymentEvent, PaymentRecord, Refusal
from ips.rules import Rules
from ips.spi import Manifest
from protocols.documents import Policy
from protocols.facts import Fact, Line, PurseMoved, SaleClosed, Tender, ValueTaken, encode_fact
from protocols.journal import Record, attempt_key
from protocols.money import Money, split_tax

DAY = "20260417"
NOON_NS = 1_776_394_800 * 1_000_000_000
"""2026-04-17 03:00 UTC: noon in Seoul."""


@dataclass
class MemoryBooks:
    """Implements Books with dictionaries, and takes bookings."""

    rules: Rules
    payments: dict[str, PaymentRecord] = field(default_factory=dict)
    events: list[PaymentEvent] = field(default_factory=list)
    refunds: dict[str, RefundRecord] = field(default_factory=dict)
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    shifts: dict[tuple[str, int, int], ShiftRecord] = field(default_factory=dict)
    debits: dict[tuple[str, str], int] = field(default_factory=dict)
    credits: dict[tuple[str, str], int] = field(default_factory=dict)
    holds: dict[str, Transfer] = field(default_factory=dict)
    resolved: set[str] = field(default_factory=set)
    transactions: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    policies: Policy = field(default_factory=Policy)
    moved: list[PurseMoved] = field(default_factory=list)
    taken: dict[tuple[str, bytes], ValueTaken] = field(default_factory=dict)

    def payment(self, key: str) -> PaymentRecord | None:
        return self.payments.get(key)

    def payments_of(self, order: str) -> Sequence[PaymentRecord]:
        return [payment for payment in self.payments.values() if payment.order == order]

    def refund(self, key: str) -> RefundRecord | None:
        return self.refunds.get(key)

    def order(self, order: str) -> OrderRecord | None:
        return self.orders.get(order)

    def shift(self, terminal: str, epoch: int, shift: int) -> ShiftRecord | None:
        return self.shifts.get((terminal, epoch, shift))

    def balance(self, account: str, currency: str) -> int:
        key = (account, currency)
        return self.debits.get(key, 0) - self.credits.get(key, 0)

    def available(self, account: str, currency: str) -> int:
        held = sum(
            each.amount
            for key, each in self.holds.items()
            if key not in self.resolved and (each.debit, each.currency) == (account, currency)
        )
        return -self.balance(account, currency) - held

    def member_state(self, number: str) -> str:
        return "active" if number in self.members else ""

    def purse_moved(self, details: bytes) -> bool:
        return any(fact.details == details for fact in self.moved)

    def value_taken(self, method: str, details: bytes) -> ValueTaken | None:
        return self.taken.get((method, details))

    def store_of(self, terminal: str) -> str:
        return "S1"

    def policy(self, store: str) -> Policy:
        return self.policies

    def manifest(self, module: str) -> Manifest | None:
        return self.rules.manifest(module)

    def flow(self, name: str, pin: str = "") -> Flow | None:
        return self.rules.flow(name, pin)

    def take(self, booking: Booking) -> Booking:
        """Write a booking down, checking what the schema checks."""
        assert booking.key not in self.transactions, "a transaction is booked once"
        if booking.transfers:
            self.transactions.add(booking.key)
        for transfer in booking.transfers:
            self._transfer(transfer)
        for transfer in booking.transfers:
            self._bounds(transfer)
        for record in booking.records.values():
            assert 0 <= record.refunded + record.refund_requested <= record.paid or record.paid == 0
        self.events.extend(booking.payments)
        self.payments.update(booking.records)
        self.refunds.update(booking.refunds)
        self.moved += booking.moved
        self.taken |= {(fact.method, fact.details): fact for fact in booking.taken}
        if booking.order:
            assert booking.order.order not in self.orders
            self.orders[booking.order.order] = booking.order
        if (shift := booking.shift) is not None:
            self.shifts[shift.terminal, shift.epoch, shift.shift] = shift
        return booking

    def _transfer(self, transfer: Transfer) -> None:
        assert "{" not in transfer.debit + transfer.credit
        match transfer.phase:
            case Phase.HOLD:
                assert transfer.hold and transfer.hold not in self.holds, "a hold has its own key"
                self.holds[transfer.hold] = transfer
                return
            case Phase.SETTLE | Phase.VOID:
                held = self.holds[transfer.hold]
                assert transfer.hold not in self.resolved, "a hold resolves once"
                assert (held.debit, held.credit) == (transfer.debit, transfer.credit)
                assert transfer.amount <= held.amount
                if transfer.phase is Phase.VOID:
                    assert transfer.amount == held.amount
                self.resolved.add(transfer.hold)
                if transfer.phase is Phase.VOID:
                    return
            case Phase.POST:
                assert transfer.hold == ""
        for side, account in ((self.debits, transfer.debit), (self.credits, transfer.credit)):
            key = (account, transfer.currency)
            side[key] = side.get(key, 0) + transfer.amount

    def _bounds(self, transfer: Transfer) -> None:
        for account in (transfer.debit, transfer.credit):
            balance = self.balance(account, transfer.currency)
            match bound_of(account):
                case Bound.CREDITS_WITHIN_DEBITS:
                    assert balance >= 0, f"{account} below zero"
                case Bound.DEBITS_WITHIN_CREDITS:
                    assert balance <= 0, f"{account} below zero"
                case Bound.NONE:
                    pass


@dataclass
class Terminal:
    """Writes records of one till into the books, as the till would."""

    books: MemoryBooks
    id: str = "01"
    epoch: int = 1
    sequence: int = 0
    date: str = DAY
    currency: str = "KRW"

    def record(self, fact: Fact, *, attempt: str | None = None, amount: int = 0) -> Record:
        self.sequence += 1
        return Record(
            terminal=self.id,
            epoch=self.epoch,
            sequence=self.sequence,
            previous=bytes(32),
            kind=fact.kind,
            actor="kim",
            attempt=attempt,
            at_ns=NOON_NS + self.sequence,
            monotonic_ns=self.sequence,
            business_date=self.date,
            currency=self.currency,
            amount=amount,
            body=encode_fact(fact),
        )

    def say(self, fact: Fact, *, attempt: str | None = None) -> Booking:
        record = self.record(fact, attempt=attempt)
        return self.books.take(book(record, fact, self.books))

    def key(self, sale: int, letter: str = "a") -> str:
        return attempt_key(
            store="S1", terminal=self.id, business_date=self.date, sale=sale, letter=letter
        )


def line(amount: int, *, group: str = "grocery", tax: str = "taxed", voided: bool = False) -> Line:
    return Line(
        sku="A1",
        name_ko="사과",
        name_en="apple",
        quantity=1000,
        unit_price=amount,
        amount=amount,
        group=group,
        tax=tax,  # type: ignore[arg-type]
        voided=voided,
    )


def figures(lines: Sequence[Line]) -> dict[str, int]:
    """Return total, net, vat, exempt of lines as a till prints them."""
    taxed = sum(each.amount for each in lines if each.tax == "taxed" and not each.voided)
    exempt = sum(each.amount for each in lines if each.tax == "exempt" and not each.voided)
    split = split_tax(Money(taxed), 10)
    return {
        "total": taxed + exempt,
        "net": split.net.minor,
        "vat": split.tax.minor,
        "exempt": exempt,
    }


def sale(
    terminal: Terminal,
    number: int,
    lines: Sequence[Line],
    tenders: Sequence[Tender] | None = None,
    *,
    shift: int = 1,
) -> SaleClosed:
    """Return a sale; without tenders, paid in cash."""
    sums = figures(lines)
    cash = Tender(method="cash", attempt=terminal.key(number), amount=sums["total"])
    return SaleClosed(
        sale=number,
        shift=shift,
        lines=list(lines),
        tenders=[cash] if tenders is None else list(tenders),
        **sums,
    )


@dataclass
class StandingClock:
    """Both readings move only when a test moves them."""

    utc_ns: int = NOON_NS
    since_start_ns: int = 0

    def now_ns(self) -> int:
        return self.utc_ns

    def monotonic_ns(self) -> int:
        return self.since_start_ns

    def advance(self, seconds: float) -> None:
        self.utc_ns += int(seconds * 1_000_000_000)
        self.since_start_ns += int(seconds * 1_000_000_000)


@dataclass
class MemoryWriter:
    """Implements ips.desk.BookWriter over books in memory."""

    books: MemoryBooks

    async def write(self, decide: Decision, short: Decision | None = None) -> Booking | Refusal:
        booking = decide(self.books)
        if short is not None and isinstance(booking, Booking) and is_short(booking, self.books):
            booking = short(self.books)
        return booking if isinstance(booking, Refusal) else self.books.take(booking)

    async def payment(self, key: str) -> PaymentRecord | None:
        return self.books.payment(key)

    async def refund(self, key: str) -> RefundRecord | None:
        return self.books.refund(key)

    async def due(self, now_ns: int, limit: int) -> tuple[list[PaymentRecord], list[RefundRecord]]:
        payments = [p for p in self.books.payments.values() if 0 < p.due_ns <= now_ns]
        refunds = [r for r in self.books.refunds.values() if 0 < r.due_ns <= now_ns]
        return payments[:limit], refunds[:limit]
