"""An account transfer goes back to the account that it came from, by its bank, without the passbook (T4, I10-I12).

What is lost, late or killed on the way back is the same for all banks' payments (test_card_refunds).
"""

import asyncio

import pytest

from protocols.facts import RefundClosed, TenderChanged, TenderVoided
from sim.stage.world.network import Passing
from tests.support.transfer_world import GOODS, PRICE, TransferShop, transfer_live
from tests.world.test_card_refunds import FLOWS, fails_next, of


async def sold(shop: TransferShop, goods: str = GOODS) -> None:
    """A sale, paid by transfer; the passbook is gone."""
    await shop.key(goods)
    assert await shop.pay() == ""
    await shop.do("customer", "remove")
    await asyncio.sleep(20)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_closed_sale_goes_back_to_the_account(flow: str) -> None:
    async def story(shop: TransferShop) -> None:
        await sold(shop)
        assert shop.moved == PRICE
        assert await shop.key(*FLOWS[flow]) == "" and shop.moved == 0
        [given] = [t for f in of(shop, RefundClosed) for t in f.tenders] + [
            f.back for f in of(shop, TenderChanged)
        ]
        paid = shop.sales()[0].tenders[0].slip
        assert given.method == "transfer" and given.slip is not None and paid is not None
        assert given.slip.number == paid.number and given.slip.approval == given.reference

    transfer_live(story)


def test_a_part_goes_back_and_the_rest_later() -> None:
    async def story(shop: TransferShop) -> None:
        await sold(shop, f"2*{GOODS}")
        for left in (1, 0):
            assert await shop.key("RT:1", "1*RL", "GB") == "" and shop.moved == left * PRICE
        assert shop.questions() == []

    transfer_live(story)


def test_a_payment_of_an_open_sale_goes_back_and_cash_ends_it() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(f"2*{GOODS}", "1000CA")
        paying = asyncio.create_task(shop.key("1000TR"))
        await shop.do("customer", "insert", card="passbook-1")
        await shop.enter("1234")
        assert await paying == ""
        assert await shop.key("2VT") == "" and shop.moved == 0
        [voided] = of(shop, TenderVoided)
        assert voided.back.method == "transfer"
        await shop.key("CA")
        assert shop.questions() == []

    transfer_live(story)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_lost_answer_is_asked_for_under_the_same_key(flow: str) -> None:
    async def story(shop: TransferShop) -> None:
        await sold(shop)
        *first, last = FLOWS[flow]
        await shop.key(*first)
        fails_next(shop, Passing.LOSE_ANSWER)
        assert await shop.key(last) == ("CRD-44" if flow == "return" else "CRD-43")
        await shop.key("RS")
        if flow == "return":
            await shop.key("GB")
        assert shop.till.view.doubt is None and shop.moved == 0 and shop.questions() == []

    transfer_live(story)


def test_a_transfer_that_came_too_late_goes_back_by_its_bank() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(Passing.LOSE_ANSWER)
        assert await shop.pay() == "CRD-05"
        await shop.key("KT", "CA")
        await asyncio.sleep(20)
        assert await shop.key("RS") == "CRD-45" and shop.moved == 0

    transfer_live(story)
