"""Barcodes as a till meets them: check digits, AIM identifiers, price- and weight-embedded codes.

A code is digits with a GS1 check digit, or any text (Code 128, QR). One article has one written
form here: thirteen digits (or eight for EAN-8). UPC-A gets its leading zero, a GTIN-14 of a single
piece loses its own, so that every scanner's habit finds the same item.

Goods weighed in the shop carry the shop's own codes, GS1 prefixes 20 to 29 (Korea, as most of
the world, leaves their inside to the shop). Ours:

    20..24  A B I I I I I P P P P P C    price in minor units of the store's currency, tax included
    25..29  A B I I I I I W W W W W C    weight in grams

A catalogue names such an item by the code with zeros in the place of the value (`embedded_key`).
Source: GS1 General Specifications 24, 1.4.5 (restricted circulation), 7.9 (check digit);
ISO/IEC 15424 (symbology identifiers).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

CODE_LENGTH_MAX: Final = 48
"""The longest text taken for an item's code; a longer scan is a QR of something else."""
_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})


class BarcodeError(ValueError):
    """Not a code of the demanded kind; the message says what is wrong with it."""


class Symbology(Enum):
    """What was printed, as the scanner tells by its AIM identifier; the value is its letter."""

    CODE_39 = "A"
    CODE_128 = "C"
    DATA_MATRIX = "d"
    EAN = "E"
    """EAN-13, EAN-8, UPC-A and UPC-E."""
    DATABAR = "e"
    ITF = "I"
    QR = "Q"
    UNKNOWN = ""
    """The scanner sends no identifier, or one that no item carries."""


class Measure(Enum):
    """What stands inside a shop's own code."""

    PRICE = "price"
    """Minor units of the store's currency."""
    WEIGHT = "weight"
    """Grams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A shop's own code taken apart."""

    key: str
    """The code with zeros for the value and its check digit put right: what the catalogue lists."""
    measure: Measure
    value: int


def check_digit(digits: str) -> str:
    """Return the GS1 check digit that belongs after these digits (weights 3, 1, 3 from the right)."""
    assert digits.isascii() and digits.isdigit(), "a check digit is made of digits"
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(digits[::-1]))
    return str(-total % 10)


def is_gtin(code: str) -> bool:
    """Tell whether these are 8, 12, 13 or 14 digits of which the last one is right."""
    return (
        len(code) in _GTIN_LENGTHS
        and code.isascii()
        and code.isdigit()
        and check_digit(code[:-1]) == code[-1]
    )


def strip_aim(text: str) -> tuple[Symbology, str]:
    """Take a symbology identifier such as ]E0 off a scan, where the scanner puts one in front."""
    if len(text) < 3 or text[0] != "]":
        return Symbology.UNKNOWN, text
    try:
        symbology = Symbology(text[1])
    except ValueError:
        symbology = Symbology.UNKNOWN
    return symbology, text[3:]


def normalise(code: str) -> str:
    """Return the one written form of a code: UPC-A and GTIN-14 of a piece as thirteen digits."""
    if len(code) == 12 and is_gtin(code):
        return "0" + code
    if len(code) == 14 and code[0] == "0" and is_gtin(code):
        return code[1:]
    return code


def check_code(code: str) -> str:
    """Return a catalogue's barcode in its one written form.

    All digits and of a GTIN's length is taken for a GTIN and must have the right check digit.
    Raises: BarcodeError.
    """
    if not code or len(code) > CODE_LENGTH_MAX:
        raise BarcodeError(f"a barcode has 1 to {CODE_LENGTH_MAX} characters")
    if not code.isascii() or not code.isprintable() or " " in code:
        raise BarcodeError(f"{code!r} has characters that no barcode carries")
    if code.isdigit() and len(code) in _GTIN_LENGTHS and not is_gtin(code):
        raise BarcodeError(
            f"check digit of {code} is {code[-1]}, should be {check_digit(code[:-1])}"
        )
    return normalise(code)


def open_embedded(code: str) -> Embedded | None:
    """Take a price- or weight-embedded code apart; None when it is no such code."""
    if len(code) != 13 or code[0] != "2" or not is_gtin(code):
        return None
    blank = code[:7] + "00000"
    return Embedded(
        key=blank + check_digit(blank),
        measure=Measure.PRICE if code[1] < "5" else Measure.WEIGHT,
        value=int(code[7:12]),
    )


def embedded_key(prefix: int, item: int) -> str:
    """Return what a catalogue lists for goods weighed in the shop: prefix 20 to 29, item 0 to 99999."""
    assert 20 <= prefix <= 29 and 0 <= item <= 99_999, "a shop's own code has these places only"
    digits = f"{prefix}{item:05d}00000"
    return digits + check_digit(digits)


def make_embedded(key: str, value: int) -> str:
    """Return the code that a scale prints for this item. Raises: BarcodeError."""
    opened = open_embedded(key)
    if opened is None or opened.value != 0:
        raise BarcodeError(f"{key} is no code of goods weighed in the shop")
    if not 0 <= value <= 99_999:
        raise BarcodeError(f"{value} does not fit into five digits")
    digits = f"{key[:7]}{value:05d}"
    return digits + check_digit(digits)
