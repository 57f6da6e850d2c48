"""Late money goes back to the card that paid, once, whatever is lost (decisions.md "A parked attempt")."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from protocols.facts import AttemptClosed, AttemptOpened, PurseMoved, SaleClosed
from protocols.purse.attempt import details_in
from protocols.purse.details import decode_details, order_reference
from receipts.forms.purse import PurseSlip
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.pos.tenders.test_purse import (
    MILK,
    Counter,
    Moment,
    at_the_counter,
    both,
    play,
)
from tests.pos.test_doubted import LOST, torn
from tests.support.purse_slots import MemorySlots
from tests.support.purses import balance, purse

FIRST = 10_000


async def parked_and_paid_in_cash(counter: Counter, slots: MemorySlots) -> None:
    """The card is torn out after it paid; the sale goes on with cash."""
    await counter.key(MILK)
    await torn(counter, slots)
    await counter.key("KT", "CA")
    assert len(counter.of(SaleClosed)) == 1


def test_late_money_goes_back_when_the_card_is_there(tmp_path: Path) -> None:
    """RS ends the late transfer and gives it back at once, bound to the payment, on paper too."""
    slots = at_the_counter(losses={LOST: False})
    card = slots.card

    async def story(counter: Counter) -> None:
        await parked_and_paid_in_cash(counter, slots)
        slots.card = card
        said = await counter.key("RS")
        assert said is not None and said.code == "PUR-28"
        assert both(slots) == (FIRST, 0)
        late, back = (
            fact
            for fact in counter.of(AttemptClosed)
            if fact.outcome == "approved" and fact.method == "purse"
        )
        assert (late.late, back.late) == (True, False)
        opened = counter.of(AttemptOpened)[-1]
        details = details_in(opened.peer)
        assert details is not None and opened.repays == back.repays
        assert details.reference == order_reference(opened.repays)
        came, went = counter.of(PurseMoved)
        assert (came.own, went.own) == ("payee", "payer")
        assert decode_details(went.details).payee == decode_details(came.details).payer
        paper = counter.store.papers.newest("purse")
        assert paper is not None
        assert msgspec.msgpack.decode(paper.body, type=PurseSlip).service == "repay"
        assert counter.till.view.queue.owed == counter.till.view.queue.in_doubt == 0
        before = len(counter.facts())
        await counter.key("RS")
        assert both(slots) == (FIRST, 0) and len(counter.facts()) == before

    play(tmp_path, story, slots)


def test_it_stays_owed_without_the_card_and_goes_to_no_other(tmp_path: Path) -> None:
    """The shop's purse alone can tell that it was paid; only the card that paid gets it back."""
    slots = at_the_counter(losses={LOST: True})
    card, own = slots.card, slots.own
    other = purse(b"STRANGER", balance=1_000)

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        paying = asyncio.create_task(counter.key("EC"))
        while slots.exchanges < LOST - 1:
            await asyncio.sleep(0.005)
        slots.card, slots.own = None, None
        said = await paying
        assert said is not None and said.code == "PUR-08"
        await counter.key("KT", "CA")
        slots.own = own
        said = await counter.key("RS")
        assert said is not None and said.code == "PUR-21"
        assert counter.till.view.queue.owed == 1
        slots.card = other
        await counter.key("RS")
        assert balance(other) == 1_000 and counter.till.view.queue.owed == 1
        await counter.again()
        slots.card = card
        said = await counter.key("RS")
        assert said is not None and said.code == "PUR-28"
        assert both(slots) == (FIRST, 0) and counter.till.view.queue.owed == 0

    play(tmp_path, story, slots)


async def at_rest(counter: Counter, slots: MemorySlots) -> None:
    for _ in range(3):
        await counter.key("RS")
    assert both(slots) == (FIRST, 0)
    backs = [
        fact for fact in counter.of(AttemptClosed) if fact.repays and fact.outcome == "approved"
    ]
    assert len(backs) == 1 and counter.till.view.queue.owed == 0
    assert not await counter.till.register.doubts()


@pytest.mark.parametrize("leaves", [False, True], ids=["card-stays", "card-leaves"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 13))
def test_lost_answer_anywhere_gives_it_back_once(
    tmp_path: Path, at: int, done: bool, leaves: bool
) -> None:
    slots = at_the_counter(losses={LOST: False})
    card = slots.card

    async def story(counter: Counter) -> None:
        await parked_and_paid_in_cash(counter, slots)
        slots.card = card
        late_ends = slots.exchanges
        slots.passed = lambda: None
        slots.losses = {late_ends + REPAY_BEGINS + at: done}
        asking = asyncio.create_task(counter.key("RS"))
        while leaves and not asking.done():
            if slots.exchanges >= late_ends + REPAY_BEGINS + at:
                slots.card = None
            await asyncio.sleep(0.005)
        await asking
        slots.card, slots.losses = card, {}
        await at_rest(counter, slots)

    play(tmp_path, story, slots)


REPAY_BEGINS = 20
"""About as many exchanges end the late transfer before the repayment begins."""


def test_till_killed_at_any_moment_of_it_gives_it_back_once(tmp_path: Path) -> None:
    """What a kill leaves at each append and before each exchange is opened anew and asked about."""
    moments = moments_of_repaying(tmp_path / "whole")
    assert len({moment.place for moment in moments if moment.place.startswith("exchange")}) > 12
    for number, moment in enumerate(moments):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, data in moment.store.items():
            (folder / name).write_bytes(data)
        slots = at_the_counter()
        assert slots.card is not None and slots.own is not None
        slots.card.memory.write(moment.card)
        slots.own.memory.write(moment.own)
        run(_opened_again(folder, slots))


def moments_of_repaying(folder: Path) -> list[Moment]:
    slots = at_the_counter(losses={LOST: False})
    card, found = slots.card, list[Moment]()

    async def story(counter: Counter) -> None:
        await parked_and_paid_in_cash(counter, slots)
        slots.card = card
        counter.places.folder, counter.places.slots = folder, slots
        slots.passed = lambda: counter.places.reach(f"exchange {slots.exchanges}")
        await counter.key("RS")
        counter.places.folder = None
        found.extend(counter.places.moments)

    play(folder, story, slots)
    return found


def _opened_again(
    folder: Path, slots: MemorySlots
) -> Callable[[VirtualClock, SeededEntropy], Awaitable[None]]:
    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = await Counter(folder, clock, slots).again()
        await at_rest(counter, slots)
        counter.check()
        counter.store.close()

    return told
