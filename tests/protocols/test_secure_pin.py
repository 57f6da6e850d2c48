"""The PIN_VERIFY structure: both ends, what is refused, and the block itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.secure_pin import PinEntry, PinFormatError, decode_pin_entry, pin_block

VERIFY = bytes.fromhex("00200081")


def test_structure_has_the_bytes_that_readers_expect() -> None:
    """Vector: PC/SC part 10 2.5.2, little-endian, EMV block (format 89, block 47, length 04)."""
    entry = PinEntry(header=VERIFY, timeout_s=30, digits_min=4, digits_max=12)

    assert entry.encode() == bytes.fromhex(
        "1E1E8947040C04020112040000 0000 0D000000 0020008108 20FFFFFFFFFFFFFF".replace(" ", "")
    )


def test_structure_comes_back() -> None:
    entry = PinEntry(header=VERIFY, timeout_s=7, digits_min=5, digits_max=8)

    assert decode_pin_entry(entry.encode()) == entry


def test_command_has_the_digits_in_its_block() -> None:
    entry = PinEntry(header=VERIFY)

    assert entry.command("1234") == bytes.fromhex("0020008108241234FFFFFFFFFF")
    assert pin_block("123456789012") == bytes.fromhex("2C123456789012FF")


@pytest.mark.parametrize(
    ("offset", "value"), [(2, 0x82), (3, 0x48), (4, 0), (5, 13), (6, 3), (15, 9), (23, 7)]
)
def test_structure_that_cannot_be_filled_is_refused(offset: int, value: int) -> None:
    structure = bytearray(PinEntry(header=VERIFY).encode())
    structure[offset] = value

    with pytest.raises(PinFormatError):
        decode_pin_entry(bytes(structure))


@given(st.binary(max_size=60))
def test_garbage_is_refused_or_is_a_structure(garbage: bytes) -> None:
    try:
        entry = decode_pin_entry(garbage)
    except PinFormatError:
        return
    assert len(entry.command("1234567"[: max(entry.digits_min, 4)])) == 13
