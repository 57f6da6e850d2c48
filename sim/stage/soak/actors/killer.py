"""A till dies: at the so-manieth named place from now on, or at any moment. Its clerk switches it on again."""

import asyncio
from typing import Final

from sim.stage.soak.figures import BUSY
from sim.stage.soak.registry import Kind
from sim.stage.soak.soak import Soak

BETWEEN_SECONDS: Final = 5_400.0
LOOK_SECONDS: Final = 1.0
PLACES_MAX: Final = 40
PATIENCE_SECONDS: Final = 900.0
AT_A_PLACE: Final = "till: killed at a named place"
AT_ANY_MOMENT: Final = "till: killed at any moment"


class Killer:
    """What ends one till, again and again."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._terminal = terminal
        self._till = soak.world.till(terminal)
        self._dice = soak.dice(f"killer {terminal}")

    async def live(self) -> None:
        """Kill it now and then."""
        soak, till = self._soak, self._till
        who = f"till {self._terminal}"
        while True:
            await asyncio.sleep(self._dice.seconds(BETWEEN_SECONDS))
            dice = soak.happens("killer", self._terminal)
            if dice is None or not till.running:
                continue
            if dice.chance(700):
                await self._at_a_place(1 + dice.below(PLACES_MAX))
            else:
                state = dice.among(BUSY)
                await soak.when(self._terminal, state, patience=PATIENCE_SECONDS)
                soak.met(AT_ANY_MOMENT, self._terminal)
                till.life.kill()
            if self._dead():
                soak.step(who, f"is killed at {till.life.place or 'any moment'}")

    def _dead(self) -> bool:
        return not self._till.running

    async def _at_a_place(self, nth: int) -> None:
        """Let it die where the count ends, and see in which state it was a moment before."""
        life = self._till.life
        life.kill_after(nth)
        state = self._soak.state_of(self._terminal)
        for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
            if life.dead:
                self._soak.met(AT_A_PLACE, state=state)
                return
            state = self._soak.state_of(self._terminal)
            await asyncio.sleep(LOOK_SECONDS)
        life.spare()


KIND: Final = Kind(name="killer", make=Killer, each_till=True, faults=(AT_A_PLACE, AT_ANY_MOMENT))
