"""E-cash as the clerk sees it: the real till, cards of the production class, the picture as text.

Bad cards: each has a sentence that says what it is, where the money is, and what to do. A card torn
out: the takeover, its end by the same card, by a supervisor with cash, by giving up.
"""

import asyncio
from pathlib import Path

import pytest

from pos import commands
from pos.messages import Language, notice
from protocols.facts import AttemptClosed, AttemptOpened, AttemptParked, SaleClosed, SaleVoided
from tests.support.bad_cards import BAD, customer, slots
from tests.support.counter_till import Counter
from tests.support.purse_slots import MemorySlots
from tests.support.purses import balance
from tests.ui.real_counter import at_the_counter
from tests.ui.stage import Stage, check_golden

SIZES = [(80, 24), (120, 40)]
LANGUAGES: list[Language] = ["ko", "en"]
PRICE = 2_980
LOST = 10
"""CREDIT: the value has left the card."""


def of(counter: Counter, kind: type) -> list:
    return [fact for fact in counter.facts() if isinstance(fact, kind)]


async def pay(stage: Stage) -> None:
    """Press the one key of e-cash and wait for what comes of it."""
    await stage.press("f9")
    await stage.settled()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
@pytest.mark.parametrize("name", BAD)
async def test_bad_card_says_what_it_is_where_the_money_is_and_what_to_do(
    tmp_path: Path, name: str, columns: int, rows: int, language: Language
) -> None:
    """Nothing moved, the sale is as it was, and cash ends it with one key."""
    bad = BAD[name]
    cards = bad.make()
    before = _balances(cards)
    async with at_the_counter(tmp_path, language, columns, rows, cards) as (stage, counter):
        await pay(stage)
        said = counter.till.view.notice
        assert said is not None and (said.code, said.level) == (bad.code, "B")
        assert said.banner and said.money == {"ko": "안 움직임", "en": "not moved"}[language]
        check_golden(f"bad-card-{name}-{columns}x{rows}-{language}", stage)
        assert _balances(cards) == before and len(counter.till.view.lines) == 1
        await stage.press("f12")
        await stage.until(lambda: bool(of(counter, SaleClosed)))


def _balances(cards: MemorySlots) -> list[int]:
    return [balance(each) for each in (cards.card, cards.own) if each is not None]  # type: ignore[arg-type]


async def test_e_cash_sale_is_one_key_and_the_next_sale_none(tmp_path: Path) -> None:
    cards = slots(customer())
    async with at_the_counter(tmp_path, cards=cards) as (stage, counter):
        await pay(stage)
        await stage.until(lambda: bool(of(counter, SaleClosed)))
        assert _balances(cards) == [9_000 - PRICE, PRICE]
        await stage.shows("카드 잔액          6,020", "완료  카드 잔액 6,020")
        assert "|잔액 6,020" in counter.bench.told
        await stage.scan("8801115114154")
        assert counter.till.view.pieces == 1


async def test_short_purse_is_split_with_two_keys_and_cash(tmp_path: Path) -> None:
    """F9 offers, F9 takes what the card has, F12 the rest: three keys."""
    cards = slots(customer(balance=100))
    async with at_the_counter(tmp_path, cards=cards) as (stage, counter):
        await pay(stage)
        await pay(stage)
        await stage.until(lambda: counter.till.view.due == PRICE - 100)
        await stage.press("f12")
        await stage.until(lambda: bool(of(counter, SaleClosed)))
        [sale] = of(counter, SaleClosed)
        assert [(each.method, each.amount) for each in sale.tenders] == [
            ("purse", 100),
            ("cash", PRICE - 100),
        ]


async def test_esc_ends_the_waiting_for_a_card(tmp_path: Path) -> None:
    cards = slots(None)
    cards.patience_seconds = 30.0
    async with at_the_counter(tmp_path, cards=cards) as (stage, counter):
        stage.post("f9")
        await stage.shows("[>] 1 카드 확인")
        await stage.press("escape")
        await stage.shows("PUR-22")
        assert of(counter, AttemptOpened) == [] and len(counter.till.view.lines) == 1


async def asked_for(stage: Stage, counter: Counter, key: str) -> None:
    """Press a key that a supervisor has to allow, and wait to be asked for one."""
    await stage.press(key)
    await stage.until(lambda: counter.till.view.asking is not None)


async def torn(stage: Stage, counter: Counter, cards: MemorySlots) -> None:
    """Press F9, and let the customer tear the card out in the middle."""
    cards.losses = {LOST: False}
    stage.post("f9")
    await stage.until(lambda: cards.exchanges >= LOST)
    cards.card = None
    await stage.until(lambda: counter.till.view.doubt is not None)
    await stage.settled()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
async def test_torn_card_takes_the_screen_and_ends_with_enter_and_the_same_card(
    tmp_path: Path, columns: int, rows: int, language: Language
) -> None:
    cards = slots(customer())
    card = cards.card
    async with at_the_counter(tmp_path, language, columns, rows, cards) as (stage, counter):
        await torn(stage, counter, cards)
        check_golden(f"torn-card-{columns}x{rows}-{language}", stage)
        cards.card = card
        await stage.press("enter")
        await stage.until(lambda: bool(of(counter, SaleClosed)))
        assert _balances(cards) == [9_000 - PRICE, PRICE]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
async def test_supervisor_parks_it_inside_the_takeover_and_cash_ends_the_sale(
    tmp_path: Path, columns: int, rows: int, language: Language
) -> None:
    """F8, who it is, the PIN, F12: nobody leaves the takeover before it is decided."""
    cards = slots(customer())
    async with at_the_counter(tmp_path, language, columns, rows, cards) as (stage, counter):
        await torn(stage, counter, cards)
        await asked_for(stage, counter, "f8")
        await stage.press("3", "enter")
        check_golden(f"parking-{columns}x{rows}-{language}", stage)
        assert of(counter, AttemptParked) == []
        await stage.press("8", "5", "2", "0", "enter")
        await stage.until(lambda: bool(of(counter, AttemptParked)))
        await stage.settled()
        check_golden(f"parked-{columns}x{rows}-{language}", stage)
        record = next(each for each in counter.records() if each.kind == "attempt.parked")
        assert (record.actor, record.approver) == ("7", "3")
        await stage.press("f12")
        await stage.until(lambda: bool(of(counter, SaleClosed)))


async def test_esc_calls_the_supervisor_off_and_the_takeover_stays(tmp_path: Path) -> None:
    cards = slots(customer())
    async with at_the_counter(tmp_path, cards=cards) as (stage, counter):
        await torn(stage, counter, cards)
        await asked_for(stage, counter, "f7")
        await stage.press("escape")
        await stage.until(lambda: counter.till.view.asking is None)
        await stage.shows("PUR-07", "[F7]")
        assert of(counter, AttemptParked) == [] and counter.till.view.lines


async def test_sale_is_given_up_by_a_supervisor_with_f7(tmp_path: Path) -> None:
    cards = slots(customer())
    async with at_the_counter(tmp_path, cards=cards) as (stage, counter):
        await torn(stage, counter, cards)
        await asked_for(stage, counter, "f7")
        await stage.press("3", "enter", "8", "5", "2", "0", "enter")
        await stage.until(lambda: bool(of(counter, SaleVoided)))
        assert counter.till.view.doubt is None and not counter.till.view.lines
        assert counter.till.view.queue.in_doubt == 1


async def test_queue_page_asks_again_with_enter_and_gives_late_money_back(tmp_path: Path) -> None:
    """Parked, paid in cash; later the customer is back: F1, 8, Enter."""
    cards = slots(customer())
    card = cards.card
    async with at_the_counter(tmp_path, cards=cards) as (stage, counter):
        await torn(stage, counter, cards)
        await asked_for(stage, counter, "f8")
        await stage.press("3", "enter", "8", "5", "2", "0", "enter")
        await stage.until(lambda: bool(of(counter, AttemptParked)))
        await stage.press("f12")
        await stage.until(lambda: bool(of(counter, SaleClosed)))
        cards.card = card
        await stage.press("f1")
        await stage.press("8")
        await stage.shows("미확정", "Enter 다시 확인")
        await stage.press("enter")
        await stage.until(
            lambda: (
                counter.till.view.notice is not None and counter.till.view.notice.code == "PUR-28"
            )
        )
        assert _balances(cards) == [9_000, 0]
        back = of(counter, AttemptClosed)[-1]
        assert back.repays and back.outcome == "approved"


async def test_the_screen_says_too_late_when_esc_cannot_stop_it(tmp_path: Path) -> None:
    """Esc after the point of no return: it says so, and the sale ends."""
    cards = slots(customer())
    passed = asyncio.Event()
    cards.passed = lambda: passed.set() if cards.exchanges == 7 else None
    async with at_the_counter(tmp_path, cards=cards) as (stage, counter):
        heard = []
        counter.till.watch(lambda view: view.notice and heard.append(view.notice))
        stage.post("f9")
        await passed.wait()
        await counter.till.execute(commands.Cancel())
        await stage.until(lambda: bool(of(counter, SaleClosed)))
        assert notice("PUR-23", "ko") in heard
