"""Card numbers, tracks and PINs go, their lengths and check digits stay; everything else stays whole.

Method: hypothesis cuts texts with and without secrets into any pieces, and the stream must say what the
whole text says; no piece of a secret beyond its first six digits is left.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.card_number import CardNumber, luhn
from protocols.magnetic_stripe import Track, lrc, write_track
from protocols.trace.stand_ins import StandIns, is_pan, xor
from protocols.trace.text import HELD_BYTES_MAX, TextSwap

PAN = "4761739001010119"
AMEX = "374245001751006"
TRACK_2 = b";4761739001010119=25122011143804400000?"
TRACK_1 = b"%B4761739001010119^HONG/GIL DONG^25122011143804400000?"


def test_luhn_says_what_the_standard_says():
    assert luhn("7992739871") == "3"
    assert all(is_pan(pan) for pan in (PAN, AMEX, "5413330089020011", "36006666333344"))
    assert not is_pan("4761739001010118"), "one digit wrong"
    assert not is_pan("1790000000000000001"), "a time"


def test_a_number_keeps_its_length_its_first_six_digits_and_a_right_check_digit():
    stand_ins = StandIns()

    for pan in (
        PAN,
        AMEX,
        "36006666333344",
        "6221261111111111114"[:-1] + luhn("622126111111111111"),
    ):
        other = stand_ins.pan(pan)
        assert len(other) == len(pan) and other != pan
        assert other[:6] == pan[:6] and is_pan(other)


def test_one_card_is_one_number_and_another_card_another():
    stand_ins = StandIns()

    assert stand_ins.pan(PAN) == stand_ins.pan(PAN)
    assert stand_ins.pan(PAN) != stand_ins.pan("4111111111111111")
    assert stand_ins.pan(stand_ins.pan(PAN)) == stand_ins.pan(PAN), "a stand-in stays"


@pytest.mark.parametrize("size", range(4, 13))
def test_a_pin_keeps_its_length(size):
    assert len(StandIns().pin("9" * size)) == size


@pytest.mark.parametrize(
    "text",
    [
        b"Card 4761739001010119",
        b"4761 7390 0101 0119",
        b"4761-7390-0101-0119 ",
        b"2234 4761 7390 0101 0119",
        b"3742 450017 51006",
        b"\xb0\xa14761739001010119\xb0\xa1",
        TRACK_2,
        TRACK_1,
    ],
)
def test_text_loses_every_number_however_it_is_written(text):
    swapped = StandIns().text(text)

    assert len(swapped) == len(text)
    digits = re.sub(rb"\D", b"", swapped).decode()
    assert PAN not in digits and AMEX not in digits


@pytest.mark.parametrize(
    "text",
    [
        b"8801234567890",
        b"4006381333931 1 3500",
        b"2026-01-01 12:30:45",
        b"1767225600000000000",
        b"4761739001010118",
        b"01-20260101-0007-A",
        b"KRW 1,234,567,890",
        b";12=34?",
        b"%BAD",
        b"",
    ],
)
def test_what_is_no_number_of_a_card_stays(text):
    assert StandIns().text(text) == text


def test_a_track_keeps_expiry_and_service_code_and_loses_name_and_what_stands_behind():
    stand_ins = StandIns()
    pan = stand_ins.pan(PAN).encode()

    assert stand_ins.text(TRACK_2) == b";" + pan + b"=25122010000000000000?"
    assert stand_ins.text(TRACK_1) == b"%B" + pan + b"^TEST/CARD    ^25122010000000000000?"


@pytest.mark.parametrize("track", [TRACK_1, TRACK_2])
def test_a_right_check_byte_is_right_again_and_a_wrong_one_stays_wrong(track):
    wrong = bytes((xor(track)[0] ^ 1,))

    good, bad = StandIns().text(track + xor(track)), StandIns().text(track + wrong)

    assert good[-1:] == xor(good[:-1])
    assert bad[-1:] == wrong


PIECES = st.sampled_from(
    [PAN.encode(), b"4111 1111 1111 1111", AMEX.encode(), TRACK_1, TRACK_2, TRACK_2 + xor(TRACK_2),
     b" ", b"-", b"1", b"12", b"\r\n", b"\x1b@", b"8801234567890", "가".encode("cp949"), b"%", b";"]
)  # fmt: skip
TEXTS = st.one_of(st.lists(PIECES, max_size=12).map(b"".join), st.binary(max_size=60))


@given(TEXTS, st.lists(st.integers(1, 9), min_size=1))
def test_a_stream_in_any_pieces_says_what_the_whole_says(text, sizes):
    whole, swap = StandIns().text(text), TextSwap(StandIns())
    pieces, place, turn = [], 0, 0
    while place < len(text):
        size = sizes[turn % len(sizes)]
        pieces += swap.take(place, text[place : place + size])
        place, turn = place + size, turn + 1
    pieces += swap.flush()

    assert b"".join(piece for _, piece in pieces) == whole
    assert [at for at, _ in pieces] == sorted(at for at, _ in pieces)


@given(st.lists(PIECES, max_size=20).map(b"".join))
def test_what_is_held_back_is_bounded(text):
    swap, out = TextSwap(StandIns()), 0
    for place in range(len(text)):
        out += sum(len(piece) for _, piece in swap.take(place, text[place : place + 1]))
        assert place + 1 - out <= HELD_BYTES_MAX
    assert not swap.holds or swap.flush()
    assert not swap.holds


def test_ordinary_bytes_are_not_held_at_all():
    swap = TextSwap(StandIns())

    assert swap.take(7, b"\x1b@hello\n") == [(7, b"\x1b@hello\n")]
    assert not swap.holds
    assert swap.take(8, b"total 15000") == [(8, b"total ")]
    assert swap.holds
    assert swap.flush() == [(8, b"15000")]


@pytest.mark.parametrize("start", ["+", "!"])
def test_a_third_track_loses_its_number_too(start: str):
    text = f"{start}01{PAN}={'4' * 40}?".encode()

    swapped = StandIns().text(text)

    assert PAN.encode() not in swapped and len(swapped) == len(text)
    assert swapped.endswith(b"=" + b"0" * 40 + b"?")


@pytest.mark.parametrize("track", [Track.ONE, Track.TWO, Track.THREE])
def test_the_lrc_of_a_card_fits_the_track_that_stands_in_for_it(track: Track):
    """Of a card's characters it is made of their values, not of their letters."""
    for own in ("", "1", "12", "123"):
        text = write_track(track, CardNumber(PAN), name="HONG/GIL", discretionary=own).encode()

        swapped = StandIns().text(text).decode()

        assert PAN not in swapped and len(swapped) == len(text)
        assert swapped[-1] == lrc(swapped[:-1], track)
