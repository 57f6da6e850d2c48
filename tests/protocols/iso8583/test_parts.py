"""Original data elements, chip data, enciphered PINs, and what may be shown of a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.iso8583.describe import describe, masked, masked_pan
from protocols.iso8583.icc import pack_icc, read_icc
from protocols.iso8583.message import MalformedError, Message, decode, encode
from protocols.iso8583.original import original_of, read_original
from protocols.iso8583.pin import EncipheredPin, pin_fields, read_pin, without_pin
from protocols.iso8583.specs import SPECS
from tests.support.iso8583 import ICC, PAN, PURCHASE, REVERSAL


def test_a_reversal_names_its_original():
    original = original_of(PURCHASE)
    assert original.digits() == REVERSAL.text(90)
    assert read_original(original.digits()) == original


@pytest.mark.parametrize("digits", ["", "1" * 41, "1" * 43, "x" * 42, "٠" * 42])
def test_an_original_is_42_digits(digits):
    with pytest.raises(MalformedError, match="field 90"):
        read_original(digits)


def test_chip_data():
    objects = read_icc(ICC)
    assert objects[0x9F26].hex() == "a1b2c3d4e5f60708" and pack_icc(objects) == ICC


@given(st.binary(max_size=255))
def test_chip_data_of_a_stranger(data):
    try:
        read_icc(data)
    except MalformedError:
        return


@pytest.mark.parametrize(("data", "says"), [("9F26", "length"), ("8201018201FF", "twice")])
def test_bad_chip_data(data, says):
    with pytest.raises(MalformedError, match=says):
        read_icc(bytes.fromhex(data))


def test_too_much_chip_data():
    pack_icc({0x9F10: bytes(251)})
    with pytest.raises(MalformedError, match="up to 255"):
        pack_icc({0x9F10: bytes(252)})


@pytest.mark.parametrize("block", [8, 16])
@pytest.mark.parametrize("ksn", [0, 10, 12])
@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_pin_of_either_length_travels_and_is_taken_out(spec, block, ksn):
    pin = EncipheredPin(block=bytes(range(block)), ksn=bytes(range(ksn)))
    message = Message("0200", {3: "000000", **pin_fields(pin)})
    arrived = decode(encode(message, spec), spec)
    assert read_pin(arrived) == pin
    assert read_pin(without_pin(arrived)) is None and without_pin(arrived).fields == {3: "000000"}


@pytest.mark.parametrize(
    "fields", [{110: "xyz"}, {110: "DF0102ABCD"}, {110: "DF01FF"}, {52: bytes(8), 110: "DF020101"}]
)
def test_no_pin_in_it(fields):
    with pytest.raises(MalformedError, match="enciphered PIN"):
        read_pin(Message("0200", fields))


def test_other_lengths_are_no_pin():
    with pytest.raises(MalformedError):
        pin_fields(EncipheredPin(block=bytes(9)))


def test_nothing_secret_is_shown():
    icc = pack_icc({0x5A: bytes.fromhex(PAN), 0x9F26: b"\1" * 8, 0x5F20: b"KIM/CHEOLSU"})
    pin = pin_fields(EncipheredPin(block=bytes(range(16)), ksn=bytes(range(12))))
    message = PURCHASE.plus(
        {55: icc, 45: f"B{PAN}^KIM^2912", 102: "11022033044055", 120: "x", **pin}
    )
    for text in (describe(message, SPECS["ascii"]), str(masked(message)), repr(message)):
        for secret in (PAN, "2912201", "1A2B3C4D", "KIM", "00010203", "11022033044055", "0119="):
            assert secret not in text
    shown = describe(message, SPECS["ascii"])
    assert "  2 primary account number: 476173******0119" in shown
    assert "9F26=0101010101010101 5F20=(hidden)" in shown
    assert describe(Message("0200", {129: "secret"}), SPECS["ascii"]).endswith("(6 hidden)")


@pytest.mark.parametrize(
    ("pan", "shown"),
    [("", ""), ("123", "123"), ("1234567890", "******7890"), (PAN, "476173******0119")],
)
def test_masks(pan, shown):
    assert masked_pan(pan) == shown
