"""Which characters a receipt is made of, and how wide they are.

Every renderer shows the same characters, so what a Korean printer cannot print is settled before any
of them: it is not drawn as a picture (a picture in a line takes other paper heights on each model),
it is replaced here.

    kept        ASCII, the won sign (narrow, the byte 5C of ESC R 13), and what CP949 has that is wide
                everywhere: Hangul, kana, hanja, full-width forms, squared units
    replaced    ambiguous characters, one column here and two there: quotes, dashes, dots, multiplication
                sign; letters with accents lose them; the backslash is a slash
    ?           everything else, emoji too
    dropped     marks without a width of their own; a control character becomes a space

Source: Unicode UAX 11 (East Asian Width); decisions.md "Fonts"; protocols.escpos.charset.
"""

import unicodedata
from functools import lru_cache
from typing import Final

from protocols.escpos.charset import WON
from protocols.escpos.encode import KOREAN

UNPRINTABLE: Final = "?"
_FRACTION_SLASH: Final = "\u2044"
_CHARACTERS_CACHED: Final = 4_096
_REPLACED: Final = {
    "\\": "/",
    "\uffe6": WON,
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
    "\u2014": "-",
    "\u2015": "-",
    "\u2212": "-",
    "\u2500": "-",
    "\u00ad": "",
    "\u2026": "...",
    "\u00b7": ".",
    "\u2022": "*",
    "\u203b": "*",
    "\u00d7": "x",
    "\u00f7": "/",
    "\u2103": "C",
    "\u20ac": "EUR",
    "\u00a3": "GBP",
    "\u00a5": "JPY",
    "\u00df": "ss",
    "\u00e6": "ae",
    "\u00f8": "o",
    "\u00d8": "O",
    "\u2713": "v",
}


def printable(text: str) -> str:
    """Return the text as every renderer shows it: one line, composed, nothing ambiguous."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_printable_character, unicodedata.normalize("NFC", text)))


def cells(text: str) -> int:
    """Return the columns a printable text takes: a wide character two, any other one."""
    if text.isascii():
        return len(text)
    return sum(map(cell_width, text))


def cell_width(character: str) -> int:
    """Return the columns of one printable character."""
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


@lru_cache(maxsize=_CHARACTERS_CACHED)
def _printable_character(character: str) -> str:
    if character in _REPLACED:
        return _REPLACED[character]
    if character == WON or " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category == "Cc" or category.startswith("Z"):
        return " "
    if category in ("Cf", "Mn", "Me"):
        return ""
    if cell_width(character) == 2 and KOREAN.can_print(character):
        return character
    return _plain(character) or UNPRINTABLE


def _plain(character: str) -> str:
    """Return what a character is made of in ASCII; nothing when a part of it has no such form."""
    plain = ""
    for part in unicodedata.normalize("NFKD", character):
        if part == _FRACTION_SLASH:
            plain += "/"
        elif "!" <= part <= "~" and part != "\\":
            plain += part
        elif not unicodedata.combining(part):
            return ""
    # A circled 1 beside a circled 2 is not twelve.
    circled = unicodedata.decomposition(character).startswith("<circle>")
    return f"({plain})" if circled and plain else plain
