"""The wire of virtual cards: both ends, pieces of any size, garbage, and half frames.

The cross-check against stock vpcd is tests/contracts/test_card_channel.py.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.vpcd import (
    FRAME_GAP_NS,
    PAYLOAD_BYTES_MAX,
    Answer,
    AtrWanted,
    Broken,
    CardEnd,
    CommandArrived,
    Control,
    Framer,
    PinWanted,
    PoweredOff,
    PoweredOn,
    ReaderEnd,
    Unknown,
    WarmReset,
    frame,
)

SELECT = bytes.fromhex("00A404000AF049505350555253450100")
ATR = bytes.fromhex("3B880149505350555253 45 82".replace(" ", ""))


def test_reader_and_card_understand_each_other() -> None:
    """Pair: all that a reader says, in order, and the answers back."""
    reader, card = ReaderEnd(), CardEnd()
    reader.control(Control.ON)
    reader.control(Control.ATR)
    reader.command(SELECT)
    reader.enter_pin(b"structure")
    reader.control(Control.RESET)
    reader.control(Control.OFF)

    events = card.receive(reader.outgoing(), 0)
    card.answer(ATR)
    card.answer(b"\x90\x00")
    card.answer(b"")

    assert events == [
        PoweredOn(),
        AtrWanted(),
        CommandArrived(SELECT),
        PinWanted(b"structure"),
        WarmReset(),
        PoweredOff(),
    ]
    assert reader.receive(card.outgoing(), 0) == [Answer(ATR), Answer(b"\x90\x00"), Answer(b"")]
    assert reader.outgoing() == card.outgoing() == b""


@given(st.lists(st.binary(max_size=40), max_size=8), st.data())
@settings(max_examples=60)
def test_pieces_of_any_size_give_the_same_payloads(
    payloads: list[bytes], data: st.DataObject
) -> None:
    wire = b"".join(frame(payload) for payload in payloads)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=10)))
    framer = Framer()
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        got += framer.receive(wire[start:end], 0)

    assert got == payloads
    assert framer.deadline_ns is None


def test_byte_at_a_time_equals_all_at_once() -> None:
    wire = frame(b"\x04") + frame(SELECT) + frame(b"\x08") + frame(b"x" * 300) + frame(b"\x02")
    card = CardEnd()

    one_by_one = [event for byte in wire for event in card.receive(bytes([byte]), 0)]

    assert one_by_one == CardEnd().receive(wire, 0)


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\x05", b"\xff", b"ab", b"abc"])
def test_payload_without_meaning_is_skipped_and_the_next_understood(payload: bytes) -> None:
    wire = frame(payload) + frame(b"\x04")

    assert CardEnd().receive(wire, 0) == [Unknown(payload), AtrWanted()]


def test_longest_payload_passes() -> None:
    longest = b"\x00" * PAYLOAD_BYTES_MAX

    assert CardEnd().receive(frame(longest), 0) == [CommandArrived(longest)]


@pytest.mark.parametrize("half", [b"\x00", b"\x00\x05", b"\x00\x05\x00\xa4"])
def test_half_a_frame_is_given_up_at_the_deadline_and_not_before(half: bytes) -> None:
    card = CardEnd()
    assert card.receive(half, 1_000) == []

    assert card.deadline_ns == 1_000 + FRAME_GAP_NS
    assert card.tick(1_000 + FRAME_GAP_NS - 1) == []
    (broken,) = card.tick(1_000 + FRAME_GAP_NS)
    assert isinstance(broken, Broken)
    assert card.tick(1_000 + 2 * FRAME_GAP_NS) == [], "said once"
    assert card.receive(frame(b"\x04"), 1_000) == [], "nothing is read after a break"


def test_half_a_frame_that_grows_is_waited_for() -> None:
    framer = Framer()
    framer.receive(b"\x00\x02a", 0)
    framer.receive(b"", FRAME_GAP_NS - 1)

    assert framer.tick(FRAME_GAP_NS) is None
    assert framer.receive(b"b", FRAME_GAP_NS) == [b"ab"]


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_no_bytes_raise(garbage: bytes) -> None:
    card = CardEnd()
    card.receive(garbage, 0)
    card.tick(FRAME_GAP_NS)
    ReaderEnd().receive(garbage, 0)
