"""The virtual printer: status, engine, paper, drawer, voice, and every verb."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.control import Verb
from protocols.escpos.answers import Printed, encode_answer
from protocols.escpos.codes import (
    CutKind,
    DrawerPin,
    IdentityQuestion,
    RealtimeQuestion,
    Recovery,
    StatusGroup,
    StatusQuestion,
)
from protocols.escpos.commands import (
    AskIdentity,
    AskPrinted,
    AskRealtime,
    AskStatus,
    ClearBuffers,
    Command,
    Cut,
    FeedLines,
    KickDrawer,
    KickNow,
    LineFeed,
    PrintText,
    Recover,
    SetStatusBack,
)
from protocols.escpos.encode import KOREAN, encode, encode_all
from protocols.escpos.status import Cover, Cutter, Online, Paper, status_from_back, with_realtime
from receipts.fonts import load_typeface
from sim.hosting.hosted import WIRE_VERBS
from sim.line_display import LineDisplayTwin
from sim.printer import BUFFER_BYTES, PrinterTwin
from sim.printer_verbs import VERBS
from sim.scanner import ScannerTwin
from sim.twin import Paper as PaperTwin
from sim.twin import Twin, VerbError

TYPEFACE = load_typeface()
S = 1_000_000_000
LATER = 10_000 * S


def printer(**options: bool | int) -> PrinterTwin:
    return PrinterTwin(TYPEFACE, **options)  # type: ignore[arg-type]


def lines(*texts: str) -> list[Command]:
    return [command for text in texts for command in (PrintText(text), LineFeed())]


def feed(twin: PrinterTwin, *commands: Command, now: int = 0) -> bytes:
    """Send commands, let everything happen, and return the answers."""
    twin.receive(encode_all(commands, KOREAN), now)
    twin.tick(LATER)
    return twin.outgoing()


def do(twin: PrinterTwin, name: str, now: int = LATER, **arguments: str) -> None:
    twin.do(Verb(verb=name, arguments=arguments), now)


def test_is_a_twin_with_paper() -> None:
    assert isinstance(printer(), Twin)
    assert isinstance(printer(), PaperTwin)


def test_prints_hangul_lines_in_order() -> None:
    twin = printer()
    feed(twin, *lines("서울우유 1L", "합계 ₩2,980"))

    assert twin.paper_text() == "서울우유 1L\n합계 ₩2,980\n"


def test_line_comes_out_at_the_speed_of_the_paper_and_not_before() -> None:
    twin = printer()
    twin.receive(encode_all(lines("A", "B"), KOREAN), 0)
    due = twin.deadline_ns
    assert due == 30 * S // 1_200
    twin.tick(due - 1)
    assert twin.paper_text() == "A\n"
    twin.tick(due)
    assert twin.paper_text() == "A\nB\n"


def test_proof_comes_when_the_paper_is_there_and_not_before() -> None:
    twin = printer()
    twin.receive(encode_all([*lines("A", "B"), AskPrinted(b"job1")], KOREAN), 0)
    assert twin.outgoing() == b""
    twin.tick(2 * (30 * S // 1_200) - 1)
    assert twin.outgoing() == b""
    twin.tick(2 * (30 * S // 1_200))
    assert twin.outgoing() == encode_answer(Printed(b"job1"))


@pytest.mark.parametrize(
    ("verb", "undo", "asked", "part", "bad"),
    [
        ("open_cover", "close_cover", RealtimeQuestion.OFFLINE_CAUSE, "cover", Cover.OPEN),
        ("paper_out", "load_paper", RealtimeQuestion.PAPER, "paper", Paper.OUT),
        ("near_end", "load_paper", RealtimeQuestion.PAPER, "paper", Paper.NEAR_END),
    ],
)
def test_hands_change_what_it_says_of_itself(
    verb: str, undo: str, asked: RealtimeQuestion, part: str, bad: object
) -> None:
    twin = printer()
    before = twin.status
    do(twin, verb)
    [byte] = feed(twin, AskRealtime(asked), now=LATER)

    assert getattr(with_realtime(before, asked, byte), part) is bad
    do(twin, undo)
    assert twin.status == before


def test_status_is_told_by_itself_only_when_asked_for_and_of_the_groups_asked_for() -> None:
    twin = printer()
    do(twin, "open_cover")
    do(twin, "close_cover")
    assert twin.outgoing() == b""

    [*first] = feed(twin, SetStatusBack(StatusGroup.PAPER))
    assert status_from_back(bytes(first)) == twin.status
    do(twin, "open_drawer")
    assert twin.outgoing() == b""
    do(twin, "paper_out")
    assert status_from_back(twin.outgoing()).paper is Paper.OUT


def test_offline_it_answers_in_real_time_and_prints_nothing() -> None:
    twin = printer()
    do(twin, "open_cover", 0)
    twin.receive(
        encode_all(lines("later"), KOREAN) + encode(AskRealtime(RealtimeQuestion.PRINTER)), 1
    )
    twin.tick(LATER)

    assert with_realtime(twin.status, RealtimeQuestion.PRINTER, twin.outgoing()[0]).online is (
        Online.OFFLINE
    )
    assert twin.paper_text() == ""
    do(twin, "close_cover")
    twin.tick(2 * LATER)
    assert twin.paper_text() == "later\n"


def test_paper_that_ends_in_the_middle_shows_the_torn_edge_and_goes_on_when_loaded() -> None:
    twin = printer(paper_dots=60)
    feed(twin, *lines("one", "two", "three"))
    assert twin.paper_text() == "one\ntwo\n~ ~ ~ ~ end of paper ~ ~ ~ ~\n"
    assert twin.status.online is Online.OFFLINE

    do(twin, "load_paper")
    twin.tick(2 * LATER)
    assert twin.paper_text().endswith("paper ~ ~ ~ ~\nthree\n")


def test_cutter_jams_at_its_next_cut_and_cuts_once_when_cleared() -> None:
    twin = printer()
    do(twin, "jam_cutter", 0)
    assert twin.status.cutter is Cutter.OK
    feed(twin, *lines("A"), Cut(kind=CutKind.PARTIAL), *lines("B"))
    assert twin.status.cutter is Cutter.JAMMED
    assert "B" not in twin.paper_text()
    twin.receive(encode(Recover(Recovery.RESTART_LINE)), LATER)
    assert twin.status.cutter is Cutter.JAMMED

    do(twin, "clear_cutter")
    twin.tick(2 * LATER)
    assert twin.roll.cuts == 1
    assert twin.paper_text().index("8<") < twin.paper_text().index("B")


def test_cleared_buffers_print_nothing_more() -> None:
    twin = printer()
    do(twin, "open_cover", 0)
    feed(twin, *lines("old"), ClearBuffers())
    do(twin, "close_cover")
    feed(twin, *lines("new"), now=LATER)

    assert twin.paper_text() == "new\n"


def test_overheated_head_recovers_in_real_time() -> None:
    twin = printer()
    do(twin, "overheat", 0)
    feed(twin, *lines("hot"))
    assert twin.paper_text() == ""
    twin.receive(encode(Recover(Recovery.RESTART_LINE)), LATER)
    twin.tick(2 * LATER)

    assert twin.paper_text() == "hot\n"


@pytest.mark.parametrize(
    "pulse",
    [
        KickDrawer(pin=DrawerPin.TWO, on_ms=100, off_ms=200),
        KickNow(pin=DrawerPin.TWO, on_ms=100),
    ],
    ids=["ESC p", "DLE DC4"],
)
def test_drawer_springs_open_jams_and_is_stiff(pulse: Command) -> None:
    twin = printer()
    feed(twin, pulse)
    assert twin.state()["drawer"] == "open"
    do(twin, "close_drawer")
    do(twin, "jam_drawer")
    feed(twin, pulse, now=LATER)
    assert twin.state()["drawer"] == "closed"
    do(twin, "free_drawer")
    do(twin, "close_drawer")
    do(twin, "stiffen_drawer", pulses="2")
    feed(twin, pulse, now=LATER)
    assert twin.state()["drawer"] == "closed"
    feed(twin, pulse, now=LATER)
    assert twin.state()["drawer"] == "open"
    assert twin.state()["pulses"] == 4


def test_buffered_questions_are_answered_in_their_turn() -> None:
    twin = printer()
    do(twin, "open_drawer", 0)
    do(twin, "near_end", 0)
    answers = feed(
        twin,
        AskStatus(StatusQuestion.PAPER),
        AskStatus(StatusQuestion.DRAWER),
        AskIdentity(IdentityQuestion.MODEL),
    )

    assert answers == b"\x03\x01_IM-T80K\x00"


def test_muted_late_and_garbled_answers() -> None:
    twin = printer()
    ask = encode(AskRealtime(RealtimeQuestion.PRINTER))
    do(twin, "silence_answers", 0)
    twin.receive(ask, 0)
    assert twin.outgoing() == b"" and twin.deadline_ns is None
    do(twin, "restore_answers", 0)
    do(twin, "delay_answers", 0, ms="250")
    twin.receive(ask, 0)
    twin.tick(250_000_000 - 1)
    assert twin.outgoing() == b""
    twin.tick(250_000_000)
    assert twin.outgoing() == b"\x12"
    do(twin, "delay_answers", S, ms="0")
    do(twin, "garble_answers", S)
    twin.receive(ask, S)
    assert twin.outgoing() not in (b"", b"\x12")
    do(twin, "restore_answers", S)
    do(twin, "babble", S, bytes="33")
    assert len(twin.outgoing()) == 33


def test_switched_off_it_hears_nothing_loses_its_buffer_and_forgets_asb() -> None:
    twin = printer()
    feed(twin, SetStatusBack(StatusGroup.ALL), *lines("before"))
    do(twin, "open_cover")
    twin.outgoing()
    feed(twin, *lines("lost"), now=LATER)
    do(twin, "switch_off")
    feed(twin, *lines("unheard"), now=LATER)
    do(twin, "switch_on")
    do(twin, "close_cover")
    twin.tick(2 * LATER)

    assert twin.outgoing() == b""
    assert twin.paper_text() == "before\n"


def test_full_buffer_holds_off_and_too_much_is_lost_and_said() -> None:
    twin = printer(buffer_bytes=100, xon_xoff=True)
    do(twin, "open_cover", 0)
    twin.receive(b"x" * 76, 0)
    assert twin.outgoing() == b"\x13"
    twin.receive(b"x" * 30, 0)
    assert twin.state()["overrun_bytes"] == 6
    do(twin, "close_cover")
    assert twin.outgoing() == b"\x11"


def test_printer_of_fewer_talents_ignores_what_it_does_not_know() -> None:
    twin = printer(print_done=False, status_back=False, realtime_kick=False)
    answers = feed(
        twin,
        SetStatusBack(StatusGroup.ALL),
        KickNow(pin=DrawerPin.TWO, on_ms=100),
        *lines("A"),
        AskPrinted(b"job1"),
    )

    assert answers == b""
    assert twin.state()["drawer"] == "closed"
    assert twin.paper_text() == "A\n"


@pytest.mark.parametrize("help_", VERBS, ids=lambda help_: help_.name)
def test_every_verb_does_something_and_is_on_record(help_: object) -> None:
    twin = printer()
    arguments = dict.fromkeys(help_.arguments, "2")
    do(twin, help_.name, **arguments)

    assert twin.history[0].what == help_.name
    assert set(twin.state()) >= {"paper", "cover", "drawer", "online"}


def test_no_verb_hides_behind_one_of_the_wire() -> None:
    twins: list[Twin] = [printer(), LineDisplayTwin(), ScannerTwin()]
    of_wire = {help_.name for help_ in WIRE_VERBS}

    for twin in twins:
        names = [help_.name for help_ in twin.verbs()]
        assert len(names) == len(set(names))
        assert not of_wire & set(names)


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (Verb(verb="explode"), "no verb 'explode'"),
        (Verb(verb="delay_answers"), "it takes ms"),
        (Verb(verb="delay_answers", arguments={"ms": "soon"}), "0 to 60000"),
        (Verb(verb="delay_answers", arguments={"ms": "60001"}), "0 to 60000"),
        (Verb(verb="stiffen_drawer", arguments={"pulses": "0"}), "1 to 9"),
        (Verb(verb="silence_answers", arguments={"x": "1"}), "it takes none"),
    ],
)
def test_wrong_verbs_say_what_is_right(verb: Verb, words: str) -> None:
    with pytest.raises(VerbError, match=words):
        printer().do(verb, 0)


STREAM = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from(
            [
                encode_all(lines("한글", "x"), KOREAN),
                encode(Cut(kind=CutKind.FULL, feed_dots=0)),
                encode(FeedLines(3)),
                encode(AskPrinted(b"abcd")),
                encode(AskRealtime(RealtimeQuestion.PAPER)),
                encode(SetStatusBack(StatusGroup.ALL)),
            ]
        ),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(STREAM)
def test_byte_at_a_time_prints_and_answers_the_same(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    slow, fast = printer(), printer()
    for byte in data:
        slow.receive(bytes([byte]), 0)
    fast.receive(data, 0)
    slow.tick(LATER)
    fast.tick(LATER)

    assert slow.paper_text() == fast.paper_text()
    assert slow.paper_png() == fast.paper_png()
    assert sorted(slow.outgoing()) == sorted(fast.outgoing())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_leave_a_printer_that_prints_on(data: bytes) -> None:
    """Method: garbage, then DLE DC4 8 and ESC @, as the driver does after a torn job."""
    twin = printer()
    twin.receive(data, 0)
    twin.tick(LATER)
    for undo in ("close_cover", "load_paper"):
        do(twin, undo)
    twin.receive(encode(ClearBuffers()), LATER)
    feed(twin, *lines("after"), now=LATER)
    twin.tick(2 * LATER)

    assert twin.paper_text().splitlines()[-1].endswith("after")
    assert len(twin.state()) > 5


def png_rows(data: bytes) -> list[bytes]:
    """Unpack a one-bit PNG without the library that made it."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    start = data.index(b"IDAT") + 4
    size = struct.unpack(">I", data[start - 8 : start - 4])[0]
    raw = zlib.decompress(data[start : start + size])
    step = 1 + (width + 7) // 8
    assert len(raw) == step * height
    return [raw[at + 1 : at + step] for at in range(0, len(raw), step)]


def test_picture_has_a_row_a_dot_and_shows_the_glyphs_of_the_rom() -> None:
    twin = printer()
    feed(twin, *lines("가"))

    rows = png_rows(twin.paper_png())
    assert len(rows) == 30
    drawn = [int.from_bytes(row[2:5], "big") ^ 0xFFFFFF for row in rows[:24]]
    assert drawn == list(TYPEFACE.rows("가"))


def test_picture_of_a_new_printer_is_a_white_row() -> None:
    assert png_rows(printer().paper_png()) == [b"\xff" * 76]


def test_buffer_is_as_large_as_said() -> None:
    twin = printer()
    do(twin, "open_cover", 0)
    twin.receive(b"x" * (BUFFER_BYTES + 1), 0)

    assert twin.state()["buffered_bytes"] == BUFFER_BYTES
    assert twin.state()["overrun_bytes"] == 1
