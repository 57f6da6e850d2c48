"""Data object lists: filled as book 3 5.4 says, and every bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.emv import tags
from protocols.emv.dol import ENTRIES_MAX, DolError, Wanted, fill_dol, parse_dol, split_dol


def test_list_of_a_card() -> None:
    entries = parse_dol(bytes.fromhex("9F02065F2A029A039F3704"))

    assert entries == (
        Wanted(tags.AMOUNT, 6),
        Wanted(tags.CURRENCY, 2),
        Wanted(tags.DATE, 3),
        Wanted(tags.UNPREDICTABLE, 4),
    )
    told = {tags.AMOUNT: bytes.fromhex("000000001000"), tags.CURRENCY: b"\x04\x10"}
    filled = fill_dol(entries, told)
    assert filled.hex() == "000000001000" + "0410" + "000000" + "00000000"
    assert split_dol(entries, filled) == told | {
        tags.DATE: bytes(3),
        tags.UNPREDICTABLE: bytes(4),
    }
    assert split_dol(entries, filled + b"\0") is None


@pytest.mark.parametrize(
    ("tag", "size", "filled"),
    [
        (tags.AMOUNT, 8, "0000123456789012"),
        (tags.AMOUNT, 4, "56789012"),
        (tags.AMOUNT, 0, ""),
        (tags.PAN, 8, "123456789012ffff"),
        (tags.PAN, 4, "12345678"),
        (tags.DEVICE_SERIAL, 8, "1234567890120000"),
        (tags.DEVICE_SERIAL, 4, "12345678"),
    ],
)
def test_values_are_brought_to_the_length_that_is_asked_for(
    tag: int, size: int, filled: str
) -> None:
    value = bytes.fromhex("123456789012")

    assert fill_dol((Wanted(tag, size),), {tag: value}).hex() == filled


@pytest.mark.parametrize(
    "data", [b"\x9f", b"\x9f\x02", b"\x9a", b"\x9a\x81\x03", b"\x9f\x81\x81\x81\x01\x01"]
)
def test_what_is_no_list(data: bytes) -> None:
    with pytest.raises(DolError):
        parse_dol(data)


def test_bounds_of_a_list() -> None:
    assert len(parse_dol(b"\x9a\x03" * ENTRIES_MAX)) == ENTRIES_MAX
    with pytest.raises(DolError, match="entries"):
        parse_dol(b"\x9a\x03" * (ENTRIES_MAX + 1))
    with pytest.raises(DolError, match="252"):
        parse_dol(b"\x9a\x7f" * 2)


@given(st.binary(max_size=300))
def test_garbage_is_a_list_that_can_be_filled_or_none(garbage: bytes) -> None:
    try:
        entries = parse_dol(garbage)
    except DolError:
        return
    filled = fill_dol(entries, {tags.AMOUNT: bytes(6), tags.PAN: bytes(20)})
    assert len(filled) == sum(entry.size for entry in entries) <= 252
    assert split_dol(entries, filled) is not None
