"""The totals of a day's end agree among till, broker and bank, whatever happened in it (T3, T4).

Goal: for every fault between till and bank, and every way to pay that a bank confirms, what the Z says was
taken that way, what the broker's books have, and what the bank settles are one amount; what nobody knew when
the shift was closed is on the Z as in doubt, and is the customer's in all three when it proves paid.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest

from ips.points import BankPoint
from pos.points import Point
from protocols.facts import ShiftClosed, decode_fact
from protocols.journal import decode_record
from receipts.forms.wording import method_name
from sim.stage import auditors
from sim.stage.kinds import KINDS
from sim.stage.soak.actors.bank import MENDING, TROUBLES
from sim.stage.told import Told
from sim.stage.world import audit
from sim.stage.world.equipment import CUSTOMER, PIN_PAD, SHOP, TwinWish, wish
from sim.stage.world.given import STORE, Given, TillWish
from sim.stage.world.network import Passing
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.virtual import live
from tests.support.card_world import GOODS, PRICE, CardShop
from tests.support.transfer_world import BOOK, TransferShop

CHIP = "sign"
METHODS = ("cash", "card", "transfer", "purse", "points")
Paying = Callable[[CardShop], Awaitable[object]]


async def in_the_slot(shop: CardShop, card: str = "") -> None:
    """Have this card in the slot and no other, or none."""
    lying = shop.world.equipment().card_in(CUSTOMER)
    if lying and lying != card:
        await shop.do(CUSTOMER, "remove")
    if card and lying != card:
        await shop.do(CUSTOMER, "insert", card=card)


async def swiped(shop: CardShop) -> None:
    await in_the_slot(shop)
    await shop.swipe("bank-credit")


async def by_chip(shop: CardShop) -> None:
    await in_the_slot(shop, CHIP)
    await shop.key("CD")
    await in_the_slot(shop)


async def transferred(shop: CardShop) -> None:
    await TransferShop(shop.world).pay("1234", book=BOOK)


WAYS: dict[str, tuple[str, Paying]] = {
    "swipe": ("card", swiped),
    "chip": ("card", by_chip),
    "transfer": ("transfer", transferred),
}


def faults() -> Iterator[tuple[str, Callable[[CardShop], Awaitable[None]]]]:
    """Everything that can go wrong between the two, by name."""

    def at_the_bank(what: str) -> Callable[[CardShop], Awaitable[None]]:
        async def happens(shop: CardShop) -> None:
            for verb, arguments in TROUBLES[what]:
                await shop.bank(verb, **arguments)

        return happens

    def on_the_way(passing: Passing) -> Callable[[CardShop], Awaitable[None]]:
        async def happens(shop: CardShop) -> None:
            shop.till.network.next(passing)

        return happens

    def kills_the_broker(point: str) -> Callable[[CardShop], Awaitable[None]]:
        async def happens(shop: CardShop) -> None:
            shop.world.broker.kill_at(point)

        return happens

    def kills_the_till(point: Point) -> Callable[[CardShop], Awaitable[None]]:
        async def happens(shop: CardShop) -> None:
            shop.till.life.kill_at(point, 1)

        return happens

    yield from ((f"bank {what}", at_the_bank(what)) for what in TROUBLES if "issuer" not in what)
    yield from (
        (f"network {passing.value}", on_the_way(passing))
        for passing in Passing
        if passing is not Passing.GOOD
    )
    points = ("desk.intent", BankPoint.ANSWERED.value, "desk.result")
    yield from ((f"broker killed at {point}", kills_the_broker(point)) for point in points)
    after = (Point.BEFORE_APPEND_ATTEMPT, Point.AFTER_APPEND_ATTEMPT)
    yield from ((f"till killed at {point.value}", kills_the_till(point)) for point in after)


async def finished(shop: CardShop) -> None:
    """Bring the sale to its end as a clerk does: asked a few times, put aside, paid in cash."""
    shop.world.broker.start()
    await shop.till.start()
    for _ in range(2):
        if shop.till.view.doubt is not None:
            await shop.key("RS")
    if shop.till.view.doubt is not None:
        await shop.key("KT")
    if shop.till.view.lines:
        await shop.key("CA")
    assert not shop.till.view.lines


async def closed(shop: CardShop) -> ShiftClosed:
    """Count the drawer and close the shift; return what the Z says."""
    shift = shop.till.wired.till.register.shift
    await shop.key(f"{shift.expected}x1CN", "CZ:x")
    await asyncio.sleep(60)
    [*_, z] = [
        fact
        for record in map(decode_record, shop.till.records())
        if isinstance(fact := decode_fact(record.kind, record.body), ShiftClosed)
    ]
    return z


def z_of(shop: CardShop, z: ShiftClosed) -> str:
    """Return the paper of a Z."""
    [paper] = [text for text in audit.papers(shop.till) if f"Z REPORT {z.z:04d}" in text]
    return paper


def printed(shop: CardShop, z: ShiftClosed) -> dict[str, int]:
    """Return what the paper of a Z says was taken, by method."""
    section = z_of(shop, z).partition("By payment\n")[2].partition("----")[0]
    lines = dict(line.rsplit(maxsplit=1) for line in section.splitlines())
    names = {method_name(each, "en", {}): each for each in METHODS}
    return {names[name.strip()]: int(said.replace(",", "")) for name, said in lines.items()}


async def agreed(shop: CardShop, since: int, method: str) -> int:
    """Return what the bank settled, once it and all books are shown to be one with the records since then."""
    await rest(shop.world)
    found = audit.at_rest(shop.world)
    # Of a long day the printer shows its newest papers only.
    assert [str(each) for each in found if each.auditor != "receipts"] == []
    day = Told()
    assert day.hear_all(shop.till.records(since)) == []
    settled = await audit.settle(shop.world)
    assert [str(found) for found in auditors.totals(day, settled)] == []
    late = sum(value - day.repaid.get(key, 0) for key, value in day.late().items())
    assert sum(each.net for each in settled) == day.z[method] + late
    return sum(each.net for each in settled)


def shop_with_everything() -> Given:
    names = ("printer", "stripe_reader", CUSTOMER, SHOP)
    equipment = {name: wish(name) for name in names}
    equipment[PIN_PAD] = TwinWish(options=KINDS[PIN_PAD].options())
    till = TillWish(equipment=equipment, float_amount=None)
    return replace(Given(), tills=(till,), banks=True, bank_cards=(BOOK, CHIP))


@pytest.mark.parametrize("way", WAYS)
def test_totals_agree_after_every_fault(way: str) -> None:
    """A shift for each: a sale that is well, one over which it happens, one that is voided; then the Z."""
    method, pay = WAYS[way]

    async def story(world: World) -> None:
        shop = CardShop(world)
        await asyncio.sleep(60)
        for name, happens in faults():
            since = len(shop.till.records())
            await shop.key("100000OS")
            for begun in (None, happens):
                await shop.key(GOODS)
                await asyncio.sleep(20)
                if begun is not None:
                    await begun(shop)
                await pay(shop)
                await finished(shop)
            for verb in MENDING:
                await shop.bank(verb)
            await rest(world)
            await shop.key(GOODS)
            await pay(shop)
            await finished(shop)
            await shop.key("VF")
            await finished(shop)
            z = await closed(shop)
            assert z.by_method[method] >= PRICE, name
            assert printed(shop, z)[method] == z.by_method[method], name
            assert await agreed(shop, since, method) >= z.by_method[method], name
        assert world.banks is not None and world.banks.shop(STORE) > 0

    live(story, given=shop_with_everything())


@pytest.mark.parametrize("fault", [None, "loses answers"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_in_doubt_at_the_z_is_on_it_and_in_no_total(way: str, fault: str | None) -> None:
    """Once it is known, it is the customer's in all totals, or nothing is in any."""
    method, pay = WAYS[way]

    async def story(world: World) -> None:
        shop = CardShop(world)
        await asyncio.sleep(60)
        await shop.key("100000OS", GOODS)
        await asyncio.sleep(20)
        shop.till.network.next(Passing.LOSE_ANSWER)
        for verb, arguments in TROUBLES[fault] if fault else ():
            await shop.bank(verb, **arguments)
        await pay(shop)
        shop.till.network.always(Passing.NO_ROUTE)
        await shop.key("KT", "CA")
        z = await closed(shop)
        assert (z.in_doubt, z.by_method.get(method, 0)) == (1, 0)
        assert re.search(r"In doubt +1\n", z_of(shop, z)) and method not in printed(shop, z)
        assert await agreed(shop, 0, method) in ((0, PRICE) if fault is None else (0,))

    live(story, given=shop_with_everything())
