"""A card's memory: two slots, in files or in memory, that power may leave at any byte.

    NAME.a, NAME.b     the two slots of protocols.purse.memory, each a file

A write that is cut leaves its first bytes over what stood there, as flash and EEPROM do at worst.
"""

import os
from pathlib import Path
from typing import Final

from protocols.purse.memory import Slots
from sim.cards.card import TornError

SLOT_BYTES_MAX: Final = 65_536
_SUFFIXES: Final = (".a", ".b")


class SlotFiles:
    """Two files; a write returns when it is on the disk."""

    def __init__(self, stem: Path) -> None:
        self._files = tuple(stem.with_name(stem.name + suffix) for suffix in _SUFFIXES)

    def load(self, slot: int) -> bytes:
        """Return what stands in the slot; nothing where the file is not there yet."""
        try:
            return self._files[slot].read_bytes()
        except FileNotFoundError:
            return b""

    def store(self, slot: int, data: bytes) -> None:
        """Overwrite the slot from its beginning, and see it to the disk. Raises: OSError."""
        assert len(data) <= SLOT_BYTES_MAX, "a card's memory is small"
        descriptor = os.open(self._files[slot], os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], written)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class SlotMemory:
    """Two slots that live as long as the object: for virtual time and searches."""

    def __init__(self) -> None:
        self._slots = [b"", b""]

    def load(self, slot: int) -> bytes:
        """Return what stands in the slot."""
        return self._slots[slot]

    def store(self, slot: int, data: bytes) -> None:
        """Overwrite the slot from its beginning."""
        self._slots[slot] = data + self._slots[slot][len(data) :]


class TearingSlots:
    """Slots that lose power after so many bytes more, once."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._left: int | None = None
        self.writes = 0
        """How many writes were begun."""

    def tear_after(self, size: int) -> None:
        """Lose power when `size` bytes more were written; 0: at the next write, before it."""
        assert size >= 0, "nobody writes fewer than no bytes"
        self._left = size

    def load(self, slot: int) -> bytes:
        """Return what stands in the slot."""
        return self._slots.load(slot)

    def store(self, slot: int, data: bytes) -> None:
        """Overwrite the slot from its beginning. Raises: TornError in the middle, if so arranged."""
        self.writes += 1
        if self._left is None or len(data) <= self._left:
            self._slots.store(slot, data)
            if self._left is not None:
                self._left -= len(data)
            return
        done, self._left = data[: self._left], None
        self._slots.store(slot, done)
        raise TornError(f"power left after {len(done)} of {len(data)} bytes")
