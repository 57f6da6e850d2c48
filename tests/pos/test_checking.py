"""The till asks by itself: a card that comes back ends the sale without a key, and only for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pos.checking import EVERY_SECONDS, Checking
from pos.doubted import ASKING_NS
from pos.rights import Role
from pos.view import DoubtView
from protocols.facts import SaleClosed
from protocols.ports import NANOSECONDS_PER_SECOND
from tests.pos.tenders.test_purse import MILK, Counter, at_the_counter, play
from tests.pos.test_doubted import LOST, torn
from tests.support.staff import employ

ASKING_SECONDS = ASKING_NS // NANOSECONDS_PER_SECOND


@asynccontextmanager
async def by_itself(counter: Counter) -> AsyncIterator[None]:
    """Let the till ask by itself, as beside its screen."""
    checking = Checking(counter.till, counter.clock)
    checking.start()
    yield
    await checking.stop()


def doubt(counter: Counter) -> DoubtView:
    shown = counter.till.view.doubt
    assert shown is not None
    return shown


def test_card_that_comes_back_ends_the_sale_without_a_key(tmp_path: Path) -> None:
    slots = at_the_counter(losses={LOST: False})
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        async with by_itself(counter):
            await torn(counter, slots)
            await asyncio.sleep(20.0)
            assert 3 <= doubt(counter).checks <= 8 and doubt(counter).said.code == "PUR-07"
            slots.card = card
            await asyncio.sleep(EVERY_SECONDS + 3.0)
            assert counter.till.view.doubt is None and len(counter.of(SaleClosed)) == 1
            assert counter.till.view.notice is not None and counter.till.view.notice.code == ""

    play(tmp_path, story, slots)


def test_it_ends_after_its_time_and_enter_begins_it_anew(tmp_path: Path) -> None:
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        async with by_itself(counter):
            await torn(counter, slots)
            await asyncio.sleep(ASKING_SECONDS + 10.0)
            checks = doubt(counter).checks
            assert ASKING_SECONDS / (EVERY_SECONDS + 3) < checks < ASKING_SECONDS / EVERY_SECONDS
            await asyncio.sleep(60.0)
            assert doubt(counter).checks == checks
            await counter.key("RS")
            await asyncio.sleep(20.0)
            assert doubt(counter).checks > checks

    play(tmp_path, story, slots)


def test_nothing_happens_while_a_supervisor_is_asked_for(tmp_path: Path) -> None:
    """A check under the hands of somebody who enters a PIN would throw the question away."""
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        counter.role = Role.CLERK
        employ(counter.store)
        await counter.again()
        await counter.key("7PN:4711", MILK)
        async with by_itself(counter):
            await torn(counter, slots)
            await counter.key("KT")
            asking, exchanges = counter.till.view.asking, slots.exchanges
            assert asking is not None
            await asyncio.sleep(30.0)
            assert counter.till.view.asking == asking and slots.exchanges == exchanges
            await counter.key("CL")
            await asyncio.sleep(10.0)
            assert slots.exchanges > exchanges, "the question was called off"

    play(tmp_path, story, slots)


def test_what_stands_on_the_screen_stays_for_an_answer_that_is_none(tmp_path: Path) -> None:
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        async with by_itself(counter):
            await torn(counter, slots)
            said = await counter.key("CA")
            assert said is not None and said.code == "PUR-25"
            await asyncio.sleep(20.0)
            assert counter.till.view.notice == said

    play(tmp_path, story, slots)


def test_a_till_that_died_asks_as_soon_as_it_is_open_again(tmp_path: Path) -> None:
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots)
        await counter.again()
        async with by_itself(counter):
            await asyncio.sleep(2.9)
            assert (doubt(counter).checks, doubt(counter).shop.value) == (1, "not_moved")

    play(tmp_path, story, slots)


def test_end_waits_for_a_question_that_has_begun(tmp_path: Path) -> None:
    """A dialogue between two cards is never broken off, not even by the end of the program."""
    slots = at_the_counter(losses={LOST: False})
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        checking = Checking(counter.till, counter.clock)
        await torn(counter, slots)
        slots.card = card
        checking.start()
        await asyncio.sleep(0.15)
        assert doubt(counter).asking
        await checking.stop()
        assert len(counter.of(SaleClosed)) == 1 and counter.till.view.doubt is None

    play(tmp_path, story, slots)


def test_what_was_parked_is_asked_about_when_the_till_starts_and_between_customers(
    tmp_path: Path,
) -> None:
    """Quietly: nobody keys anything, and nothing is said of what nobody knows."""
    slots = at_the_counter(losses={LOST: False})
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots)
        await counter.key("KT", "CA")
        slots.card = None
        counter = await counter.again()
        async with by_itself(counter):
            await asyncio.sleep(60.0)
            assert counter.till.view.queue.in_doubt == 1
            assert counter.till.view.notice is None or counter.till.view.notice.level == "A"
            said = counter.till.view.notice
            await counter.key(MILK)
            slots.card = card
            await asyncio.sleep(60.0)
            assert counter.till.view.queue.in_doubt == 1, "a customer stands there"
            assert counter.till.view.notice != said
        counter = await counter.again()
        async with by_itself(counter):
            await asyncio.sleep(5.0)
            await counter.key("CA")
            await asyncio.sleep(60.0)
            assert counter.till.view.queue.in_doubt == 0 and counter.till.view.queue.owed == 1
            assert counter.till.view.notice is not None
            assert counter.till.view.notice.code == "PUR-21"

    play(tmp_path, story, slots)
