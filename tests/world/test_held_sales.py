"""Baskets put aside at one till and gone on with at another: through journal, network and broker.

Goal: a held basket is sold once, whatever the network or a kill does; only two tills of which one was
away may both go on with one, and then the broker asks.
"""

import asyncio
from dataclasses import replace

import pytest

from pos.points import Point
from protocols.facts import SaleClosed, SaleHeld, SaleRecalled, decode_fact
from protocols.journal import decode_record
from sim.stage.world import audit
from sim.stage.world.given import Given, TillWish
from sim.stage.world.network import Passing
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere
from sim.stage.world.virtual import live

BAG, PRICE = "8800100000014", 130
TWO = replace(Given(), tills=(TillWish(terminal="01"), TillWish(terminal="02", equipment={})))


def facts(till: TillHere, kind: type) -> list[object]:
    records = [decode_record(data) for data in till.records()]
    return [decode_fact(r.kind, r.body) for r in records if r.kind == kind.kind]  # type: ignore[attr-defined]


async def at_rest(world: World, *asked: str) -> None:
    await rest(world)
    assert [str(found) for found in audit.at_rest(world, asked)] == []


def questions(world: World) -> list[str]:
    return [code for (code,) in world.broker.reader.ask("SELECT code FROM question ORDER BY id")]


async def held(world: World) -> None:
    """Two bags with ten per cent off, put aside at till 01 and known to the broker."""
    first = world.till("01")
    for entry in (f"2*{BAG}", "10DI", "HO:가방 손님"):
        await first.key(entry)
    assert not first.view.lines
    await asyncio.sleep(10)


def test_basket_held_at_one_till_is_sold_at_another() -> None:
    async def story(world: World) -> None:
        await held(world)
        second = world.till("02")
        await second.key("RC")
        [shown] = second.view.held
        assert (shown.label, shown.terminal, shown.total) == ("가방 손님", "01", "234")

        await second.key("1RC")
        assert [(line.quantity, line.amount) for line in second.view.lines] == [
            ("2", "260"),
            ("", "-26"),
        ]
        await second.key("CA")
        await at_rest(world)

        [sale] = facts(second, SaleClosed)
        assert isinstance(sale, SaleClosed)
        assert sale.total == 234
        assert sale.recalled.startswith("S01-01-")
        assert facts(world.till("01"), SaleClosed) == []
        for till in world.tills.values():
            await till.key("RC")
            assert not till.view.held
        assert questions(world) == []

    live(story, given=TWO)


def test_a_held_basket_outlives_the_shift_and_the_till() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await till.key(BAG)
        await till.key("HO")
        for entry in ("0CN", "CZ:장난감 돈통", "100000OS"):
            await till.key(entry)
        await till.kill()
        await till.start()
        await till.key("RC")
        await till.key("1RC")
        assert till.view.total == PRICE
        await till.key("CA")
        await at_rest(world)

    live(story)


@pytest.mark.parametrize(
    "point", [each for each in Point if each.value.endswith(("append_hold", "append_recall"))]
)
def test_killed_around_hold_and_recall_the_basket_is_in_one_place(point: Point) -> None:
    async def story(world: World) -> None:
        till = world.till()
        await till.key(f"3*{BAG}")
        till.life.kill_at(point)
        await till.key("HO")
        await till.start()
        if not till.view.lines:
            await till.key("RC")
            await till.key("1RC")
            await till.start()
        places = bool(till.view.lines) + len(till.view.held)
        if not till.view.lines:
            await till.key("RC")
            places = len(till.view.held)
            await till.key("1RC")
        assert places == 1
        assert till.view.total == 3 * PRICE
        await till.key("CA")
        await at_rest(world)
        assert len(facts(till, SaleClosed)) == 1

    live(story)


@pytest.mark.parametrize("passing", [Passing.LOSE_ANSWER, Passing.HANG_UP, Passing.TWICE])
def test_an_answer_that_is_lost_loses_no_basket(passing: Passing) -> None:
    async def story(world: World) -> None:
        await held(world)
        second = world.till("02")
        await second.key("RC")
        second.network.next(passing, 1)
        await second.key("1RC")
        if not second.view.lines:  # It was given to this till: it may ask again.
            await second.key("RC")
            await second.key("1RC")
        assert second.view.total == 234
        await second.key("CA")
        await at_rest(world)
        assert questions(world) == []

    live(story, given=TWO)


def test_only_one_of_two_tills_gets_a_basket() -> None:
    async def story(world: World) -> None:
        await held(world)
        first, second = world.till("01"), world.till("02")
        await first.key("RC")
        await second.key("RC")
        await second.key("1RC")

        said = await first.key("1RC")

        assert said is not None and said.code == "HLD-05"
        await first.key("RC")
        assert not first.view.held, "what another has is shown no more"
        assert not first.view.lines
        await second.key("CA")
        await at_rest(world)
        assert questions(world) == []

    live(story, given=TWO)


def test_two_tills_of_which_one_was_away_may_both_go_on_and_the_broker_asks() -> None:
    """The till that held it is never refused its own basket while the line is down."""

    async def story(world: World) -> None:
        await held(world)
        first, second = world.till("01"), world.till("02")
        first.network.always(Passing.NO_ROUTE)
        await asyncio.sleep(60)
        await second.key("RC")
        await second.key("1RC")
        await first.key("RC")
        await first.key("1RC")
        for till in (first, second):
            await till.key("CA")
        await at_rest(world, "held-twice")
        assert "held-twice" in questions(world)
        assert len(facts(first, SaleHeld)) == 1
        assert len(facts(first, SaleRecalled) + facts(second, SaleRecalled)) == 2

    live(story, given=TWO)


def test_a_basket_with_money_in_it_stays_where_it_is() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await till.key(BAG)
        await till.key("100CA")
        said = await till.key("HO")
        assert said is not None and said.code == "HLD-02"
        await till.key("CA")
        await at_rest(world)

    live(story)


def test_a_foreign_store_sees_nothing_and_gets_nothing() -> None:
    async def story(world: World) -> None:
        from ips.holds import TakeHeld, held_sales
        from ips.terminals import Refused

        await held(world)
        broker = world.broker.broker
        assert held_sales(broker.reader, store="S02", terminal="09").rows == []
        [row] = held_sales(broker.reader, store="S01", terminal="09").rows
        assert row.basket == []
        taken = await broker.writer.run(
            TakeHeld(hold=row.hold, terminal="09", store="S02", sale="S02-09-20260417-0001")
        )
        assert isinstance(taken, Refused) and taken.code == "not_found"

    live(story, given=TWO)
