"""The till's journal: append-only, hash-chained, gap-free, one writer.

    append    facts in, records out, in one durable transaction with whatever belongs to them
    records   the bytes above the broker's high-water: the outbox is no second table

Times, sequence and hashes are filled in here, inside the transaction, from the chain's own row: two
programs on one file could not fork the chain even if the folder's lock failed.
Source: decisions.md "Record", house.md "journal", clerk-and-courier.md 2.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from pos.store.basket import Basket
from pos.store.chains import FROM_NOT_AT_REST, Chains
from pos.store.database import Database
from pos.store.papers import Paper, Papers
from pos.store.refunds import Refunds
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    AttemptParked,
    Fact,
    decode_fact,
    encode_fact,
)
from protocols.journal import Record, decode_record, encode_record, record_hash
from protocols.ports import Clock

RECORDS_READ_MAX: Final = 500
"""The most records that one reading returns; as many as a batch holds."""
INTENTS_READ_MAX: Final = 50
"""Intents looked through at one go for the one of an attempt in doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record before the store fills in terminal, epoch, sequence, previous hash and times."""

    fact: Fact
    actor: str
    approver: str | None = None
    attempt: str | None = None
    business_date: str = ""
    currency: str = "KRW"
    amount: int = 0
    references: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An attempt to pay whose result nobody knows."""

    intent: Record
    told: bool
    """Whether the journal says so; otherwise the till ended before it could say anything."""
    parked: bool = False
    """Whether somebody has set it aside, so that the sale could go on."""

    @property
    def key(self) -> str:
        """Return the attempt key."""
        assert self.intent.attempt, "an intent carries its key"
        return self.intent.attempt

    @property
    def order(self) -> str:
        """Return the sale: the key without its letter."""
        return self.key.rpartition("-")[0]

    @property
    def holds(self) -> bool:
        """Tell whether it holds the counter: its sale waits for it, and nobody has set it aside."""
        return not (self.parked or self.fact.repays or self.fact.service not in ("", "void"))

    @property
    def fact(self) -> AttemptOpened:
        """Return what the intent says."""
        fact = decode_fact(self.intent.kind, self.intent.body)
        assert isinstance(fact, AttemptOpened)
        return fact


class Ending(Enum):
    """What an append does to the open sale."""

    KEEP_BASKET = "keep"
    CLEAR_BASKET = "clear"


class Journal:
    """The table of records, and what is derived from them in the same transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._chains = Chains(database)
        self._papers = Papers(database)
        self._basket = Basket(database)
        self._refunds = Refunds(database)

    def append(
        self, drafts: Sequence[Draft], papers: Sequence[Paper], ending: Ending
    ) -> list[Record]:
        """Make facts, their papers and the end of the basket durable together.

        A paper that is not an X shows the last record, a copy what it showed before. Raises: StoreError, nothing happened.
        """
        with self._database.transaction():
            chain = self._chains.current()
            at_ns, monotonic_ns = self._clock.now_ns(), self._clock.monotonic_ns()
            sequence, head = chain.sequence, chain.head
            records: list[Record] = []
            for draft in drafts:
                sequence += 1
                record = Record(
                    terminal=chain.terminal,
                    epoch=chain.epoch,
                    sequence=sequence,
                    previous=head,
                    kind=draft.fact.kind,
                    actor=draft.actor,
                    approver=draft.approver,
                    attempt=draft.attempt,
                    at_ns=at_ns,
                    monotonic_ns=monotonic_ns,
                    business_date=draft.business_date,
                    currency=draft.currency,
                    amount=draft.amount,
                    references=draft.references,
                    body=encode_fact(draft.fact),
                )
                head = self._insert(chain.number, record, draft.fact)
                records.append(record)
            self._chains.advance(chain.number, sequence, head)
            for paper in papers:
                shown = 0 if paper.form == "x" else paper.sequence or sequence
                self._papers.add(replace(paper, sequence=shown, at_ns=paper.at_ns or at_ns))
            if ending is Ending.CLEAR_BASKET:
                self._basket.clear()
        assert sequence == chain.sequence + len(drafts), "the chain has no gap"
        return records

    def records(self, after: int, limit: int) -> list[bytes]:
        """Return the bytes of the written chain's records above a sequence number, in order."""
        return self._bytes(
            "SELECT bytes FROM record WHERE chain = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            (self._chains.current().number, after, min(limit, RECORDS_READ_MAX)),
        )

    def newest(self, kind: str) -> Record | None:
        """Return the newest record of a kind, over all chains."""
        found = self._bytes(
            "SELECT bytes FROM record WHERE kind = ? ORDER BY position DESC LIMIT 1", (kind,)
        )
        return decode_record(found[0]) if found else None

    def since_newest(self, kind: str) -> list[Record]:
        """Return the newest record of a kind and all that follow it, over all chains."""
        found = self._bytes(
            "SELECT bytes FROM record WHERE position >="
            " (SELECT max(position) FROM record WHERE kind = ?) ORDER BY position",
            (kind,),
        )
        return [decode_record(data) for data in found]

    def doubts(self) -> list[Doubt]:
        """Return all attempts whose result nobody knows, those without any word on it first."""
        rows = self._database.rows(
            f"SELECT key, state, position {FROM_NOT_AT_REST}"
            " AND state IN ('opened', 'unknown', 'parked') ORDER BY state, position"
        )
        found = []
        for key, state, position in rows:
            assert isinstance(key, str) and isinstance(position, int)
            intent = self._intent(key, position)
            if intent is not None:
                told, parked = state != "opened", state == "parked"
                found.append(Doubt(intent=intent, told=told, parked=parked))
        return found

    def owed(self) -> list[Doubt]:
        """Return the attempts that came too late and are to be paid back, oldest first.

        One whose repayment is in doubt is not: that is found out first.
        """
        under_way = {doubt.fact.repays for doubt in self.doubts()}
        rows = self._database.rows(
            f"SELECT key, position {FROM_NOT_AT_REST} AND state = 'owed' ORDER BY position"
        )
        intents = [
            self._intent(key, position)
            for key, position in rows
            if isinstance(key, str) and isinstance(position, int)
        ]
        return [
            Doubt(intent=intent, told=True)
            for intent in intents
            if intent is not None and intent.attempt not in under_way
        ]

    def _intent(self, key: str, last: int) -> Record | None:
        """Return the intent of an attempt; it stands shortly before the last word on it."""
        while True:
            rows = self._database.rows(
                "SELECT bytes, position FROM record WHERE kind = ? AND position <= ?"
                " ORDER BY position DESC LIMIT ?",
                (AttemptOpened.kind, last, INTENTS_READ_MAX),
            )
            for data, position in rows:
                assert isinstance(data, bytes) and isinstance(position, int)
                record = decode_record(data)
                if record.attempt == key:
                    return record
                last = position - 1
            if len(rows) < INTENTS_READ_MAX:
                return None

    def peer(self, key: str) -> str | None:
        """Return what the intent of an attempt said of its peer; None for one without an intent here."""
        last = self._database.number("SELECT position FROM attempt WHERE key = ?", (key,))
        intent = self._intent(key, last) if last else None
        return None if intent is None else Doubt(intent=intent, told=True).fact.peer

    def last_sale_number(self, business_date: str) -> int:
        """Return the last sale number that the journal holds of a business date, or 0."""
        return self._database.number(
            "SELECT last FROM sale_number WHERE business_date = ?", (business_date,)
        )

    def _bytes(self, sql: str, parameters: Sequence[int | str]) -> list[bytes]:
        rows = self._database.rows(sql, parameters)
        return [data for (data,) in rows if isinstance(data, bytes)]

    def _insert(self, chain: int, record: Record, fact: Fact) -> bytes:
        data = encode_record(record)
        digest = record_hash(data)
        position = self._database.execute(
            "INSERT INTO record (chain, sequence, kind, business_date, bytes, hash)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (chain, record.sequence, record.kind, record.business_date, data, digest),
        )
        match fact:
            case AttemptOpened():
                self._note_attempt(record.attempt, "opened", position)
                if fact.refunds:
                    self._refunds.open(record.attempt or "", fact.refunds, fact.amount)
            case AttemptClosed():
                self._note_result(record.attempt, fact, position)
            case AttemptParked():
                self._note_attempt(record.attempt, "parked", position)
            case _:
                pass
        sale = getattr(fact, "sale", 0)
        if record.business_date and sale:
            self._database.execute(
                "INSERT INTO sale_number (business_date, last) VALUES (?, ?) ON CONFLICT"
                " (business_date) DO UPDATE SET last = max(last, excluded.last)",
                (record.business_date, sale),
            )
        return digest

    def _note_result(self, key: str | None, fact: AttemptClosed, position: int) -> None:
        """Keep what a result makes of its attempt, and of the one whose money it gives back."""
        state: str = "owed" if fact.late else fact.outcome
        parked = self._state(key) == "parked"
        if state == "unknown" and parked:
            state = "parked"
        self._note_attempt(key, state, position)
        if fact.service in ("refund", "void"):
            self._refunds.close(key or "", fact.outcome)
        if fact.service == "void" and parked and fact.outcome in ("declined", "not_sent"):
            # Its sale went on as if the money had gone back: it is the customer's still.
            self._database.execute(
                "UPDATE attempt SET state = 'owed' WHERE key = ?", (fact.refunds,)
            )
        if fact.repays and fact.outcome == "approved":
            self._database.execute(
                "UPDATE attempt SET state = 'repaid' WHERE key = ?", (fact.repays,)
            )

    def _state(self, key: str | None) -> str:
        row = self._database.row("SELECT state FROM attempt WHERE key = ?", (key,))
        return str(row[0]) if row else ""

    def _note_attempt(self, key: str | None, state: str, position: int) -> None:
        assert key, "a fact about an attempt carries its key"
        self._database.execute(
            "INSERT INTO attempt (key, state, position) VALUES (?, ?, ?) ON CONFLICT (key)"
            " DO UPDATE SET state = excluded.state, position = excluded.position",
            (key, state, position),
        )
