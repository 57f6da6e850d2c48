"""Banks in a world: what a till and its broker meet, and what the auditor of banks is shown."""

import asyncio

from protocols.broker import PaymentRequest
from sim.stage.world import audit
from sim.stage.world.given import STORE, TERMINAL, Given
from sim.stage.world.network import Passing
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.virtual import live
from tests.support import bank as b
from tests.support.card_world import GOODS, PRICE, CardShop, given

GIVEN = Given(banks=True, bank_cards=("passbook-1",))
KEY = f"{STORE}-{TERMINAL}-20260101-0001-a"


async def pay(world: World) -> str:
    """Ask the broker behind the till's back, as no till does."""
    assert world.broker.broker.shelf.state("card") == "active"
    fields = {"pan": b.CREDIT, "entry": "keyed"}
    asked = PaymentRequest(
        key=KEY, module="card", amount=1_000, store=STORE, terminal=TERMINAL, fields=fields
    )
    return (await world.broker.broker.desk().pay(asked)).outcome


def objected(world: World) -> list[str]:
    return [each.where for each in audit.at_rest(world) if each.auditor == "banks"]


def test_a_world_with_banks_signs_on_and_is_at_peace() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(5)
        assert world.banks is not None and world.banks.state("hanbit")["signed_on"]
        await world.equipment().do("customer", "insert", card="passbook-1")
        await rest(world)
        assert audit.at_rest(world) == []

    live(story, given=GIVEN)


def test_money_that_no_terminal_knows_of_is_found() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(5)
        assert await pay(world) == "approved"
        await rest(world)
        assert objected(world) == ["receivable/acquirer", "all journals"]

    live(story, given=GIVEN)


def test_what_was_lost_is_waited_for_at_rest_and_gone() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(5)
        assert world.banks is not None
        await world.banks.do("lose_answers", count="5")
        assert await pay(world) == "unknown"
        assert "exchange " + KEY in objected(world)
        await rest(world)
        assert objected(world) == [] and world.banks.shop(STORE) == 0

    live(story, given=GIVEN)


def test_a_parked_payment_that_is_the_customers_by_now_is_told_and_asked_about_no_more() -> None:
    """Its sale's record came before the till could give it up: it stays paid, and is the customer's."""

    async def story(world: World) -> None:
        shop = CardShop(world)
        await asyncio.sleep(5)
        await shop.key(GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(Passing.LOSE_ANSWER)
        assert await shop.swipe("bank-credit") == "CRD-05"
        shop.till.network.always(Passing.NO_ROUTE)
        await shop.key("RS")
        await shop.key("KT", "CA")
        await asyncio.sleep(120)
        shop.till.network.always(Passing.GOOD)
        await asyncio.sleep(120)
        assert shop.states() == [("owed", str(PRICE))]
        await shop.key("RS")
        assert shop.till.doubts() == []
        await rest(world)
        assert audit.at_rest(world) == []

    live(story, given=given())


def test_what_was_never_sent_to_a_bank_and_its_answer_lost_is_asked_of_nobody() -> None:
    """The broker knows that nothing moved; the till's record that it does not know contradicts nothing."""

    async def story(world: World) -> None:
        shop = CardShop(world)
        await asyncio.sleep(5)
        await shop.key(GOODS)
        await shop.bank("pull_cable")
        await asyncio.sleep(20)
        shop.till.network.next(Passing.LOSE_ANSWER)
        assert await shop.swipe("bank-credit") == "CRD-05"
        assert shop.states() == [("unsent", str(PRICE))]
        await shop.key("KT", "CA")
        await rest(world)
        assert shop.questions() == [] and audit.at_rest(world) == []

    live(story, given=given())


def test_a_bank_that_was_switched_off_and_on_behind_its_line_takes_cards_again() -> None:
    async def story(world: World) -> None:
        shop = CardShop(world)
        await asyncio.sleep(5)
        await shop.key(GOODS)
        await shop.bank("restart")
        assert await shop.swipe("bank-credit") == "CRD-04"
        assert await shop.swipe("bank-credit") == ""
        await rest(world)
        assert audit.at_rest(world) == []
        await shop.bank("restart")
        [settled] = await audit.settle(world)
        assert settled.agreed and settled.net == PRICE

    live(story, given=given())


def test_two_banks_each_in_its_own_variant() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(5)
        assert world.banks is not None
        assert {name for name in world.banks.hosts if world.banks.state(name)["signed_on"]} == {
            "hanbit",
            "nuri",
        }

    live(story, given=Given(banks={"hanbit": {}, "nuri": {"spec": "binary", "mac": "retail"}}))
