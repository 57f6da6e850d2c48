"""The tables of ips/store/sqlite/0005.sql: one statement for each thing that is written, and look-ups.

Look-ups see what was flushed to the transaction that is open. Modules are hexadecimal here.
"""

from typing import Final, NamedTuple

from ips.received import Asks
from ips.store.rows import OwnRow
from protocols.icash.details import DETAILS_BYTES, decode_details

METHOD: Final = "icash"
NONCES_MAX: Final = 16
"""Statements that were asked for and may still be answered, of one module."""


_STATED: Final = (
    "SELECT asked.id, asked.nonce, stated.number, stated.total, stated.open, stated.at_ns "
    "FROM icash_statement AS stated JOIN icash_nonce AS asked ON asked.nonce = stated.nonce"
)


class ReportedRow(NamedTuple):
    """A purchase as a terminal has reported it."""

    td: bytes
    amount: int
    currency: str
    proof: bytes


class StatementRow(NamedTuple):
    """What a module has stated."""

    id: int
    """Of two statements the one that was asked for later has the larger."""
    nonce: bytes
    number: int
    """Of its next purchase."""
    total: int
    open: bytes
    at_ns: int

    def opened(self) -> list[bytes]:
        """Return its open purchases."""
        return [
            self.open[at : at + DETAILS_BYTES] for at in range(0, len(self.open), DETAILS_BYTES)
        ]


class PaidRow(NamedTuple):
    """A purchase that was paid for."""

    td: bytes
    amount: int
    holder: str
    """Empty: the shop."""


def modules(store: Asks) -> list[str]:
    """Return every module that was heard of."""
    rows = store.ask(
        "SELECT device FROM value_taken WHERE method = ? "
        "UNION SELECT module FROM icash_statement ORDER BY 1",
        (METHOD,),
    )
    return [module for (module,) in rows]


def reported(store: Asks, module: str) -> list[ReportedRow]:
    """Return the purchases of a module, in the order in which it made them."""
    rows = store.ask(
        "SELECT details, amount, currency, proof FROM value_taken "
        "WHERE method = ? AND device = ? AND length(details) = ?",
        (METHOD, module, DETAILS_BYTES),
    )
    found = [ReportedRow._make(row) for row in rows]
    return sorted(found, key=lambda row: decode_details(row.td).module_number)


def report(store: Asks, td: bytes) -> ReportedRow | None:
    """Return one purchase."""
    rows = store.ask(
        "SELECT details, amount, currency, proof FROM value_taken WHERE method = ? AND details = ?",
        (METHOD, td),
    )
    return ReportedRow._make(rows[0]) if rows else None


def nonces(store: Asks, module: str) -> list[tuple[int, bytes]]:
    """Return (id, nonce) of the newest statements that were asked of a module, newest first."""
    rows = store.ask(
        "SELECT id, nonce FROM icash_nonce WHERE module = ? ORDER BY id DESC LIMIT ?",
        (module, NONCES_MAX),
    )
    return [(number, nonce) for number, nonce in rows]


def statement(store: Asks, module: str) -> StatementRow | None:
    """Return the newest statement of a module."""
    rows = store.ask(f"{_STATED} WHERE asked.module = ? ORDER BY asked.id DESC LIMIT 1", (module,))
    return StatementRow._make(rows[0]) if rows else None


def statement_of(store: Asks, nonce: bytes) -> StatementRow | None:
    """Return a statement that was taken in before."""
    rows = store.ask(f"{_STATED} WHERE asked.nonce = ?", (nonce,))
    return StatementRow._make(rows[0]) if rows else None


def cleared(store: Asks, module: str) -> dict[bytes, str]:
    """Return the state of every order to clear of a module, by purchase."""
    return dict(store.ask("SELECT td, state FROM icash_cleared WHERE module = ?", (module,)))


def ordered_before(store: Asks, module: str, statement: int) -> list[bytes]:
    """Return what a module was told to forget before this statement was asked for, and has not ended."""
    rows = store.ask(
        "SELECT td FROM icash_cleared WHERE module = ? AND state = 'ordered' AND after < ? "
        "ORDER BY td",
        (module, statement),
    )
    return [td for (td,) in rows]


def cleared_state(store: Asks, td: bytes) -> str:
    """Return the state of one order to clear; nothing when none was made."""
    rows = store.ask("SELECT state FROM icash_cleared WHERE td = ?", (td,))
    return rows[0][0] if rows else ""


def paid(store: Asks, module: str) -> dict[bytes, PaidRow]:
    """Return what was paid for purchases of a module."""
    rows = store.ask("SELECT td, amount, holder FROM icash_paid WHERE module = ?", (module,))
    return {row[0]: PaidRow._make(row) for row in rows}


def doubted_attempts(store: Asks) -> list[str]:
    """Return the keys of the attempts that nobody knows the end of."""
    rows = store.ask(
        "SELECT key FROM payment WHERE module = ? AND state_class = 'doubt' ORDER BY key", (METHOD,)
    )
    return [key for (key,) in rows]


def ask_for(nonce: bytes, module: str, now_ns: int) -> OwnRow:
    """Remember a STATEMENT that was asked for."""
    return OwnRow(
        "INSERT INTO icash_nonce (nonce, module, at_ns) VALUES (?, ?, ?)", (nonce, module, now_ns)
    )


def state(nonce: bytes, module: str, stated: tuple[int, int, bytes], now_ns: int) -> OwnRow:
    """Take in (number, total, open purchases)."""
    return OwnRow(
        "INSERT INTO icash_statement VALUES (?, ?, ?, ?, ?, ?)", (nonce, module, *stated, now_ns)
    )


def clear(td: bytes, module: str, after: int, now_ns: int) -> OwnRow:
    """Remember an order to clear; the same again only moves what it comes after."""
    return OwnRow(
        "INSERT INTO icash_cleared VALUES (?, ?, 'ordered', ?, ?) "
        "ON CONFLICT (td) DO UPDATE SET after = excluded.after WHERE state = 'ordered'",
        (td, module, after, now_ns),
    )


def end_clear(td: bytes, state: str) -> OwnRow:
    """Remember what a statement has shown of an order to clear."""
    return OwnRow("UPDATE icash_cleared SET state = ? WHERE td = ?", (state, td))


def prove(td: bytes, proof: bytes) -> OwnRow:
    """Add a proof that was missing."""
    return OwnRow(
        "UPDATE value_taken SET proof = ? WHERE method = ? AND details = ?", (proof, METHOD, td)
    )


def pay_shop(row: ReportedRow, nonce: bytes, by: str, now_ns: int) -> OwnRow:
    """Enter that a shop was paid. The schema refuses a second time, and what is not proved."""
    module = decode_details(row.td).module.hex()
    return OwnRow(
        "INSERT INTO icash_paid VALUES (?, ?, ?, ?, ?, ?, '', ?, ?)",
        (row.td, module, row.amount, row.currency, row.proof, nonce, by, now_ns),
    )


def pay_holder(row: ReportedRow, holder: str, by: str, now_ns: int) -> OwnRow:
    """Enter that a card's holder was paid back. The schema refuses what a module may have."""
    module = decode_details(row.td).module.hex()
    return OwnRow(
        "INSERT INTO icash_paid VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?)",
        (row.td, module, row.amount, row.currency, row.proof, holder, by, now_ns),
    )
