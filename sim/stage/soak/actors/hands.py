"""A clerk's hands at one till: key an entry and look what is said, and have the till on, whatever killed it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from pos.tenders.agreement import Refunding
from pos.view import Notice, TillView
from protocols.facts import Tender
from protocols.ports import NANOSECONDS_PER_SECOND
from sim.stage.soak.actors.customer import CardHolder
from sim.stage.soak.dice import Dice
from sim.stage.soak.soak import Soak

KEY_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.25
SWITCH_ON_SECONDS: Final = 20.0
TRIES_MAX: Final = 3
"""How often a card is tried before it is done in cash."""


class Hands:
    """What every step at a till is made of."""

    def __init__(self, soak: Soak, terminal: str, name: str, dice: Dice) -> None:
        self.soak = soak
        self.terminal = terminal
        self.card = CardHolder(soak, terminal)
        """Whoever stands there with a card."""
        self.drawer = 0
        """What lies in the drawer, by hand: what customers put down less what they got."""
        self.equipment = soak.world.equipment(terminal)
        """What stands beside the till."""
        self._till = soak.world.till(terminal)
        self.dice = dice
        """The luck of whoever is served."""
        self._name = name

    @property
    def view(self) -> TillView:
        """What the till shows; it is on."""
        return self._till.view

    async def key(self, entry: str) -> Notice | None:
        """Enter something and look at what the till says; a till that dies over it is switched on."""
        await asyncio.sleep(self.dice.seconds(KEY_SECONDS))
        await self.awake()
        said = await self._till.key(entry)
        heard = "" if said is None else f"{said.code} {said.banner}".strip()
        if not self._till.running:
            self.soak.step(self._name, f"{entry}: the till dies")
            await self.awake()
            return None
        self.soak.step(self._name, f"{entry}: {heard}")
        return said

    async def with_card(self, label: str, entry: str) -> Notice | None:
        """Enter something while a card is held out, if one is named and free; with no card otherwise."""
        if not label or not self.card.step_up(label):
            return await self.key(entry)
        try:
            return await self.card.while_paying(self.key(entry))
        finally:
            self.card.step_back()

    async def beside(self, entry: str, acting: Coroutine[Any, Any, None]) -> Notice | None:
        """Enter something while a customer acts, who stops when it has ended."""
        customer = asyncio.create_task(acting)
        try:
            return await self.key(entry)
        finally:
            customer.cancel()

    def gives_back(self, method: str) -> bool:
        """Say whether this till gives such a payment back the way it came; otherwise cash goes out."""
        return isinstance(self._till.wired.till.register.tenders.tender(method), Refunding)

    async def asked(self, tries: int, label: str = "") -> bool:
        """Find out what became of a payment that holds the counter, by its card or without, or put it aside.

        False where none does.
        """
        if not await self._doubts():
            return False
        for _ in range(tries):
            await self.with_card(label, "RS")
            if not await self._doubts():
                return True
        await self.key("KT")
        return True

    async def _doubts(self) -> bool:
        await self.awake()
        return self.view.doubt is not None

    async def booked(self, kind: str, entry: str) -> bool:
        """Enter something and say, whatever died over it, whether a record of this kind came of it."""
        before = self.records(kind)
        await self.key(entry)
        await self.awake()
        self.soak.step(self._name, "looks whether it was done")
        return self.records(kind) > before

    async def awake(self) -> None:
        """Have the till on, also one that dies again while it starts."""
        while not self._runs():
            await asyncio.sleep(self.dice.seconds(SWITCH_ON_SECONDS))
            # In a task of its own: a till that is killed while it starts must not take the clerk along.
            starting = asyncio.create_task(self._till.start())
            await asyncio.wait([starting])
            if not starting.cancelled():
                starting.result()
            if self._runs():
                self.soak.recovered("till switched on again")
                self.soak.step(self._name, "switches the till on")

    async def has_sale(self) -> bool:
        """Say whether a sale is open."""
        await self.awake()
        return self._till.wired.till.register.has_sale()

    def tenders(self) -> tuple[Tender, ...]:
        """Return the payments that stand in the open sale; the till is on."""
        return tuple(self._till.wired.till.register.sale.tenders)

    async def pieces(self) -> int:
        """Return how many pieces are in the basket."""
        await self.awake()
        return self._till.view.pieces

    def pieces_now(self) -> int:
        """Return the same of a till that may be off: -1 then."""
        return self._till.view.pieces if self._till.running else -1

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds; False when it does not come in time."""
        end_ns = self.soak.now_ns + int(seconds * NANOSECONDS_PER_SECOND)
        while not holds():
            if self.soak.now_ns >= end_ns:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True

    def stuck(self, what: str) -> None:
        """Say that it cannot be gone on with. Raises: ObjectedError."""
        self.soak.stuck(self._name, what, self._till)

    def _runs(self) -> bool:
        return self._till.running

    def records(self, kind: str) -> int:
        """Return how many records of a kind this till's journal has."""
        return self.soak.watch.told.kinds[self.terminal, kind]
