"""The way from each till to the broker fails: a cut for a while, or every other request as it is drawn."""

import asyncio
from functools import partial
from typing import Final

from sim.stage.soak.dice import Dice
from sim.stage.soak.registry import Kind
from sim.stage.soak.soak import Soak
from sim.stage.world.network import Passing

BETWEEN_SECONDS: Final = 3_600.0
CUT_SECONDS: Final = 900.0
BAD_SECONDS: Final = 600.0
BAD_PER_MILLE: Final = 400
CUT: Final = "network: cut"
BAD: Final = tuple(passing for passing in Passing if passing is not Passing.GOOD)


def _name(passing: Passing) -> str:
    return f"network: {passing.value.replace('_', ' ')}"


class BadLine:
    """One till's way to the broker."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._terminal = terminal
        self._network = soak.world.till(terminal).network
        self._dice = soak.dice(f"network {terminal}")

    async def live(self) -> None:
        """Fail now and then, and be well again."""
        who = f"network {self._terminal}"
        while True:
            await asyncio.sleep(self._dice.seconds(BETWEEN_SECONDS))
            dice = self._soak.happens("network", self._terminal)
            if dice is None:
                continue
            if dice.chance(400):
                self._soak.met(CUT, self._terminal)
                self._network.always(Passing.NO_ROUTE)
                self._soak.step(who, "is cut")
                await asyncio.sleep(dice.seconds(CUT_SECONDS))
            else:
                self._network.drawn(partial(self._draw, dice))
                self._soak.step(who, "goes bad")
                await asyncio.sleep(dice.seconds(BAD_SECONDS))
            self._network.always(Passing.GOOD)
            self._soak.recovered("network well again")
            self._soak.step(who, "is well again")

    def _draw(self, dice: Dice) -> Passing:
        if not dice.chance(BAD_PER_MILLE):
            return Passing.GOOD
        passing = dice.among(BAD)
        self._soak.met(_name(passing), self._terminal)
        return passing


KIND: Final = Kind(
    name="network",
    make=BadLine,
    each_till=True,
    faults=(CUT, *(_name(passing) for passing in BAD)),
)
