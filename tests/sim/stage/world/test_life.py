"""A program that is killed has ended: no task of it runs on, in whatever module it was made."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sim.clock import run
from sim.stage.world.life import KilledError, Life, keep_lives


def play(story: Callable[[], Awaitable[None]]) -> None:
    async def told(*_: object) -> None:
        keep_lives(asyncio.get_running_loop())
        await story()

    run(told)


def test_a_kill_ends_everything_that_was_begun_from_anything_that_was_begun() -> None:
    async def story() -> None:
        went_on: list[str] = []
        closed: list[str] = []
        life = Life(lambda: closed.append("file"))

        async def sleeper(name: str) -> None:
            await asyncio.sleep(10)
            went_on.append(name)

        async def work() -> None:
            child = asyncio.create_task(sleeper("child"))
            async with asyncio.TaskGroup() as group:
                group.create_task(sleeper("grandchild"))
            await child

        begun = life.run(work(), name="work")
        other = asyncio.create_task(sleeper("another program"))
        await asyncio.sleep(1)
        life.kill()

        assert closed == ["file"], "before anything else happens"
        await life.gone()
        assert begun.cancelled()
        await other
        assert went_on == ["another program"]

    play(story)


@pytest.mark.parametrize("places", [1, 2, 3, 4])
def test_a_program_dies_at_the_place_that_was_counted_out_and_passes_no_other(places: int) -> None:
    async def story() -> None:
        passed: list[str] = []
        life = Life()

        async def work() -> None:
            for place in ("a", "b", "a"):
                try:
                    life.reach(place)
                except Exception:  # noqa: BLE001 - what may catch everything must not catch this
                    passed.append("caught")
                passed.append(place)

        life.kill_after(places)
        task = life.run(work(), name="work")
        await asyncio.wait([task])

        assert passed == ["a", "b", "a"][: places - 1]
        assert life.dead == (places < 4)
        assert life.place == ("", "a", "b", "a", "")[places]
        if life.dead:
            with pytest.raises(KilledError):
                life.reach("after its death")

    play(story)


def test_a_program_may_be_let_live() -> None:
    async def story() -> None:
        life = Life()
        life.kill_after(1)
        life.spare()
        life.reach("a")
        assert not life.dead

    play(story)
