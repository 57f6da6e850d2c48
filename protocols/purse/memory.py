"""Atomic memory: a commit is there as a whole or not at all, wherever power goes.

Two slots, written in turn. A record in a slot:

    generation u32 | length u32 | body | CRC-32 over all before it

A commit writes the slot that does not hold the newest record; reading takes the valid record of the
highest generation. Power lost inside a write spoils only the slot that was being written, so the
record before it stands; a write that is complete is the newest. Source: purse.md 4.3.
"""

import struct
import zlib
from typing import Final, Protocol

_HEAD: Final = struct.Struct(">II")
GENERATION_MAX: Final = 0xFFFF_FFFF


class MemoryWornOutError(Exception):
    """No slot holds a valid record, or the last generation was used: the card is dead."""


class Memory(Protocol):
    """Keeps one image. `write` returns only when the image is durable, and is atomic."""

    def read(self) -> bytes:
        """Return the newest image. Raises: MemoryWornOutError."""
        ...

    def write(self, body: bytes) -> None:
        """Replace the image. Raises: MemoryWornOutError."""
        ...


class Slots(Protocol):
    """Raw bytes in two places; a write may stop after any byte."""

    def load(self, slot: int) -> bytes:
        """Return what stands in slot 0 or 1."""
        ...

    def store(self, slot: int, data: bytes) -> None:
        """Overwrite a slot from its beginning."""
        ...


class TwoSlotMemory:
    """A memory over two slots."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def read(self) -> bytes:
        """Return the newest image. Raises: MemoryWornOutError."""
        return self._newest()[2]

    def write(self, body: bytes) -> None:
        """Write the older slot. Raises: MemoryWornOutError."""
        generation, slot, _ = self._newest()
        if generation == GENERATION_MAX:
            raise MemoryWornOutError("every generation was used")
        self._slots.store(1 - slot, encode_slot(generation + 1, body))

    def _newest(self) -> tuple[int, int, bytes]:
        valid = [
            (decoded[0], slot, decoded[1])
            for slot in (0, 1)
            if (decoded := decode_slot(self._slots.load(slot))) is not None
        ]
        if not valid:
            raise MemoryWornOutError("no slot holds a valid record")
        return max(valid)


def encode_slot(generation: int, body: bytes) -> bytes:
    """Return a record as it stands in a slot."""
    record = _HEAD.pack(generation, len(body)) + body
    return record + zlib.crc32(record).to_bytes(4)


def decode_slot(data: bytes) -> tuple[int, bytes] | None:
    """Return (generation, body), or None for a slot that holds no whole record."""
    if len(data) < _HEAD.size + 4:
        return None
    generation, length = _HEAD.unpack_from(data)
    end = _HEAD.size + length
    if len(data) < end + 4 or zlib.crc32(data[:end]) != int.from_bytes(data[end : end + 4]):
        return None
    return generation, data[_HEAD.size : end]


class Cell:
    """A memory that is one value: what a search puts states into and takes them out of."""

    __slots__ = ("body",)

    def __init__(self, body: bytes) -> None:
        self.body = body

    def read(self) -> bytes:
        """Return the image."""
        return self.body

    def write(self, body: bytes) -> None:
        """Replace the image."""
        self.body = body
