"""Which chain is written, and what the broker has of it.

A chain is one life of one terminal: (terminal, epoch). Before a till joins a broker it writes the
chain of its configured name, epoch 1; if the broker gives it the same name and epoch, the chain goes
on and everything sold before joining is uploaded too. Another name or epoch begins a new chain; an
ended one never comes back.
Source: protocols.journal, broker.md 3.3.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pos.store.database import Database
from pos.store.errors import StoreError
from protocols.batch import BatchAccepted
from protocols.journal import genesis


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who this terminal is; before it has joined a broker, the name from its configuration."""

    terminal: str
    epoch: int = 1
    certificate: bytes = b""
    """MessagePack of protocols.enrolment.Certificate as signed; empty while alone."""
    signature: bytes = b""


class Acknowledged(Enum):
    """What became of a broker's answer."""

    TAKEN = "taken"
    DISAGREES = "disagrees"
    """The broker's head of our chain is not ours: nothing was noted; somebody must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """The four numbers of the queue screen."""

    waiting: int
    sent: int
    in_doubt: int
    questioned: int
    owed: int = 0
    """Payments that came too late and were not paid back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """What the broker asks about one record."""

    sequence: int
    code: str
    sentence_ko: str
    sentence_en: str


@dataclass(frozen=True, slots=True)
class ChainRow:
    """A chain as it stands."""

    number: int
    terminal: str
    epoch: int
    sequence: int
    head: bytes
    high_water: int


FROM_NOT_AT_REST: Final = (
    "FROM attempt WHERE state IN ('opened', 'pending', 'unknown', 'parked', 'owed')"
)
"""The words of the index attempt_not_at_rest (0003_parked.sql): only a question in these very words is
answered by it, any other reads every attempt that this till ever made."""
_SELECT = "SELECT number, terminal, epoch, sequence, head, high_water FROM chain"


class Chains:
    """The tables of chains and of the broker's questions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> ChainRow:
        """Return the chain that is written."""
        match self._database.row(f"{_SELECT} ORDER BY number DESC LIMIT 1"):
            case (
                int(number),
                str(terminal),
                int(epoch),
                int(sequence),
                bytes(head),
                int(high_water),
            ):
                return ChainRow(number, terminal, epoch, sequence, head, high_water)
            case _:
                raise StoreError("the till's store has no chain: its file is not a till's")

    def all(self) -> list[ChainRow]:
        """Return every chain of this till, oldest first."""
        chains = []
        for row in self._database.rows(f"{_SELECT} ORDER BY number"):
            match row:
                case (int(a), str(b), int(c), int(d), bytes(e), int(f)):
                    chains.append(ChainRow(a, b, c, d, e, f))
                case _:
                    raise StoreError(f"a chain row is not of its shape: {row!r}")
        return chains

    def is_empty(self) -> bool:
        """Return whether no chain was ever begun: the store is new."""
        return self._database.row("SELECT 1 FROM chain") is None

    def begin(self, terminal: str, epoch: int) -> None:
        """Write under this name from now on; the same name as now changes nothing."""
        with self._database.transaction():
            if not self.is_empty():
                current = self.current()
                if (current.terminal, current.epoch) == (terminal, epoch):
                    return
            ended = "SELECT 1 FROM chain WHERE terminal = ? AND epoch = ?"
            if self._database.row(ended, (terminal, epoch)):
                raise StoreError(
                    f"terminal {terminal} epoch {epoch} has ended on this till and cannot be taken "
                    "up again: enrol once more, the broker gives a new epoch"
                )
            self._database.execute(
                "INSERT INTO chain (terminal, epoch, head) VALUES (?, ?, ?)",
                (terminal, epoch, genesis(terminal, epoch)),
            )

    def advance(self, number: int, sequence: int, head: bytes) -> None:
        """Move a chain's head; belongs into the transaction that inserts the records."""
        self._database.execute(
            "UPDATE chain SET sequence = ?, head = ? WHERE number = ?", (sequence, head, number)
        )

    def acknowledge(self, answer: BatchAccepted) -> Acknowledged:
        """Note what the broker has, and what it asks. An older answer takes nothing back."""
        with self._database.transaction():
            chain = self.current()
            ours = self._hash_at(chain, answer.high_water)
            if ours is None or ours.hex() != answer.head:
                return Acknowledged.DISAGREES
            self._database.execute(
                "UPDATE chain SET high_water = max(high_water, ?) WHERE number = ?",
                (answer.high_water, chain.number),
            )
            self._database.execute_many(
                "INSERT OR IGNORE INTO question (chain, sequence, code, sentence_ko, sentence_en)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (chain.number, asked.sequence, asked.code, asked.sentence_ko, asked.sentence_en)
                    for asked in answer.questions
                ],
            )
        return Acknowledged.TAKEN

    def counts(self) -> QueueCounts:
        """Return what is sent, waiting, in doubt and questioned."""
        chain = self.current()
        rows = self._database.rows(f"SELECT state = 'owed', count(*) {FROM_NOT_AT_REST} GROUP BY 1")
        owed = sum(count for is_owed, count in rows if is_owed and isinstance(count, int))
        in_doubt = sum(count for is_owed, count in rows if not is_owed and isinstance(count, int))
        return QueueCounts(
            waiting=chain.sequence - chain.high_water,
            sent=chain.high_water,
            in_doubt=in_doubt,
            owed=owed,
            questioned=self._database.number("SELECT count(*) FROM question WHERE settled = 0"),
        )

    def questions(self, limit: int = 50) -> list[QuestionRow]:
        """Return the open questions, newest first."""
        asked = []
        for row in self._database.rows(
            "SELECT sequence, code, sentence_ko, sentence_en FROM question WHERE settled = 0"
            " ORDER BY chain DESC, sequence DESC LIMIT ?",
            (limit,),
        ):
            match row:
                case (int(sequence), str(code), str(korean), str(english)):
                    asked.append(
                        QuestionRow(
                            sequence=sequence, code=code, sentence_ko=korean, sentence_en=english
                        )
                    )
                case _:
                    raise StoreError(f"a question row is not of its shape: {row!r}")
        return asked

    def settle(self, count: int) -> None:
        """Close the oldest open questions, so many: somebody has signed them off with a Z."""
        self._database.execute(
            "UPDATE question SET settled = 1 WHERE (chain, sequence, code) IN (SELECT chain,"
            " sequence, code FROM question WHERE settled = 0 ORDER BY chain, sequence, code LIMIT ?)",
            (count,),
        )

    def _hash_at(self, chain: ChainRow, sequence: int) -> bytes | None:
        if sequence == 0:
            return genesis(chain.terminal, chain.epoch)
        row = self._database.row(
            "SELECT hash FROM record WHERE chain = ? AND sequence = ?", (chain.number, sequence)
        )
        return row[0] if row is not None and isinstance(row[0], bytes) else None
