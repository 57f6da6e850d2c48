"""Receipts and reports on their way to paper: a durable queue that never gates a sale.

waiting --begin--> sending --printed--> printed        kept: no printer is configured
   ^                  |
   +-----retry--------+        a paper found in `sending` at start may have come out: it is sent
                               again as a copy, so that no two originals exist
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, get_args

from pos.store.database import Database, Value
from pos.store.errors import StoreError

Form = Literal[
    "sale",
    "gift",
    "slip",
    "merchant",
    "declined",
    "repaid",
    "refund",
    "void",
    "change",
    "purse",
    "statement",
    "x",
    "z",
    "situation",
    "test",
]
RECEIPTS: Final[tuple[Form, ...]] = ("sale", "refund", "void", "change", "purse")
"""What a customer gets for money that moved: each has its sale number, and can come out again."""
_FORMS: Final[dict[str, Form]] = {form: form for form in get_args(Form)}


class PaperState(StrEnum):
    """Where a paper is."""

    WAITING = "waiting"
    SENDING = "sending"
    PRINTED = "printed"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One receipt or report; `body` is the MessagePack of the fact or the situation it shows."""

    number: int = 0
    """Given by the store."""
    form: Form
    body: bytes
    actor: str
    business_date: str
    sale: int = 0
    sequence: int = 0
    """Of the journal record that it shows; 0 for an X, which is no record."""
    at_ns: int = 0
    copy: int = 0
    """0 is the original, n the n-th copy; of gift receipts and refusals the first is 1."""
    state: PaperState = PaperState.WAITING


_COLUMNS = "number, form, body, actor, business_date, sale, sequence, at_ns, copy, state"


class Papers:
    """The table of papers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, paper: Paper) -> int:
        """Add a paper and return its number. Raises: StoreError."""
        with self._database.transaction():
            return self._database.execute(
                "INSERT INTO paper (form, body, actor, business_date, sale, sequence, at_ns, copy, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    paper.form,
                    paper.body,
                    paper.actor,
                    paper.business_date,
                    paper.sale,
                    paper.sequence,
                    paper.at_ns,
                    paper.copy,
                    paper.state,
                ),
            )

    def next(self) -> Paper | None:
        """Return the oldest paper that waits, or None."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM paper WHERE state = 'waiting' ORDER BY number LIMIT 1"  # noqa: S608 our own column names
        )
        return None if row is None else _paper(row)

    def waiting(self) -> int:
        """Return how many papers have not come out yet."""
        return self._database.number(
            "SELECT count(*) FROM paper WHERE state IN ('waiting', 'sending')"
        )

    def move(self, number: int, state: PaperState) -> None:
        """Put a paper into a state. Raises: StoreError."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE paper SET state = ? WHERE number = ?", (state.value, number)
            )

    def send_again_as_copy(self, number: int) -> None:
        """Let a paper that may have come out wait again, as the next copy. Raises: StoreError."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE paper SET state = 'waiting', copy = copy + 1 WHERE number = ?", (number,)
            )

    def in_sending(self) -> list[Paper]:
        """Return the papers that were on their way to the printer."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM paper WHERE state = 'sending' ORDER BY number"  # noqa: S608 our own column names
        )
        return [_paper(row) for row in rows]

    def of_sale(
        self, business_date: str, sale: int, forms: Sequence[Form] = ("sale",)
    ) -> Paper | None:
        """Return the newest paper of a sale, its last copy; of sale 0, of the last sale of that date."""
        marks = ", ".join("?" * len(forms))
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM paper WHERE form IN ({marks}) AND business_date = ?"  # noqa: S608 our own names and marks
            " AND (? = 0 OR sale = ?) ORDER BY sale DESC, sequence DESC, copy DESC LIMIT 1",
            (*forms, business_date, sale, sale),
        )
        return None if row is None else _paper(row)

    def newest(self, form: Form) -> Paper | None:
        """Return the newest paper of a form, or None."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM paper WHERE form = ? ORDER BY number DESC LIMIT 1",  # noqa: S608 our own column names
            (form,),
        )
        return None if row is None else _paper(row)


def _paper(row: tuple[Value, ...]) -> Paper:
    match row:
        case (
            int(number),
            str(form),
            bytes(body),
            str(actor),
            str(business_date),
            int(sale),
            int(sequence),
            int(at_ns),
            int(copy),
            str(state),
        ) if form in _FORMS:
            return Paper(
                number=number,
                form=_FORMS[form],
                body=body,
                actor=actor,
                business_date=business_date,
                sale=sale,
                sequence=sequence,
                at_ns=at_ns,
                copy=copy,
                state=PaperState(state),
            )
        case _:
            raise StoreError(f"a paper row is not of its shape: {row!r}")
