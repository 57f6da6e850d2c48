"""The table of ips/store/sqlite/0009.sql: one statement for each thing that is written, and look-ups.

Look-ups see what was flushed to the transaction that is open.
"""

from typing import Final, Literal, NamedTuple

from ips.received import Asks
from ips.store.rows import OwnRow

State = Literal["open", "approved", "declined", "reversing", "reversed", "advising"]
WAITING: Final = ("reversing", "advising")
"""States in which the bank is still to be told something."""


class ExchangeRow(NamedTuple):
    """One thing that was asked of a bank."""

    id: int
    key: str
    bank: str
    operation: str
    payment: str
    merchant: str
    amount: int
    currency: str
    kept: bytes
    state: State
    code: str = ""
    """The bank's answer, field 39."""
    approval: str = ""
    why: str = ""
    tries: int = 0
    """How often its reversal or advice was sent."""
    at_ns: int = 0
    changed_ns: int = 0
    batch: int = 0
    undone_batch: int = 0


class SettlementRow(NamedTuple):
    """A shop's totals, ours beside the bank's."""

    id: int
    bank: str
    merchant: str
    terminal: str
    currency: str
    ours: str
    """Eight sums, commas between."""
    theirs: str = ""
    code: str = ""
    state: Literal["asked", "agreed", "differs"] = "asked"
    tries: int = 0
    at_ns: int = 0


def find(store: Asks, key: str) -> ExchangeRow | None:
    """Return what was asked under a key."""
    rows = store.ask("SELECT * FROM bank_exchange WHERE key = ?", (key,))
    return ExchangeRow._make(rows[0]) if rows else None


def refunded(store: Asks, payment: str) -> int:
    """Return what went back on a payment, or may have."""
    rows = store.ask(
        "SELECT coalesce(sum(amount), 0) FROM bank_exchange WHERE payment = ? "
        "AND operation = 'refund' AND state IN ('open', 'approved')",
        (payment,),
    )
    return int(rows[0][0])


def next_id(store: Asks) -> int:
    """Return the number of the next exchange."""
    return int(store.ask("SELECT coalesce(max(id), 0) + 1 FROM bank_exchange")[0][0])


def waiting(store: Asks, bank: str) -> list[ExchangeRow]:
    """Return what a bank is still to be told, the oldest first."""
    rows = store.ask(
        "SELECT * FROM bank_exchange WHERE bank = ? AND state IN ('reversing', 'advising') "
        "ORDER BY id LIMIT 100",
        (bank,),
    )
    return [ExchangeRow._make(row) for row in rows]


def unanswered(store: Asks, bank: str) -> list[ExchangeRow]:
    """Return what was asked of a bank and has no answer."""
    rows = store.ask(
        "SELECT * FROM bank_exchange WHERE bank = ? AND state = 'open' ORDER BY id", (bank,)
    )
    return [ExchangeRow._make(row) for row in rows]


def offline(store: Asks, bank: str) -> tuple[int, int, int]:
    """Return (count, amount, oldest at_ns) of what was approved without a bank and waits for it."""
    rows = store.ask(
        "SELECT count(*), coalesce(sum(amount), 0), coalesce(min(at_ns), 0) FROM bank_exchange "
        "WHERE bank = ? AND state = 'advising' AND why = 'offline'",
        (bank,),
    )
    count, amount, oldest_ns = rows[0]
    return count, amount, oldest_ns


def open_batch(store: Asks, bank: str, merchant: str) -> int:
    """Return the number of a shop's batch that is open at a bank: the newest settlement's and one more."""
    rows = store.ask(
        "SELECT count(*) FROM bank_settlement WHERE (bank, merchant) = (?, ?) AND state = 'agreed'",
        (bank, merchant),
    )
    return int(rows[0][0]) + 1


def sums(
    store: Asks, bank: str, merchant: str, currency: str
) -> dict[tuple[str, bool], tuple[int, int]]:
    """Return (count, amount) by operation and whether it was undone, of the open batch."""
    batch = open_batch(store, bank, merchant)
    found: dict[tuple[str, bool], tuple[int, int]] = {}
    for column, undone in (("batch", False), ("undone_batch", True)):
        rows = store.ask(
            f"SELECT operation, count(*), sum(amount) FROM bank_exchange WHERE {column} = ? "  # noqa: S608  our own words
            "AND (bank, merchant, currency) = (?, ?, ?) GROUP BY operation",
            (batch, bank, merchant, currency),
        )
        found |= {(operation, undone): (count, amount) for operation, count, amount in rows}
    return found


def settlement(store: Asks, bank: str) -> SettlementRow | None:
    """Return the settlement that a bank has not answered yet."""
    rows = store.ask(
        "SELECT * FROM bank_settlement WHERE bank = ? AND state = 'asked' ORDER BY id LIMIT 1",
        (bank,),
    )
    return SettlementRow._make(rows[0]) if rows else None


def last_settlement(store: Asks, bank: str, merchant: str = "") -> SettlementRow | None:
    """Return a shop's newest settlement, or any shop's."""
    rows = store.ask(
        "SELECT * FROM bank_settlement WHERE bank = ? AND ? IN (merchant, '') ORDER BY id DESC LIMIT 1",
        (bank, merchant),
    )
    return SettlementRow._make(rows[0]) if rows else None


def paid(store: Asks, payment: str) -> int:
    """Return what the bank has paid for a payment, before refunds."""
    rows = store.ask(
        "SELECT coalesce(sum(amount), 0) FROM bank_exchange WHERE payment = ? "
        "AND operation IN ('authorise', 'capture') AND state IN ('approved', 'advising')",
        (payment,),
    )
    return int(rows[0][0])


def left(store: Asks, payment: str) -> int:
    """Return what of a payment can still go back."""
    return paid(store, payment) - refunded(store, payment)


def is_whole(store: Asks, row: ExchangeRow, amount: int) -> bool:
    """Tell whether so much is all of a payment of which nothing was settled nor given back: it can be undone."""
    return (
        row.operation == "authorise"
        and amount == row.amount == left(store, row.payment)
        and row.batch == open_batch(store, row.bank, row.merchant)
        and settlement(store, row.bank) is None
    )


def insert(row: ExchangeRow) -> OwnRow:
    """Enter what is about to be asked."""
    places = ", ".join("?" * len(row))
    return OwnRow(f"INSERT INTO bank_exchange VALUES ({places})", tuple(row))  # noqa: S608  question marks


def change(row: ExchangeRow) -> OwnRow:
    """Enter what became of it; the schema refuses what cannot be."""
    return OwnRow(
        "UPDATE bank_exchange SET state = ?, code = ?, approval = ?, why = ?, tries = ?, "
        "changed_ns = ?, batch = ?, undone_batch = ? WHERE id = ?",
        (row.state, row.code, row.approval, row.why, row.tries, row.changed_ns, row.batch,
         row.undone_batch, row.id),
    )  # fmt: skip


def ask_settlement(row: SettlementRow) -> OwnRow:
    """Enter that a shop's totals are about to be compared."""
    return OwnRow(
        "INSERT INTO bank_settlement (bank, merchant, terminal, currency, ours, at_ns) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (row.bank, row.merchant, row.terminal, row.currency, row.ours, row.at_ns),
    )


def change_settlement(row: SettlementRow) -> OwnRow:
    """Enter that it is asked once more, or what the bank says."""
    return OwnRow(
        "UPDATE bank_settlement SET theirs = ?, code = ?, state = ?, tries = ? WHERE id = ?",
        (row.theirs, row.code, row.state, row.tries, row.id),
    )
