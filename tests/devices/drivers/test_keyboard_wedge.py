"""Scans told from typing: timing, terminator, jamo, nothing ever dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.keyboard_wedge import CHARACTERS_MIN, GAP_NS, Ended, KeyboardWedge, Typed
from devices.scanner import Scan, Source, WedgeEvent
from protocols.barcode import CODE_CHARACTERS_MAX, Check

MS = 1_000_000
MILK = "8801234567893"


def press(wedge: KeyboardWedge, keys: str, gap_ns: int, start_ns: int = 0) -> list[WedgeEvent]:
    """Press keys, each a gap after the last."""
    events: list[WedgeEvent] = []
    for place, key in enumerate(keys):
        events += wedge.key(key, start_ns + place * gap_ns)
    return events


@pytest.mark.parametrize("gap_ms", [0, 1, 10, 34])
@pytest.mark.parametrize("end", ["\r", "\n", "\t"])
def test_fast_keys_and_an_end_are_a_scan(gap_ms: int, end: str) -> None:
    events = press(KeyboardWedge(), MILK + end, gap_ms * MS)

    [scan] = events
    assert isinstance(scan, Scan)
    assert (scan.barcode.text, scan.barcode.check) == (MILK, Check.GOOD)
    assert scan.source is Source.WEDGE


def test_gap_exactly_at_the_limit_is_typing_and_just_under_is_a_scan() -> None:
    typing = press(KeyboardWedge(), MILK + "\r", GAP_NS)
    scanning = press(KeyboardWedge(), MILK + "\r", GAP_NS - 1)

    assert typing == [*(Typed(digit) for digit in MILK), Ended("\r")]
    assert isinstance(scanning[0], Scan)


def test_typed_key_comes_out_at_its_deadline_and_not_before() -> None:
    wedge = KeyboardWedge()
    assert wedge.key("3", 100) == []

    assert wedge.deadline_ns == 100 + GAP_NS
    assert wedge.tick(99 + GAP_NS) == []
    assert wedge.tick(100 + GAP_NS) == [Typed("3")]
    assert wedge.deadline_ns is None


def test_double_zero_key_and_held_keys_are_never_dropped() -> None:
    """Goal: fast repeats are typing, all of it, in order."""
    wedge = KeyboardWedge()
    events = wedge.key("1", 0) + press(wedge, "00", MS, 200 * MS) + press(wedge, "00", MS, 300 * MS)
    events += wedge.tick(10_000 * MS)

    assert events == [Typed("1"), Typed("00"), Typed("00")]


def test_short_burst_with_enter_is_typed() -> None:
    short = "1" * (CHARACTERS_MIN - 1)

    assert press(KeyboardWedge(), short + "\r", MS) == [Typed(short), Ended("\r")]
    assert isinstance(press(KeyboardWedge(), short + "1\r", MS)[0], Scan)
    assert press(KeyboardWedge(), "\r", MS) == [Ended("\r")]


def test_another_key_gives_out_what_is_held_first() -> None:
    wedge = KeyboardWedge()
    press(wedge, "10000", MS)

    assert wedge.release() == [Typed("10000")]
    assert wedge.release() == []


def test_typed_prefix_then_a_scan_are_told_apart() -> None:
    wedge = KeyboardWedge()
    events = press(wedge, "3*", 120 * MS) + press(wedge, MILK + "\r", 2 * MS, 500 * MS)

    assert events[:2] == [Typed("3"), Typed("*")]
    assert isinstance(events[2], Scan)


def test_letters_typed_with_hangul_on_become_letters_again() -> None:
    [scan] = press(KeyboardWedge(), "ㄸㅡㅖ0042\r", MS)

    assert isinstance(scan, Scan)
    assert scan.barcode.text == "EmP0042"


def test_same_code_again_at_once_is_marked_and_not_swallowed() -> None:
    wedge = KeyboardWedge()
    events = press(wedge, (MILK + "\r") * 2, MS)

    first, second = events
    assert isinstance(first, Scan) and isinstance(second, Scan)
    assert first.again_after_ns is None
    assert second.again_after_ns == 14 * MS


def test_endless_burst_is_bounded_and_typed() -> None:
    wedge = KeyboardWedge()
    events = press(wedge, "x" * (CODE_CHARACTERS_MAX + 1), 0)

    assert events == [Typed("x" * CODE_CHARACTERS_MAX)]


@given(st.lists(st.tuples(st.sampled_from("0123456789*\r"), st.integers(0, 80 * MS)), max_size=60))
def test_every_key_comes_out_once_and_in_order(keys: list[tuple[str, int]]) -> None:
    wedge, now, events = KeyboardWedge(), 0, []
    for key, gap in keys:
        now += gap
        events += wedge.key(key, now)
    events += wedge.release()

    out = ""
    for event in events:
        match event:
            case Typed(text):
                out += text
            case Ended(key):
                out += key
            case Scan(barcode=barcode):
                out += barcode.text + "\r"
    assert out == "".join(key for key, _ in keys)
