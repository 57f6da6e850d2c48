"""Between the rules and the store: books that read a group, and bookings that become its rows.

The rules (`ips.booking.book_record`) are pure: they read `Books` and answer a `Booking`. Here a group of the
writer is those books, and what a booking says is left in the group as rows, so that records, money,
payments, work list and notices are one commit. Nothing here decides anything about money but one
thing: a fact that would take a bounded account past its bound is booked against suspense/exceptions
and asked about, because it has happened.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

import msgspec

from ips.books import (
    Booking,
    Books,
    Linked,
    OrderRecord,
    Overlay,
    Question,
    RefundRecord,
    ShiftRecord,
)
from ips.cash_receipts.keeper import enter_cash_receipts
from ips.e_receipts import enter_links
from ips.flow_files import parse_flow
from ips.flows import Flow
from ips.holds import enter_holds
from ips.inquiries import open_amount
from ips.ledger import Transfer
from ips.members import find_member
from ips.payments import PaymentOpened, PaymentRecord
from ips.purse.evidence import Reported, ShadowKeeper
from ips.purse.records import known_move
from ips.received import ReceivedKeeper, known_value
from ips.returns import enter_returns
from ips.spi import Manifest
from ips.store.balances import BoundError
from ips.store.group import Group
from ips.store.rows import (
    PaymentRow,
    QuestionRow,
    RefundRow,
    SaleRow,
    ShiftRow,
)
from protocols.documents import Policy
from protocols.facts import (
    RefundClosed,
    SaleClosed,
    SaleHeld,
    SaleRecalled,
    Tender,
    TenderChanged,
    ValueTaken,
)
from protocols.journal import Record
from protocols.malformed import MALFORMED

EXCEPTIONS: Final = "suspense/exceptions"
PREFETCH_FROM: Final = 4
"""Records; for fewer, single look-ups are as fast."""


class _Tenders(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a closed sale as names its payments."""

    tenders: list[Tender] = []


_TENDERS: Final = msgspec.msgpack.Decoder(_Tenders)
_ENCODER: Final = msgspec.msgpack.Encoder()
_PAYMENT: Final = msgspec.msgpack.Decoder(PaymentRecord)
_REFUND: Final = msgspec.msgpack.Decoder(RefundRecord)
_ORDER: Final = msgspec.msgpack.Decoder(OrderRecord)
_SHIFT: Final = msgspec.msgpack.Decoder(ShiftRecord)

Book = Callable[[Record, Books], Booking]
"""The rules: what a record does to the books (`ips.booking.book_record`)."""


class Practice(Protocol):
    """What this broker has installed: modules and flows."""

    def manifest(self, module: str) -> Manifest | None:
        """Return a module's manifest; None for one that was never here."""
        ...

    def flow(self, name: str, pin: str = "") -> Flow | None:
        """Return the newest flow of a name; with a pin, that version if it is at hand."""
        ...


class GroupBooks:
    """A group of the writer as the rules' books. Implements `ips.books.Books`."""

    def __init__(self, group: Group, practice: Practice) -> None:
        self._group = group
        self._practice = practice
        self._policy: Policy | None = None

    def payment(self, key: str) -> PaymentRecord | None:
        """Return a payment by its attempt key."""
        row = self._group.payment(key)
        return None if row is None else _PAYMENT.decode(row.record)

    def payments_of(self, order: str) -> Sequence[PaymentRecord]:
        """Return all attempts of a sale, in the order they were opened."""
        return [_PAYMENT.decode(row.record) for row in self._group.payments_of(order)]

    def refund(self, key: str) -> RefundRecord | None:
        """Return a refund by its key."""
        row = self._group.refund(key)
        return None if row is None else _REFUND.decode(row.record)

    def order(self, order: str) -> OrderRecord | None:
        """Return a closed sale."""
        row = self._group.sale(order)
        return None if row is None else _ORDER.decode(row.record)

    def shift(self, terminal: str, epoch: int, shift: int) -> ShiftRecord | None:
        """Return what a shift adds up to so far."""
        row = self._group.shift(terminal, epoch, shift)
        return None if row is None else _SHIFT.decode(row.record)

    def balance(self, account: str, currency: str) -> int:
        """Return debits less credits posted."""
        return self._group.balance(account, currency)

    def available(self, account: str, currency: str) -> int:
        """Return credits less debits, posted and held."""
        return self._group.available(account, currency)

    def member_state(self, number: str) -> str:
        """Return active or stopped; nothing for a number that no member has."""
        row = find_member(self._group.store, number)
        return "" if row is None else row.state

    def purse_moved(self, details: bytes) -> bool:
        """Return whether an e-cash transfer was booked before."""
        return known_move(self._group.store, details)

    def value_taken(self, method: str, details: bytes) -> ValueTaken | None:
        """Return what was reported of a movement of value."""
        return known_value(self._group.store, method, details)

    def store_of(self, terminal: str) -> str:
        """Return the store a terminal is enrolled in."""
        row = self._group.terminal(terminal)
        return "" if row is None else row.store

    def policy(self, store: str) -> Policy:
        """Return the policy that the store works under: the newest published, or the built-in."""
        if self._policy is None:
            self._policy = self._group.store.policy()
        return self._policy

    def manifest(self, module: str) -> Manifest | None:
        """Return a module's manifest."""
        return self._practice.manifest(module)

    def flow(self, name: str, pin: str = "") -> Flow | None:
        """Return a flow by the pin of a payment, or the newest."""
        found = self._practice.flow(name, pin)
        if found is not None or not pin:
            return found
        kept = self._group.store.flow(name, pin)
        return None if kept is None else parse_flow(kept.source, file=f"{name} {pin}")


class Clerk:
    """Puts bookings into a group. Money first, then everything as it stands at the end."""

    def __init__(self, group: Group, practice: Practice) -> None:
        self._group = group
        self._practice = practice
        self.books = Overlay(GroupBooks(group, practice), posted=True)
        self._payments: dict[str, PaymentRecord] = {}
        self._refunds: dict[str, RefundRecord] = {}
        self._sales: dict[str, OrderRecord] = {}
        self._shifts: dict[tuple[str, int, int], ShiftRecord] = {}

    def put(self, booking: Booking) -> None:
        """Take a booking in. Raises: BoundError, when it would break a bound; then nothing is in."""
        if booking.transfers:
            self._group.book(booking.key, booking.transfers)
        left = Counter(event.key for event in booking.payments)
        for event in booking.payments:
            left[event.key] -= 1
            number = booking.records[event.key].steps - left[event.key]
            self._group.add_payment_event(event.key, number, booking.key, _ENCODER.encode(event))
            if isinstance(event, PaymentOpened):
                self._keep_flow(event)
        self._payments.update(booking.records)
        self._refunds.update(booking.refunds)
        if booking.order is not None:
            self._sales[booking.order.order] = booking.order
        if (shift := booking.shift) is not None:
            self._shifts[shift.terminal, shift.epoch, shift.shift] = shift
        self.books.absorb(booking)

    def finish(self) -> None:
        """Leave the rows of everything that changed, each once."""
        for payment in self._payments.values():
            row = payment_row(payment)
            self._group.put_payment(row)
            self._group.notify(f"payment.{row.state_class}", row.key, b"")
        for refund in self._refunds.values():
            self._group.put_refund(refund_row(refund))
            self._group.notify(f"refund.{refund.state}", refund.key, b"")
        for sale in self._sales.values():
            self._group.put_sale(SaleRow(sale.order, sale.business_date, _ENCODER.encode(sale)))
        for (terminal, epoch, number), shift in self._shifts.items():
            data = _ENCODER.encode(shift)
            self._group.put_shift(ShiftRow(terminal, epoch, number, shift.business_date, data))

    def _keep_flow(self, event: PaymentOpened) -> None:
        flow = self._practice.flow(event.flow, event.flow_pin)
        if flow is not None:
            self._group.put_flow(flow.name, flow.pin, flow.source)


class Bookkeeper:
    """Books the records of a batch. Implements `ips.batches.Bookkeeper`."""

    def __init__(
        self,
        book: Book,
        practice: Practice,
        shadow_keeper: ShadowKeeper | None = None,
        received_keeper: ReceivedKeeper | None = None,
        *,
        sends_cash_receipts: bool = False,
    ) -> None:
        self._book = book
        self._practice = practice
        self._shadow_keeper = shadow_keeper or ShadowKeeper(None)
        self._sends_cash_receipts = sends_cash_receipts
        self._received_keeper = received_keeper or ReceivedKeeper({})

    def enter(self, group: Group, records: Sequence[Record]) -> list[QuestionRow]:
        """Book records in order, each seeing those before it; return what is asked about them."""
        clerk = Clerk(group, self._practice)
        _prefetch(group, records)
        asked: list[QuestionRow] = []
        reported: list[Reported] = []
        taken: list[tuple[Record, ValueTaken]] = []
        holds: list[tuple[Record, SaleHeld | SaleRecalled]] = []
        returns: list[tuple[Record, RefundClosed | TenderChanged]] = []
        links: list[tuple[Record, Linked]] = []
        cash_receipts: list[tuple[Record, str, SaleClosed]] = []
        for record in records:
            booking = self._book(record, clerk.books)
            reported += [Reported(record=record, fact=fact) for fact in booking.moved]
            reported += [Reported(record=record, fact=fact) for fact in booking.claimed]
            reported += [Reported(record=record, fact=fact) for fact in booking.commanded]
            taken += [(record, fact) for fact in booking.taken]
            holds += [(record, fact) for fact in booking.holds]
            returns += [(record, fact) for fact in booking.returns]
            links += [(record, each) for each in booking.links]
            cash_receipts += [(record, order, fact) for order, fact in booking.cash_receipts]
            for account in put_fact(clerk, booking):
                row = bound_question(record, account, record.attempt or booking.key, group.now_ns)
                asked.append(group.ask(row))
            asked += [
                group.ask(question_row(record, each, group.now_ns)) for each in booking.questions
            ]
        clerk.finish()
        enter_links(group, links)
        asked += [
            group.ask(question_row(record, each, group.now_ns))
            for record, each in (*enter_holds(group, holds), *enter_returns(group, returns))
        ]
        if self._sends_cash_receipts:
            asked += [
                group.ask(question_row(record, each, group.now_ns))
                for record, each in enter_cash_receipts(group, cash_receipts, returns)
            ]
        if reported:
            asked += self._shadow_keeper.enter(group, reported)
        if taken:
            asked += [
                group.ask(question_row(record, each, group.now_ns))
                for record, each in self._received_keeper.enter(group, taken)
            ]
        return asked


def _prefetch(group: Group, records: Sequence[Record]) -> None:
    """Read at one go what the records will ask for one by one: their attempts and sales."""
    if len(records) < PREFETCH_FROM:
        return
    keys = {record.attempt for record in records if record.attempt}
    for record in records:
        if record.kind == SaleClosed.kind:
            with suppress(*MALFORMED):
                sale = _TENDERS.decode(record.body)
                keys.update(tender.attempt for tender in sale.tenders if tender.attempt)
    group.prefetch(keys, {key.rpartition("-")[0] for key in keys})


def put_fact(clerk: Clerk, booking: Booking) -> list[str]:
    """Put a booking of what has happened; return the accounts whose bound it would have broken.

    Each of them is replaced by suspense/exceptions in this transaction: nothing is taken from it.
    """
    broken: list[str] = []
    while True:
        try:
            clerk.put(booking)
        except BoundError as error:
            assert error.account not in broken, "an account that is replaced takes part no more"
            broken.append(error.account)
            turned = [_turned(each, error.account) for each in booking.transfers]
            booking.transfers = [each for each in turned if each is not None]
        else:
            return broken


def _turned(transfer: Transfer, account: str) -> Transfer | None:
    debit = EXCEPTIONS if transfer.debit == account else transfer.debit
    credit = EXCEPTIONS if transfer.credit == account else transfer.credit
    return None if debit == credit else replace(transfer, debit=debit, credit=credit)


def payment_row(payment: PaymentRecord) -> PaymentRow:
    """Return a payment as the store keeps it."""
    return PaymentRow(
        payment.key,
        payment.order,
        payment.module,
        payment.flow,
        payment.flow_pin,
        payment.store,
        payment.terminal,
        payment.business_date,
        payment.currency,
        payment.amount,
        payment.state,
        str(payment.state_class),
        open_amount(payment),
        payment.paid,
        payment.refund_requested,
        payment.refunded,
        payment.reference,
        payment.reason,
        payment.changed_ns,
        payment.due_ns,
        _ENCODER.encode(payment),
    )


def refund_row(refund: RefundRecord) -> RefundRow:
    """Return a refund as the store keeps it."""
    return RefundRow(
        refund.key,
        refund.payment,
        refund.order,
        refund.method,
        refund.amount,
        refund.currency,
        refund.store,
        refund.terminal,
        refund.business_date,
        refund.state,
        refund.requested_ns,
        refund.due_ns,
        _ENCODER.encode(refund),
    )


_BOUND_EXCEEDED: Final = (
    "계정 {}에 있는 것보다 많이 나갔습니다. 돈은 suspense/exceptions에 있습니다.",
    "More left account {} than it holds. The money lies in suspense/exceptions.",
)


def bound_question(record: Record | None, account: str, about: str, now_ns: int) -> QuestionRow:
    """Return the question about an account that did not hold what left it."""
    ko, en = (text.replace("{}", account) for text in _BOUND_EXCEEDED)
    asked = Question(code="bound-exceeded", sentence_ko=ko, sentence_en=en, about=about)
    return question_row(record, asked, now_ns)


def question_row(record: Record | None, asked: Question, now_ns: int) -> QuestionRow:
    """Return a question as the store keeps it; without a record, of a step the broker took."""
    return QuestionRow(
        "" if record is None else record.terminal,
        0 if record is None else record.epoch,
        0 if record is None else record.sequence,
        asked.code,
        asked.sentence_ko,
        asked.sentence_en,
        asked.about,
        asked.amount,
        now_ns,
    )
