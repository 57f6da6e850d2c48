"""Batches through the real writer on a real file: each case of protocols.batch its defined answer."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ips.batches import BatchWork, OpenedBatch, receive
from ips.committer import Committer
from ips.host import NoFaults
from ips.store.audit import audit_chains, audit_ledger, audit_seals, audit_signatures
from ips.store.group import Group
from ips.store.rows import LifeRow, TerminalRow
from ips.store.sqlite_store import SqliteStore
from ips.terminals import ChangeTerminal
from ips.writer import InlineWriter
from protocols.batch import (
    BYTES_MAX,
    BatchAccepted,
    BatchAnswer,
    BatchEpochClosed,
    BatchFork,
    BatchGap,
    BatchRefused,
)
from protocols.facts import TerminalNoted
from protocols.journal import Record, genesis
from tests.support.broker_terminal import SetClock, Terminal


class NoBooks:
    """Books nothing; a record that says so is poison."""

    def enter(self, group: Group, records):
        for record in records:
            if b"poison" in bytes(record.body):
                raise KeyError("a bug in the rules")
            group.notify("record", str(record.sequence), b"")
        return []


class Desk:
    """A store with one enrolled terminal, and batches put to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = SetClock()
        self.store = SqliteStore(path)
        self.store.migrate(now_ns=1)
        self.writer = InlineWriter(Committer(self.store, self.clock, NoFaults()))
        self.terminal = self.enrol(Terminal())

    def enrol(self, terminal: Terminal) -> Terminal:
        row = self.store.terminal(terminal.name) or TerminalRow(
            terminal.name, "main", "active", 0, "", "{}", "", 1, 0
        )
        identity = terminal.key.public_key().public_bytes_raw()
        head = genesis(terminal.name, terminal.epoch)

        def apply(group: Group) -> None:
            group.put_terminal(row._replace(epoch=terminal.epoch))
            group.put_life(LifeRow(terminal.name, terminal.epoch, identity, 0, head, 1))

        self.writer.do(_Deed(apply))
        return terminal

    def send(self, body: bytes) -> BatchAnswer:
        opened = receive(body, self.store)
        if not isinstance(opened, OpenedBatch):
            return opened
        return self.writer.do(BatchWork(batch=opened, bookkeeper=NoBooks()))

    def dump(self) -> list[str]:
        other = sqlite3.connect(self.path)
        try:
            return list(other.iterdump())
        finally:
            other.close()


class _Deed:
    size = 1
    is_batch = False

    def __init__(self, apply) -> None:
        self.apply = apply


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "broker.sqlite")
    yield made
    for audit in (audit_chains, audit_ledger, audit_seals, audit_signatures):
        assert audit(made.store).findings == [], "the books hold after every case"
    made.store.close()


def test_a_batch_is_accepted_and_the_high_water_moves(desk: Desk) -> None:
    """The answer names how many were new, the new high-water and the head."""
    desk.terminal.note(3)

    answer = desk.send(desk.terminal.batch(1))

    assert answer == BatchAccepted(
        accepted=3,
        duplicates=0,
        high_water=3,
        head=desk.terminal.head.hex(),
        server_time_ns=desk.clock.ns,
    )


def test_the_same_batch_again_changes_not_a_byte(desk: Desk) -> None:
    """A6: replay leaves byte-equal state, even at another time; only the answer counts duplicates."""
    desk.terminal.note(5)
    desk.send(desk.terminal.batch(1))
    before = desk.dump()
    desk.clock.move(60)

    answer = desk.send(desk.terminal.batch(1))
    inner = desk.send(desk.terminal.batch(2, 4))

    assert isinstance(answer, BatchAccepted)
    assert (answer.accepted, answer.duplicates, answer.high_water) == (0, 5, 5)
    assert isinstance(inner, BatchAccepted)
    assert (inner.accepted, inner.duplicates, inner.high_water) == (0, 3, 5)
    assert desk.dump() == before


def test_an_overlap_stores_only_what_is_new(desk: Desk) -> None:
    """A batch cut by a lost answer comes again longer: what is known is skipped."""
    desk.terminal.note(4)
    desk.send(desk.terminal.batch(1))
    desk.terminal.note(3)

    answer = desk.send(desk.terminal.batch(3))

    assert isinstance(answer, BatchAccepted)
    assert (answer.accepted, answer.duplicates, answer.high_water) == (3, 2, 7)


def test_a_gap_names_what_is_missing_and_stores_nothing(desk: Desk) -> None:
    """The broker never skips."""
    desk.terminal.note(5)
    desk.send(desk.terminal.batch(1, 2))
    before = desk.dump()

    assert desk.send(desk.terminal.batch(4)) == BatchGap(expected=3)
    assert desk.dump() == before


@pytest.mark.parametrize(
    ("known", "first", "last", "sequence"),
    [
        (4, 1, 4, 3),  # the same numbers
        (4, 1, 6, 3),  # overlapping and longer
        (4, 2, 3, 3),  # inside what is known
        (4, 5, 6, 4),  # straight after: its previous hash tells of another record 4
    ],
)
def test_a_fork_quarantines_and_keeps_both_histories(
    desk: Desk, known: int, first: int, last: int, sequence: int
) -> None:
    """The same sequence number with other content: 409, evidence, and the terminal may not go on."""
    honest, forked = desk.terminal, Terminal()
    honest.note(2)
    forked.note(2)
    for number in range(4):
        honest.append(TerminalNoted(note=f"told {number}"))
        forked.append(TerminalNoted(note=f"told otherwise {number}"))
    desk.send(honest.batch(1, known))
    ledger = desk.store.ask("SELECT * FROM record")

    answer = desk.send(forked.batch(first, last))

    expected = desk.store.records("01", 1, sequence, sequence)[0].hash.hex()
    assert answer == BatchFork(sequence=sequence, known_hash=expected)
    assert desk.store.ask("SELECT * FROM record") == ledger
    [[evidence]] = desk.store.ask("SELECT envelope FROM evidence")
    assert evidence == msgspec.msgpack.encode(forked.envelope(first, last))
    after = desk.send(honest.batch(known + 1))
    assert isinstance(after, BatchRefused) and after.code == "quarantined"


def test_a_closed_epoch_stays_closed(desk: Desk) -> None:
    """410: after enrolling again the old life is over, and the new one starts at 1."""
    old = desk.terminal
    old.note(2)
    desk.send(old.batch(1, 1))
    new = Terminal(entropy=old.entropy)
    new.epoch = 2
    desk.enrol(new)
    new.note(1)

    assert desk.send(old.batch(2)) == BatchEpochClosed(epoch=1)
    answer = desk.send(new.batch(1))
    assert isinstance(answer, BatchAccepted) and answer.high_water == 1


def test_an_epoch_that_this_broker_never_saw_is_closed(desk: Desk) -> None:
    """After a restore from an older backup the terminal is told to enrol again, not that it forked."""
    desk.terminal.epoch = 7
    desk.terminal.note(1)

    assert desk.send(desk.terminal.batch(1)) == BatchEpochClosed(epoch=7)


def _refusals(desk: Desk) -> dict[str, bytes]:
    terminal, stranger = desk.terminal, Terminal("99")
    other_key = Terminal(entropy=stranger.entropy)
    stranger.note(1)
    terminal.note(3)
    other_key.records = terminal.records
    return {
        "malformed": b"not deflated",
        "unknown_terminal": stranger.batch(1),
        "signature": other_key.batch(1),
        "chain": terminal.batch(1, head=bytes(32)),
        "chain previous": terminal.batch(2, previous=bytes(32)),
        "chain genesis": terminal.batch(1, previous=bytes(32)),
        "chain order": terminal.batch(1, records=[terminal.records[i] for i in (0, 2, 1)]),
        "chain other": terminal.batch(1, 1, records=stranger.records),
        "chain bytes": terminal.batch(1, 1, records=[b"\xc1garbage"]),
        "malformed count": terminal.signed(terminal.envelope(1, 2, records=terminal.records)),
        "malformed epoch": terminal.batch(1, epoch=2**60),
        "too_large": b"x" * (BYTES_MAX + 1),
    }


@pytest.mark.parametrize(
    "case",
    [
        "malformed",
        "unknown_terminal",
        "signature",
        "chain",
        "chain previous",
        "chain genesis",
        "chain order",
        "chain other",
        "chain bytes",
        "malformed count",
        "malformed epoch",
        "too_large",
    ],
)
def test_what_is_no_batch_of_this_terminal_is_refused_whole(desk: Desk, case: str) -> None:
    """Each refusal has its code, and nothing was stored."""
    body = _refusals(desk)[case]
    before = desk.dump()

    answer = desk.send(body)

    assert isinstance(answer, BatchRefused)
    assert answer.code == case.split()[0]
    assert desk.dump() == before


def test_a_suspended_terminal_is_refused_from_the_next_batch_on(desk: Desk) -> None:
    """Suspending holds at once, also for a batch that was already opened by a front."""
    desk.terminal.note(2)
    opened = receive(desk.terminal.batch(1), desk.store)
    assert isinstance(opened, OpenedBatch)
    desk.writer.do(ChangeTerminal(terminal="01", state="suspended", reason="lost", actor="park"))

    late = desk.writer.do(BatchWork(batch=opened, bookkeeper=NoBooks()))
    next_one = desk.send(desk.terminal.batch(1))

    assert isinstance(late, BatchRefused) and late.code == "suspended"
    assert late == next_one


def test_facts_are_accepted_even_when_the_rules_fail(desk: Desk) -> None:
    """A record that cannot be booked is stored and asked about; all others are booked."""
    desk.terminal.note(2)
    desk.terminal.append(TerminalNoted(note="poison"))
    desk.terminal.note(1)

    answer = desk.send(desk.terminal.batch(1))
    again = desk.send(desk.terminal.batch(1))

    assert isinstance(answer, BatchAccepted) and isinstance(again, BatchAccepted)
    assert answer.accepted == 4
    assert [(each.sequence, each.code) for each in answer.questions] == [(3, "not-booked")]
    assert answer.questions == again.questions, "a lost answer loses no question"
    assert desk.store.ask("SELECT subject FROM outbox ORDER BY id") == [("1",), ("2",), ("4",)]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_order_of_overlapping_batches_ends_in_the_one_chain(data: st.DataObject) -> None:
    """Whatever slices arrive in whatever order, accepted is what continues; the end is the journal."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "b.sqlite")
        terminal = desk.terminal
        terminal.note(12)
        high_water = 0
        for _ in range(data.draw(st.integers(1, 8))):
            first = data.draw(st.integers(1, 12))
            last = data.draw(st.integers(first, 12))
            answer = desk.send(terminal.batch(first, last))
            if first > high_water + 1:
                assert answer == BatchGap(expected=high_water + 1)
            else:
                assert isinstance(answer, BatchAccepted)
                assert answer.accepted == max(0, last - high_water)
                assert answer.accepted + answer.duplicates == last - first + 1
                high_water = max(high_water, last)
                assert answer.high_water == high_water
        stored = [row.bytes for row in desk.store.records("01", 1, 1, 12)]
        assert stored == terminal.records[:high_water]
        assert audit_chains(desk.store).findings == []
        assert audit_signatures(desk.store).findings == []
        desk.store.close()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_bytes_never_store_anything(data: st.DataObject) -> None:
    """Any byte changed, cut or added: a refusal by name, never an exception, nothing stored."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "b.sqlite")
        desk.terminal.note(3)
        body = bytearray(desk.terminal.batch(1))
        place = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["flip", "cut"])):
            case "flip":
                body[place] ^= data.draw(st.integers(1, 255))
            case _:
                del body[place:]
        answer = desk.send(bytes(body))
        stored = desk.store.ask("SELECT count(*) FROM record")
        desk.store.close()
        if isinstance(answer, BatchAccepted):
            # Flipping a bit of the deflate stream may leave the plain bytes as they were.
            assert stored == [(3,)]
        else:
            assert isinstance(answer, BatchRefused)
            assert stored == [(0,)]


def test_a_record_of_another_kind_of_body_is_no_obstacle(desk: Desk) -> None:
    """Decoding what a record says is the bookkeeper's; storing it is not."""
    record = msgspec.msgpack.decode(desk.terminal.append(TerminalNoted(note="x")), type=Record)

    assert record.kind == "terminal.noted"
    answer = desk.send(desk.terminal.batch(1))
    assert isinstance(answer, BatchAccepted)
