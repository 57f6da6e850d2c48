"""A till or a broker that is killed while a bank's card pays (T3): nobody pays twice, or for nothing.

At every place of the till that lasts, in the middle of the question, and at every place of the broker: what
is found afterwards is asked about under its key. A stripe's payment that was approved stands; a chip's is
undone, because its card was not told, and is paid anew under another key.
"""

import asyncio

import pytest

from ips.points import BankPoint, DeskPoint
from pos.points import Point
from sim.stage.world.equipment import CUSTOMER
from tests.support.card_world import GOODS, PRICE, CardShop, given, shop_live


async def begin(shop: CardShop, card: str) -> "asyncio.Task[str]":
    """Have a card pay: a stripe, or a chip that wants no PIN."""
    if card == "chip":
        if not shop.world.equipment().card_in(CUSTOMER):
            await shop.do(CUSTOMER, "insert", card="sign")
        return shop.begin()
    paying = shop.begin()
    await asyncio.sleep(1)
    if shop.till.running:
        await shop.do("stripe_reader", "swipe", card="bank-credit")
    return paying


async def known(shop: CardShop) -> None:
    """Ask until it is known, as the counter does by itself."""
    for _ in range(20):
        if shop.till.view.doubt is None:
            return
        await shop.key("RS")
        await asyncio.sleep(15)
    raise AssertionError("nobody ever knows")


async def paid_once(shop: CardShop, card: str, sales: int = 1) -> None:
    """The sale is paid, or is paid now; the bank has the price of each sale once."""
    await known(shop)
    if len(shop.sales()) < sales:
        assert shop.till.view.due == PRICE and shop.shop_has() == (sales - 1) * PRICE
        assert await (await begin(shop, card)) == ""
    assert len(shop.sales()) == sales and shop.shop_has() == sales * PRICE


@pytest.mark.parametrize("card", ["stripe", "chip"])
def test_till_killed_at_every_place(card: str) -> None:
    async def story(shop: CardShop) -> None:
        for sales, point in enumerate(
            (Point.BEFORE_APPEND_ATTEMPT, Point.AFTER_APPEND_ATTEMPT, Point.BEFORE_APPEND_SALE,
             Point.AFTER_APPEND_SALE), 1,
        ):  # fmt: skip
            await shop.key(GOODS)
            shop.till.life.kill_at(point)
            await (await begin(shop, card))
            assert not shop.till.running, "it was reached"
            await shop.till.start()
            approved = point in (Point.BEFORE_APPEND_SALE, Point.AFTER_APPEND_SALE)
            assert shop.shop_has() == (sales if approved else sales - 1) * PRICE
            await known(shop)
            kept = point is Point.AFTER_APPEND_SALE or (approved and card == "stripe")
            assert (len(shop.sales()) == sales) is kept, point
            await paid_once(shop, card, sales)

    shop_live(story, given("sign"))


@pytest.mark.parametrize("card", ["stripe", "chip"])
def test_till_killed_while_the_bank_thinks(card: str) -> None:
    """Started again before or after the bank has answered."""

    async def story(shop: CardShop) -> None:
        await shop.bank("delay", ms="4000")
        for sales, after_s in enumerate((0.5, 2.5), 1):
            await shop.key(GOODS)
            paying = await begin(shop, card)
            await asyncio.sleep(after_s)
            await shop.till.kill()
            await paying
            await shop.till.start()
            assert shop.till.view.doubt is not None
            await paid_once(shop, card, sales)

    shop_live(story, given("sign"))


@pytest.mark.parametrize("card", ["stripe", "chip"])
def test_broker_killed_at_every_place(card: str) -> None:
    async def story(shop: CardShop) -> None:
        for sales, point in enumerate(
            (DeskPoint.INTENT, DeskPoint.CALL, BankPoint.INTENT, BankPoint.ANSWERED,
             DeskPoint.ANSWERED, DeskPoint.RESULT), 1,
        ):  # fmt: skip
            await shop.key(GOODS)
            await asyncio.sleep(30)
            shop.world.broker.kill_at(point)
            assert await (await begin(shop, card)) == "CRD-05", point
            assert not shop.world.broker.running, "it was reached"
            shop.world.broker.start()
            await asyncio.sleep(5)
            await paid_once(shop, card, sales)
            await asyncio.sleep(60)

    shop_live(story, given("sign"))


def test_broker_killed_while_it_undoes_what_a_pulled_card_left() -> None:
    async def story(shop: CardShop) -> None:
        for sales, point in enumerate(
            (DeskPoint.CANCEL, DeskPoint.CALL, DeskPoint.ANSWERED, BankPoint.TELL, BankPoint.TOLD),
            1,
        ):
            await shop.key(GOODS)
            if not shop.world.equipment().card_in(CUSTOMER):
                await shop.do(CUSTOMER, "insert", card="sign")
            await shop.do(CUSTOMER, "delay", ms="500")
            had = shop.shop_has()
            paying = shop.begin()
            while shop.shop_has() == had:
                await asyncio.sleep(0.1)
            shop.world.broker.kill_at(point)
            await shop.do(CUSTOMER, "remove")
            assert await paying == "CRD-05", point
            assert not shop.world.broker.running, "it was reached"
            await shop.do(CUSTOMER, "delay", ms="0")
            shop.world.broker.start()
            await asyncio.sleep(5)
            await paid_once(shop, "chip", sales)
            await asyncio.sleep(60)

    shop_live(story, given("sign"))


def test_parked_and_paid_in_cash_it_is_given_up() -> None:
    """The customer pays otherwise; what the bank had approved by then is undone."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.bank("delay", ms="4000")
        paying = await begin(shop, "stripe")
        await asyncio.sleep(1)
        await shop.till.kill()
        await paying
        await shop.till.start()
        await shop.key("KT", "CA")
        assert [each.method for each in shop.sales()[0].tenders] == ["cash"]
        await asyncio.sleep(10)
        await shop.key("RS")

    shop_live(story, given("sign"))
