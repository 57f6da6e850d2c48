"""Payments that are taken out of a sale, through till, journal, network and broker: the books tell both ways.

Goal: after every correction journals, purses, drawer and ledger agree, nothing is asked that has no
reason, and money that proved not to have gone back is the customer's in the books too.
"""

import asyncio

import pytest

from protocols.facts import (
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    TenderChanged,
    TenderVoided,
)
from sim.stage.world.network import Passing
from sim.stage.world.shop import World
from sim.stage.world.virtual import live
from tests.world.test_returns import (
    BAG,
    PRICE,
    TWO,
    at_rest,
    balance,
    expected,
    facts,
    questions,
)

PAID = 100


async def part_paid(world: World, *entries: str) -> None:
    till = world.till()
    await world.equipment().do("customer", "insert", card="customer-1")
    for entry in (BAG, *entries):
        await till.key(entry)


def on_card(world: World) -> int:
    return world.purses.cards["customer-1"].image().balances[0]


def test_e_cash_taken_out_of_a_sale_leaves_no_trace_in_the_books_but_its_story() -> None:
    async def story(world: World) -> None:
        till, had, cash = world.till(), on_card(world), expected(world.till())
        await part_paid(world, f"{PAID}EC", "VT", "CA")
        await at_rest(world)
        assert on_card(world) == had and expected(till) == cash + PRICE
        assert len(facts(till, SaleClosed)) == len(facts(till, TenderVoided)) == 1
        assert balance(world, "clearing/purse/S01") == 0 and questions(world) == []

    live(story)


def test_cash_for_e_cash_is_counted_at_both_ends() -> None:
    async def story(world: World) -> None:
        till, had, cash = world.till(), on_card(world), expected(world.till())
        await part_paid(world, f"{PAID}EC", "VT:cash", "CA", "0CN", "CZ:x")
        await at_rest(world)
        assert on_card(world) == had - PAID
        assert facts(till, TenderVoided) and cash
        assert questions(world) == []

    live(story)


def test_sale_part_paid_both_ways_is_voided_whole() -> None:
    async def story(world: World) -> None:
        till, had, cash = world.till(), on_card(world), expected(world.till())
        await part_paid(world, "50EC", "20CA", "30EC", "VS:left")
        await at_rest(world)
        assert on_card(world) == had and expected(till) == cash
        assert len(facts(till, SaleVoided)) == 1 and not facts(till, SaleClosed)
        assert questions(world) == []

    live(story)


async def torn_on_its_way_back(world: World) -> None:
    """Let the card leave when the shop's purse has paid and the card has not got it."""
    till = world.till()
    await part_paid(world, f"{PAID}EC")
    await world.equipment().do("customer", "tear_after", count="5")
    await till.key("VT")


def test_parked_on_its_way_back_and_finished_by_the_card_later() -> None:
    async def story(world: World) -> None:
        till, had = world.till(), on_card(world)
        await torn_on_its_way_back(world)
        assert till.view.doubt is not None and till.view.doubt.back
        await till.key("KT")
        await till.key("CA")
        await asyncio.sleep(60)
        await world.equipment().do("customer", "insert", card="customer-1")
        await till.key("RS")
        await at_rest(world)
        assert on_card(world) == had and questions(world) == []

    live(story)


def test_cash_becomes_e_cash_in_drawer_purse_and_books() -> None:
    async def story(world: World) -> None:
        till, had, cash = world.till(), on_card(world), expected(world.till())
        await part_paid(world, "CA", "CT", "EC")
        await at_rest(world)
        assert on_card(world) == had - PRICE and expected(till) == cash
        assert len(facts(till, TenderChanged)) == 1 and questions(world) == []
        await till.key("RT:1")
        await till.key("1RL")
        await till.key("GB")
        await at_rest(world)
        assert on_card(world) == had and expected(till) == cash and questions(world) == []

    live(story)


def test_e_cash_becomes_cash_and_the_other_till_takes_the_goods_back_for_cash() -> None:
    async def story(world: World) -> None:
        till, second, had = world.till("01"), world.till("02"), on_card(world)
        await part_paid(world, "EC", "CT", "CA")
        assert on_card(world) == had
        await at_rest(world)
        [changed] = facts(till, TenderChanged)
        assert isinstance(changed, TenderChanged)
        before = expected(second)
        await second.key(f"RT:{changed.original}")
        await second.key("1RL")
        await second.key("GB")
        await at_rest(world)
        [refund] = facts(second, RefundClosed)
        assert isinstance(refund, RefundClosed)
        assert [each.method for each in refund.tenders] == ["cash"]
        assert before - expected(second) == PRICE and questions(world) == []

    live(story, given=TWO)


def test_closed_sale_is_voided_and_no_till_takes_it_back_again() -> None:
    async def story(world: World) -> None:
        till, second = world.till("01"), world.till("02")
        had, cash = on_card(world), expected(till)
        await part_paid(world, "50CA", "EC", "VF")
        await at_rest(world)
        assert on_card(world) == had and expected(till) == cash
        [undone] = facts(till, RefundClosed)
        assert isinstance(undone, RefundClosed) and undone.void
        said = await second.key(f"RT:{undone.original}")
        assert said is not None and said.code == "RET-08"
        assert questions(world) == []

    live(story, given=TWO)


def test_correction_without_a_line_is_the_same_and_the_broker_learns_it_later() -> None:
    async def story(world: World) -> None:
        till = world.till()
        till.network.always(Passing.NO_ROUTE)
        await asyncio.sleep(60)
        await part_paid(world, "CA", "CT", "EC", BAG, "CA", "VF")
        till.network.always(Passing.GOOD)
        await at_rest(world)
        assert questions(world) == []
        assert len(facts(till, TenderChanged)) == len(facts(till, RefundClosed)) == 1

    live(story)


def test_z_after_corrections_is_the_brokers_too() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await part_paid(world, "CA", "CT", "EC", BAG, "EC", "VF", BAG, "100EC", "VT", "CA")
        drawer = expected(till)
        await till.key(f"{drawer}x1CN")
        said = await till.key("CZ")
        assert said is not None and said.code == ""
        await at_rest(world)
        [z] = facts(till, ShiftClosed)
        assert isinstance(z, ShiftClosed) and z.over_short == 0
        assert (z.tender_changes, z.undone, z.tender_voids) == (1, 1, 1)
        assert questions(world) == []

    live(story)


@pytest.mark.parametrize("key", ["RS", "EC"])
def test_money_that_came_too_late_for_a_sale_does_not_replace_a_payment_of_it(key: str) -> None:
    """Parked, settled in cash, and found while that cash is being changed: it goes back to its card."""

    async def story(world: World) -> None:
        till, had, cash = world.till(), on_card(world), expected(world.till())
        await part_paid(world)
        await world.equipment().do("customer", "tear_after", count="5")
        for entry in ("EC", "KT", "CA", "CT"):
            await till.key(entry)
        await world.equipment().do("customer", "insert", card="customer-1")
        said = await till.key(key)
        assert said is not None and not till.view.paid, "it pays for nothing here"
        await till.key("EC")
        await till.key("RS")
        await at_rest(world)
        assert (on_card(world), expected(till)) == (had - PRICE, cash)
        assert len(facts(till, TenderChanged)) == 1
        assert questions(world) == ["duplicate-payment"]

    live(story)
