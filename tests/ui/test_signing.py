"""Signing on, locking and handing over by keys, on the real till: counted, in place, in both languages."""

from dataclasses import replace
from pathlib import Path

import pytest

from pos.messages import Language, notice
from pos.view import AskingView, Purpose, TillView
from protocols.facts import SaleClosed, StaffSigned
from tests.support.counter_till import Counter
from tests.ui.real_counter import at_the_counter
from tests.ui.scripted_till import ScriptedTill, counter_of, empty_view, sold_view
from tests.ui.stage import check_golden, on_stage


def acts(counter: Counter) -> list[str]:
    return [fact.act for fact in counter.facts() if isinstance(fact, StaffSigned)]


async def test_locking_is_one_key_and_going_on_five(tmp_path: Path) -> None:
    """Ctrl+L; the PIN and Enter. The sale is there, and no key did anything in between."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await stage.press("ctrl+l")
        await stage.shows("잠김", "김영희", "PIN>", "서울우유 1L")
        before = len(counter.records())
        await stage.press("f12", "f10", "f1", "-", "delete", "escape", "escape", "enter")
        await stage.settled()
        assert len(counter.records()) == before

        await stage.press("4", "7", "1", "1", "enter")
        await stage.until(lambda: counter.till.view.asking is None)

        assert acts(counter) == ["on", "lock", "unlock"]
        await stage.press("f12")
        await stage.until(lambda: counter.records()[-1].kind == SaleClosed.kind)


async def test_a_badge_and_a_pin_take_over_a_locked_till(tmp_path: Path) -> None:
    """Whoever scans a badge is asked for their own PIN."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await stage.press("ctrl+l")
        await stage.scan("STAFF0003")
        await stage.shows("박민수", "PIN>")
        await stage.press("8", "5", "2", "0", "enter")
        await stage.until(lambda: counter.till.view.clerk == "박민수")

        await stage.shows("01호기 박민수")


async def test_a_goods_scan_at_a_locked_till_is_told_not_sold(tmp_path: Path) -> None:
    """A customer waits: nobody may think that it was taken."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await stage.press("ctrl+l")
        await stage.scan("8801043015929")
        await stage.shows("찍히지 않았습니다: 8801043015929")

        assert counter.till.view.pieces == 1


async def test_the_menu_hands_over_in_nine_keys(tmp_path: Path) -> None:
    """F1 6, one digit, Enter, four digits, Enter."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await stage.press("f1", "6")
        await stage.shows("교대", "사번/배지>")
        await stage.press("3", "enter", "8", "5", "2", "0", "enter")
        await stage.until(lambda: counter.till.view.clerk == "박민수")

        assert acts(counter) == ["on", "on"]


async def test_signing_off_leaves_the_screen_to_the_next(tmp_path: Path) -> None:
    """F1 / after the sale; then a number and a PIN."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await stage.press("f12")
        await stage.shows("완료")
        await stage.press("f1")
        await stage.shows("근무 끝")
        await stage.press("/")
        await stage.shows("근무 시작", "사번/배지>")
        await stage.press("7", "enter", "4", "7", "1", "1", "enter")
        await stage.until(lambda: counter.till.view.asking is None)

        assert acts(counter) == ["on", "off", "on"]


async def test_a_locked_counter_is_not_left(tmp_path: Path) -> None:
    """Ctrl+C twice would give a stranger the shell behind somebody's open sale."""
    async with at_the_counter(tmp_path) as (stage, _):
        await stage.press("ctrl+l")
        await stage.shows("PIN>")
        await stage.press("ctrl+c", "ctrl+c", "ctrl+c")
        await stage.shows("USR-07")

        assert stage.app.is_running


async def test_without_a_staff_list_the_menu_says_so() -> None:
    """The three entries are dim, and answer."""
    till = ScriptedTill(replace(empty_view(), page="menu"))
    async with on_stage(counter_of(till)) as stage:
        for key in ("6", "0", "/"):
            await stage.press(key)
            await stage.shows("USR-10")
        assert till.commands == []


def nobody(language: Language) -> TillView:
    """Nobody is signed on."""
    said = notice("sign_on", language)
    asking = AskingView(purpose=Purpose.SIGN_ON, what="", who="", said=said)
    return replace(empty_view(language), clerk="", staffed=True, notice=said, asking=asking)


def locked(language: Language) -> TillView:
    """Somebody went away with a sale in the basket."""
    said = notice("locked", language)
    view = sold_view(language)
    asking = AskingView(purpose=Purpose.UNLOCK, what=view.clerk, who=view.clerk, said=said)
    return replace(view, staffed=True, notice=said, asking=asking)


def handing_over(language: Language) -> TillView:
    """The next one's number is asked for."""
    said = notice("hand_over", language)
    view = sold_view(language)
    asking = AskingView(purpose=Purpose.HAND_OVER, what=view.clerk, who="", said=said)
    return replace(view, staffed=True, notice=said, asking=asking)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
@pytest.mark.parametrize("picture", [nobody, locked, handing_over])
async def test_screens(picture, columns: int, rows: int, language: Language) -> None:
    """In place: what is in the basket stays in sight."""
    till = ScriptedTill(picture(language))
    async with on_stage(counter_of(till), columns, rows) as stage:
        check_golden(f"{picture.__name__}-{columns}x{rows}-{language}", stage)
