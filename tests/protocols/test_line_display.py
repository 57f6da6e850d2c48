"""CD5220 displays: both ends against each other, string mode, the switch, Hangul cells, garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.line_display.cells import clip, decode_text, encode_text, width
from protocols.line_display.commands import (
    Brightness,
    Clear,
    ClearLine,
    Command,
    Country,
    Initialise,
    Move,
    MoveTo,
    Overflow,
    Peripheral,
    Row,
    ScrollLine,
    Select,
    SetOverflow,
    ShowCursor,
    Step,
    Text,
    Window,
    WriteLine,
    encode,
)
from protocols.line_display.decoder import Decoder, Heard, Ignored, PassedOn

PLAIN: list[Command] = [
    Clear(),
    ClearLine(),
    Initialise(),
    MoveTo(1, 1),
    MoveTo(20, 2),
    *(Move(step) for step in Step),
    *(SetOverflow(overflow) for overflow in Overflow),
    Window(1, 3, 18, 2),
    Brightness(1),
    Brightness(4),
    ShowCursor(0),
    ShowCursor(1),
    Country(0x41),
    Text("A"),
    Text("한"),
    Text("₩"),
]
LINES: list[Command] = [
    WriteLine(Row.UPPER, "합계      12,300원"),
    WriteLine(Row.LOWER, "거스름돈 ₩700"),
    ScrollLine("오늘의 특가 사과 다섯 개 3,900원"),
]


@pytest.mark.parametrize("command", PLAIN + LINES + [Select(p) for p in Peripheral], ids=str)
def test_every_command_is_heard_as_it_was_said(command: Command) -> None:
    assert Decoder().receive(encode(command)) == [command]


@given(st.lists(st.sampled_from(PLAIN + LINES), max_size=12), st.binary(max_size=20))
def test_byte_at_a_time_equals_all_at_once_with_garbage(said: list[Command], noise: bytes) -> None:
    stream = b"".join(encode(command) for command in said) + noise + encode(Clear())
    slow, fast = Decoder(), Decoder()

    piecewise = [heard for byte in stream for heard in slow.receive(bytes([byte]))]

    assert piecewise == fast.receive(stream)
    assert slow.string_mode == fast.string_mode


@pytest.mark.parametrize("command", PLAIN[2:], ids=str)
def test_string_mode_hears_nothing_but_strings_and_the_way_out(command: Command) -> None:
    """Goal: the gotcha of the real device. ESC @ and plain text change nothing until 0C or 18."""
    decoder = Decoder()
    decoder.receive(encode(LINES[0]))

    assert decoder.receive(encode(command)) == [Ignored(encode(command), "string mode")]
    assert decoder.receive(encode(LINES[1])) == [LINES[1]]


@pytest.mark.parametrize("way_out", [Clear(), ClearLine()], ids=str)
def test_clear_and_cancel_leave_string_mode(way_out: Command) -> None:
    decoder = Decoder()
    decoder.receive(encode(LINES[0]))

    assert decoder.receive(encode(way_out) + encode(Text("A"))) == [way_out, Text("A")]
    assert not decoder.string_mode


def test_clear_inside_an_unfinished_string_ends_it() -> None:
    assert Decoder().receive(b"\x1bQAhal\x0cB") == [Clear(), Text("B")]


def test_string_past_twenty_cells_is_cut_and_past_forty_when_it_scrolls() -> None:
    assert Decoder().receive(b"\x1bQA" + b"x" * 99 + b"\r") == [WriteLine(Row.UPPER, "x" * 20)]
    assert Decoder().receive(b"\x1bQD" + b"x" * 99 + b"\r") == [ScrollLine("x" * 40)]


def test_printer_behind_the_display_hears_what_is_meant_for_it() -> None:
    decoder = Decoder()

    heard = decoder.receive(b"\x1b=\x01ab\x1b@\x1b=\x03C\x1b=\x02D")

    assert heard == [
        Select(Peripheral.PRINTER),
        PassedOn(b"a"),
        PassedOn(b"b"),
        PassedOn(b"\x1b@"),
        Select(Peripheral.BOTH),
        Text("C"),
        PassedOn(b"C"),
        Select(Peripheral.DISPLAY),
        Text("D"),
    ]


def test_switch_works_in_string_mode_and_survives_a_double_escape() -> None:
    decoder = Decoder()
    decoder.receive(encode(LINES[0]))

    assert decoder.receive(b"\x1b\x1b=\x01x")[-2:] == [Select(Peripheral.PRINTER), PassedOn(b"x")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x1bZ", "no such command"),
        (b"\x1bQZ", "no such line"),
        (b"\x1bl\x00\x01", "argument out of range"),
        (b"\x1bl\x15\x01", "argument out of range"),
        (b"\x1bl\x01\x03", "argument out of range"),
        (b"\x1b[Z", "argument out of range"),
        (b"\x1b*\x05", "argument out of range"),
        (b"\x1b_\x02", "argument out of range"),
        (b"\x1bW\x01\x05\x04\x01", "argument out of range"),
        (b"\x1b=\x04", "no such peripheral"),
        (b"\x07", "no such control"),
    ],
)
def test_what_a_display_does_not_know_is_ignored_and_the_next_is_heard(
    data: bytes, why: str
) -> None:
    assert Decoder().receive(data + b"A") == [Ignored(data, why), Text("A")]


@given(st.binary(max_size=300))
def test_any_bytes_are_heard_without_fail_and_clear_restores(data: bytes) -> None:
    decoder = Decoder()
    decoder.receive(data)
    decoder.receive(b"\r" * 5 + b"\x1b=\x02" + b"\r" * 5)

    assert decoder.receive(encode(Clear()) + encode(Text("A")))[-1] == Text("A")


def test_ten_syllables_fill_a_line_and_the_eleventh_does_not_split() -> None:
    assert len(clip("가나다라마바사아자차카", 20)) == 20
    assert decode_text(clip("a가나다라마바사아자차", 20)) == "a가나다라마바사아자"
    assert clip("가나", 3) == "가".encode("cp949")


def test_decomposed_hangul_is_composed_and_unknown_characters_are_marked() -> None:
    assert encode_text("\u1112\u1161\u11ab") == "한".encode("cp949")
    assert encode_text("5€☃") == b"5" + "€".encode("cp949", "replace") + b"?"
    assert encode_text("₩￦\\") == b"\\\\\\"


def test_control_characters_in_a_name_never_become_commands() -> None:
    """Goal: an item named with ESC @ in it cannot speak to the display."""
    heard = Decoder().receive(encode(WriteLine(Row.UPPER, "A\x1b@\r\x0cB")))

    assert heard == [WriteLine(Row.UPPER, "A @  B")]


@given(st.text(max_size=30))
def test_encoding_keeps_the_cells_and_never_a_control(text: str) -> None:
    data = clip(text, 20)

    assert len(data) <= 20
    assert not any(byte < 0x20 or byte == 0x7F for byte in data)
    assert sum(width(character) for character in decode_text(data)) == len(data)


def heard_text(heard: list[Heard]) -> str:
    """Return the characters among what was heard."""
    return "".join(event.character for event in heard if isinstance(event, Text))


def test_hangul_split_over_two_deliveries_is_one_character() -> None:
    decoder, data = Decoder(), encode_text("한글")

    assert heard_text(decoder.receive(data[:1]) + decoder.receive(data[1:])) == "한글"


def test_lead_byte_without_a_trail_is_marked() -> None:
    assert heard_text(Decoder().receive(b"\xb0 A")) == "??A"
