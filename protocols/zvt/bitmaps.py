"""The fields in an APDU's data: a number of one byte, then its value.

    fixed   so many bytes                         04 000000012500
    LL LLL  a length in two or three bytes, each F and a digit: F1 F7 is 17
    TLV     06: a length as in BER, then data objects

Numbers are packed digits (BCD). Whatever stands behind a number that is not known cannot be told from
other data: what was read until there counts, and the rest is kept apart.
Source: PA00P015 chapter 4 (bitmaps) and 5 (TLV container).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.tlv import Tlv, TlvError, encode_length, parse_tlv
from protocols.zvt.apdu import ZvtError

SERVICE: Final = 0x03
AMOUNT: Final = 0x04
CONTAINER: Final = 0x06
TRACE: Final = 0x0B
TIME: Final = 0x0C
DATE: Final = 0x0D
EXPIRY: Final = 0x0E
CARD_SEQUENCE: Final = 0x17
KIND: Final = 0x19
"""Payment type of an authorisation, card type of READ CARD, status of a completion."""
PAN: Final = 0x22
TRACK_2: Final = 0x23
TRACK_3: Final = 0x24
RESULT: Final = 0x27
TERMINAL_ID: Final = 0x29
CONTRACT: Final = 0x2A
TRACK_1: Final = 0x2D
ORIGINAL_TRACE: Final = 0x37
CVV: Final = 0x3A
APPROVAL: Final = 0x3B
TEXT: Final = 0x3C
CURRENCY: Final = 0x49
TOTALS: Final = 0x60
RECEIPT: Final = 0x87
TURNOVER: Final = 0x88
CARD_TYPE: Final = 0x8A
CARD_NAME: Final = 0x8B


class Size(Enum):
    """How long a field is, where that is not fixed."""

    LL = 2
    LLL = 3
    TLV = 0


_TEXT_LINES: Final = {
    number: Size.LL for first in (0xE1, 0xF1) for number in range(first, first + 8)
}
SIZES: Final[dict[int, int | Size]] = {
    0x01: 1, 0x02: 1, SERVICE: 1, AMOUNT: 6, 0x05: 1, CONTAINER: Size.TLV, TRACE: 3, TIME: 3, DATE: 2,
    EXPIRY: 2, CARD_SEQUENCE: 2, KIND: 1, PAN: Size.LL, TRACK_2: Size.LL, TRACK_3: Size.LLL,
    RESULT: 1, TERMINAL_ID: 4, CONTRACT: 15, TRACK_1: Size.LL, 0x2E: Size.LLL, ORIGINAL_TRACE: 3,
    CVV: 2, APPROVAL: 8, TEXT: Size.LLL, 0x3D: 3, CURRENCY: 2, TOTALS: Size.LLL, RECEIPT: 2,
    TURNOVER: 3, CARD_TYPE: 1, CARD_NAME: Size.LL, 0x8C: 1, 0x9A: Size.LLL, 0xA0: 1, 0xA7: Size.LL,
    0xAA: 3, 0xAF: Size.LLL, 0xBA: 5, 0xD0: 1, 0xD1: Size.LL, 0xD2: 1, 0xD3: 1, 0xE0: 1, 0xE9: 1,
    0xEA: 1, 0xEB: 8, 0xF0: 1, 0xF9: 1, 0xFA: 1, 0xFB: 1, 0xFC: 1, 0xFD: 1, **_TEXT_LINES,
}  # fmt: skip
"""By number."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields by number; of one that stands there twice the last."""

    values: dict[int, bytes]
    rest: bytes = b""
    """What could not be told apart."""

    def __repr__(self) -> str:
        """Return which fields there are, and nothing of what is in them."""
        return f"Fields({' '.join(f'{number:02X}' for number in self.values)})"

    def digits(self, number: int) -> int | None:
        """Return a number in packed digits; None where it is not there, or is none."""
        value = self.values.get(number)
        if value is None:
            return None
        text = value.hex()
        return int(text) if text.isdecimal() else None

    def objects(self) -> list[Tlv]:
        """Return the data objects of the container; none where it is not there, or is broken."""
        try:
            return parse_tlv(self.values.get(CONTAINER, b""))
        except TlvError:
            return []


def packed(value: int, size: int) -> bytes:
    """Return a number as packed digits in so many bytes."""
    text = f"{value:0{2 * size}d}"
    assert len(text) == 2 * size, f"{value} does not fit {size} bytes"
    return bytes.fromhex(text)


def field(number: int, value: bytes) -> bytes:
    """Return one field."""
    match SIZES[number]:
        case Size.TLV:
            head = encode_length(len(value))
        case Size() as size:
            text = f"{len(value):0{size.value}d}"
            assert len(text) == size.value, f"{len(value)} bytes do not fit {size.name}"
            head = bytes(0xF0 | int(digit) for digit in text)
        case size:
            assert len(value) == size, f"field {number:02X} has {size} bytes"
            head = b""
    return bytes((number,)) + head + value


def read_fields(data: bytes) -> Fields:
    """Read fields to the end, or to a number that is not known. Raises: ZvtError where one is cut off."""
    values: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        number = data[at]
        if number not in SIZES:
            return Fields(values, data[at:])
        begin, size = _extent(number, data, at + 1)
        if begin + size > len(data):
            raise ZvtError(f"field {number:02X} at byte {at} is cut off")
        values[number] = data[begin : begin + size]
        at = begin + size
    return Fields(values)


def _extent(number: int, data: bytes, at: int) -> tuple[int, int]:
    """Return where a value begins, and how long it is."""
    match SIZES[number]:
        case Size.TLV:
            return _ber_length(data, at)
        case Size() as size:
            digits = [byte & 0x0F for byte in data[at : at + size.value]]
            if len(digits) < size.value or any(digit > 9 for digit in digits):
                raise ZvtError(f"field {number:02X} at byte {at - 1} has no length")
            return at + size.value, int("".join(map(str, digits)))
        case size:
            return at, size


def _ber_length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at] if at < len(data) else -1
    if 0 <= first < 0x80:
        return at + 1, first
    more = first & 0x7F
    if first < 0 or not 1 <= more <= 2 or at + 1 + more > len(data):
        raise ZvtError(f"the container at byte {at - 1} has no length")
    return at + 1 + more, int.from_bytes(data[at + 1 : at + 1 + more])
