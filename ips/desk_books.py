"""The desk's way to the writer: decisions as work, records as they are durable now.

A decision of the payment desk runs in the writer, on a group's own books, and is written with what
it books; the nonce of the request that asked goes into the same commit, so that a request captured
on the wire is refused even after a restart.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ips.bookkeeping import Clerk, Practice, bound_question, put_fact, question_row
from ips.books import Booking, RefundRecord
from ips.desk import Decision, is_short
from ips.payments import PaymentRecord, Refusal
from ips.scrub import mask_secrets
from ips.store.errors import StoreError
from ips.store.group import Group, PoisonError
from ips.store.reader import Reader
from ips.store.rows import NonceRow, NoteRow
from ips.writer import BusyError, Writes

log = logging.getLogger("ips.desk_books")
NOTE_FIELDS_MAX: Final = 64
NOTE_TEXT_MAX: Final = 4_096
_PAYMENT: Final = msgspec.msgpack.Decoder(PaymentRecord)
_REFUND: Final = msgspec.msgpack.Decoder(RefundRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionWork:
    """A decision on its way through the writer."""

    decide: Decision
    short: Decision | None = None
    """What is decided where an account of the broker's own does not hold that much."""
    practice: Practice = field(repr=False)
    nonce: NonceRow | None = None

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 2_048

    @property
    def is_batch(self) -> bool:
        """Online: before batches."""
        return False

    def apply(self, group: Group) -> Booking | Refusal:
        """Decide on the group's books and leave what was decided there."""
        if self.nonce is not None:
            group.changes.nonces.append(self.nonce)
        clerk = Clerk(group, self.practice)
        decided = self.decide(clerk.books)
        if isinstance(decided, Refusal):
            return decided
        if self.short is not None and is_short(decided, clerk.books):
            decided = self.short(clerk.books)
            if isinstance(decided, Refusal):
                return decided
        for account in put_fact(clerk, decided):
            group.ask(bound_question(None, account, decided.key, group.now_ns))
        for each in decided.questions:
            group.ask(question_row(None, each, group.now_ns))
        clerk.finish()
        return decided


class DeskBooks:
    """Implements `ips.desk.BookWriter` over the writer and a reader."""

    def __init__(
        self, writer: Writes, reader: Reader, practice: Practice, nonce: NonceRow | None = None
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._practice = practice
        self._nonce = nonce

    async def write(self, decide: Decision, short: Decision | None = None) -> Booking | Refusal:
        """Run a decision and write what it answers; durable on return."""
        nonce, self._nonce = self._nonce, None
        work = DecisionWork(decide=decide, short=short, practice=self._practice, nonce=nonce)
        return await self._writer.run(work)

    async def payment(self, key: str) -> PaymentRecord | None:
        """Return a payment as it is durable now."""
        row = self._reader.payment(key)
        return None if row is None else _PAYMENT.decode(row.record)

    async def refund(self, key: str) -> RefundRecord | None:
        """Return a refund as it is durable now."""
        row = self._reader.refund(key)
        return None if row is None else _REFUND.decode(row.record)

    async def due(
        self, now_ns: int, limit: int
    ) -> tuple[Sequence[PaymentRecord], Sequence[RefundRecord]]:
        """Return what has a deadline at or before now, the oldest first."""
        payments = self._reader.payments_due(now_ns, limit)
        refunds = self._reader.refunds_due(now_ns, limit)
        return (
            [_PAYMENT.decode(row.record) for row in payments],
            [_REFUND.decode(row.record) for row in refunds],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWork:
    """A module's note on its way through the writer."""

    key: str
    event: str
    fields: dict[str, str]

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 1_024

    @property
    def is_batch(self) -> bool:
        """Behind nothing."""
        return False

    def apply(self, group: Group) -> None:
        """Leave it under the module that the key belongs to."""
        payment = group.payment(self.key)
        refund = group.refund(self.key) if payment is None else None
        module = payment.module if payment else refund.method if refund else ""
        data = msgspec.json.encode(self.fields).decode()
        group.changes.notes.append(NoteRow(module, self.key, self.event, data, group.now_ns))


class StoredJournal:
    """Modules' own notes in the store. Implements `ips.spi.ModuleJournal`.

    A note is handed to the writer at once and durable soon after; money never waits for it.
    """

    def __init__(self, writer: Writes, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: dict[str, list[NoteWork]] = {}

    def note(self, key: str, event: str, fields: Mapping[str, str]) -> None:
        """Write down what passed under a key, masked."""
        kept = {
            name: mask_secrets(f"{name}={value}")[len(name) + 1 :][:NOTE_TEXT_MAX]
            for name, value in list(fields.items())[:NOTE_FIELDS_MAX]
        }
        work = NoteWork(key=key, event=mask_secrets(event), fields=kept)
        self._pending.setdefault(key, []).append(work)
        task = asyncio.get_running_loop().create_task(self._write(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def notes(self, key: str) -> list[tuple[str, Mapping[str, str]]]:
        """Return what was written under a key, oldest first, notes on their way included."""
        written: list[tuple[str, Mapping[str, str]]] = [
            (row.event, msgspec.json.decode(row.fields, type=dict[str, str]))
            for row in self._reader.notes(key)
        ]
        return written + [(work.event, work.fields) for work in self._pending.get(key, ())]

    async def _write(self, work: NoteWork) -> None:
        try:
            await self._writer.run(work)
        except (BusyError, PoisonError, StoreError) as error:
            log.error("note.lost", extra={"key": work.key, "error": str(error)})
        finally:
            pending = self._pending[work.key]
            pending.remove(work)
            if not pending:
                del self._pending[work.key]
