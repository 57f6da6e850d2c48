"""The recorder: one clock, bounded, no secret; and its file, which never troubles a bench."""

import asyncio
import os
from pathlib import Path

import pytest

from protocols.control import Verb
from protocols.iso8583.framing import Header, frame
from protocols.iso8583.message import encode
from protocols.iso8583.specs import ASCII
from protocols.trace.events import Bytes, Channel, Direction, Mark, read_trace
from sim.clock import VirtualClock, run
from sim.recorder import EVENTS_KEPT, HOLD_NS, Recorder, UnknownProtocolError
from sim.trace_file import FLUSH_NS, TraceFile
from tests.support.iso8583 import ALL, PAN

S = 1_000_000_000
TTY = "tty:printer"


def read(file: Path):
    return read_trace(file.read_bytes().splitlines(keepends=True))


def recording(story):
    """Run a story with a recorder that has one channel."""

    async def told(clock, entropy):
        recorder = Recorder(clock=clock)
        recorder.channel(TTY, protocol="escpos", link="memory")
        return await story(recorder)

    return run(told)


def data_of(recorder):
    return [(each.at_ns, each.data) for each in recorder.events() if isinstance(each, Bytes)]


def test_time_counts_from_the_first_line_and_the_wall_clock_stands_there():
    async def story(recorder):
        await asyncio.sleep(3)
        recorder.stream(TTY, Direction.TO, b"\x1b@")
        return recorder.header.wall_ns, data_of(recorder)

    wall_ns, data = recording(story)

    assert wall_ns == 1_767_225_600 * S
    [(at_ns, what)] = data
    assert what == b"\x1b@" and 3 * S <= at_ns < 3 * S + 100


def test_an_unknown_protocol_is_refused_with_the_known_ones():
    async def story(recorder):
        with pytest.raises(UnknownProtocolError, match=r"tty:pad: ucs2.*escpos, cd5220"):
            recorder.channel("tty:pad", protocol="ucs2", link="pty")
        return recorder.events()

    assert [each.channel for each in recording(story)] == [TTY]


def test_a_number_in_two_pieces_is_replaced_and_each_piece_keeps_its_time():
    async def story(recorder):
        recorder.stream(TTY, Direction.TO, b"47617390")
        await asyncio.sleep(0.5)
        recorder.stream(TTY, Direction.TO, b"01010119\n")
        return data_of(recorder)

    [(first, one), (second, two)] = recording(story)

    assert one + two == b"4761730000000003\n"
    assert first < S // 2 <= second


def test_half_a_number_is_let_go_after_its_time_and_no_sooner():
    async def story(recorder):
        heard = []
        recorder.listen(heard.append)
        recorder.stream(TTY, Direction.TO, b"15000")
        await asyncio.sleep((HOLD_NS - 1_000) / S)
        before = len(heard)
        await asyncio.sleep(2_000 / S)
        return before, heard[1:]

    before, heard = recording(story)

    assert before == 1, "only the channel"
    assert [each.data for each in heard] == [b"15000"]


def test_each_direction_is_a_stream_of_its_own():
    async def story(recorder):
        recorder.stream(TTY, Direction.TO, b"47617390")
        recorder.stream(TTY, Direction.FROM, b"01010119")
        return [data for _, data in data_of(recorder)]

    assert sorted(recording(story)) == [b"01010119", b"47617390"]


def test_memory_is_bounded_and_the_channels_stay():
    async def story(recorder):
        for number in range(EVENTS_KEPT + 10):
            recorder.mark(str(number))
        return recorder.events()

    events = recording(story)

    assert isinstance(events[0], Channel)
    assert [each.text for each in (events[1], events[-1])] == ["10", str(EVENTS_KEPT + 9)]
    assert len(events) == EVENTS_KEPT + 1


def test_keys_of_a_pin_are_told_by_their_number_and_codes_are_searched_for_cards():
    async def story(recorder):
        recorder.verb(Verb(verb="press", arguments={"digits": "9753"}), "card:customer")
        recorder.verb(Verb(verb="scan", arguments={"code": "4761739001010119"}), "tty:scanner")
        return [each.text for each in recorder.events() if isinstance(each, Mark)]

    assert recording(story) == ["press digits=****", "scan code=4761730000000003"]


def test_who_listens_later_is_told_of_the_channels_first(tmp_path: Path):
    async def story(recorder):
        recorder.mark("before")
        heard = []
        recorder.listen(heard.append)
        recorder.channel("tty:display", protocol="cd5220", link="memory")
        return [each.channel for each in heard]

    assert recording(story) == [TTY, "tty:display"]


def test_the_file_has_everything_and_is_its_users_alone(tmp_path: Path):
    file = tmp_path / "trace.jsonl"

    async def story(recorder):
        written = TraceFile(file, recorder.header)
        recorder.listen(written)
        recorder.stream(TTY, Direction.TO, b"\x1b@\n")
        await asyncio.sleep(FLUSH_NS / S + 0.001)
        in_time = read(file)
        recorder.mark("용지 없음")
        written.close()
        written.close()
        return recorder.events(), in_time, written.broken

    events, in_time, broken = recording(story)

    assert list(read(file).events) == list(events)
    assert len(in_time.events) == 2, "within its time"
    assert file.stat().st_mode & 0o777 == 0o600
    assert not broken


def test_a_full_file_ends_with_whole_lines_and_the_bench_goes_on(tmp_path: Path):
    file = tmp_path / "trace.jsonl"

    async def story(recorder):
        written = TraceFile(file, recorder.header, bytes_max=1_000)
        recorder.listen(written)
        for number in range(100):
            recorder.mark(f"number {number}")
        written.close()
        return written.broken, len(recorder.events())

    broken, kept = recording(story)

    assert "1000 bytes" in broken and kept == 101
    assert file.stat().st_size <= 1_000
    assert [each.text for each in read(file).events[1:]][:2] == [
        "number 0",
        "number 1",
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_ends_the_file_and_not_the_bench():
    async def story(recorder):
        written = TraceFile(Path("/dev/full"), recorder.header)
        recorder.listen(written)
        recorder.mark("x" * 1_000_000)
        await asyncio.sleep(1)
        recorder.mark("more")
        written.close()
        return written.broken

    assert "No space left" in recording(story)


def test_a_banks_line_is_recorded_without_its_secrets() -> None:
    """A card's number between digits, as ISO 8583 has it: no text swap would find it."""
    recorder = Recorder(clock=VirtualClock())
    recorder.channel("serial:hanbit", protocol="iso8583", link="tcp")
    stream = b"".join(frame(encode(each, ASCII), Header.BINARY) for each in ALL)
    for byte in stream:
        recorder.stream("serial:hanbit", Direction.TO, bytes((byte,)))
    told = b"".join(event.data for event in recorder.events() if isinstance(event, Bytes))
    assert len(told) == len(stream) and PAN.encode() not in told
