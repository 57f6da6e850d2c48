"""Virtual time: days cost microseconds, equal seeds give equal runs, what would break it is refused."""

import asyncio
import hashlib
import os
import socket
import subprocess
import sys
import threading

import pytest

from protocols.ports import NANOSECONDS_PER_SECOND, Clock, Entropy
from sim.clock import (
    DeadlockError,
    DescriptorRefusedError,
    ThreadRefusedError,
    VirtualClock,
    run,
)
from sim.entropy import SeededEntropy
from sim.host import SystemClock, SystemEntropy


def test_a_day_of_sleep_passes_on_both_clocks_and_in_order():
    """Goal: timers fire at their time and in their order, and a whole day is no wait."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> list[tuple[str, int]]:
        start = clock.monotonic_ns()
        utc = clock.now_ns()
        log: list[tuple[str, int]] = []

        async def wake(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            log.append((name, (clock.monotonic_ns() - start) // NANOSECONDS_PER_SECOND))

        await asyncio.gather(wake("day", 86_400), wake("minute", 60), wake("hour", 3_600))
        assert clock.now_ns() - utc == clock.monotonic_ns() - start
        return log

    assert run(story) == [("minute", 60), ("hour", 3_600), ("day", 86_400)]


def test_deadline_comes_neither_early_nor_more_than_a_microsecond_late():
    """Goal: a timer at an exact nanosecond deadline never sees a clock before it."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> list[int]:
        loop = asyncio.get_running_loop()
        late = []
        for step in range(1, 200):
            due = clock.monotonic_ns() + step * 1_234_567
            fired = loop.create_future()
            loop.call_at(due / NANOSECONDS_PER_SECOND, fired.set_result, None)
            await fired
            late.append(clock.monotonic_ns() - due)
        return late

    late = run(story)
    assert min(late) >= -1_000
    assert max(late) <= 1_000


def test_waiting_for_nobody_is_a_deadlock_that_names_the_waiter():
    """Goal: a run that could never end ends at once, with the task and the line."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        await asyncio.create_task(asyncio.Event().wait(), name="the forgotten one")

    with pytest.raises(DeadlockError, match="the forgotten one at"):
        run(story)


@pytest.mark.parametrize(
    "start",
    [
        lambda: threading.Thread(target=print).start(),
        lambda: asyncio.get_running_loop().run_in_executor(None, print),
    ],
    ids=["thread", "executor"],
)
def test_thread_is_refused_at_the_line_that_starts_it(start):
    """Goal: work that the clock cannot see is refused where it is asked for."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        start()

    with pytest.raises(ThreadRefusedError, match="under virtual time"):
        run(story)


def test_real_descriptor_is_refused():
    """Goal: real readiness never mixes with jumping time."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        with socket.socket() as real:
            asyncio.get_running_loop().add_reader(real.fileno(), print)

    with pytest.raises(DescriptorRefusedError, match="memory link"):
        run(story)


def test_threads_are_free_again_after_a_run_and_for_others_during_one():
    """Goal: the guard watches the virtual thread only, and only while it runs."""
    ran = []

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        await asyncio.sleep(1)

    other = threading.Thread(target=lambda: run(story))
    other.start()
    other.join()
    thread = threading.Thread(target=ran.append, args=(1,))
    thread.start()
    thread.join()

    assert ran == [1]


def test_operator_sets_the_wall_clock_back_and_deadlines_do_not_care():
    """Goal: only UTC follows a set clock."""
    clock = VirtualClock()
    before = clock.monotonic_ns()

    clock.set_utc(5 * NANOSECONDS_PER_SECOND)
    clock.advance(7)

    assert clock.now_ns() == 5 * NANOSECONDS_PER_SECOND + 7
    assert clock.monotonic_ns() == before + 7


def test_streams_follow_from_seed_and_name_alone():
    """Goal: what one consumer draws never shifts what another gets."""
    quiet, busy = SeededEntropy(7), SeededEntropy(7)
    busy.token(1_000)

    assert quiet.fork("printer").token(40) == busy.fork("printer").token(40)
    assert quiet.fork("printer").token(40) != quiet.fork("scanner").token(40)
    assert SeededEntropy(7).token(40) != SeededEntropy(8).token(40)


def test_pieces_of_a_stream_join_to_the_whole():
    """Goal: token sizes do not change the stream."""
    whole = SeededEntropy(1).token(100)
    stream = SeededEntropy(1)

    assert b"".join(stream.token(size) for size in (1, 31, 32, 33, 0, 3)) == whole


def test_draws_are_even_and_bounded():
    """Goal: `below` covers its range evenly; `happens` is certain at both ends."""
    entropy = SeededEntropy(3)
    counts = [0] * 10
    for _ in range(10_000):
        counts[entropy.below(10)] += 1

    assert all(850 < count < 1_150 for count in counts)
    assert not entropy.happens(0)
    assert entropy.happens(1_000_000)
    assert 400 < sum(entropy.happens(50_000) for _ in range(10_000)) < 600


def test_host_and_world_satisfy_the_same_ports():
    """Goal: type checkers and programs may swap them; the host's monotonic clock is the loop's."""
    clocks: list[Clock] = [SystemClock(), VirtualClock()]
    sources: list[Entropy] = [SystemEntropy(), SeededEntropy(1)]

    assert all(clock.now_ns() > 0 and clock.monotonic_ns() > 0 for clock in clocks)
    assert all(len(source.token(16)) == 16 for source in sources)


_WORLD = """
import asyncio, hashlib
from sim.clock import run
async def story(clock, entropy):
    log = hashlib.sha256()
    queue = asyncio.Queue()
    async def till(name):
        stream = entropy.fork(name)
        for _ in range(50):
            await asyncio.sleep(stream.below(1_000_000) / 1e6)
            queue.put_nowait(f"{clock.now_ns()} {name} {stream.token(4).hex()}")
    async def read():
        while True:
            log.update((await queue.get()).encode())
    reader = asyncio.create_task(read())
    await asyncio.gather(*(till(f"till {n}") for n in range(20)))
    reader.cancel()
    return log.hexdigest()
print(run(story, seed=int(__import__("sys").argv[1])))
"""


@pytest.mark.system
def test_equal_seeds_give_equal_logs_under_every_hash_seed():
    """Goal: PYTHONHASHSEED 0, 7 and random do not change a run; another seed does."""

    def log_of(hash_seed: str, seed: int) -> str:
        environment = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-c", _WORLD, str(seed)],
            env=environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    logs = {log_of(hash_seed, 11) for hash_seed in ("0", "7", "random")}

    assert len(logs) == 1
    assert len(logs.pop()) == len(hashlib.sha256().hexdigest())
    assert log_of("0", 12) != log_of("0", 11)
