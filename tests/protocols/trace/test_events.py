"""The file of a trace: every event comes back; what is no trace is refused with its line."""

import pytest

from protocols.trace.events import (
    Answer,
    Atr,
    Bytes,
    Card,
    CardState,
    Channel,
    Command,
    Direction,
    Header,
    Line,
    Link,
    LinkState,
    Mark,
    PinEntry,
    Request,
    Response,
    TraceError,
    Words,
    decode_event,
    encode_event,
    encode_header,
    read_trace,
)

HEADER = Header(wall_ns=1_767_225_600_000_000_000, program="test")
TTY, CARD, NET = "tty:printer", "card:customer", "net:broker"
EVERY = (
    Channel(at_ns=0, channel=TTY, protocol="escpos", link="pty", line="9600 8N1"),
    Bytes(at_ns=1, channel=TTY, direction=Direction.TO, data=b"\x1b@\x00\xff"),
    Line(at_ns=2, channel=TTY, settings="9600 8N1", up=["DTR", "RTS"]),
    Words(at_ns=3, channel=TTY, direction=Direction.FROM, data=b"\xff\xfb\x2c"),
    Link(at_ns=4, channel=TTY, state=LinkState.PULLED),
    Card(at_ns=5, channel=CARD, state=CardState.INSERTED, name="alice"),
    Atr(at_ns=6, channel=CARD, data=b"\x3b\x00"),
    Command(at_ns=7, channel=CARD, data=b"\x00\xa4\x04\x00"),
    Response(at_ns=8, channel=CARD, data=b""),
    PinEntry(at_ns=9, channel=CARD, data=b"\x1e"),
    Request(at_ns=10, channel=NET, number=1, method="GET", path="/v1/health"),
    Answer(at_ns=11, channel=NET, number=1, status=200, content_type="text/plain", data=b"ok"),
    Mark(at_ns=12, channel="", text="용지 없음"),
)


def lines(*events):
    return [encode_header(HEADER), *map(encode_event, events)]


@pytest.mark.parametrize("event", EVERY, ids=lambda event: type(event).__name__)
def test_every_event_comes_back_from_its_line(event):
    line = encode_event(event)

    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert decode_event(line) == event


def test_a_trace_is_read_in_the_order_of_time_and_knows_its_channels():
    trace = read_trace(lines(EVERY[0], EVERY[4], EVERY[1], EVERY[2]))

    assert trace.header == HEADER
    assert [event.at_ns for event in trace.events] == [0, 1, 2, 4]
    assert trace.channels() == {TTY: EVERY[0]}


def test_data_is_hexadecimal_so_that_a_file_can_be_searched_by_hand():
    assert b'"data":"1b4000ff"' in encode_event(EVERY[1])


def test_what_a_killed_bench_left_is_read_up_to_its_last_whole_line():
    whole = lines(*EVERY)
    for size in range(len(whole[-1])):
        assert len(read_trace([*whole[:-1], whole[-1][:size]]).events) == len(EVERY) - 1
    assert len(read_trace(whole).events) == len(EVERY)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"\n", "line 3"),
        (b"[]\n", "line 3"),
        (b'{"kind":"zap","at_ns":0,"channel":"x"}\n', "zap"),
        (b'{"kind":"mark","at_ns":"0","channel":"x","text":""}\n', "at_ns"),
        (b'{"kind":"atr","at_ns":0,"channel":"x","data":"0"}\n', "hexadecimal"),
        (b'{"kind":"atr","at_ns":0,"channel":"x","data":7}\n', "hexadecimal"),
        (b'{"kind":"atr","at_ns":0,"channel":"x"}\n', "data"),
        (b"\xff\xfe\n", "line 3"),
        (b"[" * 100_000 + b"\n", "line 3"),
    ],
)
def test_a_wrong_line_is_named(line, says):
    with pytest.raises(TraceError, match="line 3") as wrong:
        read_trace([*lines(EVERY[0]), line])
    assert says in str(wrong.value)


@pytest.mark.parametrize("first", [b"", b"\n", b"{}\n", b'{"kind":"mark"}\n', b"\x1f\x8b\n", b"[]"])
def test_another_file_is_no_trace(first):
    with pytest.raises(TraceError, match="line 1: this is no trace"):
        read_trace([first])


def test_a_trace_of_a_later_version_is_refused():
    with pytest.raises(TraceError, match="version 2; version 1 is read here"):
        read_trace([encode_header(Header(trace=2, wall_ns=0, program=""))])
