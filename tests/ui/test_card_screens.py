"""Banks' cards as the clerk sees them: one key, then the card; the picture as text."""

import asyncio
from pathlib import Path

import pytest

from devices.stripe_reader import CardSwiped
from pos import commands
from pos.messages import Language
from pos.swiping import Stripes
from protocols.facts import SaleClosed
from protocols.magnetic_stripe import Track, read_track
from protocols.outcome import Unknown
from sim.cards.stripes import read_stripes
from tests.support.acquirer import AcquirerHere
from tests.support.counter_till import Counter
from tests.ui.real_counter import at_the_counter
from tests.ui.stage import Stage, check_golden

SIZES = [(80, 24), (120, 40)]
LANGUAGES: list[Language] = ["ko", "en"]
PRICE = 2_980


def sales(counter: Counter) -> list[SaleClosed]:
    return [fact for fact in counter.facts() if isinstance(fact, SaleClosed)]


def plug_in(counter: Counter) -> AcquirerHere:
    """A stripe reader, and a bank."""
    register = counter.till.register
    register.stripes = Stripes(configured=True)
    register.acquirer = AcquirerHere()
    return register.acquirer


async def swipe(stage: Stage, counter: Counter, card: str = "credit") -> None:
    """Press the one key, and have the card swiped."""
    stage.post("f8")
    await stage.until(lambda: counter.till.view.payment is not None)
    text = read_stripes()[card][Track.TWO][:-1]
    stripes = counter.till.register.stripes
    await stage.until(lambda: stripes.give(CardSwiped(read_track(text, Track.TWO))))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
async def test_a_card_is_waited_for_and_its_bank_asked(
    tmp_path: Path, columns: int, rows: int, language: Language
) -> None:
    async with at_the_counter(tmp_path, language, columns, rows) as (stage, counter):
        bank = plug_in(counter)
        bank.thinking = asyncio.Event()
        stage.post("f8")
        await stage.until(lambda: counter.till.view.payment is not None)
        await stage.still()
        check_golden(f"bank-card-wanted-{columns}x{rows}-{language}", stage)
        text = read_stripes()["credit"][Track.TWO][:-1]
        counter.till.register.stripes.give(CardSwiped(read_track(text, Track.TWO)))
        await stage.until(lambda: bool(bank.asked))
        await stage.still()
        check_golden(f"bank-card-asked-{columns}x{rows}-{language}", stage)
        bank.thinking.set()
        await stage.until(lambda: bool(sales(counter)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
async def test_an_answer_that_does_not_come_holds_the_counter(
    tmp_path: Path, columns: int, rows: int, language: Language
) -> None:
    async with at_the_counter(tmp_path, language, columns, rows) as (stage, counter):
        bank = plug_in(counter)
        bank.says = Unknown(case_id="k", reason="silence")
        await swipe(stage, counter)
        await stage.until(lambda: counter.till.view.doubt is not None)
        await stage.still()
        check_golden(f"bank-card-in-doubt-{columns}x{rows}-{language}", stage)
        await stage.press("escape")
        assert counter.till.view.doubt is not None, "Esc ends nothing here"
        bank.says = None
        await stage.press("enter")
        await stage.until(lambda: bool(sales(counter)))
        assert len(bank.asked) == 1, "nothing was sent again"


async def test_a_card_is_one_key(tmp_path: Path) -> None:
    async with at_the_counter(tmp_path) as (stage, counter):
        bank = plug_in(counter)
        await swipe(stage, counter)
        await stage.until(lambda: bool(sales(counter)))
        [tender] = sales(counter)[0].tenders
        assert (tender.method, tender.amount) == ("card", PRICE)
        assert tender.slip is not None and tender.slip.number == "941011******0010"
        assert bank.asked[0]["track2"] == "9410110000000010=491210100000000"


async def test_esc_gives_up_waiting(tmp_path: Path) -> None:
    async with at_the_counter(tmp_path, "en") as (stage, counter):
        plug_in(counter)
        stage.post("f8")
        await stage.until(lambda: counter.till.view.payment is not None)
        await stage.press("escape")
        await stage.until(lambda: counter.till.view.payment is None)
        said = counter.till.view.notice
        assert said is not None and said.code == "CRD-54"
        await counter.till.execute(commands.Cancel())
