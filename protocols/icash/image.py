"""What a card and a security module remember, as values and as bytes.

    card     number u32 | loads u32 | balance u32 | record count 1 | ( kind 1 | TD 39 ) each, oldest first
    module   number u32 | status 1 | total u64 | pending TD 39 | open count 1 | TD 39 each
             | credited count 1 | TD 39 each

Each is committed as a whole (protocols.purse.memory). The pending details are zeros while nothing is
pending, so that equal states are equal bytes. A module's total only ever grows: the collector pays the
difference between two statements, and no message of the collection can lose or make value.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from protocols.icash.details import DETAILS_BYTES, NO_DETAILS
from protocols.icash.keys import CardKeys

TOTAL_MAX: Final = 0xFFFF_FFFF_FFFF_FFFF
_CARD: Final = struct.Struct(">IIIB")
_MODULE: Final = struct.Struct(">IBQ39s")
_RECORD: Final = 1 + DETAILS_BYTES


class Status(IntEnum):
    """Where a module stands."""

    IDLE = 0
    PENDING = 1
    """It has asked for a purchase and waits for its S3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPersonality:
    """What is written once into a card."""

    card: bytes
    key_version: int
    keys: CardKeys = field(repr=False)
    currency: int
    """ISO 4217 number; one card is one currency."""
    ceiling: int
    purchase_max: int
    expiry: int
    """YYYYMMDD; the last day of a purchase."""
    record_slots: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePersonality:
    """What is written once into a security module."""

    module: bytes
    key_version: int
    purchase_master: bytes = field(repr=False)
    collection_key: bytes = field(repr=False)
    currency: int
    open_slots: int = 16
    credited_slots: int = 16
    """How many past purchases it remembers for a terminal that asks; 0 in searches."""


class CardImage(NamedTuple):
    """The changing memory of a card."""

    number: int
    """Of its next purchase."""
    loads: int
    """Of its next load: counted apart, so that an order to load stays good whatever is bought."""
    balance: int
    records: tuple[bytes, ...]
    """kind | TD of the last debits and loads, oldest first."""


class ModuleImage(NamedTuple):
    """The changing memory of a module."""

    number: int
    """Of its next purchase."""
    status: int
    total: int
    pending: bytes
    open: tuple[bytes, ...]
    """Purchases that were asked for and given up: their S3 may still come."""
    credited: tuple[bytes, ...]


def encode_card(image: CardImage) -> bytes:
    """Return the bytes of a card's image."""
    head = _CARD.pack(image.number, image.loads, image.balance, len(image.records))
    return head + b"".join(image.records)


def decode_card(data: bytes) -> CardImage:
    """Decode a card's image that this code wrote."""
    number, loads, balance, count = _CARD.unpack_from(data)
    records, rest = _split(data[_CARD.size :], count, _RECORD)
    assert not rest, "an image has no loose bytes"
    return CardImage(number, loads, balance, records)


def encode_module(image: ModuleImage) -> bytes:
    """Return the bytes of a module's image."""
    head = _MODULE.pack(image.number, image.status, image.total, image.pending)
    lists = (bytes((len(entries),)) + b"".join(entries) for entries in (image.open, image.credited))
    return head + b"".join(lists)


def decode_module(data: bytes) -> ModuleImage:
    """Decode a module's image that this code wrote."""
    number, status, total, pending = _MODULE.unpack_from(data)
    rest = data[_MODULE.size :]
    opened, rest = _split(rest[1:], rest[0], DETAILS_BYTES)
    credited, rest = _split(rest[1:], rest[0], DETAILS_BYTES)
    assert not rest, "an image has no loose bytes"
    return ModuleImage(number, status, total, pending, opened, credited)


def _split(data: bytes, count: int, size: int) -> tuple[tuple[bytes, ...], bytes]:
    entries = tuple(data[n * size : (n + 1) * size] for n in range(count))
    return entries, data[count * size :]


def first_card(balance: int = 0) -> CardImage:
    """Return the image of a card as it leaves the issuer."""
    return CardImage(0, 0, balance, ())


def first_module() -> ModuleImage:
    """Return the image of a module as it leaves the issuer."""
    return ModuleImage(0, Status.IDLE, 0, NO_DETAILS, (), ())
