"""Text of terminals: CP437 unless somebody has set them otherwise; UTF-8 where the register asks for it.

A terminal may be set to another character set and not say so. UTF-8 is told from the others by itself:
what is good UTF-8 beyond ASCII is hardly ever anything else.
Source: PA00P015, TLV tag 14 (character set) and 27.
"""

from enum import Enum
from typing import Final


class Charset(Enum):
    """Character sets by the names that configurations use."""

    CP437 = "cp437"
    LATIN_1 = "latin-1"
    CP949 = "cp949"
    UTF_8 = "utf-8"


CHARSET_CODES: Final = {Charset.LATIN_1: 0x01, Charset.UTF_8: 0xFE, Charset.CP437: 0xFF}
"""As REGISTRATION says them (tag 14)."""


def decode_text(value: bytes, charset: Charset) -> str:
    """Return text without control characters; what is no character is U+FFFD."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode(charset.value, "replace")
    return "".join(each if each.isprintable() else " " for each in text.replace("\0", ""))


def encode_text(text: str, charset: Charset) -> bytes:
    """Return text in a character set; what that does not have is `?`."""
    return text.encode(charset.value, "replace")
