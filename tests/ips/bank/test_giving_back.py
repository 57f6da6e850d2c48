"""Money goes back to the card or the account that paid: by its bank, once a key, never more than was paid.

All of a payment whose day is not settled is undone (0420), a part or an older one is a refund (0200, code
20). Virtual time, the production broker, the bank's twin with its own books.
"""

import asyncio

import pytest

from protocols.broker import GiveBackRequest
from tests.support import bank as b
from tests.support.bank_world import story


async def give(world, paid, amount, key="", module="card", **changes):
    asked = GiveBackRequest(
        key=key or world.key(), payment=paid if isinstance(paid, str) else paid.key, module=module,
        amount=amount, **{"store": "S01", "terminal": "01", **changes},
    )  # fmt: skip
    return await world.run(world.broker.desk().give_back(asked))


def test_all_of_it_on_the_same_day_is_undone(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid = await world.pay(amount=5_000)
        back = await give(world, paid, 5_000, "k1")
        assert (back.outcome, back.amount, back.reference) == ("approved", 5_000, paid.reference)
        assert world.shop() == 0 and "got_0420" in world.words()
        assert back.told["rrn"] == paid.told["rrn"] and back.told["bank"] == "hanbit"
        assert await give(world, paid, 5_000, "k1") == back, "the same key is told the same"
        assert (await give(world, paid, 5_000, "k2")).code == "PAY-12"
        assert world.words().count("got_0420") == 1


def test_a_part_is_a_refund_and_never_more_than_is_left(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid = await world.pay(amount=5_000)
        back = await give(world, paid, 2_000, "k1")
        assert (back.outcome, back.amount) == ("approved", 2_000)
        assert world.shop() == 3_000 and "got_0420" not in world.words()
        assert (await give(world, paid, 5_000, "k2")).code == "PAY-12", "not all of it any more"
        assert (await give(world, paid, 3_001, "k3")).code == "PAY-12"
        assert (await give(world, paid, 3_000, "k4")).outcome == "approved"
        assert (await give(world, paid, 1, "k5")).code == "PAY-12" and world.shop() == 0


def test_two_tills_at_once_are_told_one_after_the_other(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid = await world.pay(amount=5_000)
        told = await asyncio.gather(
            *(give(world, paid, amount, f"k{n}") for n, amount in enumerate([5_000, 5_000, 3_000]))
        )
        given = [each.amount for each in told if each.outcome == "approved"]
        assert sum(given) <= 5_000 and len(given) == 1
        assert {each.outcome for each in told} <= {"approved", "declined"}


def test_after_the_days_end_all_of_it_is_a_refund(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid = await world.pay(amount=5_000)
        desk = world.broker.banks
        settled = await world.run(desk.settle("hanbit", "S01", "01", "KRW"))
        assert settled.agreed
        back = await give(world, paid, 5_000, "k1")
        assert back.outcome == "approved" and back.reference != paid.reference
        assert "got_0420" not in world.words() and world.shop() == 0


def test_a_transfer_goes_back_whole_and_in_part(tmp_path):
    @story(tmp_path)
    async def _(world):
        whole, part = await world.transfer(amount=4_000), await world.transfer(amount=4_000)
        assert (await give(world, whole, 4_000, module="transfer")).outcome == "approved"
        assert (await give(world, part, 1_500, module="transfer")).outcome == "approved"
        assert world.shop() == 2_500


@pytest.mark.parametrize("amount", [5_000, 2_000])
def test_a_lost_answer_is_found_out_under_the_same_key(tmp_path, amount):
    """Undoing is told until the bank has accepted it; a refund without an answer is undone itself."""

    @story(tmp_path)
    async def _(world):
        paid = await world.pay(amount=5_000)
        await world.do("lose_answers", count="3" if amount == 5_000 else "1")
        back = await give(world, paid, amount, "k1")
        assert back.outcome == "unknown"
        await asyncio.sleep(60)
        again = await give(world, paid, amount, "k1")
        if amount == 5_000:
            assert again.outcome == "approved" and world.shop() == 0
        else:
            assert (again.outcome, again.code) == ("declined", "CRD-06") and world.shop() == 5_000
        assert await give(world, paid, amount, "k1") == again


@pytest.mark.parametrize("amount", [5_000, 2_000])
def test_a_bank_that_is_away_was_not_asked_and_never_will_be(tmp_path, amount):
    """Whoever was told so gives cash; a request that comes late moves nothing any more."""

    @story(tmp_path)
    async def _(world):
        paid = await world.pay(amount=5_000)
        await world.do("pull_cable")
        await asyncio.sleep(200)
        back = await give(world, paid, amount, "k1")
        assert (back.outcome, back.code) == ("not_sent", "CRD-07")
        await world.do("plug_cable")
        await asyncio.sleep(100)
        late = await give(world, paid, amount, "k1")
        assert (late.outcome, late.code) == ("not_sent", "CRD-07") and world.shop() == 5_000
        assert (await give(world, paid, amount, "k2")).outcome == "approved"
        assert world.shop() == 5_000 - amount


def test_what_may_not_go_back_asks_no_bank(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid, refused = await world.pay(amount=5_000), await world.pay(b.STOLEN)
        said = len(world.words())
        told = [
            await give(world, "S01-01-20260101-0099-a", 5),
            await give(world, paid, 5_001),
            await give(world, paid, 0),
            await give(world, paid, 5_000, currency="USD"),
            await give(world, paid, 5_000, module="transfer"),
            await give(world, paid, 5_000, store="S02"),
            await give(world, paid, 5_000, paid.key),
            await give(world, refused, 1_000),
        ]
        assert [each.error for each in told] == [
            "unknown-payment", "amount", "amount", "amount", "give-back", "give-back", "key", "not-paid",
        ]  # fmt: skip
        assert len(world.words()) == said and world.shop() == 5_000


@pytest.mark.parametrize(
    "point", ["desk.give_back", "bank.intent", "bank.answered", "bank.tell", "bank.told"]
)
@pytest.mark.parametrize("amount", [5_000, 2_000])
def test_killed_at_every_place_nothing_goes_back_twice(tmp_path, point, amount):
    """The same request after the restart is told, or does, what was meant; once."""

    @story(tmp_path)
    async def _(world):
        paid = await world.pay(amount=5_000)
        world.here.kill_at(point)
        await give(world, paid, amount, "k1")
        reached = not world.here.running
        world.here.spare()
        if reached:
            world.here.start()
        await asyncio.sleep(60)
        again = await give(world, paid, amount, "k1")
        assert again.outcome in ("approved", "declined")
        gone = amount if again.outcome == "approved" else 0
        assert world.shop() == 5_000 - gone
        whole = amount == 5_000
        expected = {"desk.give_back"} | (
            {"bank.tell", "bank.told"} if whole else {"bank.intent", "bank.answered"}
        )
        assert reached is (point in expected)
