"""E-cash at a counter, cut off: killed at every append and exchange, or its card leaving at one.

`tests.pos.tenders.test_purse.Counter` is the till; what is done before, and what has to come of it, a test says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from protocols.purse.card import Purse
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.pos.tenders.test_purse import Counter, Moment, at_the_counter, play
from tests.support.purse_slots import MemorySlots

Rest = Callable[[Counter, MemorySlots], Awaitable[None]]
"""What is done after the restart, and what has to be true then."""


async def card_leaves(
    counter: Counter, slots: MemorySlots, entries: Sequence[str], at: int
) -> None:
    """Key entries; the customer takes the card out as this exchange, counted from the first, is reached."""
    going = asyncio.create_task(counter.key(*entries))
    while not going.done():
        if slots.exchanges >= at:
            slots.card = None
        await asyncio.sleep(0.005)
    await going


def every_kill(folder: Path, before: Sequence[str], entries: Sequence[str], rest: Rest) -> None:
    """Kill the till at each append and before each exchange of the entries, and go on from there."""
    found = _moments(folder / "whole", before, entries)
    assert len({each.place for each in found if each.place.startswith("exchange")}) > 8
    for number, moment in enumerate(found):
        place = folder / str(number)
        place.mkdir()
        for name, data in moment.store.items():
            (place / name).write_bytes(data)
        slots = at_the_counter()
        assert isinstance(slots.card, Purse) and isinstance(slots.own, Purse)
        slots.card.memory.write(moment.card)
        slots.own.memory.write(moment.own)
        run(_opened_again(place, slots, rest))


def _moments(folder: Path, before: Sequence[str], entries: Sequence[str]) -> list[Moment]:
    slots, found = at_the_counter(), list[Moment]()

    async def story(counter: Counter) -> None:
        await counter.key(*before)
        counter.places.folder, counter.places.slots = folder, slots
        slots.passed = lambda: counter.places.reach(f"exchange {slots.exchanges}")
        await counter.key(*entries)
        counter.places.folder = None
        found.extend(counter.places.moments)

    play(folder, story, slots)
    return found


def _opened_again(
    folder: Path, slots: MemorySlots, rest: Rest
) -> Callable[[VirtualClock, SeededEntropy], Awaitable[None]]:
    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = await Counter(folder, clock, slots).again()
        doubts = [each for each in await counter.till.register.doubts() if each.holds]
        assert (counter.till.view.doubt is not None) == bool(doubts), "a doubt is on the screen"
        await rest(counter, slots)
        counter.check()
        counter.store.close()

    return told
