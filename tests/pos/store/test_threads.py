"""The store in its own thread: in order, bounded, and its errors reach whoever asked."""

import asyncio
import threading
from pathlib import Path

import pytest

from pos.store.errors import StoreError
from pos.store.journal import Draft
from pos.store.store import FILE_NAME, Store
from pos.store.threads import STEPS_WAITING_MAX, StoreInline, StoreThread
from protocols.facts import TerminalNoted


async def test_steps_run_in_one_thread_in_the_order_asked(tmp_path: Path, clock) -> None:
    runner = StoreThread(lambda: Store(tmp_path / FILE_NAME, clock=clock))
    threads: set[str] = set()

    def append(number: int):
        def step(store: Store) -> int:
            threads.add(threading.current_thread().name)
            draft = Draft(fact=TerminalNoted(note=str(number)), actor="till")
            return store.append([draft])[0].sequence

        return step

    sequences = await asyncio.gather(*(runner.run(append(number)) for number in range(20)))
    await runner.close()

    assert sequences == list(range(1, 21))
    assert len(threads) == 1
    assert threading.current_thread().name not in threads


async def test_an_error_at_opening_reaches_the_first_step(tmp_path: Path, clock) -> None:
    runner = StoreThread(lambda: Store(tmp_path / "nowhere" / FILE_NAME, clock=clock))

    with pytest.raises(StoreError, match="unable to open"):
        await runner.run(Store.head)
    await runner.close()


async def test_a_disk_that_no_longer_answers_is_told_at_the_limit(tmp_path: Path, clock) -> None:
    runner = StoreThread(lambda: Store(tmp_path / FILE_NAME, clock=clock))
    answer = threading.Event()
    steps = [
        asyncio.create_task(runner.run(lambda store: answer.wait(10)))
        for _ in range(STEPS_WAITING_MAX)
    ]
    await asyncio.sleep(0)

    with pytest.raises(StoreError, match="no longer answers"):
        await runner.run(Store.head)

    answer.set()
    await asyncio.gather(*steps)
    await runner.close()


async def test_inline_runs_in_the_callers_thread(store: Store) -> None:
    assert await StoreInline(store).run(lambda _: threading.current_thread()) is (
        threading.current_thread()
    )
