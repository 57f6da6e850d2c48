"""A shop that takes account transfers, in virtual time: real till, broker, bank, passbooks, PIN pad."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from protocols.money import KRW, Money
from sim.stage.kinds import KINDS
from sim.stage.world import audit
from sim.stage.world.equipment import CUSTOMER, PIN_PAD, SHOP, TwinWish, wish
from sim.stage.world.given import Given, TillWish
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.virtual import live
from tests.support.card_world import CardShop

BOOK, POOR = "passbook-1", "passbook-poor"
ACCOUNT, PRICE, GOODS = "110220330440", 3_480, "8800103000011"
BEFORE = 3_000_000
"""In the account of BOOK."""
BOOKS = (BOOK, "passbook-2", POOR, "passbook-expired", "passbook-blocked", "passbook-blocked-pin",
         "passbook-foreign", "credit-1")  # fmt: skip


def given(*, pad: bool = True, shop: bool = True, slot: bool = True) -> Given:
    """A till with a slot for customers' cards and, unless they are left out, a PIN pad and a shop's purse."""
    names = ("printer", "line_display", *([CUSTOMER] if slot else []), *([SHOP] if shop else []))
    equipment = {name: wish(name) for name in names}
    if pad:
        equipment[PIN_PAD] = TwinWish(options=KINDS[PIN_PAD].options())
    return replace(Given(), tills=(TillWish(equipment=equipment),), banks=True, bank_cards=BOOKS)


def transfer_live(
    story: Callable[["TransferShop"], Awaitable[None]], with_: Given | None = None, seed: int = 0
) -> None:
    """Live a story in such a shop; in the end till, broker and bank agree, and nothing secret was kept."""

    async def whole(world: World) -> None:
        await asyncio.sleep(2)
        shop = TransferShop(world)
        register = world.till().wired.till.register
        await register.acquirer.inquire(key="nobody", amount=Money(1, KRW))
        await story(shop)
        await shop.at_rest()

    live(whole, given=with_ or given(), seed=seed)


class TransferShop(CardShop):
    """What stories do and see."""

    @property
    def moved(self) -> int:
        """What has left the account of BOOK."""
        assert self.world.banks is not None
        return BEFORE - self.world.banks.holds(ACCOUNT)

    async def enter(self, digits: str, keypad: str = PIN_PAD) -> None:
        """The customer enters a PIN, once it is asked for."""
        while self.world.equipment().state(keypad)["keypad"] == "idle":
            await asyncio.sleep(0.1)
        await self.do(keypad, "press", digits=digits)
        await self.do(keypad, "enter")

    async def pay(self, *pins: str, book: str = BOOK, keypad: str = PIN_PAD) -> str:
        """Key the transfer with a passbook in the slot, and return how it ended."""
        if self.world.equipment().card_in(CUSTOMER) != book:
            there = bool(self.world.equipment().card_in(CUSTOMER))
            await self.do(CUSTOMER, "swap" if there else "insert", card=book)
        paying = self.begin("TR")
        for pin in pins or ("1234",):
            entering = asyncio.create_task(self.enter(pin, keypad))
            await asyncio.wait([paying, entering], return_when=asyncio.FIRST_COMPLETED)
            entering.cancel()
        return await paying

    async def at_rest(self) -> None:
        await rest(self.world)
        assert [str(found) for found in audit.at_rest(self.world, ())] == []
        assert self.taken() == self.shop_has(), (self.taken(), self.shop_has())
        kept = b"".join(self.till.records()) + "".join(audit.papers(self.till)).encode()
        assert ACCOUNT.encode() not in kept, "an account's number was kept"
