"""Which character a byte is: code pages, CP949 Hangul and the won sign.

    hangul on     81..FE with a trail byte is one CP949 character, two columns wide
    hangul off    80..FF by the code page of ESC t
    5C            by the country of ESC R: backslash, or the won sign in Korea, the yen sign in Japan

Source: Epson ESC R, ESC t, FS &, FS .; KS X 1003 (the won sign at 5C); Microsoft code page 949.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from protocols.escpos.codes import COUNTRY_KOREA, DEL, SPACE
from protocols.escpos.commands import Command, Initialise, SetCodePage, SetCountry, SetHangul

REPLACEMENT: Final = "\ufffd"
WON: Final = "\u20a9"
YEN: Final = "\u00a5"
_COUNTRY_JAPAN: Final = 8
_NATIONAL: Final = {COUNTRY_KOREA: WON, _COUNTRY_JAPAN: YEN}
_NATIONAL_BYTE: Final = 0x5C
_PAGES: Final = {
    0: "cp437",
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    13: "cp857",
    14: "cp737",
    15: "iso8859_7",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
    32: "cp720",
    33: "cp775",
    34: "cp855",
    35: "cp861",
    36: "cp862",
    37: "cp864",
    38: "cp869",
    39: "iso8859_2",
    40: "iso8859_15",
    45: "cp1250",
    46: "cp1251",
    47: "cp1253",
    48: "cp1254",
    49: "cp1255",
    50: "cp1256",
    51: "cp1257",
    52: "cp1258",
}
"""ESC t numbers as TM printers have them, where Python knows the page."""
_PLAIN: Final = re.compile(r"[\x20-\x5b\x5d-\x7e]*")
"""Characters that have the same byte in every character set."""
_LEAD_FIRST: Final = 0x81
_LEAD_LAST: Final = 0xFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Charset:
    """The part of a printer's state that decides what a byte means."""

    hangul: bool = False
    code_page: int = 0
    country: int = 0

    def after(self, command: Command, power_on: "Charset") -> "Charset":
        """Return the state after a command; ESC @ goes back to `power_on`."""
        match command:
            case Initialise():
                return power_on
            case SetHangul(on=on):
                return replace(self, hangul=on)
            case SetCodePage(page=page):
                return replace(self, code_page=page)
            case SetCountry(country=country):
                return replace(self, country=country)
            case _:
                return self

    def begins_pair(self, byte: int) -> bool:
        """Tell whether this byte is the first of a two-byte character."""
        return self.hangul and _LEAD_FIRST <= byte <= _LEAD_LAST

    def decode_pair(self, pair: bytes) -> str:
        """Return the character of a two-byte code, or U+FFFD."""
        try:
            return pair.decode("cp949")
        except UnicodeDecodeError:
            return REPLACEMENT

    def decode_byte(self, byte: int) -> str:
        """Return the character of one printable byte, or U+FFFD."""
        if byte == _NATIONAL_BYTE:
            return _NATIONAL.get(self.country, "\\")
        if byte < DEL:
            return chr(byte)
        page = _PAGES.get(self.code_page)
        if self.hangul or page is None or byte == DEL:
            return REPLACEMENT
        return bytes((byte,)).decode(page, "replace")

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text; a character this state cannot print becomes "?".

        Raises: ValueError for a control character: it would be a command.
        """
        if _PLAIN.fullmatch(text):
            return text.encode("ascii")
        return b"".join(map(self._encode_character, text))

    def can_print(self, character: str) -> bool:
        """Tell whether `encode` keeps this character."""
        return character == "?" or self._encode_character(character) != b"?"

    def _encode_character(self, character: str) -> bytes:
        code = ord(character)
        if code < SPACE or code == DEL:
            raise ValueError(f"the control character {code:#04x} is not text")
        if character == self.decode_byte(_NATIONAL_BYTE):
            return bytes((_NATIONAL_BYTE,))
        if code == _NATIONAL_BYTE:
            return b"?"
        if code < DEL:
            return bytes((code,))
        page = "cp949" if self.hangul else _PAGES.get(self.code_page, "ascii")
        data = character.encode(page, "replace")
        # A C1 control or a stray byte of the codec must never reach the wire as a single byte.
        return data if len(data) == 2 or not self.hangul else b"?"
