"""What a virtual payment terminal remembers through a power cut: one SQLite file, or memory.

    entry     a payment, what reversed it, a refund ...: written before the register hears of it
    request   what a bank was asked, from before it is said until what came of it is written
    undone    what a bank has booked and undone again without an entry here, until the totals are compared
    compared  what the totals of a day, or of more, came to here and at the bank
    counter   the next receipt, trace and batch; whether and how it is registered

A receipt's number has four digits and begins anew after 9999, a trace's six. Of a card nothing is kept but
what its receipt shows. The totals are what lies between two ENDs OF DAY: payments, less what went back.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from protocols.zvt.status import Group, Totals, group_of

Kind = Literal["payment", "reservation", "release", "refund", "reversal"]
"""A release takes off a reservation, a reversal gives a payment back."""
SIGNS: Final[Mapping[Kind, int]] = {"payment": 1, "refund": -1, "reversal": -1}
"""What counts in the totals, and how."""
_PLACES: Final[Mapping[str, int]] = {"refund": 0, "payment": 2, "reversal": 3}
"""Of the four counts and amounts of `Sums`, where each kind is."""
RECEIPT_MAX: Final = 9_999
TRACE_MAX: Final = 999_999
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    receipt INTEGER NOT NULL,
    trace INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'reservation', 'release', 'refund', 'reversal')),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    left_over INTEGER NOT NULL CHECK (left_over BETWEEN 0 AND amount),
    currency INTEGER NOT NULL,
    card TEXT NOT NULL,
    card_type INTEGER NOT NULL,
    card_name TEXT NOT NULL,
    approval TEXT NOT NULL,
    text TEXT NOT NULL,
    date INTEGER NOT NULL,
    time INTEGER NOT NULL,
    exchange TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS request (
    stan INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'refund')),
    amount INTEGER NOT NULL,
    currency INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS undone (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS compared (
    id INTEGER PRIMARY KEY,
    stan INTEGER NOT NULL,
    at TEXT NOT NULL,
    batch INTEGER NOT NULL,
    ours TEXT NOT NULL,
    theirs TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'agreed', 'differs'))
) STRICT;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that has happened."""

    kind: Kind
    amount: int
    left_over: int = 0
    """What of a payment has not gone back yet, of a reservation what is not booked yet."""
    currency: int = 0
    card: str = ""
    """As a terminal says it: E for each digit that it hides."""
    card_type: int = 0
    card_name: str = ""
    approval: str = ""
    text: str = ""
    """What the register wanted on the receipt."""
    date: int = 0
    time: int = 0
    exchange: str = ""
    """The bank's name of it; empty: the terminal has decided by itself."""
    receipt: int = 0
    trace: int = 0
    batch: int = 0


_COLUMNS: Final = tuple(Entry.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a bank was asked, or is to undo."""

    stan: int
    at: str
    """As field 7 said it."""
    kind: Literal["payment", "refund"]
    amount: int
    currency: int

    @property
    def name(self) -> str:
        """Return what names it for ever, as entries keep it."""
        return f"{self.stan}/{self.at}"


Sums = tuple[int, ...]
"""Four counts, then four amounts: refunds, refunds undone, payments, payments undone; fields 74 to 89."""


def net_of(sums: Sums) -> int:
    """Return what the shop gets by such totals."""
    refunds, refunds_undone, payments, payments_undone = sums[4:]
    return payments - payments_undone - refunds + refunds_undone


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The totals since the bank has agreed last, as they were compared with the bank's."""

    stan: int
    at: str
    batch: int
    """The last one in it."""
    ours: Sums
    theirs: Sums = ()
    state: str = "asked"


class Journal:
    """A terminal's memory."""

    def __init__(self, place: Path | None = None) -> None:
        """Raises: sqlite3.Error."""
        self._file = sqlite3.connect(":memory:" if place is None else place, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.executescript(_SCHEMA)

    def close(self) -> None:
        """Leave the file."""
        self._file.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make what is written in here durable together, or not at all."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def counter(self, name: str, default: int = 0) -> int:
        """Return a counter or a setting."""
        row = self._file.execute("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()
        return default if row is None else int(row[0])

    def set_counter(self, name: str, value: int) -> None:
        """Set one."""
        self._file.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, value))

    def next_trace(self) -> int:
        """Return a trace number that was not used before."""
        trace = self.counter("trace") % TRACE_MAX + 1
        self.set_counter("trace", trace)
        return trace

    def add(self, entry: Entry) -> Entry:
        """Write an entry with its numbers; within `writing`."""
        receipt = self.counter("receipt") % RECEIPT_MAX + 1
        self.set_counter("receipt", receipt)
        values = {name: getattr(entry, name) for name in _COLUMNS}
        values |= {"receipt": receipt, "batch": self.counter("batch", 1)}
        values["trace"] = entry.trace or self.next_trace()
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        self._file.execute(f"INSERT INTO entry ({names}) VALUES ({marks})", values)  # noqa: S608 - names of ours
        return Entry(**values)

    def keep(self, request: Request) -> None:
        """Remember what is asked; within `writing`."""
        values = (request.stan, request.at, request.kind, request.amount, request.currency)
        self._file.execute("INSERT INTO request VALUES (?, ?, ?, ?, ?)", values)

    def drop(self, request: Request) -> None:
        """Be done with it; within `writing`."""
        self._file.execute("DELETE FROM request WHERE stan = ?", (request.stan,))

    def requests(self) -> list[Request]:
        """Return what banks were asked and nobody knows the end of, oldest first."""
        rows = self._file.execute(
            "SELECT stan, at, kind, amount, currency FROM request ORDER BY rowid"
        )
        return [
            Request(stan=s, at=a, kind=k, amount=m, currency=c) for s, a, k, m, c in rows.fetchall()
        ]

    def undone(self, request: Request) -> None:
        """Be done with a request that the bank had booked and has undone; within `writing`."""
        self.drop(request)
        known = "SELECT 1 FROM entry WHERE exchange = ?"
        if self._file.execute(known, (request.name,)).fetchone() is None:
            values = (request.kind, request.amount)
            self._file.execute("INSERT INTO undone (kind, amount) VALUES (?, ?)", values)

    def last(self) -> Entry | None:
        """Return what happened last; None where nothing ever has."""
        return next(self._entries("ORDER BY id DESC LIMIT 1"), None)

    def find(self, receipt: int) -> Entry | None:
        """Return the newest payment or reservation with a receipt's number, in the open batch."""
        where = "WHERE receipt = ? AND batch = ? AND kind IN ('payment', 'reservation') ORDER BY id DESC"
        return next(self._entries(where, receipt, self.counter("batch", 1)), None)

    def all_entries(self) -> list[Entry]:
        """Return everything, oldest first."""
        return list(self._entries("ORDER BY id"))

    def take_off(self, entry: Entry, amount: int) -> None:
        """Let so much of an entry have gone back or been booked; within `writing`."""
        self._file.execute(
            "UPDATE entry SET left_over = left_over - ? WHERE receipt = ? AND trace = ?",
            (amount, entry.receipt, entry.trace),
        )

    def grow(self, entry: Entry, amount: int) -> None:
        """Let a payment be so much more: its tip; within `writing`."""
        self._file.execute(
            "UPDATE entry SET amount = amount + ?, left_over = left_over + ? "
            "WHERE receipt = ? AND trace = ?",
            (amount, amount, entry.receipt, entry.trace),
        )

    def close_batch(self) -> None:
        """Begin a new batch; within `writing`."""
        self.set_counter("batch", self.counter("batch", 1) + 1)

    @property
    def comparing(self) -> bool:
        """Say whether a day's totals are still to be compared with the bank's."""
        return bool(self.counter("compare"))

    def comparison(self) -> Comparison | None:
        """Return how the totals were compared last; None where they never were."""
        row = self._file.execute(
            "SELECT stan, at, batch, ours, theirs, state FROM compared ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        stan, at, batch, ours, theirs, state = row
        return Comparison(
            stan=stan, at=at, batch=batch, ours=_sums(ours), theirs=_sums(theirs), state=state
        )

    def begin_comparison(self, at: str) -> Comparison:
        """Write what the totals are since the bank has agreed last; within `writing`."""
        made = Comparison(
            stan=self.next_trace(), at=at, batch=self.counter("compare"), ours=self._bank_sums()
        )
        self._file.execute(
            "INSERT INTO compared (stan, at, batch, ours) VALUES (?, ?, ?, ?)",
            (made.stan, made.at, made.batch, ",".join(map(str, made.ours))),
        )
        return made

    def end_comparison(self, theirs: Sums, *, agreed: bool) -> None:
        """Write what the bank has said to the last one; within `writing`."""
        made = self.comparison()
        assert made is not None, "something was compared"
        self._file.execute(
            "UPDATE compared SET theirs = ?, state = ? WHERE stan = ? AND at = ?",
            (",".join(map(str, theirs)), "agreed" if agreed else "differs", made.stan, made.at),
        )
        self.set_counter("compare", 0)
        if agreed:
            self.set_counter("agreed", made.batch)
            self._file.execute("DELETE FROM undone")

    def _bank_sums(self) -> Sums:
        counts, amounts = [0] * 4, [0] * 4
        between = (self.counter("agreed"), self.counter("compare"))
        entries = "SELECT kind, amount FROM entry WHERE batch > ? AND batch <= ?"
        booked = self._file.execute(entries, between).fetchall()
        undone = self._file.execute("SELECT kind, amount FROM undone").fetchall()
        places = [(_PLACES[kind], amount) for kind, amount in booked if kind in _PLACES]
        for kind, amount in undone:
            # What was undone stands behind what it undid.
            places += [(_PLACES[kind], amount), (_PLACES[kind] + 1, amount)]
        for place, amount in places:
            counts[place] += 1
            amounts[place] += amount
        return (*counts, *amounts)

    def totals(self) -> tuple[Totals, int]:
        """Return what the open batch came to: as a terminal says it, and the sum, which may be negative."""
        groups = dict.fromkeys(Group, (0, 0))
        receipts, net = [], 0
        for entry in self._entries("WHERE batch = ? ORDER BY id", self.counter("batch", 1)):
            sign = SIGNS.get(entry.kind, 0)
            if not sign:
                continue
            receipts.append(entry.receipt)
            count, amount = groups[group_of(entry.card_type)]
            groups[group_of(entry.card_type)] = (count + 1, amount + sign * entry.amount)
            net += sign * entry.amount
        used = {
            group: (count, max(0, amount)) for group, (count, amount) in groups.items() if count
        }
        first, last = (receipts[0], receipts[-1]) if receipts else (0, 0)
        return Totals(first_receipt=first, last_receipt=last, groups=used), net

    def _entries(self, where: str, *values: object) -> Iterator[Entry]:
        rows = self._file.execute(f"SELECT {', '.join(_COLUMNS)} FROM entry {where}", values)  # noqa: S608 - ours
        return (Entry(**dict(zip(_COLUMNS, row, strict=True))) for row in rows.fetchall())


def _sums(text: str) -> Sums:
    return tuple(int(each) for each in text.split(",") if each)
