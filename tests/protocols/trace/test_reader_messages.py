"""A hybrid reader's line in a trace: told in words, and nothing secret left, whatever pieces it arrives in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.hybrid_reader import RESET, Control, Decoder, Text, frame, say
from protocols.hybrid_words import APDU_T0, APDU_T1, COLD_RESET, READ, STATUS
from protocols.magnetic_stripe import Track, read_track
from protocols.secure_pin import pin_block
from protocols.tlv import encode_tlv
from protocols.trace.reader_messages import ReaderSwap
from protocols.trace.reader_words import ReaderTeller
from protocols.trace.stand_ins import StandIns, is_pan

PAN = "4761739001010119"
PIN = "902716"
VERIFY = bytes.fromhex("0020008008") + pin_block(PIN)
TRACK_2 = f";{PAN}=28122011234567890?".encode()
TRACK_1 = f"%B{PAN}^KIM/YEONGHUI^2812201123456789?".encode()
RECORD = encode_tlv(0x70, encode_tlv(0x5A, bytes.fromhex(PAN))) + b"\x90\x00"


def told(*texts: bytes) -> list[bytes]:
    """Return what a recording has of texts."""
    pieces = ReaderSwap(StandIns()).take(0, b"".join(map(frame, texts)))
    found = Decoder().receive(b"".join(data for _, data in pieces), 0)
    assert all(isinstance(each, Text) for each in found), "each is whole, with a check that fits"
    return [each.data for each in found if isinstance(each, Text)]


@pytest.mark.parametrize("word", [APDU_T0, APDU_T1])
def test_no_digit_of_a_pin_that_a_chip_is_told_is_left(word: bytes) -> None:
    [text] = told(word + VERIFY)
    assert text == word + VERIFY[:5] + pin_block("123412")
    assert pin_block(PIN)[1:4] not in text


def test_a_number_that_a_chip_tells_is_anothers() -> None:
    [text] = told(b"PF120" + RECORD)
    number = text[len(b"PF120") + 4 : -2].hex()
    assert is_pan(number) and number != PAN and number[:6] == PAN[:6]
    assert told(b"PC211\x3b\x80\x01", b"N6144", b"P1002") == [
        b"PC211\x3b\x80\x01",
        b"N6144",
        b"P1002",
    ]


@pytest.mark.parametrize(("code", "track"), [(b"61", TRACK_1), (b"62", TRACK_2)])
def test_a_track_is_a_stand_ins(code: bytes, track: bytes) -> None:
    [text] = told(b"P" + code + b"02" + track)
    swapped = text[5:].decode()
    read = read_track(swapped, Track.ONE if code == b"61" else Track.TWO)
    assert is_pan(read.number.reveal()) and read.number.reveal() != PAN
    assert len(swapped) == len(track) and "KIM" not in swapped


@pytest.mark.parametrize(
    "track", [TRACK_2[:-1], f";{PAN}=28?".encode(), b";" + PAN.encode(), TRACK_1[:40]]
)
def test_what_is_no_whole_track_is_zeros(track: bytes) -> None:
    [text] = told(b"P6202" + track)
    assert set(text[5:]) <= set(b"0;%=^?/"), "digits and letters are gone"


@pytest.mark.parametrize("text", [b"C72" + TRACK_2, b"P7202" + TRACK_2, b"X99" + VERIFY, TRACK_2])
def test_words_that_we_do_not_know_carry_nothing(text: bytes) -> None:
    [swapped] = told(text)
    assert swapped[:3] == text[:3] and set(swapped[3:]) <= {0}


def test_noise_and_broken_texts_are_zeros_and_what_is_around_them_stays() -> None:
    broken = frame(APDU_T1 + VERIFY)[:-1] + b"\xff"
    stream = frame(STATUS) + TRACK_2 + say(Control.ACK) + broken + frame(RESET)
    [(_, data)] = ReaderSwap(StandIns()).take(0, stream)
    assert len(data) == len(stream)
    assert data == (
        frame(STATUS) + bytes(len(TRACK_2)) + say(Control.ACK) + bytes(len(broken)) + frame(RESET)
    )


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
@settings(deadline=None)
def test_in_pieces_of_any_size(cuts: list[int]) -> None:
    texts = (RESET, APDU_T1 + VERIFY, b"PF120" + RECORD, b"P6202" + TRACK_2)
    stream = b"".join((*map(frame, texts), say(Control.ENQ), TRACK_2, say(Control.NAK)))
    whole = b"".join(data for _, data in ReaderSwap(StandIns()).take(0, stream))
    swap, said, start = ReaderSwap(StandIns()), b"", 0
    for index in range(len(stream) + 1):
        size = cuts[index % len(cuts)]
        said += b"".join(data for _, data in swap.take(0, stream[start : start + size]))
        start += size
    assert said == whole and swap.flush() == []


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_garbage_never_fails_and_is_told_as_nothing_that_was_in_it(data: bytes) -> None:
    said = b"".join(piece for _, piece in ReaderSwap(StandIns()).take(0, data))
    assert len(said) <= len(data) + 2 * data.count(0x10)
    teller = ReaderTeller()
    assert all(isinstance(words, str) for words in (*teller.to(data, 0), *teller.come(data, 0)))


def test_words() -> None:
    teller = ReaderTeller()
    commands = (RESET, STATUS, COLD_RESET, APDU_T1 + VERIFY, READ[Track.TWO], b"C99")
    asked = b"".join((*map(frame, commands), say(Control.ENQ)))
    assert list(teller.to(asked, 0)) == [
        "reset",
        "where is the card",
        "power the chip",
        "chip: VERIFY 00 80, 8 bytes",
        "read track 2",
        "no command: 43 39 39",
        "ENQ: do it, or say it again",
    ]
    answers = (b"P0000", b"N1014", b"PF120\x90\x00", b"P6202" + TRACK_2, b"N0177", b"P")
    said = b"".join((say(Control.ACK), *map(frame, answers), b"\x10\x02C\x10\x03\x00"))
    assert list(teller.come(said, 0)) == [
        "ACK: heard",
        "no card",
        "not done: drawn out",
        "chip: 9000 done",
        "track 2: card 476173******0119",
        "not done: 37 37",
        "no answer: 50",
        "broken: its check is wrong",
    ]
