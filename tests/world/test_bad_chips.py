"""Chips that are broken, forged or mean, and cards pulled out at every command, at the till (T3).

Goal: each ends with a sentence that says where the money is and another way to pay, within a minute; and
after it till, broker and bank agree that nothing stays paid, or that the sale is.
"""

import asyncio

import pytest

from pos.messages import notice
from pos.view import Stage
from sim.stage.kinds import KINDS
from sim.stage.world.equipment import CUSTOMER, PIN_PAD, TwinWish
from tests.support.card_world import GOODS, PRICE, READERS, CardShop, enter, given, shop_live

PIN = "1234"
MINUTE_NS = 60_000_000_000
BAD = {
    "truncated": "CRD-62",
    "endless": "CRD-62",
    "bad-number": "CRD-62",
    "bomb": "CRD-62",
    "thirty-first": "CRD-62",
    "loops": "CRD-61",
    "anothers-certificate": "CRD-65",
    "copied": "CRD-65",
}


async def through(shop: CardShop, paying: "asyncio.Task[str]", pins: list[str], keypad: str) -> str:
    """Wait for the end; whenever a PIN is asked for, the customer enters the next."""
    while not paying.done():
        await asyncio.sleep(0.5)
        if pins and shop.world.equipment().state(keypad)["keypad"] != "idle":
            await enter(shop, pins[0] if len(pins) == 1 else pins.pop(0), keypad)
    return await paying


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("code", sorted({*BAD.values(), "CRD-58", "CRD-59", "CRD-60", "CRD-64"}))
def test_each_says_where_the_money_is_and_another_way_to_pay(code: str, language: str) -> None:
    told = notice(code, language)  # type: ignore[arg-type]

    assert told.money == {"ko": "안 움직임", "en": "not moved"}[language]
    assert "F12" in told.keys, "cash is a way"


@pytest.mark.parametrize("label", BAD)
def test_a_bad_chip_ends_with_a_sentence_and_the_next_card_pays(label: str) -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card=label)
        began = shop.world.clock.monotonic_ns()
        assert await through(shop, shop.begin(), [PIN], PIN_PAD) == BAD[label]
        assert shop.world.clock.monotonic_ns() - began < MINUTE_NS
        assert shop.till.view.stage is Stage.ENTRY and shop.till.view.due == PRICE
        assert shop.till.view.notice is not None and shop.till.view.notice.money
        assert shop.shop_has() == 0 and shop.till.view.doubt is None

        await shop.do(CUSTOMER, "swap", card="sign")
        assert await shop.key("CD") == ""
        assert shop.shop_has() == PRICE

    shop_live(story, given(label, "sign"))


def test_a_chip_that_answers_each_command_at_the_last_moment_ends_within_a_minute() -> None:
    """No sum of waits that are each allowed may hold a counter for long."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="endless")
        await shop.do(CUSTOMER, "delay", ms="4500")
        began = shop.world.clock.monotonic_ns()
        assert await shop.key("CD") == "CRD-61"
        assert shop.world.clock.monotonic_ns() - began < MINUTE_NS
        await shop.do(CUSTOMER, "delay", ms="0")
        await shop.do(CUSTOMER, "swap", card="sign")
        assert await shop.key("CD") == ""

    shop_live(story, given("endless", "sign"))


PULLED = {
    "credit-1": PIN_PAD,
    "debit-1": PIN_PAD,
    "debit-2": CUSTOMER,
    "offline": PIN_PAD,
}
"""CDA with the PIN for the bank; the PIN enciphered for a T=0 chip; in clear at the reader; none at all."""


@pytest.mark.parametrize("verb", ["tear_before", "tear_after"])
@pytest.mark.parametrize("label", PULLED)
def test_pulled_out_at_every_command_till_broker_and_bank_agree(label: str, verb: str) -> None:
    async def story(shop: CardShop) -> None:
        said: list[str] = []
        while "" not in said:
            count = len(said) + 1
            assert count < 60, said
            await shop.key(GOODS)
            await shop.do(CUSTOMER, "insert", card=label)
            await shop.do(CUSTOMER, verb, count=str(count))
            had = shop.shop_has()
            said.append(await through(shop, shop.begin(), [PIN], PULLED[label]))
            assert shop.till.view.doubt is None, "nobody wonders where the money is"
            assert shop.shop_has() == had + (0 if said[-1] else PRICE), (count, said)
            assert shop.taken() == shop.shop_has(), "till and bank agree at once"
            if said[-1]:
                assert shop.till.view.notice is not None and shop.till.view.notice.money
                assert await shop.key("CA") == ""
        await shop.do(CUSTOMER, "remove")
        assert said[0] == "CRD-61" and said[-1] == "", said
        assert set(said) <= {"CRD-61", "CRD-58", "CRD-60", ""}, said

    shop_live(story, given(label, pad=PULLED[label] == PIN_PAD))


@pytest.mark.parametrize(
    ("label", "keypad", "ends"),
    [("debit-2", CUSTOMER, "CRD-21"), ("debit-1", PIN_PAD, "")],
)
def test_wrong_pin_three_times_is_told_each_time_and_ends_as_the_cards_list_says(
    label: str, keypad: str, ends: str
) -> None:
    """A card with no other way refuses; another asks for the PIN that its bank knows."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card=label)
        assert await through(shop, shop.begin(), ["9999", "9998", "9997", PIN], keypad) == ends
        assert shop.said().count("PUR-02") == 2, "two tries left, one try left"
        assert shop.shop_has() == (0 if ends else PRICE)
        if ends:
            assert await through(shop, shop.begin(), [PIN], keypad) == ends, (
                "the PIN is blocked now"
            )
            await shop.key("CA")

    shop_live(story, given(label, pad=keypad == PIN_PAD))


def test_wrong_pin_three_times_for_the_bank_blocks_it_there() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="credit-1")
        codes = [
            await through(shop, shop.begin(), [pin], PIN_PAD)
            for pin in ("9999", "9998", "9997", PIN)
        ]
        assert codes[:2] == ["CRD-18", "CRD-18"] and codes[3] == "CRD-21", codes
        assert shop.shop_has() == 0
        await shop.key("CA")

    shop_live(story, given("credit-1"))


# The period reader


def hybrid(*cards: str) -> object:
    made = given(*cards, readers=tuple(each for each in READERS if each != "stripe_reader"))
    [till] = made.tills
    reader = TwinWish(options=KINDS["hybrid_reader"].options(), kind="hybrid_reader")
    till.equipment[CUSTOMER] = reader  # type: ignore[index]
    return made


def test_a_chip_in_the_hybrid_reader_pays_and_pulled_out_it_does_not() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="credit-2")
        await shop.do(CUSTOMER, "tear_after", count="12")
        said = await through(shop, shop.begin(), [PIN], PIN_PAD)
        assert said in ("CRD-61", "CRD-58") and shop.shop_has() == 0
        await shop.do(CUSTOMER, "insert", card="credit-2")
        assert await through(shop, shop.begin(), [PIN], PIN_PAD) == ""
        assert shop.shop_has() == PRICE

    shop_live(story, hybrid("credit-2"))  # type: ignore[arg-type]


def test_a_stripe_in_the_hybrid_reader_pays_where_no_chip_answers() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        paying = shop.begin()
        await asyncio.sleep(1)
        await shop.do(CUSTOMER, "insert", card="bank-credit")
        assert await paying == "", shop.said()
        [tender] = shop.sales()[0].tenders
        assert tender.slip is not None and tender.slip.entry == "stripe"
        assert shop.shop_has() == PRICE

    shop_live(story, hybrid())  # type: ignore[arg-type]


def test_a_failed_chip_in_the_hybrid_reader_pays_by_its_own_stripe() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "chip_mute")
        paying = shop.begin()
        await asyncio.sleep(1)
        await shop.do(CUSTOMER, "insert", card="credit-2")
        assert await through(shop, paying, [PIN], PIN_PAD) == "", shop.said()
        [tender] = shop.sales()[0].tenders
        assert tender.slip is not None and tender.slip.entry == "fallback"

    shop_live(story, hybrid("credit-2"))  # type: ignore[arg-type]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_chip_that_understands_nothing_pays_by_its_stripe_without_another_reader(
    when: str,
) -> None:
    """The card stays where it is: the reader has a head of its own. Also one that was in before the key."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.key("CD") if when == "after" else None
        await shop.do(CUSTOMER, "insert", card="fallback" if when == "after" else "bank-credit")
        await asyncio.sleep(3)
        assert await through(shop, shop.begin(), [PIN], PIN_PAD) == "", shop.said()
        [tender] = shop.sales()[0].tenders
        entry = "fallback" if when == "after" else "stripe"
        assert tender.slip is not None and tender.slip.entry == entry

    shop_live(story, hybrid("fallback"))  # type: ignore[arg-type]
