"""Data object lists: what a card wants to be told, tag and length after tag and length, no values.

    9F02 06  5F2A 02  9A 03       ->      amount 6 | currency 2 | date 3

Each value is brought to the length that is asked for: of format n zeros are put or taken before it, of cn
F behind, of all others zeros behind; what the terminal does not know is zeros. Bounded: 64 entries, 252
bytes of values. Source: EMV 4.4 book 3, 5.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocols.emv.tags import COMPRESSED, NUMERIC
from protocols.tlv import TAG_BYTES_MAX

ENTRIES_MAX: Final = 64
VALUES_BYTES_MAX: Final = 252


class DolError(ValueError):
    """These bytes are no list of data objects within the bounds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry."""

    tag: int
    size: int


def parse_dol(data: bytes) -> tuple[Wanted, ...]:
    """Return the entries of a list. Raises: DolError."""
    entries: list[Wanted] = []
    place = 0
    while place < len(data):
        start = place
        more = data[place] & 0x1F == 0x1F
        place += 1
        while more and place < len(data) and place - start < TAG_BYTES_MAX:
            more = bool(data[place] & 0x80)
            place += 1
        if more or place == len(data):
            raise DolError(f"the tag at {start} is cut off")
        if data[place] >= 0x80:
            raise DolError(f"a length of more than one byte at {place}")
        entries.append(Wanted(int.from_bytes(data[start:place]), data[place]))
        place += 1
        if len(entries) > ENTRIES_MAX:
            raise DolError(f"more than {ENTRIES_MAX} entries")
    if sum(entry.size for entry in entries) > VALUES_BYTES_MAX:
        raise DolError(f"more than {VALUES_BYTES_MAX} bytes are wanted")
    return tuple(entries)


def fill_dol(entries: tuple[Wanted, ...], values: Mapping[int, bytes]) -> bytes:
    """Return what the card wants to be told."""
    return b"".join(_fitted(entry, values.get(entry.tag, b"")) for entry in entries)


def split_dol(entries: tuple[Wanted, ...], data: bytes) -> dict[int, bytes] | None:
    """Return what was told, by tag, as the card reads it; None for another length."""
    if len(data) != sum(entry.size for entry in entries):
        return None
    told: dict[int, bytes] = {}
    for entry in entries:
        told[entry.tag], data = data[: entry.size], data[entry.size :]
    return told


def _fitted(entry: Wanted, value: bytes) -> bytes:
    if entry.tag in NUMERIC:
        return value.rjust(entry.size, b"\0")[max(0, len(value) - entry.size) :]
    filler = b"\xff" if entry.tag in COMPRESSED else b"\0"
    return value[: entry.size].ljust(entry.size, filler)
