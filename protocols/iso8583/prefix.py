"""How the length of a variable field is written before it: two or three digits, as text or packed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """One way of writing lengths."""

    name: str
    size: int
    """Bytes it takes; 0 where the length is fixed."""
    encode: Callable[[int], bytes]
    decode: Callable[[bytes], int]
    """Raises: ValueError for what are no digits."""


def _text(digits: int) -> Prefix:
    written = tuple(f"{length:0{digits}d}".encode() for length in range(10**digits))
    lengths = {data: length for length, data in enumerate(written)}

    def decode(data: bytes) -> int:
        length = lengths.get(data)
        if length is None:
            raise ValueError(f"its length is not {digits} digits")
        return length

    return Prefix(name="L" * digits, size=digits, encode=written.__getitem__, decode=decode)


def _packed(digits: int) -> Prefix:
    size = (digits + 1) // 2

    def decode(data: bytes) -> int:
        text = data.hex()
        if len(text) != 2 * size or not text.isdigit():
            raise ValueError(f"its length is not {digits} packed digits")
        return int(text)

    return Prefix(
        name=f"packed {'L' * digits}",
        size=size,
        encode=lambda length: bytes.fromhex(f"{length:0{2 * size}d}"),
        decode=decode,
    )


FIXED: Final = Prefix(name="fixed", size=0, encode=lambda _: b"", decode=lambda _: 0)
LL: Final = _text(2)
LLL: Final = _text(3)
PACKED_LL: Final = _packed(2)
PACKED_LLL: Final = _packed(3)
