"""A PIN that only the reader's keypad and the card ever see: the PIN_VERIFY structure, both ends.

    timeout 1 | timeout after first key 1 | format 1 | block 1 | length format 1
    max digits u8, min digits u8 | end condition 1 | messages 1 | language u16 | index 1
    T=1 prologue 3 | data length u32 | VERIFY template

Numbers are little-endian here, alone among card formats. The till sends the structure, the reader
takes the digits, fills them into the template and sends it to the card; what comes back is the
card's status word or one of the keypad's own. Only the block that our cards take is spoken:
ISO 9564 format 2, 2n dd dd .. FF, in a template of eight bytes.
Source: PC/SC part 10, 2.5.2 and 2.5.3; ISO 9564-1 format 2; EMV book 3, 6.5.12.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

DIGITS_MIN: Final = 4
DIGITS_MAX: Final = 12
TIMEOUT_DEFAULT_S: Final = 30
_HEAD: Final = struct.Struct("<BBBBBBBBBHB3sI")
_FORMAT: Final = 0x89
"""System units are bytes, PIN starts at byte 1, left justified, BCD."""
_BLOCK: Final = 0x47
"""The length takes four bits, the block seven bytes."""
_LENGTH_FORMAT: Final = 0x04
"""The length stands at bit 4."""
_ENTER_ENDS: Final = 2
BLOCK_BYTES: Final = 8
_EMPTY_BLOCK: Final = b"\x20" + b"\xff" * 7


class PinSW(IntEnum):
    """Status words of the keypad itself (PC/SC part 10, 2.5.4)."""

    TIMEOUT = 0x6400
    CANCELLED = 0x6401
    TOO_SHORT_OR_LONG = 0x6403
    STRUCTURE_WRONG = 0x6B80


class PinFormatError(ValueError):
    """Not a structure, or one whose PIN block this keypad cannot make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinEntry:
    """What the keypad shall do."""

    header: bytes
    """CLA INS P1 P2 of the VERIFY command."""
    timeout_s: int = TIMEOUT_DEFAULT_S
    digits_min: int = DIGITS_MIN
    digits_max: int = DIGITS_MAX

    def encode(self) -> bytes:
        """Return the PIN_VERIFY structure."""
        assert len(self.header) == 4 and 0 < self.timeout_s < 256
        assert DIGITS_MIN <= self.digits_min <= self.digits_max <= DIGITS_MAX
        template = self.header + bytes((BLOCK_BYTES,)) + _EMPTY_BLOCK
        head = _HEAD.pack(
            self.timeout_s, self.timeout_s, _FORMAT, _BLOCK, _LENGTH_FORMAT,
            self.digits_max, self.digits_min, _ENTER_ENDS, 1, 0x0412, 0, bytes(3), len(template),
        )  # fmt: skip
        return head + template

    def command(self, digits: str) -> bytes:
        """Return the VERIFY command with these digits in it. Not to be logged."""
        return self.header + bytes((BLOCK_BYTES,)) + pin_block(digits)


def decode_pin_entry(data: bytes) -> PinEntry:
    """Decode a PIN_VERIFY structure. Raises: PinFormatError."""
    if len(data) < _HEAD.size:
        raise PinFormatError(f"{len(data)} bytes are no PIN_VERIFY structure")
    timeout, _, form, block, length_form, most, least, _, _, _, _, _, size = _HEAD.unpack_from(data)
    template = data[_HEAD.size :]
    if size != len(template) or len(template) != 5 + BLOCK_BYTES or template[4] != BLOCK_BYTES:
        raise PinFormatError("the template is no VERIFY of eight bytes")
    if (form, block, length_form) != (_FORMAT, _BLOCK, _LENGTH_FORMAT):
        raise PinFormatError("this PIN block is not ISO 9564 format 2")
    if not DIGITS_MIN <= least <= most <= DIGITS_MAX:
        raise PinFormatError(f"a PIN of {least} to {most} digits cannot be taken")
    return PinEntry(
        header=template[:4],
        timeout_s=timeout or TIMEOUT_DEFAULT_S,
        digits_min=least,
        digits_max=most,
    )


def pin_block(digits: str) -> bytes:
    """Return the ISO 9564 format 2 block of 4 to 12 digits. Not to be logged."""
    assert digits.isascii() and digits.isdigit() and DIGITS_MIN <= len(digits) <= DIGITS_MAX
    return bytes.fromhex(f"2{len(digits):x}{digits:f<14}")
