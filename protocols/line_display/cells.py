"""Text in the cells of a customer display: CP949, as Korean models have it.

A Hangul syllable is two bytes and two cells, ten to a line; 5C is the won sign, as in KS X 1003. A lead
byte without its trail, and whatever the set does not have, is shown as `?`.

Source: KS X 1001 in its Windows extension (code page 949); KS X 1003 for the single bytes.
"""

import unicodedata
from functools import lru_cache
from typing import Final

COLUMNS: Final = 20
UNKNOWN_CHARACTER: Final = "?"
_REMEMBERED: Final = 1_024
"""A shop shows the same few lines and characters again and again."""


def encode_text(text: str) -> bytes:
    """Return CP949 bytes without any control: composed first, the won sign as 5C, unknown as `?`."""
    pieces = []
    for character in unicodedata.normalize("NFC", text):
        if character in "₩￦":
            pieces.append(b"\\")
        elif unicodedata.category(character) == "Cc":
            pieces.append(b" ")
        else:
            pieces.append(character.encode("cp949", "replace"))
    return b"".join(pieces)


@lru_cache(maxsize=_REMEMBERED)
def clip(text: str, cells: int) -> bytes:
    """Return the text's bytes, cut after the last whole character that fits into so many cells."""
    encoded = b""
    for character in unicodedata.normalize("NFC", text):
        piece = encode_text(character)
        if len(encoded) + len(piece) > cells:
            break
        encoded += piece
    return encoded


@lru_cache(maxsize=_REMEMBERED)
def decode_text(data: bytes) -> str:
    """Return what the cells show."""
    shown, at = [], 0
    while at < len(data):
        size = 2 if is_lead(data[at]) and at + 1 < len(data) else 1
        shown.append(decode_character(data[at : at + size]))
        at += size
    return "".join(shown)


def decode_character(data: bytes) -> str:
    """Return what one or two bytes show; always as many cells as bytes."""
    if data == b"\\":
        return "₩"
    try:
        character = data.decode("cp949")
    except UnicodeDecodeError:
        return UNKNOWN_CHARACTER * len(data)
    wide = len(character) == 1 and character.isprintable()
    return character if wide else UNKNOWN_CHARACTER * len(data)


@lru_cache(maxsize=_REMEMBERED)
def width(character: str) -> int:
    """Return how many cells a character fills: 1 or 2."""
    return len(encode_text(character))


def is_lead(byte: int) -> bool:
    """Say whether this byte opens a two-byte character."""
    return 0x81 <= byte <= 0xFE
