"""Goods that come back, through till, journal, network and broker: nothing is given back twice.

Goal: the drawer, the ledger and the receipts agree after returns, exchanges, kills and lost answers;
any till of the store takes back what any of them sold; two tills of which one was away are asked about.
"""

import asyncio
from dataclasses import replace

import pytest
from msgspec import structs

from pos.points import Point
from protocols.facts import RefundClosed, SaleClosed, decode_fact
from protocols.journal import decode_record
from sim.stage import auditors
from sim.stage.world import audit
from sim.stage.world.equipment import wish
from sim.stage.world.given import Given, TillWish
from sim.stage.world.network import Passing
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere
from sim.stage.world.virtual import live

BAG, PRICE = "8800100000014", 130
SHOPPING_BAG, DEARER = "8800100000076", 150
TWO = replace(
    Given(),
    tills=(
        TillWish(terminal="01"),
        TillWish(terminal="02", equipment={"printer": wish("printer")}),
    ),
)


def facts(till: TillHere, kind: type) -> list[object]:
    records = [decode_record(data) for data in till.records()]
    return [decode_fact(r.kind, r.body) for r in records if r.kind == kind.kind]  # type: ignore[attr-defined]


async def at_rest(world: World) -> None:
    await rest(world)
    assert [str(found) for found in audit.at_rest(world)] == []


def balance(world: World, account: str) -> int:
    return auditors.balances_of(world.broker.reader).get(account, 0)


def questions(world: World) -> list[str]:
    return [code for (code,) in world.broker.reader.ask("SELECT code FROM question ORDER BY id")]


async def bought(world: World, pieces: int = 3) -> str:
    """Sell bags for cash and return the code on the receipt."""
    till = world.till("01")
    await till.key(f"{pieces}*{BAG}")
    await till.key("CA")
    await asyncio.sleep(10)
    sale = facts(till, SaleClosed)[-1]
    assert isinstance(sale, SaleClosed)
    return sale.tenders[0].attempt


def expected(till: TillHere) -> int:
    return till.wired.till.register.shift.expected


def test_cash_for_a_line_that_comes_back_to_the_till_that_sold_it() -> None:
    async def story(world: World) -> None:
        receipt = await bought(world)
        till = world.till()
        before = expected(till)
        await till.key(receipt)  # scanned
        assert [line.quantity for line in till.view.returning] == ["3"]
        await till.key("1*RL")
        said = await till.key("RL")
        assert said is not None and said.code == ""
        assert not till.view.lines
        assert before - expected(till) == PRICE
        await at_rest(world)
        [refund] = facts(till, RefundClosed)
        assert isinstance(refund, RefundClosed)
        assert (refund.total, refund.tenders[0].back_to) == (PRICE, receipt)
        assert len(audit.papers(till)) == 2
        assert questions(world) == []

        await till.key("RT:1")
        assert [line.quantity for line in till.view.returning] == ["2"]
        await till.key("CL")
        assert not till.wired.till.register.has_sale(), "nothing came back: the number is free"

    live(story)


def test_any_till_takes_back_what_another_sold() -> None:
    async def story(world: World) -> None:
        receipt = await bought(world)
        second = world.till("02")
        await second.key(f"RT:{receipt}")
        await second.key("1RL")
        await second.key("GB")
        await at_rest(world)
        [refund] = facts(second, RefundClosed)
        assert isinstance(refund, RefundClosed)
        assert refund.total == 3 * PRICE

        said = await world.till("01").key(f"RT:{receipt}")
        assert said is not None and said.code == "RET-08"

    live(story, given=TWO)


@pytest.mark.parametrize(
    ("code", "price"), [(SHOPPING_BAG, DEARER), (BAG, PRICE)], ids=["dearer", "the same"]
)
def test_exchange_in_one_ticket_moves_only_the_difference(code: str, price: int) -> None:
    async def story(world: World) -> None:
        receipt = await bought(world, 1)
        till = world.till()
        before = expected(till)
        for entry in (f"RT:{receipt}", "1RL", code):
            await till.key(entry)
        assert till.view.due == price - PRICE
        await till.key("CA")
        await at_rest(world)
        assert expected(till) - before == price - PRICE
        assert balance(world, "clearing/exchange/S01") == 0
        [refund] = facts(till, RefundClosed)
        sale = facts(till, SaleClosed)[-1]
        assert isinstance(refund, RefundClosed) and isinstance(sale, SaleClosed)
        assert refund.sale == sale.sale
        assert (refund.total, sale.total) == (PRICE, price)

    live(story)


def test_exchange_for_something_cheaper_gives_the_rest_back() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await till.key(SHOPPING_BAG)
        await till.key("CA")
        before = expected(till)
        for entry in ("RT:1", "1RL", BAG, "CA"):
            await till.key(entry)
        assert before - expected(till) == DEARER - PRICE
        await at_rest(world)
        assert balance(world, "clearing/exchange/S01") == 0
        assert questions(world) == []

    live(story)


@pytest.mark.parametrize("point", [Point.BEFORE_APPEND_SALE, Point.AFTER_APPEND_SALE])
def test_killed_around_the_refund_the_money_has_gone_back_once(point: Point) -> None:
    """Before: the basket still says what comes back. After: it is done, and the drawer told so."""

    async def story(world: World) -> None:
        receipt = await bought(world)
        till = world.till()
        await till.key(f"RT:{receipt}")
        await till.key("1RL")
        till.life.kill_at(point)
        await till.key("GB")
        await till.start()
        if till.view.returning:
            await till.key("GB")
        await at_rest(world)
        assert len(facts(till, RefundClosed)) == 1
        assert expected(till) == 100_000

    live(story)


def test_e_cash_goes_back_to_the_card_it_came_from() -> None:
    async def story(world: World) -> None:
        till = world.till()
        card = world.purses.cards["customer-1"]
        had = card.image().balances[0]
        await world.equipment().do("customer", "insert", card="customer-1")
        await till.key(BAG)
        await till.key("EC")
        assert card.image().balances[0] == had - PRICE
        cash = expected(till)
        for entry in ("RT:1", "1RL", "GB"):
            await till.key(entry)
        await at_rest(world)
        [refund] = facts(till, RefundClosed)
        assert isinstance(refund, RefundClosed)
        assert [tender.method for tender in refund.tenders] == ["purse"]
        assert card.image().balances[0] == had
        assert expected(till) == cash

    live(story)


def test_a_card_that_does_not_come_back_is_paid_in_cash_by_a_supervisor_only() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await world.equipment().do("customer", "insert", card="customer-1")
        await till.key(BAG)
        await till.key("EC")
        await world.equipment().do("customer", "remove")
        cash = expected(till)
        for entry in ("RT:1", "1RL"):
            await till.key(entry)
        await till.key("GB:cash")
        await at_rest(world)
        [refund] = facts(till, RefundClosed)
        assert isinstance(refund, RefundClosed)
        assert [tender.method for tender in refund.tenders] == ["cash"]
        assert cash - expected(till) == PRICE

    live(story)


def test_another_tills_receipt_waits_for_the_broker() -> None:
    async def story(world: World) -> None:
        receipt = await bought(world)
        second = world.till("02")
        second.network.always(Passing.NO_ROUTE)
        await asyncio.sleep(60)
        said = await second.key(f"RT:{receipt}")
        assert said is not None and said.code == "RET-02"
        second.network.always(Passing.GOOD)
        await at_rest(world)

    live(story, given=TWO)


def test_one_thing_taken_back_at_two_tills_is_asked_about() -> None:
    """The till that sold it was without a line and could not know."""

    async def story(world: World) -> None:
        receipt = await bought(world, 1)
        first, second = world.till("01"), world.till("02")
        first.network.always(Passing.NO_ROUTE)
        await asyncio.sleep(60)
        for till in (second, first):
            await till.key(f"RT:{receipt}")
            await till.key("1RL")
            await till.key("GB")
        await rest(world)
        assert "returned-twice" in questions(world)

    live(story, given=TWO)


def test_what_this_till_gave_back_and_the_broker_has_not_heard_of_counts() -> None:
    async def story(world: World) -> None:
        receipt = await bought(world)
        till = world.till()
        till.network.next(Passing.HANG_UP, 50)
        await till.key(f"RT:{receipt}")
        await till.key("1*RL")
        await till.key("GB")
        till.network.always(Passing.GOOD)
        await till.key(f"RT:{receipt}")
        assert [line.quantity for line in till.view.returning] == ["2"]
        await till.key("CL")
        await at_rest(world)

    live(story)


def test_unknown_receipts_and_goods_without_one() -> None:
    async def story(world: World) -> None:
        till = world.till()
        for entry, code in (
            ("RT:77", "RET-01"),
            ("RT:S01-01-20200101-0001", "RET-01"),
            ("RT:milk", "RET-01"),
            ("RT", "RET-10"),
            ("GB", "RET-07"),
            ("RL", "RET-07"),
        ):
            said = await till.key(entry)
            assert said is not None and said.code == code, entry
        register = till.wired.till.register
        register.policy = structs.replace(register.policy, refund_without_receipt_max=1_000)
        await till.key("RT")
        await till.key(f"2*{BAG}")
        assert till.view.due == -2 * PRICE
        await till.key("GB")
        await rest(world)
        [refund] = facts(till, RefundClosed)
        assert isinstance(refund, RefundClosed)
        assert (refund.original, refund.total) == ("", 2 * PRICE)

    live(story)


def test_money_that_went_back_without_goods_does_not_go_back_for_them_once_more() -> None:
    """The e-cash of a sale was refunded to its card; then its goods come: only the rest is theirs."""

    async def story(world: World) -> None:
        till, cash = world.till(), expected(world.till())
        await world.equipment().do("customer", "insert", card="customer-1")
        had = world.purses.cards["customer-1"].image().balances[0]
        for entry in (f"3*{BAG}", f"{PRICE}CA", "EC"):
            await till.key(entry)
        key = facts(till, SaleClosed)[-1].tenders[-1].attempt  # type: ignore[attr-defined]
        await till.key(f"EF:{key} spoilt")
        assert world.purses.cards["customer-1"].image().balances[0] == had
        await till.key("RT:1")
        said = await till.key("1RL")
        assert said is not None and said.code == "RET-11" and str(PRICE) in said.banner
        assert (await till.key("1*RL")) is not None and till.view.returned == PRICE
        await till.key("GB")
        assert expected(till) == cash
        await at_rest(world)
        assert questions(world) == [] and balance(world, "suspense/exceptions") == 0

    live(story)


def test_cash_for_several_payments_tells_each_what_went_back() -> None:
    """Given back in cash, a card's payment cannot be refunded to the card as well."""

    async def story(world: World) -> None:
        till = world.till()
        await world.equipment().do("customer", "insert", card="customer-1")
        had = world.purses.cards["customer-1"].image().balances[0]
        for entry in (f"3*{BAG}", f"{PRICE}EC", "EC", "RT:1", "1RL", "GB:cash"):
            await till.key(entry)
        [sale] = facts(till, SaleClosed)
        [refund] = facts(till, RefundClosed)
        assert isinstance(sale, SaleClosed) and isinstance(refund, RefundClosed)
        back = {tender.back_to: tender.amount for tender in refund.tenders}
        assert back == {tender.attempt: tender.amount for tender in sale.tenders}
        for tender in sale.tenders:
            said = await till.key(f"EF:{tender.attempt} again")
            assert said is not None and said.code == "PUR-36"
        assert world.purses.cards["customer-1"].image().balances[0] == had - 3 * PRICE
        await at_rest(world)
        assert questions(world) == []

    live(story)


@pytest.mark.parametrize("entries", [("VF",), ("RT:1", "1RL", "GB"), ("RT:1", "1RL", "RL")])
def test_goods_that_cost_nothing_come_back_too(entries: tuple[str, ...]) -> None:
    """A sale that cost nothing is voided or returned like any other; the counter is free again."""

    async def story(world: World) -> None:
        till, cash = world.till(), expected(world.till())
        for entry in (f"2*{BAG}", "100DS", "CA", *entries):
            said = await till.key(entry)
        assert said is not None and said.code == ""
        assert not till.wired.till.register.has_sale() and expected(till) == cash
        [refund] = facts(till, RefundClosed)
        assert isinstance(refund, RefundClosed)
        assert (refund.total, [line.quantity for line in refund.lines]) == (0, [2000])
        again = await till.key("RT:1")
        assert again is not None and again.code == "RET-08"
        await at_rest(world)
        assert questions(world) == []

    live(story)


@pytest.mark.parametrize("more", [(), (SHOPPING_BAG,)])
def test_goods_that_come_back_are_not_put_aside(more: tuple[str, ...]) -> None:
    """Held and gone on with later, they would be paid for a second time."""

    async def story(world: World) -> None:
        till, cash = world.till(), expected(world.till())
        await bought(world)
        for entry in ("RT:1", "1RL", *more):
            await till.key(entry)
        said = await till.key("HO")
        assert said is not None and said.code == "HLD-06"
        await till.key("GB")
        assert expected(till) == cash + (DEARER if more else 0)
        await at_rest(world)

    live(story)


def test_the_same_goods_at_two_tills_are_paid_for_once() -> None:
    """Both have looked the sale up; the second one asks again before money goes back, or is saved."""

    async def story(world: World) -> None:
        receipt = await bought(world)
        first, second = world.till("01"), world.till("02")
        cash = expected(first)
        for till in (first, second):
            await till.key(f"RT:{receipt}")
            await till.key("1RL")
        await second.key("GB")
        await asyncio.sleep(10)
        for entries in (("GB",), (f"5*{BAG}", "CA")):
            for entry in entries:
                said = await first.key(entry)
            assert said is not None and said.code == "RET-11", entries
        assert expected(first) == cash
        await first.key("RE")
        await first.key("CA")
        await at_rest(world)
        assert questions(world) == []

    live(story, given=TWO)


@pytest.mark.parametrize("entries", [("GB:cash",), (f"5*{BAG}", "CA")])
def test_what_a_card_may_have_got_does_not_go_back_another_way(entries: tuple[str, ...]) -> None:
    """Neither in cash nor as goods, until the card has said whether it has got it."""

    async def story(world: World) -> None:
        till, cash = world.till(), expected(world.till())
        await world.equipment().do("customer", "insert", card="customer-1")
        had = world.purses.cards["customer-1"].image().balances[0]
        for entry in (f"3*{BAG}", "100EC", "CA", "RT:1", "1RL"):
            await till.key(entry)
        await world.equipment().do("customer", "tear_after", count="5")
        said = await till.key("GB")
        assert said is not None and said.code == "PUR-41"
        for entry in entries:
            said = await till.key(entry)
        assert said is not None and said.code == "PUR-37"
        await world.equipment().do("customer", "insert", card="customer-1")
        await till.key("RS")
        await till.key("GB" if len(entries) == 1 else "CA")
        await at_rest(world)
        assert world.purses.cards["customer-1"].image().balances[0] == had
        assert expected(till) == cash + PRICE * 5 * (len(entries) - 1)
        assert questions(world) == []

    live(story)
