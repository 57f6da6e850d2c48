"""A chip in plastic: its memory in two slots that power may leave, an ATR, and whole answers or turns.

The chip is a production class (protocols.purse.card, protocols.icash.card, protocols.icash.module);
nothing of a scheme is known here.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from protocols.purse.memory import Memory, Slots, TwoSlotMemory
from sim.cards.answers import InTurns, Transmission, atr_of
from sim.cards.slots import TearingSlots


class Chip(Protocol):
    """What is embedded: command APDU in, response APDU out."""

    def power_on(self) -> None:
        """Forget what is volatile."""
        ...

    def handle(self, apdu: bytes) -> bytes:
        """Answer one command."""
        ...


ChipT = TypeVar("ChipT", bound=Chip)


class Plastic(Generic[ChipT]):
    """A chip, its memory and its contacts; a scheme's card adds what a tester may see of it."""

    def __init__(
        self,
        *,
        label: str,
        historical: bytes,
        slots: Slots,
        transmission: Transmission,
        embed: Callable[[Memory], ChipT],
    ) -> None:
        self.label = label
        self.atr = atr_of(transmission, historical)
        self._slots = TearingSlots(slots)
        self.memory = TwoSlotMemory(self._slots)
        self.chip = embed(self.memory)
        self._in_turns = InTurns(self.chip.handle) if transmission is Transmission.T0 else None

    @property
    def writes(self) -> int:
        """Return how often its memory was written to: the same number, the same memory."""
        return self._slots.writes

    def power_on(self) -> None:
        """Forget what is volatile."""
        self.chip.power_on()
        if self._in_turns is not None:
            self._in_turns.reset()

    def handle(self, apdu: bytes) -> bytes:
        """Answer a command. Raises: TornError."""
        if self._in_turns is not None:
            return self._in_turns.handle(apdu)
        return self.chip.handle(apdu)

    def tear_after(self, size: int) -> None:
        """Lose power after so many bytes more have been written to memory."""
        self._slots.tear_after(size)
