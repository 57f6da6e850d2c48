"""Look-ups by key over one SQLite connection: the writer's own, or a reader beside it."""

import sqlite3
from collections.abc import Sequence, Set
from typing import Any, NamedTuple, TypeVar

import msgspec

from ips.store.errors import StoreError
from ips.store.rows import (
    AccountRow,
    DocumentRow,
    EnrolmentRow,
    FlowRow,
    LifeRow,
    ModuleRow,
    NonceRow,
    NoteRow,
    PaymentEventRow,
    PaymentRow,
    QuestionRow,
    RecordRow,
    RefundRow,
    SaleRow,
    SealRow,
    SessionRow,
    ShiftRow,
    TerminalRow,
    TransferRow,
)
from protocols.broker import PURSE_COMMANDS
from protocols.documents import Document, DocumentError, Policy, SignedDocument, policy_of
from protocols.malformed import MALFORMED

Row = TypeVar("Row", bound=NamedTuple)


def _json(texts: Set[str]) -> str:
    return msgspec.json.encode(sorted(texts)).decode()


class Counters(NamedTuple):
    """The last number given out, by table."""

    record: int
    account: int
    transfer: int
    event: int


class Reader:
    """Asks for rows. Raises: StoreError, when the database cannot answer."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._policy: tuple[int, Policy] = (0, Policy())

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def rows(
        self, row: type[Row], table: str, tail: str = "", values: Sequence[object] = ()
    ) -> list[Row]:
        """Return rows of a table; `tail` is everything after FROM, with ? for each value."""
        columns = ", ".join(row._fields)
        found = self.ask(f"SELECT {columns} FROM {table} {tail}", values)  # noqa: S608  our own words
        return [row._make(each) for each in found]

    def row(self, kind: type[Row], table: str, tail: str, values: Sequence[object]) -> Row | None:
        """Return the one row, or None."""
        found = self.rows(kind, table, tail, values)
        assert len(found) <= 1, f"a key of {table} names one row"
        return found[0] if found else None

    def ask(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query."""
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"the database cannot answer: {error}") from error

    def terminal(self, terminal: str) -> TerminalRow | None:
        """Return a terminal by its id."""
        return self.row(TerminalRow, "terminal", "WHERE id = ?", (terminal,))

    def terminals(self) -> list[TerminalRow]:
        """Return all terminals, by id."""
        return self.rows(TerminalRow, "terminal", "ORDER BY id")

    def life(self, terminal: str, epoch: int) -> LifeRow | None:
        """Return one life of a terminal."""
        return self.row(LifeRow, "life", "WHERE terminal = ? AND epoch = ?", (terminal, epoch))

    def enrolment(self, terminal: str) -> EnrolmentRow | None:
        """Return the open code of a terminal."""
        return self.row(EnrolmentRow, "enrolment", "WHERE terminal = ?", (terminal,))

    def session(self, key_id: str) -> SessionRow | None:
        """Return a session."""
        return self.row(SessionRow, "session", "WHERE key_id = ?", (key_id,))

    def nonces(self) -> list[NonceRow]:
        """Return the nonces that are remembered."""
        return self.rows(NonceRow, "nonce")

    def records(self, terminal: str, epoch: int, first: int, last: int) -> list[RecordRow]:
        """Return records of one chain, in order."""
        tail = "WHERE terminal = ? AND epoch = ? AND sequence BETWEEN ? AND ? ORDER BY sequence"
        return self.rows(RecordRow, "record", tail, (terminal, epoch, first, last))

    def questions(self, terminal: str, epoch: int, first: int, last: int) -> list[QuestionRow]:
        """Return the unanswered questions about these records."""
        tail = (
            "WHERE terminal = ? AND epoch = ? AND sequence BETWEEN ? AND ? "
            "AND answered_ns IS NULL ORDER BY id"
        )
        return self.rows(QuestionRow, "question", tail, (terminal, epoch, first, last))

    def account(self, name: str, currency: str) -> AccountRow | None:
        """Return an account with its sums."""
        return self.row(AccountRow, "account", "WHERE name = ? AND currency = ?", (name, currency))

    def accounts(self) -> list[AccountRow]:
        """Return all accounts by name, with their sums."""
        return self.rows(AccountRow, "account", "ORDER BY name, currency")

    def hold(self, key: str) -> TransferRow | None:
        """Return a hold that nobody has resolved yet."""
        tail = (
            "WHERE hold = ? AND phase = 'hold' AND NOT EXISTS (SELECT 1 FROM transfer AS resolved "
            "WHERE resolved.hold = transfer.hold AND resolved.phase IN ('settle', 'void'))"
        )
        return self.row(TransferRow, "transfer", tail, (key,))

    def payment(self, key: str) -> PaymentRow | None:
        """Return a payment."""
        return self.row(PaymentRow, "payment", "WHERE key = ?", (key,))

    def payments_of(self, order_key: str) -> list[PaymentRow]:
        """Return the payments of one sale, oldest first."""
        # The index leaves out payments without an order; SQLite has to be told that this is none.
        tail = "WHERE order_key = ? AND order_key <> '' ORDER BY rowid"
        return self.rows(PaymentRow, "payment", tail, (order_key,))

    def payments_among(self, keys: Set[str], order_keys: Set[str]) -> list[PaymentRow]:
        """Return payments that have one of these keys or belong to one of these sales."""
        tail = (
            "WHERE rowid IN ("
            "SELECT payment.rowid FROM json_each(?) AS asked "
            "CROSS JOIN payment ON payment.key = asked.value "
            "UNION SELECT payment.rowid FROM json_each(?) AS asked "
            "CROSS JOIN payment ON payment.order_key = asked.value AND payment.order_key <> '') "
            "ORDER BY rowid"
        )
        return self.rows(PaymentRow, "payment", tail, (_json(keys), _json(order_keys)))

    def sales_among(self, order_keys: Set[str]) -> list[SaleRow]:
        """Return the closed sales that have one of these keys."""
        tail = "WHERE order_key IN (SELECT value FROM json_each(?) AS asked)"
        return self.rows(SaleRow, "sale", tail, (_json(order_keys),))

    def payments_due(self, now_ns: int, limit: int) -> list[PaymentRow]:
        """Return payments that the janitor is to ask about, most urgent first."""
        tail = "WHERE due_ns > 0 AND due_ns <= ? ORDER BY due_ns LIMIT ?"
        return self.rows(PaymentRow, "payment", tail, (now_ns, limit))

    def payments_under_way(self, module: str) -> int:
        """Return how many payments of a module are neither paid nor refused."""
        [[count]] = self.ask(
            "SELECT count(*) FROM payment WHERE module = ? AND open > 0", (module,)
        )
        return int(count)

    def refunds_due(self, now_ns: int, limit: int) -> list[RefundRow]:
        """Return refunds that the janitor is to ask about, most urgent first."""
        tail = "WHERE due_ns > 0 AND due_ns <= ? ORDER BY due_ns LIMIT ?"
        return self.rows(RefundRow, "refund", tail, (now_ns, limit))

    def payment_events(self, key: str) -> list[PaymentEventRow]:
        """Return what happened to a payment, in order."""
        return self.rows(
            PaymentEventRow, "payment_event", "WHERE payment = ? ORDER BY number", (key,)
        )

    def payment_event_count(self, key: str) -> int:
        """Return how many events a payment has."""
        [[count]] = self.ask("SELECT count(*) FROM payment_event WHERE payment = ?", (key,))
        return int(count)

    def flow(self, name: str, pin: str) -> FlowRow | None:
        """Return a flow's text as a payment is pinned to it."""
        return self.row(FlowRow, "flow", "WHERE name = ? AND pin = ?", (name, pin))

    def refund(self, key: str) -> RefundRow | None:
        """Return a refund."""
        return self.row(RefundRow, "refund", "WHERE key = ?", (key,))

    def refunds_of(self, payment: str) -> list[RefundRow]:
        """Return the refunds of one payment."""
        tail = "WHERE payment = ? AND payment <> '' ORDER BY rowid"
        return self.rows(RefundRow, "refund", tail, (payment,))

    def sale(self, order_key: str) -> SaleRow | None:
        """Return a closed sale."""
        return self.row(SaleRow, "sale", "WHERE order_key = ?", (order_key,))

    def shift(self, terminal: str, epoch: int, shift: int) -> ShiftRow | None:
        """Return what a shift adds up to."""
        tail = "WHERE terminal = ? AND epoch = ? AND shift = ?"
        return self.row(ShiftRow, "shift", tail, (terminal, epoch, shift))

    def notes(self, key: str) -> list[NoteRow]:
        """Return what a module wrote under a key, oldest first."""
        return self.rows(NoteRow, "module_note", "WHERE key = ? ORDER BY id", (key,))

    def document(self, name: str) -> DocumentRow | None:
        """Return the newest version of a document."""
        tail = "WHERE name = ? ORDER BY version DESC LIMIT 1"
        return self.row(DocumentRow, "document", tail, (name,))

    def policy(self) -> Policy:
        """Return the newest policy published, or the built-in one; decoded once a version.

        Raises: StoreError, also for a policy that cannot be read.
        """
        [[version]] = self.ask(
            "SELECT coalesce(max(version), 0) FROM document WHERE name = ?", ("policy",)
        )
        if version != self._policy[0]:
            self._policy = (version, self._read_policy())
        return self._policy[1]

    def forget_policy(self) -> None:
        """Read it anew next time: a version that was taken back may come again with another text."""
        self._policy = (0, Policy())

    def _read_policy(self) -> Policy:
        row = self.document("policy")
        if row is None:
            return Policy()
        try:
            signed = msgspec.msgpack.decode(row.signed, type=SignedDocument)
            return policy_of(msgspec.msgpack.decode(signed.document, type=Document))
        except (*MALFORMED, DocumentError) as error:
            raise StoreError(f"policy version {row.version} cannot be read: {error}") from error

    def document_versions(self) -> dict[str, str]:
        """Return the newest version of every document, as terminals name it.

        Beside them stands the number of the newest command for a purse (ips.purse.orders), where there is one.
        """
        found = self.ask(
            "SELECT name, max(version) FROM document GROUP BY name"
            " UNION ALL SELECT ?, max(id) FROM purse_command HAVING max(id) > 0 ORDER BY 1",
            (PURSE_COMMANDS,),
        )
        return {name: str(version) for name, version in found}

    def module(self, name: str) -> ModuleRow | None:
        """Return a payment module's state."""
        return self.row(ModuleRow, "module", "WHERE name = ?", (name,))

    def modules(self) -> list[ModuleRow]:
        """Return the modules that this broker knows of."""
        return self.rows(ModuleRow, "module", "ORDER BY name")

    def last_seal(self) -> SealRow | None:
        """Return the newest seal."""
        return self.row(SealRow, "seal", "ORDER BY id DESC LIMIT 1", ())

    def counters(self) -> Counters:
        """Return the last numbers given out."""
        [found] = self.ask(
            "SELECT (SELECT coalesce(max(id), 0) FROM record), "
            "(SELECT coalesce(max(id), 0) FROM account), "
            "(SELECT coalesce(max(id), 0) FROM transfer), "
            "(SELECT coalesce(max(id), 0) FROM payment_event)"
        )
        return Counters._make(found)
