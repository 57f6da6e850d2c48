"""The issuer's commands in the whole program: outbox, wiring, readers, a till that is killed.

The till hears of them as it hears of documents; the shop's purse has them within two minutes.
"""

import asyncio

import msgspec
import pytest

from ips.purse import orders
from ips.purse.desk import PurseHotlist, PurseUpdate
from protocols.purse.image import Parameters
from sim.stage.world.equipment import CUSTOMER, SHOP
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.virtual import live
from tests.support.purse_world import CUSTOMERS, GIVEN, YOGURT

MINUTE = 60
STOPPED, PAYING = CUSTOMERS[0], CUSTOMERS[1]


def name_of(world: World, label: str) -> bytes:
    return world.purses.cards[label].purse.personality.name


def limits(world: World, label: str) -> Parameters:
    encoded = world.purses.cards[label].image().parameters
    return msgspec.msgpack.decode(encoded, type=Parameters)


def waits(world: World) -> list[tuple[str, str]]:
    rows = orders.listed(world.broker.reader, waiting=False)
    return [(bytes.fromhex(row.name).decode(), row.state) for row in rows]


async def key(world: World, *texts: str) -> str:
    """Enter texts; a till that is dead is switched on again. Returns what the last one said."""
    said = None
    for text in texts:
        await world.till().start()
        said = await world.till().key(text)
        await world.till().start()
    return "" if said is None else said.code


async def show(world: World, label: str) -> None:
    """Put a customer's card into the reader; the shop's own is in its place."""
    equipment = world.equipment()
    lying = equipment.card_in(CUSTOMER)
    await equipment.do(CUSTOMER, "swap" if lying else "insert", card=label)
    if not equipment.card_in(SHOP):
        await equipment.do(SHOP, "insert", card=SHOP)


async def stop(world: World, label: str) -> None:
    name = name_of(world, label).hex()
    await world.broker.do(PurseHotlist(name=name, stop=True, reason="lost", actor="park"))


async def told(world: World) -> None:
    """Let the till hear, give and report."""
    await asyncio.sleep(3 * MINUTE)


def questions(world: World) -> list[object]:
    return list(world.broker.reader.ask("SELECT code FROM question"))


def test_stopped_purse_is_refused_two_minutes_later_and_still_offline() -> None:
    async def story(world: World) -> None:
        await show(world, STOPPED)
        assert await key(world, YOGURT, "EC") == ""
        await stop(world, STOPPED)
        await told(world)
        assert limits(world, SHOP).hotlist == (name_of(world, STOPPED),)
        assert waits(world) == [("THE SHOP", "taken")]
        world.broker.stop()

        assert await key(world, YOGURT, "EC") == "PUR-06"
        await show(world, PAYING)
        assert await key(world, "EC") == ""
        world.broker.start()
        await rest(world)
        assert questions(world) == []

    live(story, given=GIVEN)


def test_broker_that_was_away_is_asked_when_it_is_back() -> None:
    """What was ordered meanwhile; and nothing is asked while it is known to be away."""

    async def story(world: World) -> None:
        await key(world, YOGURT, "CA")
        await stop(world, STOPPED)
        world.broker.stop()
        await asyncio.sleep(10 * MINUTE)
        assert limits(world, SHOP).hotlist == ()
        world.broker.start()
        await told(world)

        assert limits(world, SHOP).hotlist == (name_of(world, STOPPED),)

    live(story, given=GIVEN)


@pytest.mark.parametrize("places", range(1, 21))
def test_till_that_is_killed_over_it_gives_it_and_reports_it_in_its_next_life(
    places: int,
) -> None:
    """Wherever it dies: the shop's purse and the customer's card end with their commands, once each."""

    async def story(world: World) -> None:
        await show(world, PAYING)
        await key(world, YOGURT, "EC")
        await stop(world, STOPPED)
        name = name_of(world, PAYING).hex()
        await world.broker.do(PurseUpdate(name=name, day=20260101, transfer_max=9_000, actor="x"))
        world.till().life.kill_after(places)
        await told(world)
        await key(world, YOGURT, "EC")
        await told(world)
        await key(world, "EB", YOGURT, "EC", "EB")
        await rest(world)

        assert sorted(waits(world)) == [("CARD0001", "taken"), ("THE SHOP", "taken")]
        assert limits(world, PAYING).transfer_max == 9_000
        assert limits(world, SHOP).hotlist == (name_of(world, STOPPED),)
        assert questions(world) == []

    live(story, given=GIVEN)
