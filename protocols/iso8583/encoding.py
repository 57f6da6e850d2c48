"""How the characters of a field stand in bytes.

ASCII     n, an, ans, z      one byte each
PACKED    n                  two digits a byte, a zero nibble before an odd number of them
TRACK     z                  the same, with the separator = as nibble D
RAW       b                  as they are
HEX       b                  two hexadecimal characters a byte
"""

from binascii import Error as HexError
from binascii import unhexlify
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

V = TypeVar("V", str, bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding(Generic[V]):
    """One way of writing values."""

    name: str
    encode: Callable[[V], bytes]
    """Value to bytes; the value's alphabet was checked before."""
    decode: Callable[[bytes, int], V]
    """Bytes and the value's length to the value. Raises: ValueError (UnicodeDecodeError is one)."""
    size: Callable[[int], int]
    """A value's length to its bytes."""
    units: int = 1
    """What a length prefix counts for each character or byte of the value."""


def _pack(value: str) -> bytes:
    return unhexlify(value if len(value) % 2 == 0 else f"0{value}")


def _unpack(data: bytes, length: int) -> str:
    text = data.hex()
    if len(text) > length:
        if text[0] != "0":
            raise ValueError("the nibble before an odd number of digits is not 0")
        return text[1:]
    return text


def _unhex(data: bytes, _: int) -> bytes:
    try:
        return unhexlify(data)
    except HexError as error:
        raise ValueError("not hexadecimal") from error


def _half(length: int) -> int:
    return (length + 1) // 2


ASCII: Final[Encoding[str]] = Encoding(
    name="ASCII",
    encode=str.encode,
    decode=lambda data, _: str(data, "ascii"),
    size=lambda length: length,
)
PACKED: Final[Encoding[str]] = Encoding(name="packed", encode=_pack, decode=_unpack, size=_half)
TRACK: Final[Encoding[str]] = Encoding(
    name="packed track",
    encode=lambda value: _pack(value.replace("=", "D")),
    decode=lambda data, length: _unpack(data, length).upper().replace("D", "="),
    size=_half,
)
RAW: Final[Encoding[bytes]] = Encoding(
    name="raw", encode=lambda value: value, decode=lambda data, _: data, size=lambda length: length
)
HEX: Final[Encoding[bytes]] = Encoding(
    name="hexadecimal",
    encode=lambda value: value.hex().upper().encode(),
    decode=_unhex,
    size=lambda length: 2 * length,
    units=2,
)
