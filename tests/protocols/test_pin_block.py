"""PIN blocks, against published ones, and every way in which a block is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.pin_block import (
    PinBlockError,
    decipher_format_4,
    encipher_format_4,
    format_0,
    pin_of_format_0,
)

KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
PINS = st.from_regex(r"[0-9]{4,12}", fullmatch=True)
PANS = st.from_regex(r"[0-9]{12,19}", fullmatch=True)
KEYS = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize(
    ("pin", "pan", "block"),
    [
        # ISO 9564-1 as in the documentation of psec; ANSI X9.24-1:2009 A.4.
        ("1234", "5544332211009966", "041277CDDEEFF669"),
        ("1234", "4012345678909", "041274EDCBA9876F"),
    ],
)
def test_published_blocks_of_format_0(pin: str, pan: str, block: str) -> None:
    assert format_0(pin, pan).hex().upper() == block
    assert pin_of_format_0(bytes.fromhex(block), pan) == pin


def test_published_block_of_format_4() -> None:
    """As psec, which shares no code with this, enciphers it."""
    block = bytes.fromhex("E4BE5B623AF7E006AC319E5B93544564")

    assert decipher_format_4(block, "1234567890123456", key=KEY) == "1234"


@given(PINS, PANS)
def test_format_0_comes_back(pin: str, pan: str) -> None:
    assert pin_of_format_0(format_0(pin, pan), pan) == pin


@given(PINS, PANS, KEYS, st.binary(min_size=8, max_size=8))
def test_format_4_comes_back(pin: str, pan: str, key: bytes, random: bytes) -> None:
    block = encipher_format_4(pin, pan, key=key, random=random)

    assert decipher_format_4(block, pan, key=key) == pin


def test_one_pin_twice_is_one_block_in_format_0_and_two_in_format_4() -> None:
    one = encipher_format_4("1234", "4012345678909", key=KEY, random=bytes(8))
    two = encipher_format_4("1234", "4012345678909", key=KEY, random=b"\x01" + bytes(7))

    assert format_0("1234", "4012345678909") == format_0("1234", "4012345678909")
    assert sum(a != b for a, b in zip(one, two, strict=True)) > 8


@given(st.binary(min_size=16, max_size=16))
def test_garbage_is_no_block_and_the_error_tells_nothing_of_it(garbage: bytes) -> None:
    for opening in (
        lambda: decipher_format_4(garbage, "4012345678909", key=KEY),
        lambda: pin_of_format_0(garbage[:8], "4012345678909"),
    ):
        try:
            pin = opening()
        except PinBlockError as error:
            assert str(error).startswith("not a block of format ")
        else:
            assert pin.isdigit() and 4 <= len(pin) <= 12


@pytest.mark.parametrize("size", [0, 7, 9, 15, 17])
def test_a_block_of_another_size_is_none(size: int) -> None:
    with pytest.raises(PinBlockError):
        pin_of_format_0(bytes(size), "4012345678909")
    with pytest.raises(PinBlockError):
        decipher_format_4(bytes(size), "4012345678909", key=KEY)


def test_under_another_cards_number_there_is_no_pin_of_format_4() -> None:
    block = encipher_format_4("1234", "4012345678909", key=KEY, random=bytes(8))

    with pytest.raises(PinBlockError):
        decipher_format_4(block, "4012345678917", key=KEY)


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12a4", "", "１２３４"])
def test_what_is_no_pin_is_never_enciphered(pin: str) -> None:
    with pytest.raises(AssertionError):
        format_0(pin, "4012345678909")
