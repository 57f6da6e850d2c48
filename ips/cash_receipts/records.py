"""Cash receipts on their way to the agent, as the database keeps them.

issue:   waiting -> asked -> approved | refused      pending between, where the agent takes its time
cancel:  the same, once its receipt is approved;     needless where that never was
by_hand: no number to send: a person has it approved and is asked to
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

from ips.store.group import Group
from ips.store.rows import OwnRow, QuestionRow

State = Literal["waiting", "asked", "pending", "approved", "refused", "by_hand", "needless"]
OPEN: Final = ("waiting", "asked", "pending")


class Asks(Protocol):
    """A store, or a reader beside it."""

    def ask(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query. Raises: StoreError."""
        ...


class RequestRow(NamedTuple):
    """One request to the agent."""

    key: str
    what: Literal["issue", "cancel"]
    of: str
    """Of a cancellation: the receipt's key."""
    order_key: str
    store: str
    terminal: str
    epoch: int
    sequence: int
    business_date: str
    purpose: str
    shown: str
    sealed: bytes
    amount: int
    vat: int
    state: State
    approval: str
    approved_on: str
    reason: str
    tries: int
    due_ns: int
    changed_ns: int


_COLUMNS: Final = ", ".join(RequestRow._fields)
_MARKS: Final = ", ".join("?" * len(RequestRow._fields))
_ADD: Final = f"INSERT OR IGNORE INTO cash_receipt ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608  our own words
_CHANGE: Final = (
    "UPDATE cash_receipt SET sealed = ?, state = ?, approval = ?, approved_on = ?, reason = ?,"
    " tries = ?, due_ns = ?, changed_ns = ? WHERE key = ?"
)


def issue_key(order: str) -> str:
    """Return the key of the receipt that a sale asked for as it was closed."""
    return f"{order}-cr"


def requests(shelves: Asks, tail: str, values: Sequence[object] = ()) -> list[RequestRow]:
    """Return requests; `tail` is everything after FROM, with ? for each value."""
    rows = shelves.ask(f"SELECT {_COLUMNS} FROM cash_receipt {tail}", values)  # noqa: S608  our own words
    return [RequestRow._make(row) for row in rows]


def request(shelves: Asks, key: str) -> RequestRow | None:
    """Return one request."""
    found = requests(shelves, "WHERE key = ?", (key,))
    return found[0] if found else None


def due(shelves: Asks, now_ns: int, limit: int) -> list[RequestRow]:
    """Return what is to be sent or asked about now, the longest due first; receipts before cancellations."""
    tail = "WHERE state IN ('waiting', 'asked', 'pending') AND due_ns <= ? ORDER BY due_ns, what DESC, key LIMIT ?"
    return requests(shelves, tail, (now_ns, limit))


def of_order(shelves: Asks, order: str) -> list[RequestRow]:
    """Return a sale's receipts, and the cancellations of them in the order of their keys."""
    return requests(shelves, "WHERE order_key = ? ORDER BY what DESC, key", (order,))


def add(group: Group, row: RequestRow) -> None:
    """Add a request; one that is known stays as it is."""
    group.changes.own.append(OwnRow(_ADD, tuple(row)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Work: a request as it is now; with a question, where a person has to look at it."""

    row: RequestRow
    asked: QuestionRow | None = None

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 512

    @property
    def is_batch(self) -> bool:
        """Answer with the online requests."""
        return False

    def apply(self, group: Group) -> None:
        """Write it."""
        row = self.row
        values = (
            row.sealed, row.state, row.approval, row.approved_on, row.reason, row.tries, row.due_ns, group.now_ns, row.key,
        )  # fmt: skip
        group.changes.own.append(OwnRow(_CHANGE, values))
        if self.asked is not None:
            group.ask(self.asked)
