"""Barcodes: what a scanned code says about itself, and what is hidden inside it.

    EAN-13   8801234567893      twelve digits and a check digit
    EAN-8    96385074           seven and one
    UPC-A    036000291452       eleven and one; the same code as EAN-13 with a 0 before it
    UPC-E    04252614           number system, six digits, check digit; UPC-A with its zeros taken out
    in store 2x IIIII VVVVV C   a prefix, the store's item number, a price or a weight, a check digit

A scanner may say which kind it read by an AIM identifier before the code (]E0, ]C1, ]Q3); one that
says nothing is judged by length and check digit. The check digit finds every single wrong digit, so
a code that fails it is shown to the clerk and never silently corrected.

Source: GS1 General Specifications 24, 1.4 (restricted circulation numbers), 5.2, 7.9 (check digits);
ISO/IEC 15424:2008 (symbology identifiers).
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

CODE_CHARACTERS_MAX: Final = 3_000
"""A QR code of version 40 holds 2,953 bytes; what is longer was never one code."""


class Symbology(Enum):
    """What kind of bars were read."""

    EAN_13 = "ean13"
    EAN_8 = "ean8"
    UPC_A = "upca"
    UPC_E = "upce"
    CODE_128 = "code128"
    GS1_128 = "gs1-128"
    CODE_39 = "code39"
    CODE_93 = "code93"
    ITF = "itf"
    DATABAR = "databar"
    QR = "qr"
    DATA_MATRIX = "datamatrix"
    UNKNOWN = "unknown"
    """The scanner did not say, and the text does not tell."""


class Check(Enum):
    """What the check digit says."""

    GOOD = "good"
    BAD = "bad"
    """Misread, or not the kind the scanner claims: show it, do not sell it."""
    NONE = "none"
    """This kind carries no check digit that we could see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """One code as it was read."""

    text: str
    """As sent, without AIM identifier and framing; `lookup_keys` knows the forms a catalogue may hold."""
    symbology: Symbology
    check: Check
    identified: bool = False
    """The scanner itself said which kind it is, by an AIM identifier."""


AIM_LETTERS: Final[dict[str, Symbology]] = {
    "A": Symbology.CODE_39,
    "C": Symbology.CODE_128,
    "E": Symbology.EAN_13,
    "G": Symbology.CODE_93,
    "I": Symbology.ITF,
    "Q": Symbology.QR,
    "d": Symbology.DATA_MATRIX,
    "e": Symbology.DATABAR,
}
"""Code character of an AIM identifier. Source: ISO/IEC 15424:2008, table 1."""
AIM_EXACT: Final[dict[str, Symbology]] = {
    "C1": Symbology.GS1_128,
    "E4": Symbology.EAN_8,
}
"""Identifiers whose modifier makes it another kind."""
_AIM: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_CHECKED_LENGTHS: Final = {8: Symbology.EAN_8, 12: Symbology.UPC_A, 13: Symbology.EAN_13}


def check_digit(digits: str) -> str:
    """Return the GS1 check digit of the digits before it: weights 3, 1, 3, ... from the right.

    Source: GS1 General Specifications 7.9.1.
    """
    assert digits.isascii() and digits.isdigit(), "a check digit is made of digits"
    weighted = sum(int(d) * (3, 1)[place % 2] for place, d in enumerate(reversed(digits)))
    return str(-weighted % 10)


def has_good_check_digit(code: str) -> bool:
    """Say whether an EAN-8, UPC-A or EAN-13 code ends with the digit that its others ask for."""
    return len(code) in _CHECKED_LENGTHS and _digits(code) and check_digit(code[:-1]) == code[-1]


def read_barcode(raw: str) -> Barcode:
    """Read what a scanner sent for one code, framing already taken off; never fails.

    An AIM identifier rules; without one, 8, 12 or 13 digits are judged by their check digit, and
    anything else is UNKNOWN with no check. A UPC-A code sent as EAN-13 with a leading zero keeps
    its zero under an identifier, because there the two are one symbology.
    """
    match = _AIM.match(raw)
    if match is None:
        return _by_shape(raw)
    identifier, text = match.group()[1:], raw[match.end() :]
    symbology = AIM_EXACT.get(identifier) or AIM_LETTERS.get(identifier[0], Symbology.UNKNOWN)
    return Barcode(text=text, symbology=symbology, check=_check(text, symbology), identified=True)


def with_identifier(barcode: Barcode) -> str:
    """Return the code as a scanner with AIM identifiers switched on sends it."""
    match barcode.symbology:
        case Symbology.UNKNOWN:
            return f"]X0{barcode.text}"
        case Symbology.UPC_A:
            return f"]E00{barcode.text}"
        case Symbology.UPC_E:
            return f"]E00{expand_upc_e(barcode.text)}"
        case Symbology.EAN_8:
            return f"]E4{barcode.text}"
        case Symbology.GS1_128:
            return f"]C1{barcode.text}"
        case symbology:
            letter = next(k for k, value in AIM_LETTERS.items() if value is symbology)
            return f"]{letter}0{barcode.text}"


def expand_upc_e(code: str) -> str:
    """Return the UPC-A form of a UPC-E code of eight digits. Raises: ValueError.

    Source: GS1 General Specifications 5.2.2.4.2 (zero suppression).
    """
    if len(code) != 8 or not _digits(code) or code[0] not in "01":
        raise ValueError(f"{code!r} is not a UPC-E code: 0 or 1, six digits, check digit")
    system, body, last, check = code[0], code[1:7], code[6], code[7]
    match last:
        case "0" | "1" | "2":
            middle = body[:2] + last + "0000" + body[2:5]
        case "3":
            middle = body[:3] + "00000" + body[3:5]
        case "4":
            middle = body[:4] + "00000" + body[4]
        case _:
            middle = body[:5] + "0000" + last
    return system + middle + check


def lookup_keys(barcode: Barcode) -> tuple[str, ...]:
    """Return the codes under which a catalogue may hold this item, likeliest first.

    A catalogue may have written a UPC-A code with or without the zero that makes it an EAN-13.
    """
    text = barcode.text
    keys = [text]
    if barcode.symbology is Symbology.UPC_E and len(text) == 8 and text[0] in "01":
        text = expand_upc_e(text)
        keys.append(text)
    if _digits(text) and len(text) == 12:
        keys.append("0" + text)
    elif _digits(text) and len(text) == 13 and text[0] == "0":
        keys.append(text[1:])
    return tuple(keys)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _by_shape(raw: str) -> Barcode:
    symbology = Symbology.UNKNOWN
    if _digits(raw):
        symbology = _CHECKED_LENGTHS.get(len(raw), Symbology.UNKNOWN)
    check = _check(raw, symbology)
    if symbology is Symbology.EAN_8 and check is Check.BAD and _is_good_upc_e(raw):
        return Barcode(text=raw, symbology=Symbology.UPC_E, check=Check.GOOD)
    return Barcode(text=raw, symbology=symbology, check=check)


def _is_good_upc_e(code: str) -> bool:
    """Eight digits are EAN-8 or UPC-E; the check digit of UPC-E is that of its UPC-A form."""
    return code[0] in "01" and has_good_check_digit(expand_upc_e(code))


def _check(text: str, symbology: Symbology) -> Check:
    match symbology:
        case Symbology.EAN_13 | Symbology.EAN_8 | Symbology.UPC_A:
            # An add-on of two or five digits may follow an EAN-13 (]E3); the code is what is before.
            code = text[:13] if len(text) in (15, 18) else text
            return Check.GOOD if has_good_check_digit(code) else Check.BAD
        case _:
            return Check.NONE
