"""A payment card's number, and other text of a card that must not show itself.

    number = CardNumber("9410110000000012")
    str(number), repr(number), f"{number}"     941011******0012
    number.reveal()                            all digits: for the card's bank and nobody else
    Masked("5301000")                          *******

Neither is a dataclass, a string or a tuple, so that no encoder, log, trace or table takes one apart: whoever
wants the text says so. Six leading and four trailing digits in clear are what PCI DSS allows; of a number
below 14 digits too little would be left to hide, so only its last four are shown.
Source: ISO/IEC 7812-1:2017 4.2 and annex B (Luhn); PCI DSS 4.0 3.4.1.
"""

import re
from collections.abc import Iterator
from typing import Final

DIGITS_MAX: Final = 19
DIGITS_MIN: Final = 8
"""An issuer of six or eight digits, an account, a check digit."""
_CLEAR_BEGIN: Final = 6
_CLEAR_END: Final = 4
_BEGIN_SHOWN_FROM: Final = 14


def luhn(digits: str) -> str:
    """Return the check digit that belongs behind these digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def has_good_luhn(digits: str) -> bool:
    """Say whether the last digit is the one that those before it ask for."""
    return luhn(digits[:-1]) == digits[-1]


class Masked:
    """Text that says how long it is and not what it is."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; whoever calls this answers for where it goes."""
        return self._text

    def __str__(self) -> str:
        """Return what may be seen."""
        return "*" * len(self._text)

    def __repr__(self) -> str:
        """Return what may be seen, and what it is."""
        return f"{type(self).__name__}({self})"

    def __format__(self, spec: str) -> str:
        """Return what may be seen, as wide as is asked for."""
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        """Say whether it is the same text of the same kind."""
        return type(other) is type(self) and other._text == self._text

    def __hash__(self) -> int:
        """Return one number for equal texts."""
        return hash((type(self), self._text))


class CardNumber(Masked):
    """A card's number: DIGITS_MIN to DIGITS_MAX digits, the last one after Luhn."""

    __slots__ = ()

    def __init__(self, digits: str) -> None:
        """Raises: ValueError, which says nothing of the digits."""
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError("a card's number is digits")
        if not DIGITS_MIN <= len(digits) <= DIGITS_MAX:
            raise ValueError(f"a card's number has {DIGITS_MIN} to {DIGITS_MAX} digits")
        if not has_good_luhn(digits):
            raise ValueError("the check digit of the card's number is wrong")
        super().__init__(digits)

    @property
    def last4(self) -> str:
        """The four digits that receipts and clerks know a card by."""
        return self._text[-_CLEAR_END:]

    def __str__(self) -> str:
        """Return the number as it may be shown."""
        return mask_of(self._text)


def mask_of(number: str) -> str:
    """Return a card's or an account's number as it may be shown; a mask stays what it is."""
    begin = _CLEAR_BEGIN if len(number) >= _BEGIN_SHOWN_FROM else 0
    end = max(len(number) - _CLEAR_END, begin)
    hidden = re.sub(r"\d", "*", number[begin:end])
    return f"{number[:begin]}{hidden}{number[end:]}"


def without_numbers(text: str) -> str:
    """Return a text of strangers in which every row of digits that may be a card's number is masked.

    A row may be set in groups, apart by a blank or a hyphen or two; one of more digits than a number has is
    masked where some part of it would pass for one. What has been masked once stays as it is.
    """
    while (masked := _ROW.sub(lambda found: _masked_row(found[0]), text)) != text:
        # What is left of a row may pass for a number with what stands behind it.
        text = masked
    return text


_ROW: Final = re.compile(r"\d(?:[ -]{0,2}\d){12,}", re.ASCII)
_PAN_DIGITS_MIN: Final = 13
"""What a payment card's number has at least: fewer digits are an approval, a terminal, a trace."""


def _masked_row(row: str) -> str:
    places = [place for place, letter in enumerate(row) if letter.isdigit()]
    digits = "".join(row[place] for place in places)
    hidden: set[int] = set()
    for begin, end in _numbers_in(digits, _groups(places)):
        hidden.update(places[begin + _CLEAR_BEGIN : end - _CLEAR_END])
    return "".join("*" if place in hidden else letter for place, letter in enumerate(row))


def _groups(places: list[int]) -> list[tuple[int, int]]:
    """Return where groups of digits begin and end, counted in digits."""
    begins = [at for at, place in enumerate(places) if at == 0 or places[at - 1] != place - 1]
    return list(zip(begins, [*begins[1:], len(places)], strict=True))


def _numbers_in(digits: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield where numbers stand: from the beginning of a group to the end of one, or in a long one."""
    for first, (begin, _) in enumerate(groups):
        for _, end in groups[first:]:
            if _is_number(digits[begin:end]):
                yield begin, end
    for begin, end in groups:
        if end - begin > DIGITS_MAX:
            for length in range(_PAN_DIGITS_MIN, DIGITS_MAX + 1):
                for at in range(begin, end - length + 1):
                    if _is_number(digits[at : at + length]):
                        yield at, at + length


def _is_number(digits: str) -> bool:
    return _PAN_DIGITS_MIN <= len(digits) <= DIGITS_MAX and has_good_luhn(digits)
