"""A group: the work of many requests on its way into one commit.

Each piece of work reads and decides here and leaves rows behind; what it adds, the next one sees.
Everything is written at the end in a few statements (vectorised). `attempt` runs a part under a
mark, so that it leaves nothing behind when it fails: the slow path of a group in which something is
poisoned. No engine and no clock is known here.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar

from ips.ledger import Transfer
from ips.store.agreement import Store
from ips.store.balances import Balances
from ips.store.changes import Changes
from ips.store.errors import ConstraintError
from ips.store.rows import (
    AdministrationRow,
    FlowRow,
    LifeRow,
    OutboxRow,
    PaymentEventRow,
    PaymentRow,
    QuestionRow,
    RecordRow,
    RefundRow,
    SaleRow,
    SealRow,
    ShiftRow,
    TerminalRow,
    TransferRow,
)
from ips.store.seal import GENESIS, seal_hash

POISON: Final = (
    ConstraintError,
    ArithmeticError,
    AssertionError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a piece of work may raise that harms nobody but itself."""
Answer = TypeVar("Answer")


class PoisonError(Exception):
    """This piece of work cannot be done; nothing of it was kept. The cause is chained."""


class Group:
    """Work on its way into one commit. Reads are as of now, this group's own rows included."""

    def __init__(
        self,
        store: Store,
        balances: Balances,
        *,
        now_ns: int,
        recent: Mapping[str, PaymentRow] = MappingProxyType({}),
    ) -> None:
        self.store = store
        self.now_ns = now_ns
        self.careful = False
        """Whether this is the slow path: work that has parts tries them one by one."""
        self.changes = Changes()
        self._balances = balances
        self._recent = recent
        self.put_payments: dict[str, PaymentRow] = {}
        """Every payment that was put, as it is at the end."""
        self._records: list[bytes] = []
        self._transfers: list[TransferRow] = []
        self._events: list[PaymentEventRow] = []
        self._start()

    def _start(self) -> None:
        """Forget what was read; the store knows what was written so far."""
        self.changes = Changes()
        self._ids = self.store.counters()
        self._last_record, self._last_transfer, self._last_event = (
            self._ids.record,
            self._ids.transfer,
            self._ids.event,
        )
        self._terminals: dict[str, TerminalRow | None] = {}
        self._lives: dict[tuple[str, int], LifeRow | None] = {}
        self._payments: dict[str, PaymentRow | None] = {}
        self._refunds: dict[str, RefundRow | None] = {}
        self._order_keys: dict[str, dict[str, None]] = {}
        self._put_keys: dict[str, dict[str, None]] = {}
        self._sales: dict[str, SaleRow | None] = {}
        self._shifts: dict[tuple[str, int, int], ShiftRow | None] = {}

    def terminal(self, terminal: str) -> TerminalRow | None:
        """Return a terminal."""
        if terminal not in self._terminals:
            self._terminals[terminal] = self.store.terminal(terminal)
        return self._terminals[terminal]

    def put_terminal(self, row: TerminalRow) -> None:
        """Add or replace a terminal."""
        self._terminals[row.id] = self.changes.terminals[row.id] = row

    def life(self, terminal: str, epoch: int) -> LifeRow | None:
        """Return one life of a terminal."""
        key = (terminal, epoch)
        if key not in self._lives:
            self._lives[key] = self.store.life(terminal, epoch)
        return self._lives[key]

    def put_life(self, row: LifeRow) -> None:
        """Add a life, or move its high-water on."""
        key = (row.terminal, row.epoch)
        self._lives[key] = self.changes.lives[key] = row

    def add_record(
        self, *, terminal: str, epoch: int, sequence: int, kind: str, digest: bytes, data: bytes
    ) -> None:
        """Add a journal record as its terminal wrote it."""
        self._last_record += 1
        row = RecordRow(self._last_record, terminal, epoch, sequence, kind, digest, data)
        self.changes.records.append(row)
        self._records.append(digest)

    def ask(self, row: QuestionRow) -> QuestionRow:
        """Put a question on the work list."""
        self.changes.questions.append(row)
        return row

    def book(self, txn: str, transfers: Sequence[Transfer]) -> None:
        """Move money, all transfers of one transaction or none.

        Raises: BoundError where an account would pass its bound; ConstraintError.
        """
        accounts = self._balances.post(transfers)
        for leg, (each, (debit, credit)) in enumerate(zip(transfers, accounts, strict=True)):
            self._last_transfer += 1
            row = TransferRow(
                self._last_transfer,
                txn,
                leg,
                debit,
                credit,
                each.amount,
                each.currency,
                str(each.phase),
                each.hold,
                each.memo,
            )
            self.changes.transfers.append(row)
            self._transfers.append(row)

    def payment(self, key: str) -> PaymentRow | None:
        """Return a payment."""
        if key not in self._payments:
            self._payments[key] = self._recent.get(key) or self.store.payment(key)
        return self._payments[key]

    def payments_of(self, order_key: str) -> list[PaymentRow]:
        """Return the payments of one sale, oldest first."""
        keys = self._order_keys.get(order_key)
        if keys is None:
            self._know_orders({order_key}, self.store.payments_of(order_key))
            keys = self._order_keys[order_key]
        return [row for key in keys if (row := self.payment(key)) is not None]

    def prefetch(self, keys: set[str], order_keys: set[str]) -> None:
        """Read these payments, and these sales with their payments, in two questions in all."""
        order_keys = {key for key in order_keys if key not in self._order_keys}
        rows = self.store.payments_among(keys, order_keys)
        for key in keys:
            self._payments.setdefault(key, None)
        self._know_orders(order_keys, rows)
        sales = {row.order_key: row for row in self.store.sales_among(order_keys)}
        for key in order_keys:
            self._sales.setdefault(key, sales.get(key))

    def _know_orders(self, order_keys: set[str], rows: Sequence[PaymentRow]) -> None:
        for row in rows:
            if self._payments.get(row.key) is None:
                self._payments[row.key] = self._recent.get(row.key, row)
        for order_key in order_keys:
            self._order_keys[order_key] = {}
        for row in rows:
            if row.order_key in order_keys:
                self._order_keys[row.order_key][row.key] = None
        for order_key in order_keys:
            self._order_keys[order_key].update(self._put_keys.get(order_key, {}))

    def put_flow(self, name: str, pin: str, source: str) -> None:
        """Keep a flow's text, for the payments pinned to it."""
        self.changes.flows[name, pin] = FlowRow(name, pin, source)

    def put_payment(self, row: PaymentRow) -> None:
        """Add or replace a payment."""
        self._payments[row.key] = self.changes.payments[row.key] = row
        self.put_payments[row.key] = row
        self._put_keys.setdefault(row.order_key, {})[row.key] = None
        if row.order_key in self._order_keys:
            self._order_keys[row.order_key][row.key] = None

    def add_payment_event(self, payment: str, number: int, txn: str, event: bytes) -> None:
        """Add an event to a payment's life; the payment is put before or after, in this group.

        `number` counts the payment's events from 1; a number that is taken breaks the schema.
        """
        self._last_event += 1
        row = PaymentEventRow(self._last_event, payment, number, self.now_ns, txn, event)
        self.changes.payment_events.append(row)
        self._events.append(row)

    def refund(self, key: str) -> RefundRow | None:
        """Return a refund."""
        if key not in self._refunds:
            self._refunds[key] = self.store.refund(key)
        return self._refunds[key]

    def put_refund(self, row: RefundRow) -> None:
        """Add or replace a refund."""
        self._refunds[row.key] = self.changes.refunds[row.key] = row

    def sale(self, order_key: str) -> SaleRow | None:
        """Return a closed sale."""
        if order_key not in self._sales:
            self._sales[order_key] = self.store.sale(order_key)
        return self._sales[order_key]

    def put_sale(self, row: SaleRow) -> None:
        """Add or replace a closed sale."""
        self._sales[row.order_key] = self.changes.sales[row.order_key] = row

    def shift(self, terminal: str, epoch: int, shift: int) -> ShiftRow | None:
        """Return what a shift adds up to."""
        key = (terminal, epoch, shift)
        if key not in self._shifts:
            self._shifts[key] = self.store.shift(terminal, epoch, shift)
        return self._shifts[key]

    def put_shift(self, row: ShiftRow) -> None:
        """Add or replace a shift."""
        key = (row.terminal, row.epoch, row.shift)
        self._shifts[key] = self.changes.shifts[key] = row

    def balance(self, account: str, currency: str) -> int:
        """Return debits less credits posted."""
        return self._balances.balance(account, currency)

    def available(self, account: str, currency: str) -> int:
        """Return credits less debits, posted and held: what may still leave a bounded account."""
        return self._balances.available(account, currency)

    def notify(self, topic: str, subject: str, body: bytes) -> None:
        """Put a notification into the outbox."""
        self.changes.outbox.append(OutboxRow(topic, subject, body, self.now_ns))

    def remember(self, actor: str, deed: str, subject: str, *, before: str, after: str) -> None:
        """Log what somebody did to the broker."""
        row = AdministrationRow(self.now_ns, actor, deed, subject, before, after)
        self.changes.administration.append(row)

    def attempt(self, part: Callable[[], Answer]) -> Answer:
        """Run and write a part. Raises: PoisonError, after everything of the part was taken back."""
        self.flush()
        # From here on only the store is right: what this group wrote may be taken back.
        self._recent = {}
        self._start()
        self.store.save()
        marks = len(self._records), len(self._transfers), len(self._events)
        try:
            answer = part()
            self.flush()
        except POISON as error:
            self.store.back()
            self._balances.reset(self.store.counters().account)
            self._start()
            del self._records[marks[0] :], self._transfers[marks[1] :], self._events[marks[2] :]
            raise PoisonError(f"{type(error).__name__}: {error}") from error
        self.store.keep()
        self._start()
        return answer

    def flush(self) -> None:
        """Write what was gathered so far. Raises: ConstraintError, StoreError."""
        self.changes.accounts = self._balances.rows()
        if not self.changes.is_empty():
            self.store.write(self.changes)
            self._balances.written()
            self.changes = Changes()

    def seal(self) -> None:
        """Add the seal over everything that this group added; the last thing before the commit."""
        if not (self._records or self._transfers or self._events):
            return
        before = self.store.last_seal()
        previous = GENESIS if before is None else before.hash
        digest = seal_hash(
            previous,
            self.now_ns,
            record_hashes=self._records,
            transfers=self._transfers,
            events=self._events,
        )
        self.changes.seal = SealRow(
            1 if before is None else before.id + 1,
            previous,
            digest,
            self.now_ns,
            self._last_record,
            self._last_transfer,
            self._last_event,
        )
