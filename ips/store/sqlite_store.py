"""The store on SQLite: one file, one writing connection.

Whoever makes one holds the folder's lock. It is a plain object: a program runs it in the writer's
thread, a world in virtual time inline.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from ips.store.changes import Changes
from ips.store.connection import open_writer
from ips.store.errors import ConstraintError, StoreError
from ips.store.migration import check, migrate, steps
from ips.store.reader import Reader
from ips.store.rows import (
    AccountRow,
    EnrolmentRow,
    LifeRow,
    ModuleRow,
    PaymentRow,
    RefundRow,
    SaleRow,
    ShiftRow,
    TerminalRow,
)


def _insert(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608  our own words


def _put(
    table: str, row: type[NamedTuple], key: tuple[str, ...], fixed: tuple[str, ...] = ()
) -> str:
    """Return an insert that replaces all columns but the key and the fixed ones."""
    sets = [f"{name} = excluded.{name}" for name in row._fields if name not in key + fixed]
    return (
        f"{_insert(table, len(row._fields))} "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(sets)}"
    )


_TERMINAL: Final = _put("terminal", TerminalRow, ("id",), ("store", "added_ns"))
_LIFE: Final = _put("life", LifeRow, ("terminal", "epoch"), ("identity", "enrolled_ns"))
_ENROLMENT: Final = _put("enrolment", EnrolmentRow, ("terminal",))
_ACCOUNT: Final = _put("account", AccountRow, ("id",), ("name", "currency", "bound"))
_PAYMENT: Final = _put("payment", PaymentRow, ("key",))
_REFUND: Final = _put("refund", RefundRow, ("key",), ("payment", "amount", "currency"))
_SALE: Final = _put("sale", SaleRow, ("order_key",))
_SHIFT: Final = _put("shift", ShiftRow, ("terminal", "epoch", "shift"))
_MODULE: Final = _put("module", ModuleRow, ("name",))
SESSIONS_OF_TERMINAL_MAX: Final = 4
_TRIM_SESSIONS: Final = (
    "DELETE FROM session WHERE terminal = ? AND key_id NOT IN "
    "(SELECT key_id FROM session WHERE terminal = ? ORDER BY expires_ns DESC LIMIT ?)"
)
_QUESTION: Final = (
    "INSERT INTO question (terminal, epoch, sequence, code, sentence_ko, sentence_en, about, "
    "amount, opened_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_EVIDENCE: Final = (
    "INSERT INTO evidence (terminal, epoch, sequence, known_hash, envelope, signature, at_ns) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_ADMINISTRATION: Final = (
    "INSERT INTO administration (at_ns, actor, deed, subject, before, after) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_NOTE: Final = "INSERT INTO module_note (module, key, event, fields, at_ns) VALUES (?, ?, ?, ?, ?)"
_OUTBOX: Final = "INSERT INTO outbox (topic, subject, body, at_ns) VALUES (?, ?, ?, ?)"


class SqliteStore(Reader):
    """Writes to one SQLite file. Implements `ips.store.agreement.Store`."""

    def __init__(self, path: Path) -> None:
        super().__init__(open_writer(path))
        self._marks = 0

    def migrate(self, *, now_ns: int) -> list[int]:
        """Bring the schema to this program's version; return the steps done."""
        return migrate(self.connection, steps("sqlite"), now_ns=now_ns)

    def check_schema(self) -> None:
        """Raises: SchemaError, if the database is newer than this program."""
        check(self.connection, steps("sqlite"))

    def begin(self) -> None:
        """Begin a transaction, alone with the right to write."""
        self._run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make everything durable."""
        assert self._marks == 0, "every mark is kept or taken back before the commit"
        self._run("COMMIT")

    def rollback(self) -> None:
        """Take everything back."""
        self._marks = 0
        self.forget_policy()
        if self.connection.in_transaction:
            self._run("ROLLBACK")

    def save(self) -> None:
        """Mark this place."""
        self._marks += 1
        self._run(f"SAVEPOINT mark_{self._marks}")

    def keep(self) -> None:
        """Forget the newest mark."""
        self._run(f"RELEASE mark_{self._marks}")
        self._marks -= 1

    def back(self) -> None:
        """Return to the newest mark and forget it."""
        self.forget_policy()
        self._run(f"ROLLBACK TO mark_{self._marks}")
        self.keep()

    def write(self, changes: Changes) -> None:
        """Write rows, parents before children. Raises: ConstraintError, StoreError."""
        try:
            self._write_terminals(changes)
            self._write_journal(changes)
            self._write_money(changes)
            self._write_office(changes)
        except sqlite3.IntegrityError as error:
            raise ConstraintError(str(error)) from error
        except sqlite3.Error as error:
            raise StoreError(f"the database cannot be written: {error}") from error

    def _run(self, sql: str) -> None:
        try:
            self.connection.execute(sql)
        except sqlite3.Error as error:
            raise StoreError(f"{sql.split()[0]} failed: {error}") from error

    def _many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        self.connection.executemany(sql, rows)

    def _write_terminals(self, changes: Changes) -> None:
        if changes.terminals:
            self._many(_TERMINAL, changes.terminals.values())
        if changes.lives:
            self._many(_LIFE, changes.lives.values())
        for terminal, enrolment in changes.enrolments.items():
            if enrolment is None:
                self.connection.execute("DELETE FROM enrolment WHERE terminal = ?", (terminal,))
            else:
                self.connection.execute(_ENROLMENT, enrolment)
        if changes.ended_sessions:
            ended = ((terminal,) for terminal in changes.ended_sessions)
            self._many("DELETE FROM session WHERE terminal = ?", ended)
        if changes.sessions:
            self._many(_insert("session", 5), changes.sessions)
            owners = (
                (row.terminal, row.terminal, SESSIONS_OF_TERMINAL_MAX) for row in changes.sessions
            )
            self._many(_TRIM_SESSIONS, owners)
        if changes.forget_nonces_before:
            self.connection.execute(
                "DELETE FROM nonce WHERE created < ?", (changes.forget_nonces_before,)
            )
        if changes.nonces:
            self._many(_insert("nonce", 3), changes.nonces)

    def _write_journal(self, changes: Changes) -> None:
        if changes.records:
            self._many(_insert("record", 7), changes.records)
        if changes.batches:
            self._many(_insert("batch", 7), changes.batches)
        if changes.evidence:
            self._many(_EVIDENCE, changes.evidence)
        if changes.questions:
            self._many(_QUESTION, changes.questions)

    def _write_money(self, changes: Changes) -> None:
        if changes.accounts:
            self._many(_ACCOUNT, changes.accounts.values())
        if changes.transfers:
            self._many(_insert("transfer", 10), changes.transfers)
        if changes.flows:
            self._many(f"{_insert('flow', 3)} ON CONFLICT DO NOTHING", changes.flows.values())
        if changes.payments:
            self._many(_PAYMENT, changes.payments.values())
        if changes.payment_events:
            self._many(_insert("payment_event", 6), changes.payment_events)
        if changes.refunds:
            self._many(_REFUND, changes.refunds.values())
        if changes.sales:
            self._many(_SALE, changes.sales.values())
        if changes.shifts:
            self._many(_SHIFT, changes.shifts.values())

    def _write_office(self, changes: Changes) -> None:
        if changes.notes:
            self._many(_NOTE, changes.notes)
        if changes.documents:
            self._many(_insert("document", 6), changes.documents)
        if changes.modules:
            self._many(_MODULE, changes.modules.values())
        if changes.administration:
            self._many(_ADMINISTRATION, changes.administration)
        if changes.outbox:
            self._many(_OUTBOX, changes.outbox)
        for sql, values in changes.own:
            self.connection.execute(sql, values)
        if changes.seal is not None:
            self.connection.execute(_insert("seal", 7), changes.seal)
