"""A shop that takes banks' cards, in virtual time: real till, real broker, banks, cards, stripe reader, PIN pad."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec

from ips.office import DocumentPublish
from protocols.documents import Policy
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    Fact,
    RefundClosed,
    SaleClosed,
    Tender,
    TenderChanged,
    TenderVoided,
    decode_fact,
)
from protocols.journal import decode_record
from protocols.money import KRW, Money
from sim.stage.kinds import KINDS
from sim.stage.world import audit
from sim.stage.world.equipment import CUSTOMER, PIN_PAD, TwinWish, wish
from sim.stage.world.given import STORE, Given, TillWish
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere
from sim.stage.world.virtual import live

GOODS, PRICE = "8800103000011", 3_480
BANK = "hanbit"
READERS = ("printer", "line_display", "stripe_reader", CUSTOMER)
BANKED = ("card", "transfer")
NUMBERS = ("9900330000000011", "9900110000000017", "9900330000000037")


def given(*cards: str, pad: bool = True, readers: tuple[str, ...] = READERS) -> Given:
    """A till with these readers and, unless it is left out, a PIN pad; these payment cards lie there."""
    equipment = {name: wish(name) for name in readers}
    if pad:
        equipment[PIN_PAD] = TwinWish(options=KINDS[PIN_PAD].options())
    return replace(Given(), tills=(TillWish(equipment=equipment),), banks=True, bank_cards=cards)


def shop_live(story: Callable[["CardShop"], Awaitable[None]], with_: Given | None = None) -> None:
    """Live a story in such a shop; in the end everybody agrees and nothing of a card was kept."""

    async def whole(world: World) -> None:
        await asyncio.sleep(2)
        shop = CardShop(world)
        # The session with the broker is open, as in a shop that has begun its day.
        register = world.till().wired.till.register
        while world.given.bank_cards and register.policy.cards is None:
            await asyncio.sleep(5)
        await register.acquirer.inquire(key="nobody", amount=Money(1, KRW))
        await story(shop)
        await shop.at_rest()

    live(whole, given=with_ or given())


async def enter(shop: "CardShop", digits: str, keypad: str = PIN_PAD) -> None:
    """The customer enters a PIN, once it is asked for."""
    while shop.world.equipment().state(keypad)["keypad"] == "idle":
        await asyncio.sleep(0.5)
    await shop.do(keypad, "press", digits=digits)
    await shop.do(keypad, "enter")


class CardShop:
    """What stories do and see."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def till(self) -> TillHere:
        return self.world.till()

    async def do(self, device: str, verb: str, **arguments: str) -> None:
        await self.world.equipment().do(device, verb, **arguments)

    async def forget_keys(self) -> None:
        """Have the till know no authority's key any more."""
        body = msgspec.msgpack.encode(Policy())
        await self.world.broker.do(DocumentPublish(name="policy", body=body, actor="park"))
        await asyncio.sleep(120)
        assert self.till.wired.till.register.policy.cards is None

    async def bank(self, verb: str, **arguments: str) -> None:
        assert self.world.banks is not None
        await self.world.banks.do(verb, BANK, **arguments)

    def shop_has(self) -> int:
        """What the banks have for the shop."""
        assert self.world.banks is not None
        return self.world.banks.shop(STORE)

    async def key(self, *entries: str) -> str:
        """Key entries; return the code that the last was answered with."""
        said = None
        for entry in entries:
            said = await self.till.key(entry)
        return "" if said is None else said.code

    def begin(self, entry: str = "CD") -> "asyncio.Task[str]":
        """Key a payment that waits for somebody."""
        return asyncio.create_task(self.key(entry))

    async def swipe(self, card: str, verb: str = "swipe", entry: str = "CD", **more: str) -> str:
        """Key the card, swipe it, and return how it ended."""
        paying = self.begin(entry)
        await asyncio.sleep(1)
        await self.do("stripe_reader", verb, card=card, **more)
        return await paying

    def facts(self) -> list[Fact]:
        records = [each for till in self.world.tills.values() for each in till.records()]
        return [decode_fact(r.kind, r.body) for r in map(decode_record, records)]

    def sales(self) -> list[SaleClosed]:
        return [fact for fact in self.facts() if isinstance(fact, SaleClosed)]

    def opened(self) -> list[AttemptOpened]:
        return [fact for fact in self.facts() if isinstance(fact, AttemptOpened)]

    def closed(self) -> list[AttemptClosed]:
        return [fact for fact in self.facts() if isinstance(fact, AttemptClosed)]

    def said(self) -> list[str]:
        """Every message that stood on the screen."""
        return [heard.notice.code for heard in self.till.heard]

    def states(self) -> list[tuple[str, str]]:
        """Every card payment at the broker: amount's state and outcome, oldest first."""
        rows = self.world.broker.reader.ask(
            "SELECT state, amount FROM payment WHERE module = 'card' ORDER BY key"
        )
        return [(str(state), str(amount)) for state, amount in rows]

    def questions(self) -> list[str]:
        return [code for (code,) in self.world.broker.reader.ask("SELECT code FROM question")]

    def taken(self) -> int:
        """What the tills' tickets say was paid by banks, and not given back."""
        stood: list[Tender] = []
        back: list[Tender] = []
        for fact in self.facts():
            match fact:
                case SaleClosed():
                    stood += fact.tenders
                case TenderChanged():
                    stood += fact.taken
                    back.append(fact.back)
                case RefundClosed():
                    back += fact.tenders
                case TenderVoided() if fact.back.method != fact.tender.method:
                    # The bank keeps it for the shop; the customer has cash.
                    stood.append(fact.tender)
                case _:
                    pass
        return sum(each.amount for each in stood if each.method in BANKED) - sum(
            each.amount for each in back if each.method in BANKED
        )

    async def at_rest(self) -> None:
        await rest(self.world)
        assert [str(found) for found in audit.at_rest(self.world, ())] == []
        assert self.world.banks is not None and self.world.banks.objections() == []
        assert self.taken() == self.shop_has(), (self.taken(), self.shop_has(), self.states())
        kept = b"".join(self.till.records()) + "".join(audit.papers(self.till)).encode()
        for number in NUMBERS:
            assert number.encode() not in kept, "a card's number was kept"
