"""The virtual customer display: cells, cursor, scrolling, string mode, power."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.control import Verb
from protocols.line_display.cells import encode_text, width
from protocols.line_display.commands import (
    Clear,
    ClearLine,
    Command,
    Move,
    MoveTo,
    Overflow,
    Row,
    ScrollLine,
    SetOverflow,
    Step,
    Text,
    Window,
    WriteLine,
    encode,
)
from sim.line_display import SCROLL_STEP_NS, LineDisplayTwin
from sim.twin import Twin, VerbError


def shown(*commands: Command) -> tuple[str, str]:
    """Return what a new display shows after these commands."""
    twin = LineDisplayTwin()
    twin.receive(b"".join(encode(command) for command in commands), 0)
    return twin.rows


def typed(text: str) -> list[Command]:
    return [Text(character) for character in text]


def test_is_a_twin() -> None:
    assert isinstance(LineDisplayTwin(), Twin)


def test_text_runs_from_the_upper_into_the_lower_line_and_back() -> None:
    upper, lower = shown(*typed("a" * 20 + "b" * 20 + "c"))

    assert upper == "c" + "a" * 19
    assert lower == "b" * 20


def test_hangul_fills_two_cells_and_half_of_it_overwritten_is_gone() -> None:
    upper, _ = shown(*typed("한글x"), MoveTo(2, 1), Text("!"))

    assert upper == " !글x" + " " * 15
    assert shown(*typed("한글"), MoveTo(3, 1), Text("!"))[0].startswith("한! ")


def test_wide_character_that_does_not_fit_goes_to_the_next_line() -> None:
    assert shown(MoveTo(20, 1), Text("한")) == (" " * 20, "한" + " " * 18)


def test_vertical_scroll_moves_the_lower_line_up() -> None:
    commands = [SetOverflow(Overflow.SCROLL_UP), *typed("a" * 20 + "b" * 20 + "c")]

    assert shown(*commands) == ("b" * 20, "c" + " " * 19)


def test_horizontal_scroll_keeps_the_newest_characters() -> None:
    along = SetOverflow(Overflow.SCROLL_ALONG)

    assert shown(along, *typed("abcdefghijklmnopqrstuvwxyz"))[0] == "ghijklmnopqrstuvwxyz"
    assert shown(along, *typed("x" * 19 + "한"))[0] == "x" * 18 + "한"


def test_horizontal_scroll_stays_in_its_window() -> None:
    along = [SetOverflow(Overflow.SCROLL_ALONG), Window(1, 3, 6, 1)]

    assert shown(*typed("<<>>>>>>"), *along, MoveTo(3, 1), *typed("abcdef"))[0].startswith(
        "<<cdef>>"
    )


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([Step.RIGHT, Step.RIGHT], ("  !", "")),
        ([Step.LEFT], ("", " " * 19 + "!")),
        ([Step.DOWN], ("", "!")),
        ([Step.UP], ("", "!")),
        ([Step.LINE_END], (" " * 19 + "!", "")),
        ([Step.BOTTOM], ("", " " * 19 + "!")),
        ([Step.BOTTOM, Step.HOME], ("!", "")),
        ([Step.BOTTOM, Step.LINE_START], ("", "!")),
        ([Step.BOTTOM, Step.RIGHT], ("!", "")),
    ],
)
def test_cursor_moves(steps: list[Step], expected: tuple[str, str]) -> None:
    upper, lower = shown(*(Move(step) for step in steps), Text("!"))

    assert (upper.rstrip(), lower.rstrip()) == expected


def test_cancel_clears_its_line_only() -> None:
    commands = [WriteLine(Row.UPPER, "up"), WriteLine(Row.LOWER, "low"), ClearLine(), Text("x")]

    assert [row.rstrip() for row in shown(*commands)] == ["up", "x"]


def test_running_text_moves_a_cell_each_step_and_not_before() -> None:
    twin = LineDisplayTwin()
    twin.receive(encode(ScrollLine("가나다라마바사아자차카타")), 0)

    assert twin.rows[0] == "가나다라마바사아자차"
    twin.tick(SCROLL_STEP_NS - 1)
    assert twin.rows[0].startswith("가")
    twin.tick(SCROLL_STEP_NS)
    assert twin.rows[0] == "나다라마바사아자차카"
    twin.receive(encode(WriteLine(Row.UPPER, "stop")), SCROLL_STEP_NS)
    assert twin.deadline_ns is None
    assert twin.rows[0].rstrip() == "stop"


def test_string_mode_is_shown_to_the_tester() -> None:
    twin = LineDisplayTwin()
    twin.receive(encode(WriteLine(Row.UPPER, "mode")) + b"\x1b@plain", 0)

    assert twin.state()["string_mode"] is True
    assert twin.rows[0].rstrip() == "mode"
    assert twin.state()["ignored_bytes"] == 7
    twin.receive(encode(Clear()) + b"plain", 0)
    assert twin.rows[0].rstrip() == "plain"


def test_bytes_for_the_printer_behind_are_handed_over() -> None:
    twin = LineDisplayTwin()
    twin.receive(b"A\x1b=\x01receipt\x1b=\x02B", 0)

    assert twin.passed_on() == b"receipt"
    assert twin.passed_on() == b""
    assert twin.rows[0].rstrip() == "AB"


def test_switched_off_it_shows_and_hears_nothing_and_comes_back_empty() -> None:
    twin = LineDisplayTwin()
    twin.receive(b"lost", 0)
    twin.do(Verb(verb="switch_off"), 1)
    twin.receive(b"unheard", 2)
    assert twin.rows == ("", "")

    twin.do(Verb(verb="switch_on"), 3)
    assert twin.rows == (" " * 20, " " * 20)
    assert [event.what for event in twin.history] == ["shown", "switched_off", "switched_on"]


def test_unknown_verb_names_what_there_is() -> None:
    with pytest.raises(VerbError, match="switch_off, switch_on"):
        LineDisplayTwin().do(Verb(verb="explode"), 0)


@given(st.binary(max_size=400))
def test_any_bytes_leave_two_lines_of_twenty_cells(data: bytes) -> None:
    twin = LineDisplayTwin()
    twin.receive(data, 0)
    twin.tick(10 * SCROLL_STEP_NS)

    for row in twin.rows:
        assert sum(width(character) for character in row) == 20
        assert len(encode_text(row)) == 20
