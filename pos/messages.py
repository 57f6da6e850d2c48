"""The one table of messages: what a code says in each language and at each width.

`messages.toml` beside this file is the table; this module reads it once, on first use, and fills the
blanks. Whatever is put into a blank, no text grows beyond its place on the screen: it is cut, and
two dots say so. Widths are terminal cells (Hangul 2), counted here so that neither the till nor the
command line needs a screen library.

Source: clerk-and-courier.md 5.4 (levels), 5.5 (table), 4.6 (glyphs that every terminal agrees on).
"""

import tomllib
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, Literal

from pos.view import Notice

BANNER_CELLS: Final = 76
SHORT_CELLS: Final = 38
DISPLAY_CELLS: Final = 20
KEYS_CELLS: Final = 44

Language = Literal["ko", "en"]


class Money(Enum):
    """Where the money is, as a message says it."""

    NOWHERE = ""
    """The message is not about money."""
    NOT_MOVED = "not_moved"
    MOVED = "moved"
    UNKNOWN = "unknown"
    STORED = "stored"
    """What was sold is safe in the journal."""
    BEFORE_OR_UNKNOWN = "before_or_unknown"
    """The journal broke: not moved before a transfer, unknown after one."""


MONEY_WORDS: Final[dict[Money, dict[Language, str]]] = {
    Money.NOWHERE: {"ko": "", "en": ""},
    Money.NOT_MOVED: {"ko": "안 움직임", "en": "not moved"},
    Money.MOVED: {"ko": "이동 완료", "en": "moved"},
    Money.UNKNOWN: {"ko": "미확정", "en": "UNKNOWN"},
    Money.STORED: {"ko": "저장됨", "en": "stored"},
    Money.BEFORE_OR_UNKNOWN: {
        "ko": "이체 전이면 안 움직임, 뒤면 미확정",
        "en": "not moved before a transfer, else UNKNOWN",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The texts of one message in one language, blanks not yet filled."""

    banner: str
    short: str
    display: str
    keys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One row of the table."""

    code: str
    level: Literal["A", "B", "C"]
    money: Money
    wordings: dict[Language, Wording]
    blanks: dict[str, str | int]
    """Every blank of the texts with its longest value."""

    @property
    def shown_code(self) -> str:
        """Return the code as the screen prints it: a plain hint has none."""
        return self.code if self.code.isupper() else ""


class MessageTableError(ValueError):
    """messages.toml is not what it should be; says which message and what is wrong."""


def notice(code: str, language: Language, /, **blanks: str | int) -> Notice:
    """Return the message of this code with its blanks filled. Whole numbers are grouped.

    Raises: KeyError for a code or a blank that the table does not have (a programming error).
    """
    message = messages()[code]
    if blanks.keys() != message.blanks.keys():
        raise KeyError(f"{code} has the blanks {sorted(message.blanks)}, not {sorted(blanks)}")
    wording = message.wordings[language]
    filled = {name: _Blank(value) for name, value in blanks.items()}
    return Notice(
        code=message.shown_code,
        level=message.level,
        banner=clip(wording.banner.format_map(filled), BANNER_CELLS),
        short=clip(wording.short.format_map(filled), SHORT_CELLS),
        display=clip(wording.display.format_map(filled), DISPLAY_CELLS),
        money=MONEY_WORDS[message.money][language],
        keys=clip(wording.keys.format_map(filled), KEYS_CELLS),
    )


@cache
def messages() -> dict[str, Message]:
    """Return the whole table by code. Raises: MessageTableError."""
    text = resources.files("pos").joinpath("messages.toml").read_text(encoding="utf-8")
    return {code: _message(code, row) for code, row in tomllib.loads(text).items()}


@lru_cache(maxsize=4096)
def cells(text: str) -> int:
    """Return how many terminal cells a text takes: wide and full-width 2, combining 0, other 1."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_cell(character) for character in text)


@lru_cache(maxsize=4096)
def clip(text: str, width: int) -> str:
    """Return the text cut to `width` cells; where something was cut, it ends in two dots."""
    text = unicodedata.normalize("NFC", text)
    if cells(text) <= width:
        return text
    room, kept = width - 2, ""
    for character in text:
        room -= _cell(character)
        if room < 0:
            break
        kept += character
    return kept + ".."


@cache
def _cell(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc") else 1


class _Blank(str):
    """What fills a blank: numbers grouped, `:tail6` the last six characters."""

    __slots__ = ()

    def __new__(cls, value: str | int) -> "_Blank":
        # Control characters of a garbled scan must not reach a terminal.
        text = f"{value:,}" if isinstance(value, int) else value
        return super().__new__(cls, "".join(c if c.isprintable() else "?" for c in text))

    def __format__(self, spec: str) -> str:
        if spec.startswith("tail"):
            return self[-int(spec.removeprefix("tail")) :]
        return format(str(self), spec)


_TEXTS: Final = ("", "short_", "display_", "keys_")
_KNOWN: Final = {f"{text}{language}" for text in _TEXTS for language in ("ko", "en")} | {
    "level",
    "money",
    "blanks",
}


def _message(code: str, row: dict[str, Any]) -> Message:
    unknown = sorted(row.keys() - _KNOWN)
    if unknown:
        raise MessageTableError(f"messages.toml, {code}: unknown column {unknown[0]!r}")
    try:
        return Message(
            code=code,
            level=row["level"],
            money=Money(row.get("money", "")),
            wordings={"ko": _wording(row, "ko"), "en": _wording(row, "en")},
            blanks=row.get("blanks", {}),
        )
    except (KeyError, ValueError) as error:
        raise MessageTableError(f"messages.toml, {code}: {error}") from error


def _wording(row: dict[str, Any], language: Language) -> Wording:
    return Wording(
        banner=row[language],
        short=row[f"short_{language}"],
        display=row.get(f"display_{language}", ""),
        keys=row.get(f"keys_{language}", ""),
    )
