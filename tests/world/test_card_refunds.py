"""A bank's payment goes back by its bank (T3, I10-I12): out of an open sale, with goods, with a whole sale, for
another payment, and when it came too late. Whatever is lost, late, doubled or killed, till, broker and bank
agree in the end, and nobody is paid twice.
"""

import asyncio
from dataclasses import replace

import pytest

from protocols.facts import AttemptOpened, RefundClosed, TenderChanged, TenderVoided
from sim.stage.world.given import TillWish
from sim.stage.world.network import Passing
from tests.support.card_world import GOODS, PRICE, CardShop, given, shop_live

PART = 1_000


def of(shop: CardShop, kind: type) -> list:
    return [fact for fact in shop.facts() if isinstance(fact, kind)]


async def sold(shop: CardShop) -> None:
    """A sale, paid by card."""
    await shop.key(GOODS)
    await shop.swipe("bank-credit")
    assert shop.shop_has() == PRICE
    await asyncio.sleep(20)


FLOWS = {
    "return": ("RT:1", "1RL", "GB"),
    "void": ("VF",),
    "change": ("CT", "CA"),
}


def fails_next(shop: CardShop, passing: Passing) -> None:
    """Let what is asked of the bank fail; what is looked up before, goes well."""
    shop.till.network.aim("/v1/give-backs", passing)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_closed_sale_goes_back_to_the_card_that_is_not_there(flow: str) -> None:
    async def story(shop: CardShop) -> None:
        await sold(shop)
        assert await shop.key(*FLOWS[flow]) == "" and shop.shop_has() == 0
        paid, back = of(shop, AttemptOpened)
        assert (back.refunds, back.service != "") == (shop.sales()[0].tenders[0].attempt, True)
        [given] = [t for f in of(shop, RefundClosed) for t in f.tenders] + [
            f.back for f in of(shop, TenderChanged)
        ]
        assert given.method == "card" and given.slip is not None
        assert given.slip.number == paid.slip.number and given.slip.approval == given.reference

    shop_live(story)


def test_a_payment_is_taken_out_of_an_open_sale_and_another_one_ends_it() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.swipe("bank-credit", entry=f"{PART}CD")
        assert await shop.key("VT") == "" and shop.shop_has() == 0
        [voided] = of(shop, TenderVoided)
        assert voided.back.slip is not None and voided.tender.slip is not None
        await shop.key("CA")
        assert shop.questions() == []

    shop_live(story)


def test_a_part_of_the_goods_is_a_part_of_the_money_and_the_rest_goes_later() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(f"3*{GOODS}")
        await shop.swipe("bank-credit")
        await asyncio.sleep(20)
        for left in (2, 1, 0):
            assert await shop.key("RT:1", "1*RL", "GB") == ""
            assert shop.shop_has() == left * PRICE
        assert await shop.key("RT:1") == "RET-08"
        assert shop.questions() == []

    shop_live(story)


TWO = replace(given(), tills=(*given().tills, TillWish(terminal="02", equipment={})))
ORDER = "S01-01-20260101-0001"


def test_goods_come_back_at_another_till_and_the_card_has_its_money() -> None:
    async def story(shop: CardShop) -> None:
        await sold(shop)
        other = shop.world.till("02")
        for entry in (f"RT:{ORDER}", "1RL"):
            await other.key(entry)
        said = await other.key("GB")
        assert said is not None and said.code == "" and shop.shop_has() == 0
        assert shop.questions() == []

    shop_live(story, TWO)


def test_two_tills_that_give_the_same_money_back_give_it_once() -> None:
    """Both have looked the sale up before either gave anything back."""

    async def story(shop: CardShop) -> None:
        await sold(shop)
        tills = shop.till, shop.world.till("02")
        for till in tills:
            for entry in (f"RT:{ORDER}", "1RL"):
                await till.key(entry)
        told = await asyncio.gather(*(till.key("GB") for till in tills))
        assert sorted(said.code for said in told if said is not None) == ["", "PAY-12"]
        assert shop.shop_has() == 0
        [refused] = [till for till, said in zip(tills, told, strict=True) if said and said.code]
        await refused.key("RE")

    shop_live(story, TWO)


def test_cash_becomes_a_card_and_a_card_another() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS, "CA", "CT")
        await shop.swipe("bank-credit")
        assert shop.shop_has() == PRICE
        await shop.key("CT")
        await shop.swipe("bank-credit")
        assert shop.shop_has() == PRICE and len(of(shop, TenderChanged)) == 2
        assert shop.questions() == []

    shop_live(story)


@pytest.mark.parametrize("passing", [Passing.LOSE_ANSWER, Passing.HANG_UP, Passing.LOSE_REQUEST])
@pytest.mark.parametrize("flow", FLOWS)
def test_a_lost_answer_is_asked_for_under_the_same_key(flow: str, passing: Passing) -> None:
    async def story(shop: CardShop) -> None:
        await sold(shop)
        *first, last = FLOWS[flow]
        await shop.key(*first)
        fails_next(shop, passing)
        said = await shop.key(last)
        assert said == ("CRD-44" if flow == "return" else "CRD-43")
        if flow == "return":
            assert await shop.key("GB") == "PUR-37", "nothing goes back twice"
        await shop.key("RS")
        assert shop.till.view.doubt is None and shop.shop_has() == 0
        if flow == "return":
            await shop.key("GB")
        assert len(of(shop, AttemptOpened)) == 2 and shop.questions() == []

    shop_live(story)


@pytest.mark.parametrize("passing", [Passing.TWICE, Passing.LATE, Passing.STRAY])
def test_a_request_that_comes_twice_or_late_gives_back_once(passing: Passing) -> None:
    async def story(shop: CardShop) -> None:
        await sold(shop)
        fails_next(shop, passing)
        await shop.key("VF")
        await asyncio.sleep(100)
        if shop.till.view.doubt is not None:
            await shop.key("RS")
        assert shop.shop_has() == 0 and len(of(shop, RefundClosed)) == 1

    shop_live(story)


def test_without_a_bank_cash_goes_back_and_nothing_comes_late() -> None:
    async def story(shop: CardShop) -> None:
        await sold(shop)
        await shop.bank("pull_cable")
        await asyncio.sleep(200)
        assert await shop.key("RT:1", "1RL", "GB") == "CRD-40"
        assert await shop.key("GB:cash") == ""
        await shop.bank("plug_cable")
        await asyncio.sleep(100)
        assert shop.shop_has() == PRICE
        [refund] = of(shop, RefundClosed)
        assert [tender.method for tender in refund.tenders] == ["cash"]

    shop_live(story)


def test_without_a_broker_it_is_not_sent_and_goes_when_there_is_one() -> None:
    async def story(shop: CardShop) -> None:
        await sold(shop)
        await shop.key("RT:1", "1RL")
        fails_next(shop, Passing.NO_ROUTE)
        assert await shop.key("GB") == "CRD-40"
        assert await shop.key("GB") == "" and shop.shop_has() == 0

    shop_live(story)


def test_a_bank_that_refuses_is_a_sentence_and_cash_a_supervisors() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(f"2*{GOODS}")
        await shop.swipe("bank-credit")
        await asyncio.sleep(20)
        await shop.bank("decline", code="57")
        assert await shop.key("RT:1", "1*RL", "GB") == "CRD-41"
        assert await shop.key("GB:cash") == "" and shop.shop_has() == 2 * PRICE

    shop_live(story)


@pytest.mark.parametrize("count", [1, 2])
def test_a_bank_that_is_silent_is_told_until_it_has_accepted(count: int) -> None:
    """All of it is undone (0420); a part is a refund, which is undone itself where nobody answers."""

    async def story(shop: CardShop) -> None:
        await shop.key(f"{count}*{GOODS}")
        await shop.swipe("bank-credit")
        await asyncio.sleep(20)
        await shop.bank("lose_answers", count="3")
        said = await shop.key("RT:1", "1*RL", "GB")
        assert said == "CRD-44"
        await asyncio.sleep(100)
        said = await shop.key("RS")
        if count == 2:
            assert said == "CRD-42" and shop.shop_has() == 2 * PRICE
        await shop.key("GB")
        assert shop.shop_has() == (count - 1) * PRICE

    shop_live(story)


def test_late_money_of_a_parked_attempt_goes_back_by_its_bank() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(Passing.LOSE_ANSWER)
        assert await shop.swipe("bank-credit") == "CRD-05"
        await shop.key("KT", "CA")
        await asyncio.sleep(20)
        assert await shop.key("RS") == "CRD-45" and shop.shop_has() == 0

    shop_live(story)


def test_late_money_whose_way_back_is_lost_is_asked_about_under_its_key() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(Passing.LOSE_ANSWER)
        assert await shop.swipe("bank-credit") == "CRD-05"
        await shop.key("KT", "CA")
        await asyncio.sleep(20)
        fails_next(shop, Passing.LOSE_ANSWER)
        assert await shop.key("RS") == "CRD-44"
        assert await shop.key("RS") == "CRD-45" and shop.shop_has() == 0
        repaid = [fact for fact in shop.opened() if fact.repays]
        assert len(repaid) == 1

    shop_live(story)


def test_parked_on_its_way_back_the_sale_goes_on_and_the_bank_gives_it_back_later() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.swipe("bank-credit", entry=f"{PART}CD")
        await asyncio.sleep(20)
        fails_next(shop, Passing.LOSE_REQUEST)
        assert await shop.key("VT") == "CRD-43"
        await shop.key("KT", "CA")
        assert shop.shop_has() == PART, "not yet"
        await asyncio.sleep(20)
        await shop.key("RS")
        assert shop.shop_has() == 0 and shop.questions() == []

    shop_live(story)


def test_parked_on_its_way_back_and_the_bank_refuses_it_is_the_customers() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(f"2*{GOODS}")
        await shop.swipe("bank-credit", entry=f"{PART}CD")
        await asyncio.sleep(20)
        fails_next(shop, Passing.LOSE_REQUEST)
        assert await shop.key("VT") == "CRD-43"
        await shop.key("KT", "CA")
        await asyncio.sleep(20)
        await shop.bank("pull_cable")
        await asyncio.sleep(200)
        assert await shop.key("RS") in ("PUR-21", "CRD-44", "CRD-40")
        await shop.bank("plug_cable")
        await asyncio.sleep(100)
        await shop.key("RS")
        assert shop.shop_has() == 0

    shop_live(story)


def test_cash_for_a_card_in_an_open_sale_is_a_supervisors() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.swipe("bank-credit", entry=f"{PART}CD")
        assert await shop.key("VT:cash") == "" and shop.shop_has() == PART
        await shop.key("CA")
        [voided] = of(shop, TenderVoided)
        assert voided.back.method == "cash" and shop.questions() == []

    shop_live(story)


@pytest.mark.parametrize("point", ["before_append_attempt", "after_append_attempt"])
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("flow", FLOWS)
def test_killed_while_it_goes_back_it_goes_back_once(flow: str, point: str, nth: int) -> None:
    """The same keys go on after the restart."""

    async def story(shop: CardShop) -> None:
        await sold(shop)
        *first, last = FLOWS[flow]
        await shop.key(*first)
        shop.till.life.kill_at(point, nth)
        await shop.key(last)
        if not shop.till.running:
            await shop.till.start()
        shop.till.life.spare()
        await asyncio.sleep(5)
        await shop.key("RS")
        unpaid = flow == "change" and shop.till.view.due
        await shop.key("CA" if unpaid else {"return": "GB", "void": "VF", "change": "GB"}[flow])
        await asyncio.sleep(5)
        assert shop.shop_has() == 0 and shop.questions() == []

    shop_live(story)
