"""The purse as a card: the production class in plastic."""

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
from protocols.purse.memory import MemoryWornOutError, Slots, encode_slot
from protocols.purse.rules import Rules
from protocols.purse.suite import Suite
from sim.cards.answers import Transmission
from sim.cards.plastic import Plastic

HISTORICAL: Final = b"IPSPURSE"


class PurseCard(Plastic[Purse]):
    """One purse in plastic; satisfies sim.cards.card.Card."""

    def __init__(
        self,
        *,
        label: str,
        personality: Personality,
        slots: Slots,
        suite: Suite,
        transmission: Transmission = Transmission.T1,
        rules: Rules | None = None,
    ) -> None:
        """`rules` are the purse's, unless a test breaks one."""
        super().__init__(
            label=label,
            historical=HISTORICAL,
            slots=slots,
            transmission=transmission,
            embed=lambda memory: Purse(personality, memory, suite, rules),
        )

    @property
    def purse(self) -> Purse:
        """Return the chip."""
        return self.chip

    def image(self) -> Image:
        """Return what it remembers. Raises: MemoryWornOutError."""
        return decode_image(self.memory.read())

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
