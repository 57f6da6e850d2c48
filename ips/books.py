"""What booking reads and what it answers: the broker's books, as values.

`Books` is the read-only agreement that the store implements; `Booking` is everything one journal
record does to the books, to be written in the same transaction as the record itself. `Overlay` puts
bookings that are not yet committed over the committed books, so a batch of 500 is booked in memory,
each record seeing those before it, and then written at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from ips.flows import Flow
from ips.ledger import Phase, Transfer
from ips.payments import PaymentEvent, PaymentRecord
from ips.spi import Manifest
from protocols.documents import Policy
from protocols.facts import (
    PurseClaimed,
    PurseCommanded,
    PurseMoved,
    RefundClosed,
    SaleClosed,
    SaleHeld,
    SaleRecalled,
    TenderChanged,
    ValueTaken,
)
from protocols.journal import Record


class RefundRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One refund: its own entity, linked to the payment it pays back (I10)."""

    key: str
    payment: str
    """The payment's key; empty for a refund without a known sale."""
    order: str
    """The sale that is paid back, store-terminal-YYYYMMDD-sale; empty without a receipt."""
    method: str
    """How it goes back: the module's name."""
    amount: int
    currency: str
    store: str
    terminal: str
    business_date: str
    reason: str
    state: str
    """requested, approved, rejected, paying, paid, doubt (ips.refunds.RefundState)."""
    requested_by: str
    requested_ns: int
    decided_by: str = ""
    decided_ns: int = 0
    decision: str = ""
    """Why it was approved or rejected."""
    paid_ns: int = 0
    reference: str = ""
    due_ns: int = 0
    """UTC nanoseconds at which the janitor asks the module about it; 0: never."""
    inquiries: int = 0


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A sale that was closed."""

    order: str
    """store-terminal-YYYYMMDD-sale."""
    transaction: str
    """The key of its ledger transaction."""
    business_date: str
    at_ns: int
    total: int
    currency: str
    parts: dict[str, int] = {}
    """Its total by account, as it was split: a refund without lines is split the same way."""
    groups: dict[str, int] = {}
    """Sold by item group, tax included: what refunds are compared with (I16)."""


class ShiftRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the facts of one shift add up to, to be compared with its Z."""

    terminal: str
    epoch: int
    shift: int
    store: str
    business_date: str
    currency: str
    float_amount: int = 0
    sales: int = 0
    gross: int = 0
    net: int = 0
    vat: int = 0
    exempt: int = 0
    discounts: int = 0
    voids: int = 0
    """How many sales were given up."""
    refunds: int = 0
    """Given back, minor units; not taken off gross."""
    tender_voids: int = 0
    """Payments taken out of open sales."""
    tender_changes: int = 0
    """Payments of closed sales that were replaced."""
    undone: int = 0
    """Closed sales that were voided."""
    by_method: dict[str, int] = {}
    """Taken less given back."""
    members: int = 0
    """How many sales were members'."""
    points_earned: int = 0
    points_back: int = 0
    cash_in: int = 0
    cash_out: int = 0
    drops: int = 0
    counted: int = -1
    """-1: not counted yet."""
    z: int = 0
    """0: still open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The record was accepted, and somebody should look at it. Sentences: ips/questions.toml."""

    code: str
    sentence_ko: str
    sentence_en: str
    amount: int = 0
    """What it is about, minor units; what lies in suspense for it."""
    about: str = ""
    """The key of the payment or order, where there is one."""


@dataclass(slots=True, kw_only=True)
class Linked:
    """A sale whose receipt may be read under a link."""

    order: str
    token: str
    """As protocols.receipt_link has it."""


@dataclass(slots=True, kw_only=True)
class Booking:
    """What one record does to the books."""

    key: str
    """The ledger transaction's: terminal/epoch/sequence."""
    transfers: list[Transfer] = field(default_factory=list)
    payments: list[PaymentEvent] = field(default_factory=list)
    """What happened to payments, in order."""
    records: dict[str, PaymentRecord] = field(default_factory=dict)
    """Every payment that changed, by key, as it is after this booking."""
    refunds: dict[str, RefundRecord] = field(default_factory=dict)
    """Every refund that is new or changed, by key."""
    order: OrderRecord | None = None
    shift: ShiftRecord | None = None
    """The shift as it is after this booking."""
    moved: list[PurseMoved] = field(default_factory=list)
    """E-cash transfers that were not known before."""
    taken: list[ValueTaken] = field(default_factory=list)
    """Value that came into the shop's devices and was not known before, or its proof was not."""
    commanded: list[PurseCommanded] = field(default_factory=list)
    """What purses said to commands of their issuer."""
    claimed: list[PurseClaimed] = field(default_factory=list)
    """Exception logs of purses that were given to the issuer."""
    holds: list[SaleHeld | SaleRecalled] = field(default_factory=list)
    """Baskets that were put aside, or gone on with."""
    returns: list[RefundClosed | TenderChanged] = field(default_factory=list)
    """Refunds, to be found again beside the sales that they name."""
    cash_receipts: list[tuple[str, SaleClosed]] = field(default_factory=list)
    """Sales that a Korean cash receipt was asked for, by their orders."""
    links: list[Linked] = field(default_factory=list)
    """E-receipts that customers may read."""
    questions: list[Question] = field(default_factory=list)


class Books(Protocol):
    """What booking may read. Every answer includes what was booked before in the same transaction."""

    def payment(self, key: str) -> PaymentRecord | None:
        """Return a payment by its attempt key."""
        ...

    def payments_of(self, order: str) -> Sequence[PaymentRecord]:
        """Return all attempts of a sale, in the order they were opened."""
        ...

    def refund(self, key: str) -> RefundRecord | None:
        """Return a refund by its key."""
        ...

    def order(self, order: str) -> OrderRecord | None:
        """Return a closed sale."""
        ...

    def shift(self, terminal: str, epoch: int, shift: int) -> ShiftRecord | None:
        """Return what a shift adds up to so far."""
        ...

    def balance(self, account: str, currency: str) -> int:
        """Return debits less credits posted; holds do not count."""
        ...

    def available(self, account: str, currency: str) -> int:
        """Return what may still leave an account whose debits stay within its credits."""
        ...

    def member_state(self, number: str) -> str:
        """Return active or stopped; nothing for a number that no member has."""
        ...

    def purse_moved(self, details: bytes) -> bool:
        """Return whether an e-cash transfer was booked before."""
        ...

    def value_taken(self, method: str, details: bytes) -> ValueTaken | None:
        """Return what was reported of a movement of value."""
        ...

    def store_of(self, terminal: str) -> str:
        """Return the store a terminal is enrolled in."""
        ...

    def policy(self, store: str) -> Policy:
        """Return the policy that the store works under."""
        ...

    def manifest(self, module: str) -> Manifest | None:
        """Return a module's manifest; None for one that was never here."""
        ...

    def flow(self, name: str, pin: str = "") -> Flow | None:
        """Return a flow by the pin of a payment, or the newest for new payments."""
        ...


class Overlay:
    """Books with bookings put over them that are not committed yet. Implements Books."""

    def __init__(self, base: Books, *, posted: bool = False) -> None:
        """`posted`: the base has the money of what is absorbed already, and only the rest is behind."""
        self._base = base
        self._posted = posted
        self._payments: dict[str, PaymentRecord] = {}
        self._refunds: dict[str, RefundRecord] = {}
        self._orders: dict[str, OrderRecord] = {}
        self._shifts: dict[tuple[str, int, int], ShiftRecord] = {}
        self._balances: dict[tuple[str, str], int] = {}
        self._by_order: dict[str, dict[str, None]] = {}
        self._moved: set[bytes] = set()
        self._taken: dict[tuple[str, bytes], ValueTaken] = {}

    def absorb(self, booking: Booking) -> None:
        """Let what was booked be seen by what is booked next."""
        for key, record in booking.records.items():
            self._payments[key] = record
            self._by_order.setdefault(record.order, {})[key] = None
        self._refunds.update(booking.refunds)
        self._moved.update(fact.details for fact in booking.moved)
        self._taken.update({(fact.method, fact.details): fact for fact in booking.taken})
        if booking.order is not None:
            self._orders[booking.order.order] = booking.order
        if (shift := booking.shift) is not None:
            self._shifts[shift.terminal, shift.epoch, shift.shift] = shift
        for account, currency, amount in () if self._posted else moves_of(booking.transfers):
            moved = self._balances.get((account, currency), 0)
            self._balances[account, currency] = moved + amount

    def payment(self, key: str) -> PaymentRecord | None:
        """Return a payment by its attempt key."""
        return self._payments.get(key) or self._base.payment(key)

    def payments_of(self, order: str) -> Sequence[PaymentRecord]:
        """Return all attempts of a sale, in the order they were opened."""
        found = {record.key: record for record in self._base.payments_of(order)}
        for key in self._by_order.get(order, ()):
            found[key] = self._payments[key]
        return list(found.values())

    def refund(self, key: str) -> RefundRecord | None:
        """Return a refund by its key."""
        return self._refunds.get(key) or self._base.refund(key)

    def order(self, order: str) -> OrderRecord | None:
        """Return a closed sale."""
        return self._orders.get(order) or self._base.order(order)

    def shift(self, terminal: str, epoch: int, shift: int) -> ShiftRecord | None:
        """Return what a shift adds up to so far."""
        return self._shifts.get((terminal, epoch, shift)) or self._base.shift(
            terminal, epoch, shift
        )

    def balance(self, account: str, currency: str) -> int:
        """Return debits less credits posted; holds do not count."""
        return self._balances.get((account, currency), 0) + self._base.balance(account, currency)

    def available(self, account: str, currency: str) -> int:
        """Return what may still leave an account whose debits stay within its credits."""
        held = -self._base.balance(account, currency) - self._base.available(account, currency)
        return -self.balance(account, currency) - held

    def member_state(self, number: str) -> str:
        """Return active or stopped; nothing for a number that no member has."""
        return self._base.member_state(number)

    def purse_moved(self, details: bytes) -> bool:
        """Return whether an e-cash transfer was booked before."""
        return details in self._moved or self._base.purse_moved(details)

    def value_taken(self, method: str, details: bytes) -> ValueTaken | None:
        """Return what was reported of a movement of value."""
        return self._taken.get((method, details)) or self._base.value_taken(method, details)

    def store_of(self, terminal: str) -> str:
        """Return the store a terminal is enrolled in."""
        return self._base.store_of(terminal)

    def policy(self, store: str) -> Policy:
        """Return the policy that the store works under."""
        return self._base.policy(store)

    def manifest(self, module: str) -> Manifest | None:
        """Return a module's manifest; None for one that was never here."""
        return self._base.manifest(module)

    def flow(self, name: str, pin: str = "") -> Flow | None:
        """Return a flow by the pin of a payment, or the newest for new payments."""
        return self._base.flow(name, pin)


def moves_of(transfers: Sequence[Transfer]) -> list[tuple[str, str, int]]:
    """Return (account, currency, debits less credits) of what is posted; holds and voids are not."""
    moves: dict[tuple[str, str], int] = {}
    for transfer in transfers:
        if transfer.phase in (Phase.HOLD, Phase.VOID):
            continue
        debit, credit = (transfer.debit, transfer.currency), (transfer.credit, transfer.currency)
        moves[debit] = moves.get(debit, 0) + transfer.amount
        moves[credit] = moves.get(credit, 0) - transfer.amount
    return [(account, currency, amount) for (account, currency), amount in moves.items()]


def transaction_key(record: Record) -> str:
    """Return the ledger's key of what a record books."""
    return f"{record.terminal}/{record.epoch}/{record.sequence}"
