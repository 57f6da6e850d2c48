"""Account transfers through till, journal, network, broker and bank (T4): nobody pays twice, or for nothing.

Goal: whatever is lost, late, pulled out or killed, the bank has for the shop what the till's sales say was
transferred, nothing is signed before its intent is durable, and every end has a sentence.
"""

import asyncio

import pytest

from ips.points import BankPoint
from pos.points import Point
from pos.view import Stage
from protocols.facts import Slip
from sim.stage.world.network import Passing
from tests.support.transfer_world import GOODS, PRICE, TransferShop, given, transfer_live

COMMANDS = 4
"""That a passbook gets in one transfer: SELECT, WHO, STATE, ORDER."""


async def taken_again(shop: TransferShop) -> None:
    """The sale still stands: it is paid by the same passbook after all."""
    assert shop.till.view.stage is Stage.ENTRY and shop.till.view.due == PRICE
    assert await shop.pay() == ""
    assert [tender.method for tender in shop.sales()[-1].tenders] == ["transfer"]
    assert shop.moved == PRICE


def test_a_passbook_pays_for_a_sale() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        assert await shop.pay() == ""
        [sale] = shop.sales()
        [tender] = sale.tenders
        assert (tender.method, tender.amount) == ("transfer", PRICE)
        [opened], [closed] = shop.opened(), shop.closed()
        assert opened.peer == "account=********0440;counter=1"
        assert closed.slip == Slip(
            number="********0440", aid=bytes.fromhex("F0495053") + b"BOOK\x01", entry="passbook",
            verified="online_pin", approval=tender.reference, acquirer="hanbit",
        )  # fmt: skip
        assert shop.shop_has() == shop.moved == PRICE

    transfer_live(story)


def test_part_by_transfer_and_the_rest_in_cash() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await shop.do("customer", "insert", card="passbook-1")
        paying = shop.begin("1000TR")
        await shop.enter("1234")
        await paying
        await shop.key("CA")
        assert [(t.method, t.amount) for t in shop.sales()[0].tenders] == [
            ("transfer", 1_000), ("cash", PRICE - 1_000),
        ]  # fmt: skip

    transfer_live(story)


def test_without_a_pad_the_card_compares_the_pin_from_the_readers_keypad() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        assert await shop.pay("9999", "1234", keypad="customer") == ""
        assert "PUR-02" in shop.said()
        [closed] = shop.closed()
        assert closed.slip is not None and closed.slip.verified == "offline_pin"
        assert shop.moved == PRICE

    transfer_live(story, given(pad=False))


# No line, no rule, no slot: refused before anything is signed


def counter_of(shop: TransferShop, book: str = "passbook-1") -> int:
    """How many orders the passbook has signed."""
    return int(shop.world.cards[book].image().counter)  # type: ignore[attr-defined]


def test_without_a_line_nothing_is_signed() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        shop.till.network.always(Passing.NO_ROUTE)
        await asyncio.sleep(120)
        assert await shop.pay() == "TRF-02"
        assert counter_of(shop) == 0 and shop.opened() == []
        shop.till.network.always(Passing.GOOD)
        await asyncio.sleep(120)
        await taken_again(shop)

    transfer_live(story)


def test_a_till_without_a_slot_says_so() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        assert await shop.key("TR") == "CRD-55"
        await shop.key("CA")

    transfer_live(story, given(slot=False, shop=False))


# The passbook, and its PIN


@pytest.mark.parametrize(
    ("book", "code"),
    [("passbook-expired", "TRF-06"), ("passbook-blocked", "TRF-07"), ("passbook-foreign", "TRF-04"),
     ("credit-1", "RDR-07"), ("customer-1", "RDR-06"), ("passbook-poor", "CRD-16")],
)  # fmt: skip
def test_what_cannot_pay_is_a_sentence_and_another_passbook_pays(book: str, code: str) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(*[GOODS] * (6 if book == "passbook-poor" else 1))
        assert await shop.pay("2345", book=book) == code
        assert shop.shop_has() == 0
        await shop.key("CA")

    transfer_live(story)


def test_a_passbook_that_is_keyed_as_e_cash_is_told_from_it() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await shop.do("customer", "insert", card="passbook-1")
        assert await shop.key("EC") == "RDR-06"
        await taken_again(shop)

    transfer_live(story)


def test_three_wrong_pins_block_the_account_at_its_bank() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        for code in ("CRD-18", "CRD-18", "CRD-21"):
            assert await shop.pay("9999") == code
        assert await shop.pay("1234") == "CRD-21"
        assert shop.shop_has() == 0
        await shop.key("CA")

    transfer_live(story)


def test_three_wrong_pins_at_the_readers_keypad_block_the_passbook() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        assert await shop.pay("9999", "9999", "9999", keypad="customer") == "TRF-08"
        assert shop.opened() == [] and counter_of(shop) == 0
        assert await shop.pay("1234", keypad="customer") == "TRF-08"
        await shop.key("CA")

    transfer_live(story, given(pad=False))


@pytest.mark.parametrize(
    ("how", "code"), [("cancel", "CRD-56"), ("wait", "CRD-57"), ("esc", "CRD-54")]
)
def test_a_pin_that_is_not_entered_moves_nothing(how: str, code: str) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await shop.do("customer", "insert", card="passbook-1")
        paying = shop.begin("TR")
        await asyncio.sleep(3)
        assert shop.till.view.payment is not None and shop.till.view.payment.stoppable
        if how == "cancel":
            await shop.do("pin_pad", "cancel")
        if how == "esc":
            await shop.key("CL")
        assert await paying == code
        assert shop.opened() == [] and counter_of(shop) == 0
        await taken_again(shop)

    transfer_live(story)


@pytest.mark.parametrize(("how", "code"), [("esc", "TRF-03"), ("wait", "RDR-02")])
def test_no_passbook_comes(how: str, code: str) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        paying = shop.begin("TR")
        await asyncio.sleep(3)
        if how == "esc":
            await shop.key("CL")
        assert await paying == code
        await taken_again(shop)

    transfer_live(story)


# The card is pulled


@pytest.mark.parametrize("count", range(1, COMMANDS + 1))
@pytest.mark.parametrize("verb", ["tear_before", "tear_after"])
def test_pulled_at_each_command_nothing_moves(verb: str, count: int) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await shop.do("customer", "insert", card="passbook-1")
        await shop.do("customer", verb, count=str(count))
        assert await shop.pay() == "TRF-05"
        assert [each.outcome for each in shop.closed()] == ["declined"] * (count == COMMANDS)
        assert shop.shop_has() == 0
        await taken_again(shop)

    transfer_live(story)


@pytest.mark.parametrize("size", [0, 20, 60, 120])
def test_power_leaves_it_while_it_keeps_the_order(size: int) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await shop.do("customer", "insert", card="passbook-1")
        await shop.do("customer", "tear_in", count=str(size))
        assert await shop.pay() == "TRF-05"
        [closed] = shop.closed()
        assert closed.outcome == "declined" and shop.shop_has() == 0
        await taken_again(shop)

    transfer_live(story)


# The bank


@pytest.mark.parametrize("fault", ["lose_answers", "lose_requests", "answer_after_reversal"])
def test_a_bank_that_does_not_answer_has_undone_it_in_the_end(fault: str) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await shop.bank(fault, count="1")
        assert await shop.pay() == "CRD-05"
        assert shop.till.view.doubt is not None and not shop.till.view.doubt.wants_card
        await asyncio.sleep(2)
        assert await shop.key("RS") == "CRD-06"
        await taken_again(shop)

    transfer_live(story)


@pytest.mark.parametrize(
    ("verb", "arguments"), [("double_answers", {"count": "1"}), ("delay", {"ms": "15000"})]
)
def test_an_answer_that_is_late_or_comes_twice_pays_once(
    verb: str, arguments: dict[str, str]
) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await shop.bank(verb, **arguments)
        assert await shop.pay() == ""
        assert shop.moved == PRICE

    transfer_live(story)


def test_the_bank_down_and_back() -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await shop.bank("pull_cable")
        await asyncio.sleep(2)
        assert await shop.pay() == "CRD-07"
        await shop.bank("plug_cable")
        await asyncio.sleep(70)
        await taken_again(shop)

    transfer_live(story)


# The network, and kills


@pytest.mark.parametrize("passing", [Passing.LOSE_ANSWER, Passing.HANG_UP])
def test_a_lost_answer_is_asked_for_under_the_same_key(passing: Passing) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(passing)
        assert await shop.pay() == "CRD-05"
        assert await shop.key("RS") == ""
        assert len(shop.opened()) == 1 and shop.moved == PRICE

    transfer_live(story)


@pytest.mark.parametrize("passing", [Passing.LOSE_REQUEST, Passing.STRAY])
def test_a_request_that_never_came_is_given_up_and_refused_should_it_come(passing: Passing) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(passing)
        assert await shop.pay() == "CRD-05"
        assert await shop.key("RS") == "CRD-52"
        await asyncio.sleep(100)
        assert shop.shop_has() == 0
        await taken_again(shop)

    transfer_live(story)


@pytest.mark.parametrize("passing", [Passing.TWICE, Passing.LATE])
def test_a_request_that_comes_twice_or_late_pays_once(passing: Passing) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(passing)
        await shop.pay()
        if shop.till.view.doubt is not None:
            await shop.key("RS")
        assert len(shop.sales()) == 1 and shop.moved == PRICE

    transfer_live(story)


@pytest.mark.parametrize("point", [p for p in Point if "attempt" in p or "sale" in p])
def test_the_till_killed_at_each_place(point: Point) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        shop.till.life.kill_at(point)
        await shop.pay()
        if not shop.till.running:
            await shop.till.start()
            await asyncio.sleep(5)
        if shop.till.view.doubt is not None:
            await shop.key("RS")
        shop.till.life.spare()
        if not shop.sales():
            await taken_again(shop)
        assert len(shop.sales()) == 1 and shop.moved == PRICE

    transfer_live(story)


@pytest.mark.parametrize("point", [*BankPoint])
def test_the_broker_killed_at_each_place_of_an_exchange(point: BankPoint) -> None:
    async def story(shop: TransferShop) -> None:
        await shop.key(GOODS)
        if point in (BankPoint.TELL, BankPoint.TOLD):
            await shop.bank("lose_answers", count="1")
        shop.world.broker.kill_at(point)
        assert await shop.pay() == "CRD-05"
        await asyncio.sleep(30)
        shop.world.broker.spare()
        shop.world.broker.start()
        for _ in range(20):
            if shop.till.view.doubt is None:
                break
            await shop.key("RS")
            await asyncio.sleep(30)
        assert shop.till.view.doubt is None
        if not shop.sales():
            await taken_again(shop)
        assert len(shop.sales()) == 1 and shop.moved == PRICE

    transfer_live(story)
