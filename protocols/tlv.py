"""BER-TLV data objects, as cards use them.

    tag     1 byte, or more when its low five bits are all ones (the rest carry on while b8 is set)
    length  1 byte below 80, else 81 LL or 82 LLLL; the indefinite form (80) is not used on cards
    value   bytes; of a constructed tag (b6 set), more data objects

Bounded: tags of at most three bytes, values of at most 65,535 bytes, eight levels, 1,000 objects; so
no "TLV bomb" costs more than its own length. Source: ISO/IEC 7816-4:2020 clause 6.3, EMV 4.4 Book 3
annex B.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

DEPTH_MAX: Final = 8
OBJECTS_MAX: Final = 1_000
TAG_BYTES_MAX: Final = 3


class TlvError(ValueError):
    """These bytes are not BER-TLV within the bounds; the message gives the offset."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object."""

    tag: int
    """All tag bytes as one number: 0x84, 0x9F36, 0xBF0C."""
    value: bytes

    @property
    def constructed(self) -> bool:
        """Whether the value holds data objects (b6 of the first tag byte)."""
        first = self.tag
        while first > 0xFF:
            first >>= 8
        return bool(first & 0x20)

    def encode(self) -> bytes:
        """Return tag, length and value."""
        tag = self.tag.to_bytes((self.tag.bit_length() + 7) // 8 or 1)
        return tag + encode_length(len(self.value)) + self.value


def encode_length(length: int) -> bytes:
    """Return the shortest form of a length up to 65,535."""
    assert 0 <= length <= 0xFFFF, "a value is at most 65,535 bytes"
    if length < 0x80:
        return bytes((length,))
    return b"\x81" + bytes((length,)) if length < 0x100 else b"\x82" + length.to_bytes(2)


def encode_tlv(tag: int, *values: bytes) -> bytes:
    """Return one data object whose value is these bytes joined."""
    return Tlv(tag, b"".join(values)).encode()


def parse_tlv(data: bytes) -> list[Tlv]:
    """Return the data objects on one level. Padding bytes 00 between them are skipped.

    Raises: TlvError.
    """
    objects: list[Tlv] = []
    offset = 0
    while offset < len(data):
        if data[offset] == 0:
            offset += 1
            continue
        if len(objects) == OBJECTS_MAX:
            raise TlvError(f"more than {OBJECTS_MAX} data objects")
        tag, offset = _read_tag(data, offset)
        length, offset = _read_length(data, offset)
        if offset + length > len(data):
            raise TlvError(
                f"tag {tag:X} wants {length} bytes at {offset}, {len(data) - offset} left"
            )
        objects.append(Tlv(tag, data[offset : offset + length]))
        offset += length
    return objects


def _read_tag(data: bytes, offset: int) -> tuple[int, int]:
    start = offset
    more = data[offset] & 0x1F == 0x1F
    offset += 1
    while more:
        if offset == len(data):
            raise TlvError(f"the tag at {start} is cut off")
        if offset - start == TAG_BYTES_MAX:
            raise TlvError(f"the tag at {start} is longer than {TAG_BYTES_MAX} bytes")
        more = bool(data[offset] & 0x80)
        offset += 1
    return int.from_bytes(data[start:offset]), offset


def _read_length(data: bytes, offset: int) -> tuple[int, int]:
    if offset == len(data):
        raise TlvError(f"no length at {offset}")
    first = data[offset]
    if first < 0x80:
        return first, offset + 1
    size = first & 0x7F
    if size not in (1, 2):
        raise TlvError(f"a length of {size} bytes at {offset} is not used on cards")
    if offset + 1 + size > len(data):
        raise TlvError(f"the length at {offset} is cut off")
    return int.from_bytes(data[offset + 1 : offset + 1 + size]), offset + 1 + size


def walk_tlv(data: bytes, depth: int = 1) -> Iterator[tuple[int, Tlv]]:
    """Yield (level, object) depth first, constructed ones before their contents. Raises: TlvError."""
    if depth > DEPTH_MAX:
        raise TlvError(f"nested deeper than {DEPTH_MAX}")
    for item in parse_tlv(data):
        yield depth, item
        if item.constructed:
            yield from walk_tlv(item.value, depth + 1)


def find_tlv(data: bytes, tag: int) -> bytes | None:
    """Return the value of the first object with this tag, at any level. Raises: TlvError."""
    return next((item.value for _, item in walk_tlv(data) if item.tag == tag), None)
