"""Messages out of a stream: byte at a time as all at once; garbage ends the line, never the program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.iso8583.framing import FrameReader, FramingError, Header, frame
from protocols.iso8583.message import MESSAGE_BYTES_MAX

BOTH = pytest.mark.parametrize("header", Header)
payloads = st.lists(st.binary(min_size=1, max_size=300), max_size=8)


@BOTH
@given(payloads=payloads, cuts=st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_in_pieces_of_any_size(header, payloads, cuts):
    stream = b"".join(frame(each, header) for each in payloads)
    whole, one, some = (FrameReader(header) for _ in range(3))
    got = [each for byte in stream for each in one.receive(bytes((byte,)))]
    pieces, start = [], 0
    for index in range(len(stream) + 1):
        size = cuts[index % len(cuts)]
        pieces += some.receive(stream[start : start + size])
        start += size
    assert whole.receive(stream) == got == pieces == payloads
    assert not whole.begun and not one.begun


@BOTH
def test_a_sign_of_life_is_passed_over(header):
    empty = bytes(2) if header is Header.BINARY else b"0000"
    assert FrameReader(header).receive(empty + frame(b"x", header) + empty) == [b"x"]


@BOTH
def test_the_longest_and_one_more(header):
    reader = FrameReader(header)
    assert reader.receive(frame(bytes(MESSAGE_BYTES_MAX), header)) == [bytes(MESSAGE_BYTES_MAX)]
    size = MESSAGE_BYTES_MAX + 1
    with pytest.raises(FramingError, match=str(size)):
        reader.receive(size.to_bytes(2) if header is Header.BINARY else f"{size}".encode())


def test_letters_are_no_length():
    with pytest.raises(FramingError, match="no length"):
        FrameReader(Header.DIGITS).receive(b"GET / HTTP")


@BOTH
@given(st.binary(max_size=200))
def test_garbage(header, data):
    reader = FrameReader(header)
    try:
        reader.receive(data)
    except FramingError:
        return
    assert reader.begun in (True, False)


def test_what_has_begun_is_told():
    reader = FrameReader(Header.BINARY)
    assert reader.receive(b"\0\5ab") == [] and reader.begun
    assert reader.receive(b"cde") == [b"abcde"] and not reader.begun
