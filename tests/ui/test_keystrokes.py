"""Keys a task takes at a real till (clerk-and-courier.md 5.3): scans are not counted, and none may be added.

A flow that grows by a key fails here; one that shrinks does too, so that the page is corrected.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pos import commands
from pos.till import Till
from pos.view import Stage as TillStage
from tests.ui.counter_program import codes, real_counter, real_till
from tests.ui.stage import Stage, on_stage

FIRST, SECOND, THIRD = codes()[:3]
NOTES = (50_000, 10_000, 5_000, 1_000, 500, 100, 50, 10)


class Hand:
    """A clerk's hand, counted."""

    def __init__(self, stage: Stage, till: Till) -> None:
        self.stage = stage
        self.till = till
        self.keys = 0

    async def press(self, *keys: str) -> None:
        self.keys += len(keys)
        await self.stage.press(*keys)

    async def scan(self, *scanned: str) -> None:
        for code in scanned:
            await self.stage.scan(code)

    async def sold(self, number: int) -> None:
        await self.stage.until(lambda: f"-{number:04d}" in self.till.view.last_sale)


@asynccontextmanager
async def at_the_till(folder: Path) -> AsyncIterator[Hand]:
    till = real_till(folder, "en")
    await till.start()
    await till.execute(commands.OpenShift(0))
    async with on_stage(real_counter(till)) as stage:
        yield Hand(stage, till)
    await till.stop()


async def test_three_items_and_ten_thousand_are_four_keys_and_the_next_sale_none(
    tmp_path: Path,
) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST, SECOND, THIRD)
        await hand.press("1", "0", ".", "f12")
        await hand.sold(1)
        assert hand.keys == 4

        await hand.scan(FIRST)
        assert (hand.keys, hand.till.view.pieces) == (4, 1)


async def test_quick_cash_is_two_keys_and_exact_cash_one(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST, SECOND, THIRD)
        await hand.press("+", "2")
        await hand.sold(1)
        assert hand.keys == 2

        await hand.scan(FIRST)
        await hand.press("f12")
        await hand.sold(2)
        assert hand.keys == 3


async def test_twelve_with_a_discount_and_part_in_cash_are_nine_keys_before_the_other_payment(
    tmp_path: Path,
) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.press("1", "2", "*")
        await hand.scan(FIRST)
        await hand.press("1", "0", "f3")
        await hand.press("1", ".", "f12")
        await hand.stage.until(lambda: hand.till.view.tendered == 1_000)
        view = hand.till.view
        assert (hand.keys, view.pieces) == (9, 12)
        assert view.due == view.total - 1_000 > 0


async def test_one_line_comes_back_with_three_keys(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST, SECOND)
        await hand.press("f12")
        await hand.sold(1)
        hand.keys = 0
        number = hand.till.view.last_sale.split()[0].rpartition("-")[2]
        order = hand.till.register.order(int(number))

        await hand.press("f7")
        await hand.scan(f"{order}-a")
        await hand.stage.until(lambda: hand.till.view.stage is TillStage.RETURN)
        await hand.press("enter", "enter")
        await hand.sold(2)
        assert hand.keys == 3
        assert not hand.till.view.returning


async def test_a_payment_goes_back_with_three_keys_and_the_sale_goes_on(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST)
        await hand.press("1", "0", "f12")
        await hand.stage.until(lambda: hand.till.view.tendered == 10)
        hand.keys = 0
        await hand.press("f1")
        await hand.stage.until(lambda: hand.till.view.page == "menu")
        await hand.press("-", "2")
        await hand.stage.until(lambda: not hand.till.view.paid)
        assert hand.keys == 3 and hand.till.view.due == hand.till.view.total
        await hand.press("f12")
        await hand.sold(1)


async def test_the_last_sale_is_voided_with_five_keys(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST)
        await hand.press("f12")
        await hand.sold(1)
        hand.keys = 0
        await hand.press("f1")
        await hand.stage.until(lambda: hand.till.view.page == "menu")
        await hand.press("-", "1")
        await hand.stage.until(lambda: "Void (empty" in hand.stage.text())
        await hand.press("enter", "1")
        await hand.sold(2)
        assert hand.keys == 5
        assert hand.till.register.shift.undone == 1


async def test_a_payment_is_changed_with_four_keys_before_the_new_one(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST)
        await hand.press("f12")
        await hand.sold(1)
        hand.keys = 0
        await hand.press("f1")
        await hand.stage.until(lambda: hand.till.view.page == "menu")
        await hand.press("-", "2")
        await hand.stage.until(lambda: "Change (empty" in hand.stage.text())
        await hand.press("enter")
        await hand.stage.until(lambda: hand.till.view.correcting == "change")
        assert hand.keys == 4 and hand.till.view.due > 0
        await hand.press("escape")
        await hand.stage.until(lambda: not hand.till.view.correcting)


async def test_hold_is_one_key_and_recall_two(tmp_path: Path) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.scan(FIRST)
        await hand.press("f5")
        await hand.stage.until(lambda: not hand.till.view.lines)
        assert hand.keys == 1
        await hand.press("f5", "1")
        await hand.stage.until(lambda: hand.till.view.pieces == 1)
        assert hand.keys == 3


async def test_the_count_of_eight_denominations_is_at_most_twenty_seven_keys(
    tmp_path: Path,
) -> None:
    async with at_the_till(tmp_path) as hand:
        await hand.press("f1", "5")
        for _ in NOTES[:-1]:
            await hand.press("0", "enter")
        await hand.press("0", "enter")
        await hand.stage.until(lambda: hand.till.view.stage is TillStage.COUNTED)
        await hand.press("enter")
        await hand.stage.until(lambda: hand.till.view.stage is TillStage.CLOSED)
        assert hand.keys <= 27
