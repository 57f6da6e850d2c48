"""Banks' cards through till, journal, network, broker and bank (T3): nobody pays twice, or for nothing.

Goal: whatever is lost, late or killed, the bank has for the shop what the till's sales say was paid by card,
and every end has a sentence.
"""

import asyncio

import pytest

from ips.office import ModuleChange
from pos.card_presenting import SWIPES_MAX
from pos.view import Stage
from protocols.facts import Slip
from sim.stage.world.network import Passing
from tests.support.card_world import GOODS, PRICE, CardShop, enter, given, shop_live


def test_a_swiped_card_pays_for_a_sale() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.swipe("bank-credit")
        [sale] = shop.sales()
        [tender] = sale.tenders
        assert (tender.method, tender.amount) == ("card", PRICE) and len(tender.reference) == 6
        [opened] = shop.opened()
        assert opened.slip == Slip(number="990033******0011", entry="stripe", verified="signature")
        assert tender.slip is not None and tender.slip.approval == tender.reference
        assert shop.shop_has() == PRICE

    shop_live(story)


async def taken_again(shop: CardShop) -> None:
    """The sale still stands: it is paid by a card after all."""
    assert shop.till.view.stage is Stage.ENTRY and shop.till.view.due == PRICE
    await shop.swipe("bank-credit")
    assert [tender.method for tender in shop.sales()[-1].tenders] == ["card"]


@pytest.mark.parametrize("passing", [Passing.LOSE_ANSWER, Passing.HANG_UP])
def test_a_lost_answer_is_asked_for_under_the_same_key(passing: Passing) -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(passing)
        assert await shop.swipe("bank-credit") == "CRD-05"
        assert shop.till.view.doubt is not None and not shop.till.view.doubt.carded
        assert await shop.key("CA") == "PUR-25", "nothing else goes on"
        await shop.key("RS")
        assert shop.till.view.doubt is None
        [sale] = shop.sales()
        assert [tender.method for tender in sale.tenders] == ["card"]
        assert shop.states() == [("settled", str(PRICE))] and shop.shop_has() == PRICE

    shop_live(story)


@pytest.mark.parametrize("passing", [Passing.LOSE_REQUEST, Passing.STRAY])
@pytest.mark.parametrize("journal", ["first", "last"])
def test_a_request_that_never_came_is_given_up_and_refused_should_it_come(
    passing: Passing, journal: str
) -> None:
    """Whether or not the broker has heard of the intent by then."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(passing)
        assert await shop.swipe("bank-credit") == "CRD-05"
        if journal == "first":
            await asyncio.sleep(3)
        assert await shop.key("RS") == "CRD-52"
        await asyncio.sleep(100)
        assert shop.shop_has() == 0, "what came late was refused"
        await taken_again(shop)
        assert shop.shop_has() == PRICE

    shop_live(story)


@pytest.mark.parametrize("passing", [Passing.TWICE, Passing.LATE])
def test_a_request_that_comes_twice_or_late_pays_once(passing: Passing) -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(passing)
        await shop.swipe("bank-credit")
        if shop.till.view.doubt is not None:
            await shop.key("RS")
        assert len(shop.sales()) == 1 and shop.shop_has() == PRICE

    shop_live(story)


def test_no_way_to_the_broker_sends_nothing() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(Passing.NO_ROUTE)
        assert await shop.swipe("bank-credit") == "CRD-50"
        await taken_again(shop)

    shop_live(story)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("lose_answers", "CRD-06"), ("lose_requests", "CRD-06"), ("answer_after_reversal", "CRD-06")],
)
def test_a_bank_that_does_not_answer_has_undone_it_in_the_end(fault: str, code: str) -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.bank(fault, count="1")
        assert await shop.swipe("bank-credit") == "CRD-05"
        await asyncio.sleep(2)
        assert await shop.key("RS") == code
        await taken_again(shop)
        assert shop.shop_has() == PRICE

    shop_live(story)


REFUSALS = {
    "05": "CRD-10", "51": "CRD-16", "54": "CRD-17", "61": "CRD-20", "91": "CRD-22", "01": "CRD-11",
    "03": "CRD-12", "41": "CRD-13", "14": "CRD-15", "57": "CRD-19", "30": "CRD-25", "75": "CRD-21",
    "96": "CRD-04", "ZZ": "CRD-10",
}  # fmt: skip


def test_every_refusal_of_a_bank_is_a_sentence_and_the_sale_stands() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        for answer, code in REFUSALS.items():
            await shop.bank("decline", code=answer)
            assert await shop.swipe("bank-credit") == code, answer
        await taken_again(shop)

    shop_live(story)


def test_a_stolen_card_is_refused_by_its_bank() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await shop.swipe("bank-stolen") == "CRD-27"
        await shop.key("CA")

    shop_live(story)


# PIN


@pytest.mark.parametrize(("pin", "code"), [("1234", ""), ("4321", "CRD-18")])
def test_a_pin_is_enciphered_for_the_bank(pin: str, code: str) -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        paying = asyncio.create_task(shop.swipe("bank-debit"))
        await enter(shop, pin)
        said = await paying
        if code:
            assert said == code
            await taken_again(shop)
        [*_, opened] = shop.opened()
        assert opened.slip is not None and opened.slip.number.startswith("9900")
        assert shop.shop_has() == PRICE and len(shop.sales()) == 1

    shop_live(story)


def test_three_wrong_pins_block_the_card() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        for code in ("CRD-18", "CRD-18", "CRD-21"):
            paying = asyncio.create_task(shop.swipe("bank-debit"))
            await enter(shop, "9999")
            assert await paying == code
        await shop.key("CA")

    shop_live(story)


def test_a_pin_that_is_not_entered_moves_nothing() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        for how, code in (("cancel", "CRD-56"), ("wait", "CRD-57"), ("esc", "CRD-54")):
            paying = asyncio.create_task(shop.swipe("bank-debit"))
            await asyncio.sleep(3)
            assert shop.till.view.payment is not None and shop.till.view.payment.stoppable
            if how == "cancel":
                await shop.do("pin_pad", "cancel")
            if how == "esc":
                await shop.key("CL")
            assert await paying == code
            assert shop.opened() == []
        await taken_again(shop)

    shop_live(story)


def test_too_few_digits_are_asked_for_again() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        paying = asyncio.create_task(shop.swipe("bank-debit"))
        await enter(shop, "12")
        await asyncio.sleep(1)
        assert "PIN-06" in shop.said()
        await enter(shop, "1234")
        await paying
        assert shop.shop_has() == PRICE

    shop_live(story)


@pytest.mark.parametrize("pad", [True, False])
def test_without_a_pin_pad_a_card_that_wants_its_pin_is_not_taken(pad: bool) -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        if pad:
            await shop.do("pin_pad", "pull_cable")
            await asyncio.sleep(10)
        assert await shop.swipe("bank-debit") == "PIN-07"
        await taken_again(shop)

    shop_live(story, given(pad=pad))


# Swipes


UNREADABLE = (
    ("blank", "swipe", "MSR-04"), ("bank-credit", "swipe_partly", "MSR-03"),
    ("bank-credit", "swipe_worn", "MSR-03"), ("hotel-key", "swipe", "MSR-06"),
    ("wrong-month", "swipe", "MSR-07"), ("wrong-number", "swipe", "MSR-05"),
    ("cut-short", "swipe", "MSR-03"), ("chip", "swipe", "MSR-09"),
)  # fmt: skip


def test_what_cannot_be_taken_is_said_and_another_swipe_waited_for() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        paying = shop.begin()
        await asyncio.sleep(1)
        for card, verb, code in UNREADABLE:
            await shop.do("stripe_reader", verb, card=card)
            await asyncio.sleep(1)
            assert shop.said()[-1] == code and not paying.done(), (card, verb)
        await shop.do("stripe_reader", "swipe", card="bank-credit")
        await paying
        assert shop.shop_has() == PRICE

    shop_live(story)


def test_nobody_swipes_for_ever() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        paying = shop.begin()
        for _ in range(SWIPES_MAX):
            await asyncio.sleep(1)
            assert not paying.done()
            await shop.do("stripe_reader", "swipe", card="blank")
        assert await paying == "MSR-03"
        await shop.key("CA")

    shop_live(story)


def test_a_card_that_pays_nothing_ends_it() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await shop.swipe("expired") == "MSR-08"
        assert await shop.swipe("cash-only") == "MSR-11"
        await taken_again(shop)

    shop_live(story)


def test_a_swipe_that_nobody_waits_for_says_how_to_pay() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do("stripe_reader", "swipe", card="bank-credit")
        await asyncio.sleep(1)
        assert shop.said()[-1] == "MSR-10" and shop.opened() == []
        await taken_again(shop)

    shop_live(story)


def test_nobody_comes_with_a_card() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await shop.key("CD") == "RDR-02"
        paying = shop.begin()
        await asyncio.sleep(5)
        await shop.key("CL")
        assert await paying == "CRD-54"
        await taken_again(shop)

    shop_live(story)


def test_a_till_without_readers_takes_no_cards() -> None:
    async def story(shop: CardShop) -> None:
        assert await shop.key(GOODS, "CD") == "CRD-55"
        await shop.key("CA")

    shop_live(story, given(readers=("printer",)))


def test_the_rest_is_paid_in_cash() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.swipe("bank-credit", entry="1000CD")
        assert shop.till.view.due == PRICE - 1_000
        await shop.key("CA")
        [sale] = shop.sales()
        assert [(t.method, t.amount) for t in sale.tenders] == [("card", 1_000), ("cash", 2_480)]

    shop_live(story)


def test_a_broker_that_takes_no_cards_is_said() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        off = ModuleChange(module="card", verb="deactivate", actor="park")
        await shop.world.broker.do(off)
        assert await shop.swipe("bank-credit") == "CRD-51"
        await shop.key("CA")

    shop_live(story)
