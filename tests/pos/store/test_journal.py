"""The journal of the till: append-only, chained, gap-free, durable with what belongs to it."""

import sqlite3
from pathlib import Path

import pytest

from pos.store.chains import Acknowledged, Identity
from pos.store.errors import StoreError
from pos.store.journal import Draft, Ending
from pos.store.papers import Paper
from pos.store.store import FILE_NAME, Store
from pos.store.verify import Broken, Sound, verify
from protocols.batch import BatchAccepted, Question
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    AttemptParked,
    Fact,
    SaleVoided,
    TerminalNoted,
)
from protocols.journal import Chain, genesis


def note(text: str) -> Draft:
    return Draft(fact=TerminalNoted(note=text), actor="till")


def accepted(store: Store, high_water: int, *questions: Question) -> BatchAccepted:
    walker = Chain("01", 1)
    for data in store.records(0, high_water):
        walker.follow(data)
    return BatchAccepted(
        accepted=high_water,
        duplicates=0,
        high_water=high_water,
        head=walker.head.hex(),
        questions=list(questions),
        server_time_ns=0,
    )


def test_append_continues_the_chain_from_the_genesis(store: Store) -> None:
    """I9: every record follows the one before it, and the bytes stored are the bytes hashed."""
    assert store.head() == (0, genesis("01", 1))

    store.append([note("one"), note("two")])
    store.append([note("three")])

    walker = Chain("01", 1)
    for data in store.records(0):
        walker.follow(data)
    assert store.head() == (3, walker.head)
    assert verify(store) == Sound(records=3, head=walker.head.hex())


def test_append_fills_in_the_times_of_the_clock(store: Store, clock) -> None:
    clock.advance(5)

    [record] = store.append([note("timed")])

    assert (record.at_ns, record.monotonic_ns) == (clock.now_ns(), 5_000_000_000)


def test_append_takes_the_basket_and_adds_the_paper_in_the_same_transaction(store: Store) -> None:
    store.basket.add([b"scan one", b"scan two"])
    fact = SaleVoided(sale=7, shift=1, lines=[], total=0)
    paper = Paper(form="sale", body=b"x", actor="kim", business_date="20260417", sale=7)

    store.append(
        [Draft(fact=fact, actor="kim", business_date="20260417")],
        papers=[paper],
        ending=Ending.CLEAR_BASKET,
    )

    assert store.basket.events() == []
    waiting = store.papers.next()
    assert waiting is not None
    assert (waiting.sale, waiting.sequence) == (7, 1)
    assert store.journal.last_sale_number("20260417") == 7


def test_a_failed_append_leaves_nothing_behind(store: Store) -> None:
    """Half a sale is worse than none: a paper that the schema refuses undoes record and basket."""
    store.basket.add([b"scan"])
    wrong = Paper(form="x", body=b"", actor="kim", business_date="", state="burnt")  # type: ignore[arg-type]

    with pytest.raises(StoreError, match="CHECK"):
        store.append([note("lost")], papers=[wrong], ending=Ending.CLEAR_BASKET)

    assert store.head()[0] == 0
    assert store.basket.events() == [b"scan"]
    store.append([note("next")])
    assert isinstance(verify(store), Sound)


@pytest.mark.parametrize(
    "sql", ["UPDATE record SET kind = 'x' WHERE sequence = 1", "DELETE FROM record"]
)
def test_the_database_itself_refuses_to_change_the_journal(store: Store, sql: str) -> None:
    store.append([note("kept")])

    with pytest.raises(StoreError, match="append-only"):
        store.database.execute(sql)


def _forge(path: Path, *statements: str) -> None:
    """Change the file as somebody with an editor would: past the triggers."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER record_is_never_changed")
    connection.execute("DROP TRIGGER record_is_never_removed")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statement", "sequence"),
    [
        ("UPDATE record SET bytes = (SELECT bytes FROM record WHERE sequence = 1) WHERE sequence = 3", 3),
        ("UPDATE record SET bytes = x'00' WHERE sequence = 2", 2),
        ("UPDATE record SET hash = zeroblob(32) WHERE sequence = 4", 4),
        ("DELETE FROM record WHERE sequence = 2", 2),
        ("DELETE FROM record WHERE sequence = 5", 5),
    ],
    ids=["moved", "not a record", "hash", "gap", "tail cut off"],
)  # fmt: skip
def test_verify_names_the_first_break(tmp_path: Path, clock, statement: str, sequence: int) -> None:
    """Whatever is forged in the file, the walk stops exactly there."""
    path = tmp_path / FILE_NAME
    with Store(path, clock=clock) as store:
        store.append([note(str(number)) for number in range(5)])
    _forge(path, statement)

    with Store(path, clock=clock) as store:
        verdict = verify(store)

    assert isinstance(verdict, Broken)
    assert (verdict.terminal, verdict.epoch, verdict.sequence) == ("01", 1, sequence)
    assert verdict.reason


def test_acknowledge_moves_the_high_water_forward_only(store: Store) -> None:
    """I13: the outbox is what lies above the high-water; an old answer that comes late changes nothing."""
    store.append([note(str(number)) for number in range(4)])
    early, late = accepted(store, 2), accepted(store, 4)

    assert store.acknowledge(late) is Acknowledged.TAKEN
    assert store.acknowledge(early) is Acknowledged.TAKEN

    assert store.high_water() == 4
    assert (store.queue().waiting, store.queue().sent) == (0, 4)


def test_acknowledge_refuses_an_answer_about_another_history(store: Store) -> None:
    store.append([note("ours")])
    foreign = BatchAccepted(
        accepted=1, duplicates=0, high_water=1, head="00" * 32, server_time_ns=0
    )

    assert store.acknowledge(foreign) is Acknowledged.DISAGREES
    assert store.high_water() == 0


def test_a_question_is_kept_once_and_counted(store: Store) -> None:
    store.append([note("odd")])
    asked = Question(sequence=1, code="odd", sentence_ko="왜", sentence_en="why")

    store.acknowledge(accepted(store, 1, asked))
    store.acknowledge(accepted(store, 1, asked))

    assert store.queue().questioned == 1
    assert store.chains.questions()[0].code == "odd"


def test_an_attempt_is_in_doubt_until_its_last_word_settles_it(store: Store) -> None:
    """clerk-and-courier.md 2.3, rule 8b: an attempt without a result is found again at start."""
    key = "S1-01-20260417-0001-a"

    def closed(outcome: str) -> Draft:
        fact = AttemptClosed(sale=1, method="card", outcome=outcome, amount=5)  # type: ignore[arg-type]
        return Draft(fact=fact, actor="kim", attempt=key)

    opened = AttemptOpened(sale=1, method="card", amount=5)
    store.append([Draft(fact=opened, actor="kim", attempt=key)])
    assert store.queue().in_doubt == 1
    store.append([closed("unknown")])
    assert store.queue().in_doubt == 1
    store.append([closed("declined")])
    assert store.queue().in_doubt == 0


def test_a_parked_attempt_stays_in_doubt_and_money_that_comes_late_is_owed_until_repaid(
    store: Store,
) -> None:
    """decisions.md "A parked attempt": set aside it holds no counter; paid late it is somebody's."""
    order = "S1-01-20260417-0001"
    late, back = f"{order}-a", f"{order}-b"

    def say(fact: Fact, key: str) -> None:
        store.append([Draft(fact=fact, actor="kim", attempt=key)])

    def closed(outcome: str, *, key: str = late, **more: object) -> None:
        say(AttemptClosed(sale=1, method="purse", outcome=outcome, amount=5, **more), key)  # type: ignore[arg-type]

    say(AttemptOpened(sale=1, method="purse", amount=5), late)
    [doubt] = store.journal.doubts()
    assert (doubt.told, doubt.parked, doubt.holds) == (False, False, True)

    say(AttemptParked(sale=1, method="purse", amount=5, instead="tender"), late)
    closed("unknown")
    [doubt] = store.journal.doubts()
    assert (doubt.told, doubt.parked, doubt.holds) == (True, True, False)
    assert store.queue().in_doubt == 1

    closed("approved", late=True)
    assert store.journal.doubts() == [] and store.queue().in_doubt == 0
    assert [owed.key for owed in store.journal.owed()] == [late]

    say(AttemptOpened(sale=1, method="purse", amount=5, repays=late), back)
    [doubt] = store.journal.doubts()
    assert not doubt.holds, "no sale waits for money that goes back"
    assert store.journal.owed() == [], "what is under way is not begun again"
    closed("declined", key=back, repays=late)
    assert [owed.key for owed in store.journal.owed()] == [late]
    closed("approved", key=back, repays=late)
    assert store.journal.owed() == [] and store.journal.doubts() == []


def test_the_same_identity_continues_the_chain_and_another_begins_one(store: Store) -> None:
    """I11: what was sold alone is uploaded too when the broker gives the till its own name."""
    store.append([note("alone")])

    store.set_identity(Identity(terminal="01", epoch=1, certificate=b"c", signature=b"s"))
    assert store.head()[0] == 1
    assert store.identity().certificate == b"c"

    store.set_identity(Identity(terminal="01", epoch=2, certificate=b"d", signature=b"s"))
    assert store.head() == (0, genesis("01", 2))
    store.append([note("second life")])
    assert verify(store) == Sound(records=2, head=store.head()[1].hex())

    with pytest.raises(StoreError, match="has ended"):
        store.set_identity(Identity(terminal="01", epoch=1))


def test_asking_for_what_is_in_doubt_reads_no_attempt_at_rest(store: Store) -> None:
    """A till with a million payments behind it shows its queue as fast as a new one."""
    asked: list[str] = []
    connection = store.database._connection
    connection.set_trace_callback(asked.append)
    store.queue(), store.journal.doubts(), store.journal.owed()
    connection.set_trace_callback(None)

    of_attempts = [sql for sql in asked if "FROM attempt" in sql]
    assert len(of_attempts) >= 3
    for sql in of_attempts:
        plan = [str(row[3]) for row in store.database.rows(f"EXPLAIN QUERY PLAN {sql}")]
        assert any("attempt_not_at_rest" in step for step in plan), (sql, plan)
