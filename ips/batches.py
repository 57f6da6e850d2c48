"""Batches of journal records: opened and checked in parallel, judged and stored by the writer.

    body -> open (deflate, msgpack, limits) -> signature -> chain inside -> BatchWork -> answer
            outside the writer, by any number of fronts             inside one commit

The high-water of the terminal's life decides what is new, so a batch may come twice, overlap, or be
cut by a lost answer; it moves in the same transaction as the records and everything booked on them.
Facts have happened and are always accepted: what cannot be booked is stored and asked about.
Source: protocols.batch, broker.md 3.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ips.store.group import Group, PoisonError
from ips.store.rows import BatchRow, EvidenceRow, LifeRow, QuestionRow, TerminalRow
from protocols.batch import (
    BatchAccepted,
    BatchAnswer,
    BatchEpochClosed,
    BatchError,
    BatchFork,
    BatchGap,
    BatchRefused,
    Envelope,
    Question,
    open_batch,
    verify_batch,
)
from protocols.journal import Chain, Record, RecordError, genesis

NUMBER_MAX: Final = 2**53
"""Of epochs and sequences: a record a nanosecond for a hundred days, and exact in JSON."""


class Identities(Protocol):
    """Where the front looks up a terminal before anything is queued."""

    def terminal(self, terminal: str) -> TerminalRow | None:
        """Return a terminal by its id."""
        ...

    def life(self, terminal: str, epoch: int) -> LifeRow | None:
        """Return one life of a terminal."""
        ...


class Bookkeeper(Protocol):
    """Books what records say (`ips.bookkeeping`)."""

    def enter(self, group: Group, records: Sequence[Record]) -> list[QuestionRow]:
        """Book records in order; return what is asked about them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedBatch:
    """A batch that its terminal's key signed and whose chain holds inside."""

    envelope: Envelope
    payload: bytes
    """The envelope's bytes, as signed."""
    signature: bytes
    records: list[Record]
    hashes: list[bytes]


def receive(body: bytes, identities: Identities) -> OpenedBatch | BatchAnswer:
    """Check a request body as far as it can be without the writer; refuse it, or return it opened."""
    try:
        envelope, payload, signature = open_batch(body)
        if not 0 < envelope.epoch < NUMBER_MAX or not 0 < envelope.first < NUMBER_MAX:
            raise BatchError("malformed", "epoch and sequence are counted from 1")
        terminal = identities.terminal(envelope.terminal)
        refused = standing(terminal, envelope.terminal)
        if refused is not None:
            return refused
        life = identities.life(envelope.terminal, envelope.epoch)
        if life is None:
            # Of another broker's time, or of a life after the backup this broker was restored from.
            return BatchEpochClosed(epoch=envelope.epoch)
        verify_batch(payload, signature, Ed25519PublicKey.from_public_bytes(life.identity))
        records, hashes = _follow(envelope)
    except BatchError as error:
        return BatchRefused(code=error.code, reason=str(error))
    return OpenedBatch(
        envelope=envelope, payload=payload, signature=signature, records=records, hashes=hashes
    )


def standing(terminal: TerminalRow | None, name: str) -> BatchRefused | None:
    """Return why this terminal may not talk to the broker now, if so."""
    match terminal:
        case None | TerminalRow(state="pending"):
            return BatchRefused(
                code="unknown_terminal", reason=f"terminal {name} is not enrolled here"
            )
        case TerminalRow(state="active"):
            return None
        case TerminalRow(state="retired"):
            return BatchRefused(code="suspended", reason=f"terminal {name} is retired")
        case TerminalRow(state=state, reason=reason):
            return BatchRefused(code=state, reason=f"terminal {name} is {state}: {reason}")


def _follow(envelope: Envelope) -> tuple[list[Record], list[bytes]]:
    before = envelope.first - 1
    if before == 0 and envelope.previous != genesis(envelope.terminal, envelope.epoch):
        raise BatchError("chain", "the first record does not begin at this chain's genesis")
    chain = Chain(
        envelope.terminal,
        envelope.epoch,
        sequence=before,
        head=envelope.previous if before else None,
    )
    records, hashes = [], []
    try:
        for data in envelope.records:
            records.append(chain.follow(data))
            hashes.append(chain.head)
    except RecordError as error:
        raise BatchError("chain", str(error)) from error
    if chain.head != envelope.head:
        raise BatchError("chain", "the head is not the hash of the last record")
    return records, hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWork:
    """An opened batch on its way through the writer."""

    batch: OpenedBatch
    bookkeeper: Bookkeeper = field(repr=False)

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 2 * len(self.batch.payload)

    @property
    def is_batch(self) -> bool:
        """Batches wait behind online requests."""
        return True

    def apply(self, group: Group) -> BatchAnswer:
        """Judge by the high-water as it is now; store what is new."""
        envelope = self.batch.envelope
        terminal = group.terminal(envelope.terminal)
        refused = standing(terminal, envelope.terminal)
        if refused is not None:
            return refused
        life = group.life(envelope.terminal, envelope.epoch)
        assert terminal is not None and life is not None, "a life is never taken away"
        if envelope.epoch != terminal.epoch:
            return BatchEpochClosed(epoch=envelope.epoch)
        if envelope.first > life.high_water + 1:
            return BatchGap(expected=life.high_water + 1)
        fork = self._fork(group, life)
        if fork is not None:
            return self._quarantine(group, terminal, *fork)
        return self._accept(group, terminal, life)

    def _fork(self, group: Group, life: LifeRow) -> tuple[int, bytes] | None:
        """Return (sequence, hash known here) of the first record that is told in two ways.

        Hashes are chained, so where the last record that both have is equal, all before it are.
        """
        envelope, hashes = self.batch.envelope, self.batch.hashes
        if envelope.first == life.high_water + 1:
            return None if envelope.previous == life.head else (life.high_water, life.head)
        if envelope.last >= life.high_water:
            if hashes[life.high_water - envelope.first] == life.head:
                return None
        else:
            [known] = group.store.records(life.terminal, life.epoch, envelope.last, envelope.last)
            if known.hash == hashes[-1]:
                return None
        stored = group.store.records(life.terminal, life.epoch, envelope.first, envelope.last)
        for known, told in zip(stored, hashes, strict=False):
            if known.hash != told:
                return known.sequence, known.hash
        raise AssertionError("chained hashes that differ at the end differ somewhere")

    def _quarantine(
        self, group: Group, terminal: TerminalRow, sequence: int, known: bytes
    ) -> BatchFork:
        batch = self.batch
        reason = f"its journal forked at record {sequence}"
        group.put_terminal(terminal._replace(state="quarantined", reason=reason))
        group.changes.evidence.append(
            EvidenceRow(
                terminal.id,
                batch.envelope.epoch,
                sequence,
                known,
                batch.payload,
                batch.signature,
                group.now_ns,
            )
        )
        group.remember(
            "ips-broker", "terminal.quarantine", terminal.id, before=terminal.state, after=reason
        )
        return BatchFork(sequence=sequence, known_hash=known.hex())

    def _accept(self, group: Group, terminal: TerminalRow, life: LifeRow) -> BatchAccepted:
        envelope = self.batch.envelope
        known = life.high_water - envelope.first + 1
        asked = group.store.questions(life.terminal, life.epoch, envelope.first, life.high_water)
        if envelope.last > life.high_water:
            asked += self._store(group, terminal, life, known)
            life = group.life(life.terminal, life.epoch) or life
        return BatchAccepted(
            accepted=max(0, len(envelope.records) - known),
            duplicates=min(known, len(envelope.records)),
            high_water=life.high_water,
            head=life.head.hex(),
            questions=[
                Question(
                    sequence=each.sequence,
                    code=each.code,
                    sentence_ko=each.sentence_ko,
                    sentence_en=each.sentence_en,
                )
                for each in asked
            ],
            documents=group.store.document_versions(),
            server_time_ns=group.now_ns,
        )

    def _store(
        self, group: Group, terminal: TerminalRow, life: LifeRow, known: int
    ) -> list[QuestionRow]:
        envelope, hashes = self.batch.envelope, self.batch.hashes
        fresh = self.batch.records[known:]
        documents = msgspec.json.encode(envelope.documents).decode()
        for record, data, digest in zip(
            fresh, envelope.records[known:], hashes[known:], strict=True
        ):
            group.add_record(
                terminal=record.terminal,
                epoch=record.epoch,
                sequence=record.sequence,
                kind=record.kind,
                digest=digest,
                data=data,
            )
        group.changes.batches.append(
            BatchRow(
                life.terminal,
                life.epoch,
                envelope.first,
                envelope.last,
                documents,
                self.batch.signature,
                group.now_ns,
            )
        )
        group.put_life(life._replace(high_water=envelope.last, head=envelope.head))
        group.put_terminal(terminal._replace(documents=documents, seen_ns=group.now_ns))
        return self._book(group, fresh)

    def _book(self, group: Group, fresh: Sequence[Record]) -> list[QuestionRow]:
        if not group.careful:
            return self.bookkeeper.enter(group, fresh)
        try:
            return group.attempt(partial(self.bookkeeper.enter, group, fresh))
        except PoisonError:
            return [each for record in fresh for each in self._book_alone(group, record)]

    def _book_alone(self, group: Group, record: Record) -> list[QuestionRow]:
        try:
            return group.attempt(partial(self.bookkeeper.enter, group, [record]))
        except PoisonError as error:
            row = QuestionRow(
                record.terminal,
                record.epoch,
                record.sequence,
                "not-booked",
                "기록은 저장했지만 장부에 올리지 못했습니다. 금액을 확인하고 손으로 올려 주세요.",
                f"The record is stored and could not be booked ({error}). Check its amount and "
                "book it by hand.",
                record.attempt or "",
                record.amount,
                group.now_ns,
            )
            return [group.ask(row)]
