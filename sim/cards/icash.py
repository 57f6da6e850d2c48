"""ICash in plastic: the card of a customer, and the security module of a shop's terminal.

Both are the production classes; the module is a card of its own in a reader of its own, as it is in
a terminal (protocols.icash).
"""

from typing import Any, Final

from protocols.icash.card import IcashCard
from protocols.icash.image import (
    CardImage,
    CardPersonality,
    ModuleImage,
    ModulePersonality,
    Status,
    decode_card,
    decode_module,
    encode_card,
    encode_module,
    first_card,
    first_module,
)
from protocols.icash.keys import AesCmac, Suite
from protocols.icash.module import IcashModule
from protocols.purse.memory import MemoryWornOutError, Slots, encode_slot
from sim.cards.answers import Transmission
from sim.cards.plastic import Plastic

CARD_HISTORICAL: Final = b"IPSICASH"
MODULE_HISTORICAL: Final = b"IPSICASHSAM"


class IcashPlastic(Plastic[IcashCard]):
    """A customer's card; satisfies sim.cards.card.Card."""

    def __init__(
        self,
        *,
        label: str,
        personality: CardPersonality,
        slots: Slots,
        suite: Suite | None = None,
        transmission: Transmission = Transmission.T1,
    ) -> None:
        super().__init__(
            label=label,
            historical=CARD_HISTORICAL,
            slots=slots,
            transmission=transmission,
            embed=lambda memory: IcashCard(personality, memory, suite or AesCmac()),
        )

    def image(self) -> CardImage:
        """Return what it remembers. Raises: MemoryWornOutError."""
        return decode_card(self.memory.read())

    def visible(self) -> dict[str, Any]:
        """Return its balance and its counters."""
        try:
            image = self.image()
        except MemoryWornOutError as error:
            return {"label": self.label, "memory": str(error)}
        me = self.chip.personality
        return {
            "label": self.label,
            "name": me.card.decode("ascii", "replace"),
            "balances": {str(me.currency): image.balance},
            "status": "card",
            "expiry": me.expiry,
            "number": image.number,
            "loads": image.loads,
            "records": len(image.records),
        }


class ModulePlastic(Plastic[IcashModule]):
    """A shop's security module; satisfies sim.cards.card.Card."""

    def __init__(
        self,
        *,
        label: str,
        personality: ModulePersonality,
        slots: Slots,
        suite: Suite | None = None,
        transmission: Transmission = Transmission.T1,
    ) -> None:
        super().__init__(
            label=label,
            historical=MODULE_HISTORICAL,
            slots=slots,
            transmission=transmission,
            embed=lambda memory: IcashModule(personality, memory, suite or AesCmac()),
        )

    def image(self) -> ModuleImage:
        """Return what it remembers. Raises: MemoryWornOutError."""
        return decode_module(self.memory.read())

    def visible(self) -> dict[str, Any]:
        """Return its total, and what it still waits for."""
        try:
            image = self.image()
        except MemoryWornOutError as error:
            return {"label": self.label, "memory": str(error)}
        me = self.chip.personality
        return {
            "label": self.label,
            "name": me.module.decode("ascii", "replace"),
            "balances": {str(me.currency): image.total},
            "status": Status(image.status).name.lower(),
            "number": image.number,
            "open": len(image.open),
        }


def personalise_card(slots: Slots, balance: int) -> None:
    """Write a new card's first image. Called once a card; the other slot stays empty."""
    slots.store(0, encode_slot(1, encode_card(first_card(balance))))


def personalise_module(slots: Slots) -> None:
    """Write a new module's first image. Called once a module; the other slot stays empty."""
    slots.store(0, encode_slot(1, encode_module(first_module())))
