"""Banks' cards by chip through till, journal, network, broker and bank (T3): nobody pays twice, or for nothing.

Goal: at whatever command a card is pulled out, whatever the bank or the card says, and wherever the till is
killed, the bank has for the shop what the till's sales say was paid by card.
"""

import asyncio

import pytest

from pos.view import Stage
from protocols.facts import Slip
from sim.stage.world.equipment import CUSTOMER
from sim.stage.world.network import Passing
from tests.support.card_world import GOODS, PRICE, CardShop, enter, given, shop_live

PIN = "1234"


async def insert(shop: CardShop, card: str) -> None:
    """Have this card in the reader, and no other."""
    lying = shop.world.equipment().card_in(CUSTOMER)
    if lying and lying != card:
        await shop.do(CUSTOMER, "remove")
    if lying != card:
        await shop.do(CUSTOMER, "insert", card=card)


async def with_pin(shop: CardShop, paying: "asyncio.Task[str]") -> str:
    """Enter the PIN as often as it is asked for; return how it ended."""
    while not paying.done():
        await asyncio.sleep(1)
        if shop.world.equipment().state("pin_pad")["keypad"] != "idle":
            await enter(shop, PIN)
    return await paying


async def pay(shop: CardShop, card: str, pin: str = "", entry: str = "CD") -> str:
    """Insert a card, key the payment, enter its PIN at the pad if it is given; return how it ended."""
    await insert(shop, card)
    paying = shop.begin(entry)
    if pin:
        await enter(shop, pin)
    return await paying


async def taken_again(shop: CardShop, card: str = "sign") -> None:
    """The sale still stands: it is paid by a card after all."""
    assert shop.till.view.stage is Stage.ENTRY and shop.till.view.due == PRICE
    await pay(shop, card)
    assert [tender.method for tender in shop.sales()[-1].tenders] == ["card"]


@pytest.mark.parametrize(
    ("card", "pin", "verified"),
    [("credit-1", PIN, "online_pin"), ("credit-2", PIN, "offline_pin"),
     ("debit-1", PIN, "offline_pin"), ("sign", "", "signature")],
)  # fmt: skip
@pytest.mark.parametrize("keys", [True, False])
def test_a_chip_pays_for_a_sale(card: str, pin: str, verified: str, keys: bool) -> None:
    """Verified as its own list says; without its authority's key, a PIN goes to the bank or nobody."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        if not keys:
            await shop.forget_keys()
        assert await pay(shop, card, pin) == ""
        [sale] = shop.sales()
        [tender] = sale.tenders
        slip = tender.slip
        assert isinstance(slip, Slip) and slip.entry == "chip"
        assert slip.verified == (verified if keys or verified == "signature" else "online_pin")
        assert slip.cryptogram_kind == "TC" and len(slip.cryptogram) == 8
        assert slip.approval == tender.reference and slip.label.startswith("IPS ")
        assert shop.shop_has() == PRICE
        [opened] = shop.opened()
        assert opened.slip is not None and opened.slip.number == slip.number

    shop_live(story, given(card))


def test_a_pin_is_given_to_the_chip_by_the_readers_own_keypad() -> None:
    """In clear, inside one device: never through the till (decisions.md "PIN")."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="debit-2")
        paying = shop.begin()
        await enter(shop, "4321", CUSTOMER)
        await asyncio.sleep(1)
        assert "PUR-02" in shop.said()
        await enter(shop, PIN, CUSTOMER)
        assert await paying == ""
        [tender] = shop.sales()[0].tenders
        assert tender.slip is not None and tender.slip.verified == "offline_pin"

    shop_live(story, given("debit-2", pad=False))


def test_a_pin_is_wrong_then_right() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="credit-2")
        paying = shop.begin()
        for pin in ("9999", "12", PIN):
            await enter(shop, pin)
            await asyncio.sleep(1)
        assert await paying == ""
        assert {"PUR-02", "PIN-06"} <= set(shop.said())
        assert shop.shop_has() == PRICE

    shop_live(story, given("credit-2"))


def test_three_wrong_pins_and_the_card_goes_its_next_way() -> None:
    """Its tries are over: its list goes on to the PIN for the bank, whose word it is."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="credit-2")
        paying = shop.begin()
        for pin in ("9999", "9998", "9997", PIN):
            await enter(shop, pin)
            await asyncio.sleep(1)
        assert await paying == ""
        [tender] = shop.sales()[0].tenders
        assert tender.slip is not None and tender.slip.verified == "online_pin"

    shop_live(story, given("credit-2"))


def test_a_wrong_pin_for_the_bank_is_told_to_the_card_too() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await pay(shop, "credit-1", "9999") == "CRD-18"
        [closed] = shop.closed()
        assert closed.slip is not None and closed.slip.cryptogram_kind == "AAC"
        assert await pay(shop, "credit-1", PIN) == ""

    shop_live(story, given("credit-1"))


def test_a_pin_that_is_not_entered_moves_nothing() -> None:
    """Neither one for the bank nor one for the chip."""

    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        for card in ("credit-1", "credit-2"):
            for how, code in (("cancel", "CRD-56"), ("wait", "CRD-57"), ("esc", "CRD-54")):
                await insert(shop, card)
                paying = shop.begin()
                await asyncio.sleep(3)
                if how == "cancel":
                    await shop.do("pin_pad", "cancel")
                if how == "esc":
                    await shop.key("CL")
                assert await paying == code and shop.opened() == [], (card, how)
        await taken_again(shop)

    shop_live(story, given("credit-1", "credit-2", "sign"))


def test_without_a_pin_pad_the_card_goes_its_next_way() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await pay(shop, "credit-1") == ""
        [tender] = shop.sales()[0].tenders
        assert tender.slip is not None and tender.slip.verified == "signature"

    shop_live(story, given("credit-1", pad=False))


# Cards that do not pay


REFUSED = {
    "expired-card": "CRD-17", "not-yet": "CRD-17", "blocked-application": "CRD-64",
    "blocked-card": "CRD-64", "domestic": "CRD-19", "declines": "CRD-60", "copied": "CRD-65",
    "liar": "CRD-62", "thirty-first": "CRD-62", "bomb": "CRD-62", "garbage": "CRD-62",
    "refund-only": "CRD-60", "refuses": "CRD-59",
}  # fmt: skip


def test_every_card_that_does_not_pay_has_a_sentence() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        for card, code in REFUSED.items():
            await insert(shop, card)
            assert await with_pin(shop, shop.begin()) == code, card
            assert shop.shop_has() == 0, "nothing stays paid"
        await taken_again(shop)

    shop_live(story, given(*REFUSED, "sign"))


def test_a_copy_that_only_the_bank_finds_is_refused_there() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await pay(shop, "cloned", PIN) == "CRD-10"
        await taken_again(shop)

    shop_live(story, given("cloned", "sign"))


# Fallback, and cards of others


def test_a_chip_that_fails_lets_its_stripe_be_swiped() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="fallback")
        paying = shop.begin()
        await asyncio.sleep(2)
        assert shop.said()[-1] == "CRD-66"
        await shop.do(CUSTOMER, "remove")
        await shop.do("stripe_reader", "swipe", card="bank-chip")
        assert await paying == ""
        [tender] = shop.sales()[0].tenders
        assert tender.slip is not None and tender.slip.entry == "fallback"

    shop_live(story, given("fallback"))


def test_a_mute_card_lets_its_stripe_be_swiped_for_a_minute() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await shop.swipe("bank-chip") == "RDR-02", "first its chip"
        assert "MSR-09" in shop.said()
        await shop.do(CUSTOMER, "mute")
        await shop.do(CUSTOMER, "insert", card="sign")
        paying = shop.begin()
        await asyncio.sleep(5)
        await shop.do(CUSTOMER, "remove")
        await shop.do("stripe_reader", "swipe", card="bank-chip")
        assert await paying == ""
        await shop.do(CUSTOMER, "unmute")
        await asyncio.sleep(70)
        await shop.key(GOODS)
        assert await shop.swipe("bank-chip") == "RDR-02", "that was another card's chip"
        await shop.key("CA")

    shop_live(story, given("sign"))


def test_a_chip_that_fails_without_a_stripe_reader_is_said() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await pay(shop, "fallback") == "CRD-67"
        await taken_again(shop)

    shop_live(story, given("fallback", "sign", readers=("printer", CUSTOMER)))


def test_a_card_of_nobodys_scheme_may_be_swiped() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="elsewhere")
        paying = shop.begin()
        await asyncio.sleep(2)
        assert shop.said()[-1] == "CRD-66"
        await shop.key("CL")
        assert await paying == "CRD-54"
        await taken_again(shop)

    shop_live(story, given("elsewhere", "sign"))


def test_a_purse_is_told_by_its_key_and_a_banks_card_by_its_own() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        assert await pay(shop, "customer-1") == "RDR-06"
        assert await pay(shop, "sign", entry="EC") == "RDR-07"
        await taken_again(shop)

    shop_live(story, given("sign", readers=("printer", "stripe_reader", CUSTOMER, "shop")))


# The card is pulled out


@pytest.mark.parametrize(
    ("verb", "card"),
    [("tear_before", "sign"), ("tear_after", "sign"), ("tear_before", "credit-2")],
)
def test_pulled_out_at_any_command_nobody_has_paid_for_nothing(verb: str, card: str) -> None:
    """Either the sale is paid, or nothing stays paid: what the bank had approved is undone."""

    async def story(shop: CardShop) -> None:
        said: list[str] = []
        while "" not in said:
            count = len(said) + 1
            assert count < 40, said
            await shop.key(GOODS)
            await shop.do(CUSTOMER, "insert", card=card)
            await shop.do(CUSTOMER, verb, count=str(count))
            had = shop.shop_has()
            said.append(await with_pin(shop, shop.begin()))
            assert shop.till.view.doubt is None, "nobody wonders where the money is"
            assert shop.shop_has() == had + (0 if said[-1] else PRICE)
            if said[-1]:
                await shop.key("CA")
        await shop.do(CUSTOMER, "remove")
        assert said[0] == "CRD-61" and said[-1] == "" and "CRD-58" in said, said
        assert set(said) == {"CRD-61", "CRD-58", ""}, "before it, after it, or paid"

    shop_live(story, given(card))


def test_pulled_out_after_the_approval_while_the_bank_is_away_it_is_undone_later() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.do(CUSTOMER, "insert", card="sign")
        await shop.do(CUSTOMER, "delay", ms="500")
        paying = shop.begin()
        while not shop.shop_has():
            await asyncio.sleep(0.1)
        await shop.bank("pull_cable")
        await shop.do(CUSTOMER, "remove")
        assert await paying == "CRD-53"
        await shop.key("CA")
        await shop.bank("plug_cable")

    shop_live(story, given("sign"))


# Lost answers


@pytest.mark.parametrize(
    "passing", [Passing.LOSE_ANSWER, Passing.HANG_UP, Passing.LOSE_REQUEST, Passing.STRAY]
)
def test_what_is_not_heard_of_is_given_up_since_the_card_was_told_no(passing: Passing) -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(passing)
        assert await pay(shop, "sign") == "CRD-05"
        await asyncio.sleep(1)
        assert await shop.key("RS") == "CRD-52"
        await asyncio.sleep(100)
        assert shop.shop_has() == 0
        await taken_again(shop)

    shop_live(story, given("sign"))


def test_a_bank_that_does_not_answer_has_undone_it_in_the_end() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.bank("lose_answers", count="1")
        assert await pay(shop, "sign") == "CRD-05"
        await asyncio.sleep(2)
        assert await shop.key("RS") == "CRD-06"
        await taken_again(shop)

    shop_live(story, given("sign"))


def test_too_late_to_give_up() -> None:
    async def story(shop: CardShop) -> None:
        await shop.key(GOODS)
        await shop.bank("delay", ms="5000")
        await shop.do(CUSTOMER, "insert", card="sign")
        paying = shop.begin()
        await asyncio.sleep(3)
        assert await shop.key("CL") == "PUR-23"
        assert await paying == ""

    shop_live(story, given("sign"))
