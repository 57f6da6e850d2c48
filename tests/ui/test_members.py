"""Members at the counter: the keys it takes, what is seen of a person, and wrong numbers in the field."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from pos import commands
from pos.messages import Language, notice
from pos.view import DoubtView, MemberView, TillView
from pos.view import Stage as TillStage
from protocols.points import PointsRule
from tests.support.club import MEMBER, ClubHere
from tests.ui.counter_program import codes, real_counter, real_till
from tests.ui.scripted_till import ScriptedTill, counter_of, sold_view
from tests.ui.stage import check_golden, on_stage
from tests.ui.test_keystrokes import Hand

FIRST, SECOND = codes()[:2]
PHONE = "01012343304"


@asynccontextmanager
async def at_the_till(folder: Path) -> AsyncIterator[Hand]:
    """A real till of a shop with points, one per cent."""
    till = real_till(folder, "en")
    await till.start()
    register = till.register
    register.policy = structs.replace(register.policy, points=PointsRule(rate=100))
    register.club = ClubHere()
    await till.execute(commands.OpenShift(0))
    async with on_stage(real_counter(till)) as stage:
        yield Hand(stage, till)
    await till.stop()


async def named(hand: Hand) -> None:
    await hand.stage.until(lambda: hand.till.view.member is not None)


async def test_a_card_is_no_key_four_digits_are_five_and_paying_with_points_two(
    tmp_path: Path,
) -> None:
    """clerk-and-courier.md 5.3: `/`."""
    async with at_the_till(tmp_path) as hand:
        await hand.scan(MEMBER, FIRST)
        await named(hand)
        assert hand.keys == 0
        await hand.press("f12")
        await hand.sold(1)
        hand.keys = 0

        await hand.scan(SECOND)
        await hand.press("3", "3", "0", "4", "/")
        await named(hand)
        assert hand.keys == 5
        assert "김*수 (3304)" in hand.stage.text() and "1,240P" in hand.stage.text()

        await hand.press("/", "1")
        await hand.sold(2)
        assert hand.keys == 7


async def test_one_of_several_is_one_key_more_and_the_form_one(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST)
        await hand.press("/", "5", "6", "7", "8", "enter")
        await hand.stage.until(lambda: hand.till.view.stage is TillStage.MEMBER)
        await hand.stage.shows("WHICH MEMBER", "1 이*지 (5678)", "stopped")
        await hand.press("1")
        await named(hand)
        assert hand.keys == 7


async def test_member_is_taken_off_with_two_keys(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST, MEMBER)
        await named(hand)
        await hand.press("/", "3")
        await hand.stage.until(lambda: hand.till.view.member is None)
        assert hand.keys == 2


async def test_telephone_is_never_seen_whole(tmp_path: Path) -> None:
    """Only its last digits, while it is keyed and afterwards; nor is it in any file of the till's."""
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST)
        await hand.press("/", *PHONE)
        assert "*******3304" in hand.stage.text() and "1012343304" not in hand.stage.text()
        await hand.press("enter")
        await named(hand)
        assert "012343304" not in hand.stage.text()
        await hand.press("f12")
        await hand.sold(1)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"012343304" not in kept and MEMBER.encode() in kept


@pytest.mark.parametrize("text", ["12", "abcd", "0212345678", "M123456783", "1" * 60])
async def test_what_is_no_number_stays_asked_and_is_not_repeated(tmp_path: Path, text: str) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST)
        for key in ("/", *text, "enter"):
            await hand.press(key)
        await hand.stage.shows("ENT-14")
        assert hand.stage.screen.desk.form is not None
        assert len(text) < 5 or text not in hand.stage.text()
        club = hand.till.register.club
        assert isinstance(club, ClubHere) and club.asked == []
        await hand.press("escape")
        assert hand.till.view.pieces == 1


async def test_empty_answer_stays_asked(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.press("/", "enter")
        await hand.stage.shows("ENT-14")


async def test_digits_before_the_key_that_are_no_member_are_not_left_to_be_sold(
    tmp_path: Path,
) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.press(*"0101234", "/")
        await hand.stage.shows("ENT-14")
        assert hand.stage.screen.desk.text == ""


def of_a_member(language: Language) -> TillView:
    """A basket whose member has points, and what it will earn."""
    member = MemberView("김*수 (3304)", 1_240, earns=153)
    return replace(sold_view(language), member=member)


def to_choose(language: Language) -> TillView:
    """Several whom four digits fit; one has too long a name, one a card that was lost."""
    members = (
        MemberView("이*지 (5678)", 0),
        MemberView("독***********************재 (5678)", 123_456_789),
        MemberView("박* (5678)", -1_300),
        MemberView("김*수 (5678)", 500, stopped=True),
    )
    return replace(sold_view(language), stage=TillStage.MEMBER, members=members)


def in_doubt(language: Language) -> TillView:
    """Nobody has answered about the points: no card has anything to do with it."""
    doubt = DoubtView(
        said=notice("PTS-07", language),
        method="포인트" if language == "ko" else "POINTS",
        key="S1-01-20260417-0128-a",
        amount=1_240,
        sale="0417-0128",
        carded=False,
        wants_card=False,
    )
    return replace(sold_view(language), stage=TillStage.DOUBT, doubt=doubt)


VIEWS: dict[str, Callable[[Language], TillView]] = {
    "member": of_a_member,
    "members": to_choose,
    "points-in-doubt": in_doubt,
}


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
@pytest.mark.parametrize("name", VIEWS)
async def test_view_looks_as_stored(name: str, columns: int, rows: int, language: Language) -> None:
    """Nothing moves between states, nothing runs over, in either language."""
    async with on_stage(counter_of(ScriptedTill(VIEWS[name](language))), columns, rows) as stage:
        check_golden(f"{name}-{columns}x{rows}-{language}", stage)
