"""The bitmap font of our receipts: Latin in 12 x 24 dots, Hangul in 24 x 24.

    "RCPT24" 01 0A | zlib of: narrow count, wide count (uint32) |
                     narrow code points, wide code points (uint16) |
                     narrow glyphs of 36 bytes, wide glyphs of 72, rows from the top, packed

All integers little-endian; within a glyph the most significant bit is the leftmost dot. Made by
tools/build_receipt_font.py; licence in LICENSE-OFL.txt beside it. All 11,172 syllables are there.
"""

import struct
import unicodedata
import zlib
from functools import cache
from importlib import resources
from typing import Final

from protocols.ports import Typeface

HEIGHT: Final = 24
NARROW: Final = 12
WIDE: Final = 24
_MAGIC: Final = b"RCPT24\x01\n"
_FILE: Final = "receipt24.font"


class TypefaceError(ValueError):
    """The font file is not one of ours: the installation is damaged."""


class BitmapTypeface:
    """Glyphs by character, unpacked when first asked for; at most as many as the file holds."""

    def __init__(self, data: bytes) -> None:
        """Read the file's bytes. Raises: TypefaceError."""
        if not data.startswith(_MAGIC):
            raise TypefaceError("the receipt font has not our mark: reinstall the program")
        try:
            self._body = zlib.decompress(data[len(_MAGIC) :])
        except zlib.error as error:
            raise TypefaceError(f"the receipt font is damaged ({error}): reinstall it") from error
        narrow, wide = struct.unpack_from("<II", self._body)
        codes = struct.unpack_from(f"<{narrow + wide}H", self._body, 8)
        start = 8 + 2 * (narrow + wide)
        sizes = {NARROW: NARROW * HEIGHT // 8, WIDE: WIDE * HEIGHT // 8}
        if len(self._body) != start + narrow * sizes[NARROW] + wide * sizes[WIDE]:
            raise TypefaceError("the receipt font has not the length it says: reinstall it")
        self._places: dict[int, tuple[int, int]] = {}
        for index, code in enumerate(codes):
            width = NARROW if index < narrow else WIDE
            self._places[code] = (width, start)
            start += sizes[width]
        self._unpacked: dict[str, tuple[int, ...]] = {}

    def __contains__(self, character: str) -> bool:
        """Tell whether the font has a glyph of its own for this character."""
        return ord(character) in self._places

    def cell(self, character: str) -> tuple[int, int]:
        """Return (width, height) in dots; a character without a glyph is as wide as its kind."""
        place = self._places.get(ord(character))
        if place is not None:
            return place[0], HEIGHT
        wide = unicodedata.east_asian_width(character) in ("W", "F")
        return WIDE if wide else NARROW, HEIGHT

    def rows(self, character: str) -> tuple[int, ...]:
        """Return the dot rows from the top; a visible box where the font has no glyph."""
        place = self._places.get(ord(character))
        if place is None:
            return _box(self.cell(character)[0])
        rows = self._unpacked.get(character)
        if rows is None:
            rows = self._unpacked[character] = self._unpack(*place)
        return rows

    def _unpack(self, width: int, start: int) -> tuple[int, ...]:
        bits = int.from_bytes(self._body[start : start + width * HEIGHT // 8], "big")
        mask = (1 << width) - 1
        return tuple(bits >> (width * (HEIGHT - 1 - row)) & mask for row in range(HEIGHT))


@cache
def _box(width: int) -> tuple[int, ...]:
    edge, inner = (1 << (width - 2)) - 2, 1 << (width - 3) | 2
    return (0, 0, edge, *(inner for _ in range(HEIGHT - 6)), edge, 0, 0)


@cache
def load_typeface() -> Typeface:
    """Return the receipt font, read from the package on first use. Raises: TypefaceError."""
    return BitmapTypeface(resources.files("receipts.fonts").joinpath(_FILE).read_bytes())
