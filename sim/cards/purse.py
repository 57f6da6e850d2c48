"""The purse as a card: the production class, its memory in files, an ATR around it."""

from typing import Any, Final

from protocols.purse.card import Purse
from protocols.purse.image import (
    POCKETS,
    Image,
    Life,
    Personality,
    Status,
    decode_image,
    encode_image,
)
from protocols.purse.memory import MemoryWornOutError, Slots, TwoSlotMemory, encode_slot
from protocols.purse.suite import Suite
from sim.cards.answers import InTurns, Transmission, atr_of
from sim.cards.slots import TearingSlots

HISTORICAL: Final = b"IPSPURSE"


class PurseCard:
    """One purse in plastic; satisfies sim.cards.card.Card."""

    def __init__(
        self,
        *,
        label: str,
        personality: Personality,
        slots: Slots,
        suite: Suite,
        transmission: Transmission = Transmission.T1,
    ) -> None:
        self.label = label
        self.atr = atr_of(transmission, HISTORICAL)
        self._slots = TearingSlots(slots)
        self._memory = TwoSlotMemory(self._slots)
        self.purse = Purse(personality, self._memory, suite)
        self._in_turns = InTurns(self.purse.handle) if transmission is Transmission.T0 else None

    def power_on(self) -> None:
        """Forget what is volatile."""
        self.purse.power_on()
        if self._in_turns is not None:
            self._in_turns.reset()

    def handle(self, apdu: bytes) -> bytes:
        """Answer a command. Raises: TornError."""
        if self._in_turns is not None:
            return self._in_turns.handle(apdu)
        return self.purse.handle(apdu)

    def tear_after(self, size: int) -> None:
        """Lose power after so many bytes more have been written to memory."""
        self._slots.tear_after(size)

    def image(self) -> Image:
        """Return what it remembers. Raises: MemoryWornOutError."""
        return decode_image(self._memory.read())

    def visible(self) -> dict[str, Any]:
        """Return balances and where it stands in a transfer."""
        try:
            image = self.image()
        except MemoryWornOutError as error:
            return {"label": self.label, "memory": str(error)}
        me = self.purse.personality
        return {
            "label": self.label,
            "name": me.name.decode("ascii", "replace"),
            "balances": {
                str(me.currencies[pocket]): image.balances[pocket]
                for pocket in range(POCKETS)
                if me.currencies[pocket]
            },
            "status": Status(image.status).name.lower(),
            "life": Life(image.life).name.lower(),
            "tries": image.tries,
            "sequence": image.sequence,
            "log": len(image.log),
        }


def personalise(slots: Slots, image: Image) -> None:
    """Write a new card's first image. Called once a card; the other slot stays as it is: empty."""
    slots.store(0, encode_slot(1, encode_image(image)))
