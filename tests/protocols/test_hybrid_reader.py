"""The hybrid reader's line: done once, answered as often as asked, whatever the line does to it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.hybrid_reader import (
    ACK_NS,
    ANSWER_NS,
    GAP_NS,
    RESET,
    TEXT_BYTES_MAX,
    TRIES_MAX,
    Answered,
    Broken,
    Control,
    Decoder,
    Execute,
    Failed,
    Failure,
    HostEnd,
    ReaderEnd,
    Text,
    bcc,
    frame,
    say,
)

TEXTS = st.binary(min_size=1, max_size=60)
COMMAND, ANSWER = b"CF0\x00\xa4\x04\x00\x10", b"PF020\x10\x90\x00"


def test_frame_is_that_of_the_specification() -> None:
    """DLE STX, the text with its DLE doubled, DLE ETX, and the exclusive-or of text and ETX."""
    assert frame(b"C10") == bytes.fromhex("1002 433130 1003 41")
    assert bcc(b"C10") == 0x43 ^ 0x31 ^ 0x30 ^ 0x03
    assert frame(b"P\x10") == bytes.fromhex("1002 50 1010 1003") + bytes((0x50 ^ 0x10 ^ 0x03,))
    assert [say(each) for each in (Control.ACK, Control.ENQ)] == [b"\x10\x06", b"\x10\x05"]


@given(st.lists(TEXTS, max_size=4))
def test_byte_at_a_time_equals_all_at_once(texts: list[bytes]) -> None:
    stream = b"".join(frame(text) + say(Control.ACK) for text in texts)
    slow = Decoder()

    pieces = [piece for byte in stream for piece in slow.receive(bytes((byte,)), 0)]

    assert pieces == Decoder().receive(stream, 0)
    assert pieces == [each for text in texts for each in (Text(text), Control.ACK)]


@given(TEXTS, st.data())
def test_one_wrong_byte_is_never_another_text(text: bytes, data: st.DataObject) -> None:
    whole = frame(text)
    place = data.draw(st.integers(0, len(whole) - 1))
    wrong = data.draw(st.integers(0, 255))
    pieces = Decoder().receive(whole[:place] + bytes((wrong,)) + whole[place + 1 :], 0)

    assert [each for each in pieces if isinstance(each, Text)] in ([], [Text(text)])


@given(st.binary(max_size=300))
def test_garbage_never_raises(data: bytes) -> None:
    for end in (Decoder(), ReaderEnd(), HostEnd()):
        end.receive(data, 0)
        end.tick(10 * GAP_NS)


def test_text_that_stops_is_given_up_exactly_at_the_gap() -> None:
    decoder = Decoder()
    decoder.receive(frame(COMMAND)[:5], 7)

    assert decoder.deadline_ns == 7 + GAP_NS
    assert decoder.tick(6 + GAP_NS) == []
    assert decoder.tick(7 + GAP_NS) == [Broken("it stopped in the middle")]
    assert decoder.receive(frame(COMMAND), 8 + GAP_NS) == [Text(COMMAND)]


def test_no_text_is_longer_than_allowed() -> None:
    assert Decoder().receive(frame(b"x" * TEXT_BYTES_MAX), 0) == [Text(b"x" * TEXT_BYTES_MAX)]
    [told] = Decoder().receive(b"\x10\x02" + b"x" * (TEXT_BYTES_MAX + 1), 0)
    assert isinstance(told, Broken)


class Pair:
    """Both ends, and a line that may be cut into pieces, lose or turn them."""

    def __init__(self) -> None:
        self.host, self.reader = HostEnd(), ReaderEnd()
        self.done: list[bytes] = []
        self.told: list[Answered | Failed] = []
        self.now = 0

    def to_reader(self, data: bytes, answer: Callable[[bytes], bytes] = lambda _: ANSWER) -> None:
        for asked in self.reader.receive(data, self.now):
            assert isinstance(asked, Execute)
            self.done.append(asked.command)
            self.reader.answer(answer(asked.command))

    def to_host(self, data: bytes) -> None:
        self.told += self.host.receive(data, self.now)

    def carry(self) -> None:
        """Carry everything until nobody says anything."""
        while data := self.host.outgoing():
            self.to_reader(data)
            self.to_host(self.reader.outgoing())


def test_a_command_is_done_at_enq_and_answered() -> None:
    pair = Pair()
    pair.host.send(COMMAND, 0)
    pair.to_reader(pair.host.outgoing())
    assert pair.done == [], "it is only taken"
    pair.to_host(pair.reader.outgoing())
    pair.carry()

    assert (pair.done, pair.told) == ([COMMAND], [Answered(ANSWER)])
    assert not pair.host.busy and pair.host.deadline_ns is None


def test_a_lost_answer_is_asked_for_and_nothing_is_done_twice() -> None:
    pair = Pair()
    pair.host.send(COMMAND, 0)
    pair.to_reader(pair.host.outgoing())
    pair.to_host(pair.reader.outgoing())
    pair.to_reader(pair.host.outgoing())
    pair.reader.outgoing()  # Lost.

    assert pair.host.deadline_ns == ANSWER_NS
    assert pair.host.tick(ANSWER_NS - 1) == [] and pair.host.outgoing() == b""
    assert pair.host.tick(ANSWER_NS) == []
    pair.carry()
    assert (pair.done, pair.told) == ([COMMAND], [Answered(ANSWER)])


def test_a_broken_answer_is_asked_for_at_once() -> None:
    pair = Pair()
    pair.host.send(COMMAND, 0)
    pair.to_reader(pair.host.outgoing())
    pair.to_host(pair.reader.outgoing())
    pair.to_reader(pair.host.outgoing())
    broken = bytearray(pair.reader.outgoing())
    broken[4] ^= 1
    pair.to_host(bytes(broken))
    pair.carry()

    assert (pair.done, pair.told) == ([COMMAND], [Answered(ANSWER)])


def test_a_reader_that_says_nothing_was_not_asked_to_do_anything() -> None:
    host = HostEnd()
    host.send(COMMAND, 0)
    said = [host.outgoing()]
    told: list[Answered | Failed] = []
    for turn in range(1, TRIES_MAX + 1):
        assert host.tick(turn * ACK_NS - 1) == []
        told = host.tick(turn * ACK_NS)
        said.append(host.outgoing())

    assert said == [frame(COMMAND)] * TRIES_MAX + [say(Control.EOT)]
    assert told == [Failed(Failure.UNHEARD)]


def test_silence_behind_enq_is_unknown() -> None:
    host = HostEnd()
    host.send(COMMAND, 0)
    host.outgoing()
    host.receive(say(Control.ACK), 0)
    told: list[Answered | Failed] = []
    for turn in range(1, TRIES_MAX + 1):
        told = host.tick(turn * ANSWER_NS)

    assert told == [Failed(Failure.LOST)]


def test_nak_has_the_command_said_again_and_no_more_than_three_times() -> None:
    host = HostEnd()
    host.send(COMMAND, 0)
    said = host.outgoing()
    told: list[Answered | Failed] = []
    while not told:
        told = host.receive(say(Control.NAK), 0)
        said += host.outgoing()

    assert said == frame(COMMAND) * TRIES_MAX + say(Control.EOT) and told == [
        Failed(Failure.UNHEARD)
    ]


def test_what_is_called_off_before_enq_is_not_done() -> None:
    pair = Pair()
    pair.host.send(COMMAND, 0)
    pair.to_reader(pair.host.outgoing())
    pair.host.call_off()
    pair.to_reader(pair.host.outgoing())
    pair.to_reader(say(Control.ENQ))

    assert pair.done == [] and not pair.host.busy


def test_a_doubled_answer_is_not_taken_for_the_next_ones() -> None:
    pair = Pair()
    pair.host.send(COMMAND, 0)
    pair.carry()
    pair.to_reader(say(Control.ENQ))
    again = pair.reader.outgoing()

    pair.host.send(COMMAND, 0)
    pair.to_host(again)
    assert len(pair.told) == 1
    pair.carry()
    assert (len(pair.done), len(pair.told)) == (2, 2)


@given(st.lists(st.sampled_from(["pass", "lose", "turn", "halve"]), max_size=14), st.integers(1, 3))
def test_whatever_the_line_does_a_command_is_done_once_at_most(
    fates: list[str], commands: int
) -> None:
    """And an answer that is told is the one to the command that was given."""
    pair, left = Pair(), list(fates)

    def passed(data: bytes) -> bytes:
        match left.pop(0) if left else "pass":
            case "lose":
                return b""
            case "turn" if data:
                return data[:-1] + bytes((data[-1] ^ 0x40,))
            case "halve":
                return data[: len(data) // 2]
            case _:
                return data

    def played(command: bytes) -> Answered | Failed:
        before = len(pair.told)
        pair.host.send(command, pair.now)
        while len(pair.told) == before:
            pair.to_reader(passed(pair.host.outgoing()), answer_to)
            pair.to_host(passed(pair.reader.outgoing()))
            if len(pair.told) == before:
                due = pair.host.deadline_ns
                assert due is not None, "who waits has a deadline"
                pair.now = max(pair.now, due)
                pair.reader.tick(pair.now)
                pair.told += pair.host.tick(pair.now)
        return pair.told[-1]

    def answer_to(command: bytes) -> bytes:
        return b"P" + command[1:]

    for number in range(commands):
        command = b"CF0%d" % number
        told = played(command)
        assert pair.done.count(command) <= 1
        match told:
            case Answered(answer):
                assert answer == answer_to(command) and command in pair.done
            case Failed():
                while isinstance(played(RESET), Failed):
                    pass
                assert pair.done[-1] == RESET
                assert pair.done.count(command) <= (told.why is Failure.LOST)


def test_what_failed_is_followed_by_a_reset_and_nothing_else() -> None:
    pair = Pair()
    pair.host.send(COMMAND, 0)
    for turn in range(1, TRIES_MAX + 1):
        pair.told += pair.host.tick(turn * ACK_NS)
    assert pair.told == [Failed(Failure.UNHEARD)]

    with pytest.raises(AssertionError, match="followed by a reset"):
        pair.host.send(COMMAND, 0)
    pair.host.send(RESET, 0)
    pair.to_reader(pair.host.outgoing(), lambda _: b"P0000")
    pair.to_host(pair.reader.outgoing())
    pair.to_reader(pair.host.outgoing(), lambda _: b"P0000")
    pair.to_host(pair.reader.outgoing())
    pair.host.send(COMMAND, 0)
