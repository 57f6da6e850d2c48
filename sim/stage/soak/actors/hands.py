"""A clerk's hands at one till: keys an entry and looks what is said, and has the till on, whatever killed it."""

import asyncio
from collections.abc import Callable
from typing import Final

from pos.view import Notice, TillView
from protocols.ports import NANOSECONDS_PER_SECOND
from sim.stage.soak.dice import Dice
from sim.stage.soak.soak import Soak

KEY_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.25
SWITCH_ON_SECONDS: Final = 20.0


class Hands:
    """What every step at a till is made of."""

    def __init__(self, soak: Soak, terminal: str, name: str, dice: Dice) -> None:
        self._soak = soak
        self._till = soak.world.till(terminal)
        self._terminal = terminal
        self._name = name
        self._dice = dice

    @property
    def view(self) -> TillView:
        """What the till shows; it is on."""
        return self._till.view

    async def key(self, entry: str) -> Notice | None:
        """Enter something and look at what the till says; a till that dies over it is switched on."""
        await asyncio.sleep(self._dice.seconds(KEY_SECONDS))
        await self.awake()
        said = await self._till.key(entry)
        heard = "" if said is None else f"{said.code} {said.banner}".strip()
        if not self._till.running:
            self._soak.step(self._name, f"{entry}: the till dies")
            await self.awake()
            return None
        self._soak.step(self._name, f"{entry}: {heard}")
        return said

    async def booked(self, kind: str, entry: str) -> bool:
        """Enter something and say, whatever died over it, whether a record of this kind came of it."""
        before = self._records(kind)
        await self.key(entry)
        await self.awake()
        self._soak.step(self._name, "looks whether it was done")
        return self._records(kind) > before

    async def awake(self) -> None:
        """Have the till on, also one that dies again while it starts."""
        while not self._runs():
            await asyncio.sleep(self._dice.seconds(SWITCH_ON_SECONDS))
            # In a task of its own: a till that is killed while it starts must not take the clerk along.
            starting = asyncio.create_task(self._till.start())
            await asyncio.wait([starting])
            if not starting.cancelled():
                starting.result()
            if self._runs():
                self._soak.recovered("till switched on again")
                self._soak.step(self._name, "switches the till on")

    async def has_sale(self) -> bool:
        """Say whether a sale is open."""
        await self.awake()
        return self._till.wired.till.register.has_sale()

    async def pieces(self) -> int:
        """Return how many pieces are in the basket."""
        await self.awake()
        return self._till.view.pieces

    def pieces_now(self) -> int:
        """Return the same of a till that may be off: -1 then."""
        return self._till.view.pieces if self._till.running else -1

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds; False when it does not come in time."""
        end_ns = self._soak.now_ns + int(seconds * NANOSECONDS_PER_SECOND)
        while not holds():
            if self._soak.now_ns >= end_ns:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True

    def stuck(self, what: str) -> None:
        """Say that it cannot be gone on with. Raises: ObjectedError."""
        self._soak.stuck(self._name, what, self._till)

    def _runs(self) -> bool:
        return self._till.running

    def _records(self, kind: str) -> int:
        return self._soak.watch.told.kinds[self._terminal, kind]
