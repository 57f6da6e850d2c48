"""Make receipts/fonts/receipt24.font from an outline font with 12- and 24-dot advances.

    apt-get download fonts-naver-d2coding && dpkg -x fonts-naver-d2coding_*.deb build/d2coding
    .venv/bin/python tools/build_receipt_font.py build/d2coding/usr/share/fonts/.../D2Coding-*.ttc

Run once, by hand; the result is kept in the repository. Source: D2Coding 1.3.2 (OFL 1.1), whose
24-pixel form falls exactly into 12 x 24 and 24 x 24 dots; the licence asks that a derived font has
another name, so ours is "Receipt 24". The file's layout is described in receipts/fonts/typeface.py.
"""

import struct
import sys
import zlib
from itertools import chain
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HEIGHT = 24
ORIGIN_ROW = 1
"""The drawn characters reach from row 1 to row 24 of the font's line."""
BLOCKS = (
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x017F),  # Latin-1, Latin Extended-A
    (0x0370, 0x045F),  # Greek, Cyrillic
    (0x2010, 0x2044),  # punctuation
    (0x20A0, 0x20BF),  # currencies
    (0x2100, 0x22FF),  # letter-like, arrows, mathematics
    (0x2460, 0x26FF),  # enclosed, boxes, shapes, signs
    (0x3000, 0x33FF),  # CJK signs, kana, jamo, units
    (0xAC00, 0xD7A3),  # every Hangul syllable
    (0xFF01, 0xFFE6),  # full-width forms
)
SPACES = (0x0020, 0x00A0, 0x3000)
TARGET = Path(__file__).parents[1] / "receipts" / "fonts" / "receipt24.font"


def drawn(font: ImageFont.FreeTypeFont, character: str, width: int) -> bytes:
    """Return the glyph's rows packed to bytes; ink outside the cell is cut off."""
    image = Image.new("1", (width, HEIGHT), 0)
    pen = ImageDraw.Draw(image)
    pen.fontmode = "1"
    pen.text((0, -ORIGIN_ROW), character, font=font, fill=1)
    bits = 0
    for y in range(HEIGHT):
        for x in range(width):
            bits = bits << 1 | bool(image.getpixel((x, y)))
    return bits.to_bytes(width * HEIGHT // 8, "big")


def main() -> None:
    """Draw every character the font has and write the file."""
    font = ImageFont.truetype(sys.argv[1], HEIGHT, layout_engine=ImageFont.Layout.BASIC)
    missing = {width: drawn(font, "\U0010fffd", width) for width in (12, 24)}
    found: dict[int, dict[int, bytes]] = {12: {}, 24: {}}
    for code in chain.from_iterable(range(first, last + 1) for first, last in BLOCKS):
        width = round(font.getlength(chr(code)))
        if width not in found:
            continue
        glyph = drawn(font, chr(code), width)
        if code in SPACES or (any(glyph) and glyph != missing[width]):
            found[width][code] = glyph
    body = struct.pack("<II", len(found[12]), len(found[24]))
    for width in (12, 24):
        body += b"".join(struct.pack("<H", code) for code in found[width])
    for width in (12, 24):
        body += b"".join(found[width].values())
    TARGET.write_bytes(b"RCPT24\x01\n" + zlib.compress(body, 9))
    sys.stdout.write(
        f"{len(found[12])} narrow, {len(found[24])} wide, {TARGET.stat().st_size} bytes\n"
    )


if __name__ == "__main__":
    main()
