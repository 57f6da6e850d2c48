"""The broker is killed in the middle of a commit, or is away for maintenance, and comes back."""

import asyncio
from typing import Final

from sim.stage.soak.registry import Kind
from sim.stage.soak.soak import Soak

BETWEEN_SECONDS: Final = 7_200.0
AWAY_SECONDS: Final = 900.0
LOOK_SECONDS: Final = 10.0
PLACES_MAX: Final = 60
PATIENCE_SECONDS: Final = 1_800.0
KILLED: Final = "broker: killed in a commit"
AWAY: Final = "broker: away"


class BrokerTrouble:
    """What happens to the one broker."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._broker = soak.world.broker
        self._dice = soak.dice("broker")

    async def live(self) -> None:
        """Die or leave now and then, and come back."""
        soak, broker = self._soak, self._broker
        while True:
            await asyncio.sleep(self._dice.seconds(BETWEEN_SECONDS))
            dice = soak.happens("broker")
            if dice is None:
                continue
            if dice.chance(600):
                broker.life.kill_after(1 + dice.below(PLACES_MAX))
                if not await self._dies():
                    broker.life.spare()
                    continue
                soak.met(KILLED)
                soak.step("broker", f"is killed at {broker.life.place}")
            else:
                soak.met(AWAY)
                broker.stop()
                soak.step("broker", "is away")
            await asyncio.sleep(dice.seconds(AWAY_SECONDS))
            broker.start()
            soak.recovered("broker back")
            soak.step("broker", "is back")

    async def _dies(self) -> bool:
        """Wait until somebody's request has brought it to its end; False where nobody asks."""
        for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
            if not self._broker.running:
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False


KIND: Final = Kind(name="broker", make=BrokerTrouble, each_till=False, faults=(KILLED, AWAY))
