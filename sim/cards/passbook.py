"""The electronic passbook in plastic: the production class, its memory, its contacts."""

from typing import Any, Final

from protocols.passbook.card import Image, Passbook, Personality, decode_image, encode_image
from protocols.purse.memory import MemoryWornOutError, Slots, encode_slot
from protocols.purse.suite import P256, Suite
from sim.cards.answers import Transmission
from sim.cards.plastic import Plastic

HISTORICAL: Final = b"IPSBOOK"
_SHOWN: Final = 4


class PassbookCard(Plastic[Passbook]):
    """A customer's passbook; satisfies sim.cards.card.Card."""

    def __init__(
        self,
        *,
        label: str,
        personality: Personality,
        slots: Slots,
        suite: Suite | None = None,
        transmission: Transmission = Transmission.T1,
    ) -> None:
        super().__init__(
            label=label,
            historical=HISTORICAL,
            slots=slots,
            transmission=transmission,
            embed=lambda memory: Passbook(personality, memory, suite or P256()),
        )

    def image(self) -> Image:
        """Return what it remembers. Raises: MemoryWornOutError."""
        return decode_image(self.memory.read())

    def visible(self) -> dict[str, Any]:
        """Return its counter and tries; of its account the last digits."""
        try:
            image = self.image()
        except MemoryWornOutError as error:
            return {"label": self.label, "memory": str(error)}
        return {
            "label": self.label,
            "name": f"..{self.chip.personality.account[-_SHOWN:]}",
            "balances": {},
            "status": "blocked" if image.blocked else "passbook",
            "counter": image.counter,
            "tries": image.tries,
        }


def personalise(slots: Slots, image: Image) -> None:
    """Write a new card's first image. Called once a card; the other slot stays empty."""
    slots.store(0, encode_slot(1, encode_image(image)))
