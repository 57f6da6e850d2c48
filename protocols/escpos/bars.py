"""The bars a printer draws for a content: EAN/UPC, CODE39, ITF and CODE128.

A symbol is a tuple of widths in modules, bar and space by turns, beginning and ending with a bar. The
quiet zone is the paper's: QUIET_ZONE modules on either side must stay white.
Source: ISO/IEC 15420 (EAN/UPC), 16388 (CODE39), 16390 (ITF), 15417 (CODE128).
"""

from typing import Final

from protocols.escpos.codes import Symbology
from protocols.escpos.symbol_content import barcode_content_bytes

QUIET_ZONE: Final = 10
"""Modules of white paper on either side."""
_WIDE: Final = 3


def _table(rows: str) -> tuple[str, ...]:
    """Return a table of the standard, printed here as it is printed there."""
    return tuple(rows.split())


_EAN_ODD: Final = _table("3211 2221 2122 1411 1132 1231 1114 1312 1213 3112")
"""Number set A, space first; set C is the same with the bars first, set B set C backwards."""
_EAN_FIRST: Final = _table("AAAAAA AABABB AABBAB AABBBA ABAABB ABBAAB ABBBAA ABABAB ABABBA ABBABA")
_EAN_SIDE: Final = "111"
_EAN_MIDDLE: Final = "11111"

_CODE39_LETTERS: Final = "1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ-. *"
_CODE39_BARS: Final = _table("10001 01001 11000 00101 10100 01100 00011 10010 01010 00110")
_CODE39_SPACES: Final = ("0100", "0010", "0001", "1000")
_CODE39_SIGNS: Final = {"$": "1110", "/": "1101", "+": "1011", "%": "0111"}

_ITF_DIGITS: Final = _table("00110 10001 01001 11000 00101 10100 01100 00011 10010 01010")

_CODE128: Final = _table(
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232"
)
_CODE128_STOP: Final = "2331112"
_START_B: Final = 104
_START_C: Final = 105
_TO_C: Final = 99
_TO_B: Final = 100


def bar_widths(symbology: Symbology, content: str) -> tuple[int, ...]:
    """Return the symbol's widths in modules. Raises: ValueError for a content it cannot be,
    and for the symbologies that are not drawn here (UPC-E, CODABAR, CODE93)."""
    match symbology:
        case Symbology.EAN13 | Symbology.UPC_A:
            return _widths(_ean13(ean_digits(symbology, content)))
        case Symbology.EAN8:
            return _widths(_ean8(ean_digits(symbology, content)))
        case Symbology.CODE39:
            barcode_content_bytes(symbology, content)
            return _widths(_code39(content.strip("*")))
        case Symbology.ITF:
            barcode_content_bytes(symbology, content)
            return _widths(_itf(content))
        case Symbology.CODE128:
            return _widths(_code128(barcode_content_bytes(symbology, content)))
        case _:
            raise ValueError(f"{symbology.name} is not drawn")


def ean_digits(symbology: Symbology, content: str) -> str:
    """Return the digits of an EAN/UPC symbol with the check digit, added where it is missing.

    Raises: ValueError for a wrong check digit: a scanner would not read it.
    """
    size = {Symbology.EAN13: 13, Symbology.UPC_A: 12, Symbology.EAN8: 8}[symbology]
    barcode_content_bytes(symbology, content)
    body = content[: size - 1]
    weighted = sum(int(digit) * (3, 1)[index % 2] for index, digit in enumerate(reversed(body)))
    whole = body + str(-weighted % 10)
    if len(content) == size and content != whole:
        raise ValueError(f"the check digit of {content} should be {whole[-1]}")
    return whole


def _widths(pattern: str) -> tuple[int, ...]:
    assert len(pattern) % 2 == 1, "a symbol begins and ends with a bar"
    return tuple(map(int, pattern))


def _ean13(digits: str) -> str:
    digits = digits.rjust(13, "0")
    sets = _EAN_FIRST[int(digits[0])]
    left = "".join(
        _EAN_ODD[int(digit)][:: 1 if number_set == "A" else -1]
        for digit, number_set in zip(digits[1:7], sets, strict=True)
    )
    right = "".join(_EAN_ODD[int(digit)] for digit in digits[7:])
    return _EAN_SIDE + left + _EAN_MIDDLE + right + _EAN_SIDE


def _ean8(digits: str) -> str:
    halves = ["".join(_EAN_ODD[int(digit)] for digit in half) for half in (digits[:4], digits[4:])]
    return _EAN_SIDE + halves[0] + _EAN_MIDDLE + halves[1] + _EAN_SIDE


def _code39(content: str) -> str:
    return "1".join(map(_code39_letter, f"*{content}*"))


def _code39_letter(letter: str) -> str:
    if letter in _CODE39_SIGNS:
        bars, spaces = "00000", _CODE39_SIGNS[letter]
    else:
        place = _CODE39_LETTERS.index(letter)
        bars, spaces = _CODE39_BARS[place % 10], _CODE39_SPACES[place // 10]
    elements = "".join(bar + space for bar, space in zip(bars, spaces + " ", strict=True)).strip()
    return elements.translate({ord("0"): "1", ord("1"): str(_WIDE)})


def _itf(digits: str) -> str:
    pairs = "".join(
        bar + space
        for first, second in zip(digits[::2], digits[1::2], strict=True)
        for bar, space in zip(_ITF_DIGITS[int(first)], _ITF_DIGITS[int(second)], strict=True)
    )
    body = pairs.translate({ord("0"): "1", ord("1"): str(_WIDE)})
    return "1111" + body + f"{_WIDE}11"


def _code128(data: bytes) -> str:
    values = _code128_values(data)
    check = (values[0] + sum(index * value for index, value in enumerate(values))) % 103
    return "".join(_CODE128[value] for value in [*values, check]) + _CODE128_STOP


def _code128_values(data: bytes) -> list[int]:
    """Return the symbol characters of what stands in GS k, as `symbol_content` writes it."""
    values: list[int] = []
    in_set_c, position = False, 0
    while position < len(data):
        if data[position] == ord("{") and data[position + 1] != ord("{"):
            in_set_c = data[position + 1] == ord("C")
            change = (_TO_B, _TO_C) if values else (_START_B, _START_C)
            values.append(change[in_set_c])
            position += 2
        elif in_set_c:
            values.append(data[position])
            position += 1
        else:
            values.append(data[position] - 32)
            position += 2 if data[position] == ord("{") else 1
    return values
