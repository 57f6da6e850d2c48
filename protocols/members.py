"""Members of a shop: the number on their card, and what of a person is ever kept or shown.

    M123456782     a card: M, eight digits, Luhn's check digit over them; Code 128 on the card
    123456782      the same, keyed
    01012345678    a telephone: looked up at the broker, which keeps no number but a keyed mark of it
    5678           its last four digits: whoever has them, to choose from

A name is kept with its inner letters starred, a telephone as its last four digits. Nothing else of a
person is in any store, record, log or paper, and what is not kept cannot be lost.
Source: clerk-and-courier.md 1.2 (Customer), 5.3 (`/`); ISO/IEC 7812-1 annex B (the check digit).
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal

NUMBER_LENGTH: Final = 10
TAIL_DIGITS: Final = 4
NAME_CHARACTERS_MAX: Final = 20
_STARS_MAX: Final = 3
"""A long name's length is nobody's business either."""
_SERIAL_DIGITS: Final = 8
_NUMBER: Final = re.compile(r"[Mm]?(\d{8})(\d)", re.ASCII)
_PHONE: Final = re.compile(r"010\d{8}|01[16789]\d{7,8}", re.ASCII)
_TAIL: Final = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Named:
    """Who a member says to be."""

    by: Literal["number", "phone", "tail"]
    text: str = field(repr=False)
    """A card's number in full, or the digits of a telephone."""


def read_named(text: str) -> Named:
    """Return who a text names. Raises: ValueError, without the text."""
    digits = text.replace("-", "").replace(" ", "")
    if _TAIL.fullmatch(digits):
        return Named("tail", digits)
    if is_number(digits):
        return Named("number", f"M{digits[-9:]}")
    if _PHONE.fullmatch(digits):
        return Named("phone", digits)
    raise ValueError("no member's card, telephone or last four digits of one")


def is_number(text: str) -> bool:
    """Tell whether a text is a card's number, with its M or without, its check digit right."""
    match = _NUMBER.fullmatch(text)
    return match is not None and _check_digit(match[1]) == match[2]


def is_card(code: str) -> bool:
    """Tell whether a scanned code is a member's card: a number with its M."""
    return code[:1] == "M" and len(code) == NUMBER_LENGTH and is_number(code)


def number_of(serial: int) -> str:
    """Return the card's number of a serial below 10^8."""
    digits = f"{serial:0{_SERIAL_DIGITS}d}"
    assert len(digits) == _SERIAL_DIGITS, "a serial has eight digits"
    return f"M{digits}{_check_digit(digits)}"


def masked_name(name: str) -> str:
    """Return a name as it may be kept: its first and last letter, of two the first."""
    name = " ".join(name.split())
    if len(name) <= 2:
        return name[:1] + "*" * (len(name) - 1)
    return f"{name[0]}{'*' * min(len(name) - 2, _STARS_MAX)}{name[-1]}"


def shown_as(masked: str, tail: str) -> str:
    """Return how screen and receipt name a member."""
    return f"{masked} ({tail})" if tail else masked


def _check_digit(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)
