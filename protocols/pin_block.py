"""A PIN as it goes to the bank: ISO 9564 blocks of format 0 and 4.

    format 0    0 n d d d d .. F F      XOR     0000 | 12 digits of the card's number, check digit apart
                8 bytes, enciphered by whoever has the key (triple DES)

    format 4    4 n d d d d .. A A | 8 random bytes      under AES, XOR the card's number
                                                           m | digits | 0 0 .. 0, under AES again

n: how many digits, 4 to 12. m: how many digits of the card's number there are above twelve. Format 0
gives the same block for the same PIN and card every time; format 4 never. The number that a block is
bound to is an argument of opening it too: under another card's number a PIN cannot be read.
Source: ISO 9564-1:2017, 9.3.1 and 9.4.2.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from protocols.des import xor
from protocols.secure_pin import DIGITS_MAX, DIGITS_MIN

FORMAT_0_BYTES: Final = 8
FORMAT_4_BYTES: Final = 16
RANDOM_BYTES: Final = 8
"""How much randomness a block of format 4 takes."""
PAN_DIGITS_MAX: Final = 19
_PAN_DIGITS: Final = 12
_ZERO: Final = bytes(FORMAT_4_BYTES)


class PinBlockError(ValueError):
    """No PIN block of this format, under this key and for this card; says nothing of what it holds."""


def format_0(pin: str, pan: str) -> bytes:
    """Return the clear block of 8 bytes. Not to be logged, kept or sent before it is enciphered."""
    digits = f"0{_checked(pin):X}{pin}".ljust(16, "F")
    return xor(bytes.fromhex(digits), _account(pan))


def pin_of_format_0(block: bytes, pan: str) -> str:
    """Return the PIN of a clear block. Raises: PinBlockError."""
    if len(block) != FORMAT_0_BYTES:
        raise PinBlockError(f"{len(block)} bytes are no block of format 0")
    return _pin(xor(block, _account(pan)).hex().upper(), "0", "F")


def encipher_format_4(pin: str, pan: str, *, key: bytes, random: bytes) -> bytes:
    """Return the enciphered block of 16 bytes; `random`: RANDOM_BYTES that are never used again."""
    assert len(random) == RANDOM_BYTES
    field = bytes.fromhex(f"4{_checked(pin):X}{pin}".ljust(16, "A")) + random
    return _encrypt(key, xor(_encrypt(key, field), _number(pan)))


def decipher_format_4(block: bytes, pan: str, *, key: bytes) -> str:
    """Return the PIN of an enciphered block. Raises: PinBlockError."""
    if len(block) != FORMAT_4_BYTES:
        raise PinBlockError(f"{len(block)} bytes are no block of format 4")
    field = _decrypt(key, xor(_decrypt(key, block), _number(pan)))
    return _pin(field[:8].hex().upper(), "4", "A")


def _checked(pin: str) -> int:
    assert pin.isascii() and pin.isdigit() and DIGITS_MIN <= len(pin) <= DIGITS_MAX
    return len(pin)


def _digits(pan: str) -> str:
    assert pan.isascii() and pan.isdigit() and 1 < len(pan) <= PAN_DIGITS_MAX
    return pan


def _account(pan: str) -> bytes:
    """Return the block that binds format 0 to a card: its last twelve digits but the check digit."""
    return bytes.fromhex("0000" + _digits(pan)[:-1][-_PAN_DIGITS:].zfill(_PAN_DIGITS))


def _number(pan: str) -> bytes:
    """Return the block that binds format 4 to a card: its whole number."""
    filled = _digits(pan).zfill(_PAN_DIGITS)
    return bytes.fromhex(f"{len(filled) - _PAN_DIGITS:X}{filled}".ljust(32, "0"))


def _pin(field: str, form: str, filler: str) -> str:
    size = int(field[1], 16)
    if field[0] != form or not DIGITS_MIN <= size <= DIGITS_MAX:
        raise PinBlockError(f"not a block of format {form}")
    pin, rest = field[2 : 2 + size], field[2 + size :]
    if not (pin.isdigit() and rest == filler * len(rest)):
        raise PinBlockError(f"not a block of format {form}")
    return pin


def _encrypt(key: bytes, block: bytes) -> bytes:
    context = Cipher(AES(key), modes.CBC(_ZERO)).encryptor()
    return context.update(block) + context.finalize()


def _decrypt(key: bytes, block: bytes) -> bytes:
    context = Cipher(AES(key), modes.CBC(_ZERO)).decryptor()
    return context.update(block) + context.finalize()
