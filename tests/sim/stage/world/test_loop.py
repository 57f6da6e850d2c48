"""The loop that can skip time: timers come due in their order, real input is heard, held time passes by itself."""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any

from sim.host import SystemClock
from sim.stage.world.loop import SkippingClock, SkippingLoop

HOUR = 3_600 * 10**9


def run(story: Callable[[SkippingClock], Coroutine[Any, Any, None]]) -> None:
    clock = SkippingClock(SystemClock())
    with asyncio.Runner(loop_factory=lambda: SkippingLoop(clock)) as runner:
        runner.run(story(clock))


def test_ten_hours_are_over_at_once_and_every_timer_of_them_has_come() -> None:
    async def story(clock: SkippingClock) -> None:
        loop, came = asyncio.get_running_loop(), []
        for seconds in (30_000, 60, 3_600, 35_999):
            loop.call_later(seconds, came.append, seconds)
        loop.call_later(36_100, came.append, 36_100)
        wall, before, began = time.monotonic(), clock.now_ns(), loop.time()
        await clock.skip(10 * HOUR)
        assert time.monotonic() - wall < 5
        assert came == [60, 3_600, 30_000, 35_999]
        assert 36_000 <= loop.time() - began < 36_010
        assert 36_000 <= (clock.now_ns() - before) / 10**9 < 36_010
        assert not clock.skipping, "from here on time passes by itself"

    run(story)


def test_what_arrives_from_outside_is_heard_before_time_goes_on() -> None:
    async def story(clock: SkippingClock) -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = os.pipe()
        heard: list[float] = []
        began = loop.time()
        loop.add_reader(ours, lambda: heard.append(loop.time() - began) or os.read(ours, 10))
        loop.call_later(100, os.write, theirs, b"x")
        loop.call_later(100.5, heard.append, -1.0)
        await clock.skip(HOUR)
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)
        first, second = heard
        assert 100 <= first < 100.5 and second == -1.0

    run(story)


def test_nothing_is_skipped_while_something_outside_is_at_work() -> None:
    async def story(clock: SkippingClock) -> None:
        async def at_work() -> float:
            with clock.holding():
                began = clock.monotonic_ns()
                await asyncio.sleep(0.2)
                return (clock.monotonic_ns() - began) / 10**9

        skipping = asyncio.create_task(clock.skip(HOUR))
        assert 0.2 <= await at_work() < 10
        await skipping

    run(story)
