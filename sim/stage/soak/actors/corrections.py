"""What a clerk does beside selling: puts a basket aside and goes on with one, and takes goods back.

hold      the basket is put aside for the next customer; then the first of those held is gone on with,
          it may be another till's
return    a line of one of today's own sales comes back, and its cash with it
"""

import asyncio
from itertools import islice
from typing import Final

from sim.stage.soak.actors.hands import Hands
from sim.stage.soak.dice import Dice
from sim.stage.soak.soak import Soak

HOLD_SECONDS: Final = 60.0
RECENT_MAX: Final = 20
"""Customers who may come back with their receipt."""
PATIENCE: Final = 20


class Corrections:
    """One clerk's."""

    def __init__(self, soak: Soak, terminal: str, hands: Hands, dice: Dice) -> None:
        self._soak = soak
        self._terminal = terminal
        self._hands = hands
        self._dice = dice

    async def hold_and_recall(self) -> None:
        """Put the open basket aside, and a little later go on with one."""
        await self._hands.key("HO")
        if await self._hands.has_sale():
            return
        await asyncio.sleep(self._dice.seconds(HOLD_SECONDS))
        await self._hands.key("RC")
        if self._hands.view.held:
            await self._hands.key("1RC")

    async def take_back(self) -> int:
        """Have goods come back; returns the cash that went with them."""
        receipts = self._receipts()
        if not receipts:
            return 0
        await self._hands.key(f"RT:{self._dice.among(receipts)}")
        if not self._hands.view.returning:
            return 0
        await self._hands.key("1RL")
        for _ in range(PATIENCE):
            if not await self._hands.has_sale():
                return 0
            amount = self._hands.view.returned
            if not amount:
                await self._hands.key("RE")
            elif await self._hands.booked("refund.closed", "GB"):
                return amount
        self._hands.stuck("cannot end a return")
        return 0

    def _receipts(self) -> list[str]:
        """Return today's newest sales at this till that were paid in cash alone."""
        told = self._soak.watch.day
        own = (
            order
            for order, sale in reversed(told.sales.items())
            if sale.terminal == self._terminal
            and sale.tenders
            and all(told.attempts[key].method == "cash" for key in sale.tenders)
        )
        return list(islice(own, RECENT_MAX))
