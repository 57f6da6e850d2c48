"""Framing of serial scanners: what one end frames the other reads, and a torn code is never glued."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.barcode import CODE_CHARACTERS_MAX
from protocols.scanner import GAP_MAX_NS, Ending, Noise, ScanEvent, ScanFramer, Scanned, frame

TERMINATED = [ending for ending in Ending if ending is not Ending.SILENCE]
CODES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)


@pytest.mark.parametrize("ending", TERMINATED)
def test_framed_code_is_read_back(ending: Ending) -> None:
    framer = ScanFramer(ending)

    events = framer.receive(frame("]E08801234567893", ending) * 2, 0)

    assert events == [Scanned("]E08801234567893")] * 2
    assert framer.deadline_ns is None


@given(st.lists(CODES, max_size=5), st.sampled_from(TERMINATED))
def test_byte_at_a_time_equals_all_at_once(codes: list[str], ending: Ending) -> None:
    stream = b"".join(frame(code, ending) for code in codes)
    slow, fast = ScanFramer(ending), ScanFramer(ending)

    piecewise = [event for byte in stream for event in slow.receive(bytes([byte]), 0)]

    assert piecewise == fast.receive(stream, 0) == [Scanned(code) for code in codes]


def test_silence_ends_a_code_exactly_at_the_deadline_and_not_before() -> None:
    framer = ScanFramer(Ending.SILENCE)
    assert framer.receive(b"880", 0) == []
    assert framer.receive(b"123", 7) == []

    assert framer.deadline_ns == 7 + GAP_MAX_NS
    assert framer.tick(6 + GAP_MAX_NS) == []
    assert framer.tick(7 + GAP_MAX_NS) == [Scanned("880123")]
    assert framer.deadline_ns is None


def test_torn_code_is_noise_and_not_glued_to_the_next() -> None:
    """Goal: the first half of one code and a whole other one never make a third."""
    framer = ScanFramer()
    framer.receive(b"88012", 0)

    events = framer.receive(b"96385074\r", GAP_MAX_NS)

    assert events == [Noise(5, "the code stopped in the middle"), Scanned("96385074")]


def test_second_half_in_time_is_one_code() -> None:
    framer = ScanFramer()
    framer.receive(b"88012", 0)

    assert framer.receive(b"34\r", GAP_MAX_NS - 1) == [Scanned("8801234")]


def test_stx_begins_anew() -> None:
    events = ScanFramer(Ending.STX_ETX).receive(b"\x02880\x0296385074\x03", 0)

    assert events == [Noise(3, "a new code began in the middle"), Scanned("96385074")]


@pytest.mark.parametrize("garbage", [b"\x00\x81\xff\r", b"\x7f123\r", b"ab\x1bcd\r"])
def test_what_is_no_text_is_noise_and_the_next_code_is_read(garbage: bytes) -> None:
    events = ScanFramer().receive(garbage + b"96385074\r", 0)

    assert isinstance(events[0], Noise)
    assert events[0].size == len(garbage) - 1
    assert events[1:] == [Scanned("96385074")]


def test_longest_code_is_read_and_one_character_more_is_noise() -> None:
    longest = b"7" * CODE_CHARACTERS_MAX

    assert ScanFramer().receive(longest + b"\r", 0) == [Scanned(longest.decode())]
    events = ScanFramer().receive(longest + b"7\r1\r", 0)
    assert events == [
        Noise(CODE_CHARACTERS_MAX + 1, f"longer than {CODE_CHARACTERS_MAX} characters"),
        Scanned("1"),
    ]


def test_endless_line_takes_no_memory_and_ends_as_noise() -> None:
    framer = ScanFramer()
    for _ in range(10):
        assert framer.receive(b"x" * 10_000, 0) == []

    assert framer.tick(GAP_MAX_NS) == [
        Noise(100_000, f"longer than {CODE_CHARACTERS_MAX} characters")
    ]


@given(st.binary(max_size=200), st.sampled_from(list(Ending)))
def test_any_bytes_give_codes_or_noise(data: bytes, ending: Ending) -> None:
    framer = ScanFramer(ending)
    events: list[ScanEvent] = framer.receive(data, 0)
    events += framer.tick(GAP_MAX_NS)

    assert framer.tick(10 * GAP_MAX_NS) == []
    assert all(
        event.raw.isprintable() or "\x1d" in event.raw or "\xad" in event.raw or "\xa0" in event.raw
        for event in events
        if isinstance(event, Scanned)
    )
