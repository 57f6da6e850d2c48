"""TELNET framing and option negotiation: piecewise equals whole, bounded, no endless answering."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.telnet import (
    IAC,
    SB,
    SE,
    SUBNEGOTIATION_BYTES_MAX,
    Decoder,
    Malformed,
    Negotiation,
    Option,
    Side,
    State,
    Subnegotiation,
    Text,
    Will,
    Word,
    escape,
    subnegotiation,
)


def joined(items):
    """Join neighbouring texts, so that pieces compare with the whole."""
    result = []
    for item in items:
        if isinstance(item, Text) and result and isinstance(result[-1], Text):
            result[-1] = Text(result[-1].data + item.data)
        else:
            result.append(item)
    return result


@given(st.binary(max_size=300))
def test_data_survives_escaping_whatever_it_is(data):
    """Goal: what is escaped arrives as it was."""
    items = Decoder().receive(escape(data))

    assert items == ([Text(data)] if data else [])


@given(st.lists(st.sampled_from([0xFF, 0xFA, 0xF0, 0xFB, 0xFD, 0x2C, 0x41, 0x00]), max_size=60))
@settings(max_examples=300)
def test_byte_at_a_time_equals_all_at_once_even_for_nonsense(stream):
    """Goal: where the pieces are cut changes nothing, for the bytes that make the decoder turn."""
    data = bytes(stream)
    decoder = Decoder()

    pieces = [item for byte in data for item in decoder.receive(bytes((byte,)))]

    assert joined(pieces) == Decoder().receive(data)


@given(st.binary(max_size=80))
def test_payload_survives_framing(payload):
    """Goal: a subnegotiation with FF in it arrives as it was."""
    assert Decoder().receive(subnegotiation(44, payload)) == [Subnegotiation(44, payload)]


def test_payload_at_its_limit_arrives_and_one_byte_more_does_not():
    """Goal: SUBNEGOTIATION_BYTES_MAX holds exactly, and the stream goes on behind a long one."""
    head, tail = bytes((IAC, SB, 44)), bytes((IAC, SE))
    fits = b"x" * SUBNEGOTIATION_BYTES_MAX

    assert Decoder().receive(head + fits + tail) == [Subnegotiation(44, fits)]
    items = Decoder().receive(head + fits + b"x" * 1_000_000 + tail + b"on")
    assert [type(item) for item in items] == [Malformed, Text]
    assert items[1] == Text(b"on")


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (bytes((IAC, SE)), [Malformed]),
        (bytes((IAC, SB, IAC, SE)), [Malformed]),
        (bytes((IAC, SB, 44, 1, IAC, Will.DO, 0)) + b"on", [Malformed, Word, Text]),
        (bytes((IAC, 0xF1)) + b"on", [Text]),
        (bytes((IAC, 0x05)) + b"on", [Text]),
    ],
    ids=["end without beginning", "empty", "cut by a word", "no operation", "undefined"],
)
def test_garbage_is_named_and_the_stream_goes_on(stream, expected):
    """Goal: nothing that a peer sends stops the decoder."""
    assert [type(item) for item in Decoder().receive(stream)] == expected


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("word", list(Will))
@pytest.mark.parametrize("allowed", ["allowed", "not allowed"])
def test_every_cell_of_the_table(state, word, allowed):
    """Goal: each state answers each word as RFC 1143 says, for an option allowed and not."""
    side = Side.OURS if word in (Will.DO, Will.DONT) else Side.THEIRS
    key = (side, Option.ECHO)
    may = allowed == "allowed" or state is not State.NO
    negotiation = Negotiation(
        asks=[key] if state is not State.NO else [],
        allows=[key] if may and state is State.NO else [],
    )
    agree = Will.DO if side is Side.OURS else Will.WILL
    if state is State.YES:
        negotiation.receive(Word(agree, Option.ECHO))

    answer = negotiation.receive(Word(word, Option.ECHO))

    positive = word is agree
    ours_yes, ours_no = (
        (Will.WILL, Will.WONT) if side is Side.OURS else (Will.DO, Will.DONT)
    )  # fmt: skip
    expected = {
        (State.NO, True): bytes((IAC, ours_yes if may else ours_no, Option.ECHO)),
        (State.NO, False): b"",
        (State.YES, True): b"",
        (State.YES, False): bytes((IAC, ours_no, Option.ECHO)),
        (State.WANT, True): b"",
        (State.WANT, False): b"",
    }[state, positive]
    assert answer == expected
    after = State.YES if positive and may else State.NO
    assert negotiation.state(*key) is after


def test_two_ends_that_want_the_same_agree_and_fall_silent():
    """Goal: no answer is answered: the exchange ends after one word each."""
    wishes = [(Side.OURS, Option.BINARY), (Side.THEIRS, Option.BINARY)]
    left, right = Negotiation(asks=wishes, allows=[]), Negotiation(asks=wishes, allows=[])

    to_right = Decoder().receive(left.opening())
    to_left = Decoder().receive(right.opening())

    assert b"".join(right.receive(word) for word in to_right) == b""
    assert b"".join(left.receive(word) for word in to_left) == b""
    assert all(end.state(*wish) is State.YES for end in (left, right) for wish in wishes)
