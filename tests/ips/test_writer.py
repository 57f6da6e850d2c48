"""The writer's queue: bounded, online before batches, and nobody waits for ever."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ips.committer import Committer, Done, Failed
from ips.host import NoFaults
from ips.points import Point
from ips.store.errors import StoreError
from ips.store.group import PoisonError
from ips.store.rows import TerminalRow
from ips.store.sqlite_store import SqliteStore
from ips.writer import (
    BATCHES_MAX,
    BYTES_MAX,
    ITEMS_MAX,
    ONLINE_MAX,
    BusyError,
    Lanes,
    Writer,
)
from tests.support.broker_terminal import SetClock


class Item:
    """Work of a given size and kind, that answers its own number."""

    def __init__(self, number: int = 0, *, size: int = 1, is_batch: bool = False) -> None:
        self.number = number
        self.size = size
        self.is_batch = is_batch

    def apply(self, group) -> int:
        name = f"T{self.number}"
        group.put_terminal(TerminalRow(name, "main", "pending", 0, "", "{}", "", 1, 0))
        return self.number


def nobody(_: object) -> None:
    """Is told, and does nothing."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "b.sqlite")
    made.migrate(now_ns=1)
    yield made
    made.close()


def test_the_queue_holds_so_many_items_and_not_one_more() -> None:
    """The limit exactly, and one over it."""
    lanes = Lanes()
    for _ in range(ITEMS_MAX):
        lanes.put(Item(), nobody)

    with pytest.raises(BusyError) as busy:
        lanes.put(Item(), nobody)

    assert busy.value.retry_after_s >= 1
    lanes.take()
    lanes.put(Item(), nobody)


def test_the_queue_holds_so_many_bytes_and_not_one_more() -> None:
    """The bytes are given back when the work is taken."""
    lanes = Lanes()
    lanes.put(Item(size=BYTES_MAX - 1), nobody)
    lanes.put(Item(size=1), nobody)
    with pytest.raises(BusyError):
        lanes.put(Item(size=1), nobody)

    assert len(lanes.take()) == 2
    lanes.put(Item(size=BYTES_MAX), nobody)


def test_online_requests_go_before_batches() -> None:
    """A group is online work with one batch beside it; batches alone go many at a time."""
    lanes = Lanes()
    for number in range(BATCHES_MAX + 4):
        lanes.put(Item(number, is_batch=True), nobody)
    for number in range(ONLINE_MAX + 1):
        lanes.put(Item(number), nobody)

    kinds = [[work.is_batch for work, _ in lanes.take()] for _ in range(4)]

    assert kinds[0] == [False] * ONLINE_MAX + [True]
    assert kinds[1] == [False, True]
    assert kinds[2] == [True] * BATCHES_MAX
    assert kinds[3] == [True, True]


async def test_every_caller_gets_its_own_answer(store: SqliteStore) -> None:
    """Hundreds at once share commits and are told apart; close does what is queued."""
    writer = Writer(Committer(store, SetClock(), NoFaults()), NoFaults())

    answers = await asyncio.gather(*(writer.run(Item(number)) for number in range(300)))
    writer.close()

    assert answers == list(range(300))
    assert len(store.terminals()) == 300
    with pytest.raises(StoreError, match="stopped"):
        await writer.run(Item())


async def test_a_poisoned_item_is_told_so_and_the_others_are_done(store: SqliteStore) -> None:
    """Isolation through the thread: one PoisonError, all others answered."""
    writer = Writer(Committer(store, SetClock(), NoFaults()), NoFaults())

    class Poison(Item):
        def apply(self, group) -> int:
            super().apply(group)
            raise KeyError("a bug")

    works = [Item(1), Item(2), Poison(3), Item(4)]
    results = await asyncio.gather(*(writer.run(each) for each in works), return_exceptions=True)
    writer.close()

    assert [results[0], results[1], results[3]] == [1, 2, 4]
    assert isinstance(results[2], PoisonError)
    assert [row.id for row in store.terminals()] == ["T1", "T2", "T4"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_when_the_writer_dies_nobody_waits_for_ever(store: SqliteStore) -> None:
    """Whatever ends the thread, who waits is told, and who comes later too."""

    class Death(BaseException):
        """Nothing that anybody catches."""

    class Deadly:
        def reach(self, point: str) -> None:
            if point == Point.BEFORE_COMMIT:
                raise Death

    writer = Writer(Committer(store, SetClock(), Deadly()), NoFaults())

    with pytest.raises(StoreError, match="stopped"):
        await asyncio.wait_for(writer.run(Item()), 10)
    with pytest.raises(StoreError, match="stopped"):
        await writer.run(Item())
    writer.close()
    assert not writer.is_alive()
    store.rollback()


def test_a_store_that_fails_refuses_the_whole_group_and_goes_on(store: SqliteStore) -> None:
    """A full disk keeps nothing half-done; when there is room again the next group is durable."""
    committer = Committer(store, SetClock(), NoFaults())
    [[pages]] = store.ask("PRAGMA page_count")
    store.connection.execute(f"PRAGMA max_page_count = {pages}")

    class Big(Item):
        def apply(self, group) -> int:
            reason = "x" * 200_000
            group.put_terminal(
                TerminalRow(f"T{self.number}", "main", "pending", 0, "", "{}", reason, 1, 0)
            )
            return self.number

    refused = committer.commit([Big(1), Item(2)])
    store.connection.execute("PRAGMA max_page_count = 100000")
    accepted = committer.commit([Big(3), Item(4)])

    assert [type(each) for each in refused] == [Failed, Failed]
    assert accepted == [Done(3), Done(4)]
    assert [row.id for row in store.terminals()] == ["T3", "T4"]
