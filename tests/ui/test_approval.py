"""An approval by keys, on the real till: in place, in stars, in so many keystrokes and not one more."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from pos import commands
from pos.messages import Language, notice
from pos.view import AskingView, Purpose, TillView
from protocols.facts import CashMoved
from tests.support.counter_till import Counter
from tests.ui.real_counter import at_the_counter
from tests.ui.scripted_till import ScriptedTill, counter_of, sold_view
from tests.ui.stage import Stage, check_golden, on_stage


def moved(counter: Counter) -> list[tuple[str, str | None]]:
    return [(r.actor, r.approver) for r in counter.records() if r.kind == CashMoved.kind]


async def asked(stage: Stage) -> None:
    """Take 5,000 out: a clerk may not."""
    await stage.press("f1", "3")
    await stage.shows("금액>")
    await stage.press(*"5000", "enter", "2")
    await stage.shows("책임자 승인", "입금/출금", "사번/배지>")


async def test_a_number_and_a_pin_are_seven_keystrokes(tmp_path: Path) -> None:
    """One digit, Enter, four digits, Enter."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await asked(stage)

        keys = ("3", "enter", "8", "5", "2", "0", "enter")
        await stage.press(*keys[:-1])
        await stage.shows("PIN> ****")
        assert "8520" not in stage.text()
        await stage.press(keys[-1])
        await stage.shows("5,000")

        assert len(keys) == 7
        assert moved(counter) == [("7", "3")]
        assert counter.till.view.asking is None


async def test_a_badge_and_a_pin_are_a_scan_and_five_keystrokes(tmp_path: Path) -> None:
    """The badge reader is the scanner."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await asked(stage)

        await stage.scan("STAFF0003")
        await stage.shows("박민수", "PIN>")
        await stage.press("8", "5", "2", "0", "enter")
        await stage.until(lambda: bool(moved(counter)))

        assert moved(counter) == [("7", "3")]


async def test_a_half_typed_entry_is_there_again_afterwards(tmp_path: Path) -> None:
    """Asking has a text of its own: the number that was being keyed is not mixed with a staff number."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await stage.press("1", "2")
        await counter.key("5000CO:퀵")
        await stage.settled()
        await stage.press("9", "escape", "escape")
        await stage.settled()

        assert counter.till.view.asking is None
        assert stage.screen.desk.text == "12"


async def test_esc_goes_back_step_by_step_and_nothing_happens(tmp_path: Path) -> None:
    """PIN, number, question: each Esc takes one away."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await asked(stage)
        await stage.press("3", "enter", "8", "5")
        await stage.shows("PIN> **")

        await stage.press("escape")
        assert stage.screen.desk.answer.secret == ""
        await stage.press("escape")
        await stage.shows("사번/배지>")
        await stage.press("escape")
        await stage.settled()

        assert counter.till.view.asking is None and moved(counter) == []


async def test_a_wrong_pin_asks_for_the_pin_alone(tmp_path: Path) -> None:
    """Five keystrokes more, with how many tries are left."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await asked(stage)
        await stage.press("3", "enter", "1", "1", "1", "2", "enter")
        await stage.shows("PIN 틀림. 2번 남음", "PIN>", "박민수")

        await stage.press("8", "5", "2", "0", "enter")
        await stage.until(lambda: bool(moved(counter)))


@pytest.mark.parametrize("text", ["8520", "8520\n", "x" * 10_000])
async def test_a_pasted_pin_is_refused(tmp_path: Path, text: str) -> None:
    """A PIN in a clipboard is one that is written down."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await asked(stage)
        await stage.press("3", "enter")
        stage.app.post_message(events.Paste(text))
        await stage.shows("PIN은 붙여 넣을 수 없습니다")

        assert stage.screen.desk.answer.secret == ""
        assert moved(counter) == []


async def test_a_pasted_number_is_bounded(tmp_path: Path) -> None:
    """A paste bomb where a staff number is asked for."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await asked(stage)
        stage.app.post_message(events.Paste("9" * 100_000))
        await stage.settled()

        assert len(stage.screen.desk.answer.text) <= 64
        assert counter.till.view.asking is not None


async def test_letters_hangul_and_too_many_digits_are_no_pin(tmp_path: Path) -> None:
    """Each is told and not taken; nothing of it is shown."""
    async with at_the_counter(tmp_path) as (stage, _):
        await asked(stage)
        await stage.press("3", "enter")
        for wrong in ("a", "ㅂ", "+"):
            await stage.press(wrong)
            await stage.shows("PIN은 숫자 4~8자리입니다")
        await stage.press(*"123456789")
        await stage.shows("PIN은 숫자 4~8자리입니다", "PIN> ********")

        assert stage.screen.desk.answer.secret == "12345678"
        assert "1234" not in repr(stage.screen.desk)


async def test_function_keys_do_not_leave_the_question(tmp_path: Path) -> None:
    """No key jumps out of it, and none pays."""
    async with at_the_counter(tmp_path) as (stage, counter):
        await asked(stage)
        before = len(counter.records())
        await stage.press("f12", "f1", "f10", "-", "delete", "up", "+", "enter")
        await stage.settled()

        assert counter.till.view.asking is not None
        assert len(counter.records()) == before


async def test_an_entry_with_a_pin_in_it_is_masked_as_it_is_typed(tmp_path: Path) -> None:
    """Whoever types the script's form at the counter shows nobody the PIN."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("3", "P", "N", ":", "8", "5", "2", "0")
        await stage.shows("입력> 3PN:***")

        assert "8520" not in stage.text()
        await stage.press("enter")
        assert till.commands == [commands.Prove("3", "8520")]


def asking(language: Language, code: str = "RGT-02") -> TillView:
    what = "입금/출금" if language == "ko" else "cash in or out"
    said = notice(code, language, right=what)
    return replace(
        sold_view(language),
        notice=said,
        asking=AskingView(purpose=Purpose.APPROVE, what=what, who="", said=said),
    )


def under_a_takeover(language: Language) -> TillView:
    """A transfer is in doubt and the clerk wants to park it: the doubt stays in sight."""
    return replace(asking(language), notice=notice("PUR-07", language))


def proving(language: Language) -> TillView:
    """A badge was scanned, and a wrong PIN keyed."""
    name = "박민수" if language == "ko" else "M.PARK"
    said = notice("USR-03", language, name=name, left=2)
    view = asking(language)
    assert view.asking is not None
    return replace(view, notice=said, asking=replace(view.asking, who=name, said=said))


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
@pytest.mark.parametrize("picture", [asking, proving, under_a_takeover])
async def test_screens(picture, columns: int, rows: int, language: Language) -> None:
    """In place: the basket, or the takeover, stays in sight."""
    till = ScriptedTill(picture(language))
    async with on_stage(counter_of(till), columns, rows) as stage:
        if picture is proving:
            await stage.press("8", "5")
        check_golden(f"{picture.__name__}-{columns}x{rows}-{language}", stage)
