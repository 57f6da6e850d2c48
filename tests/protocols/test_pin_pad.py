"""The dialogue with a PIN pad: link, words, and both ends against each other.

Method: pairs of ends with a line between them that a test can bend; every cell of the tables; bytes one
at a time; garbage anywhere; deadlines exactly and just before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.emv.holder import PIN_KEYS_BYTES_MAX
from protocols.money import CURRENCIES, KRW, Money
from protocols.pin_pad.codec import (
    WordError,
    decode_answer,
    decode_command,
    encode_answer,
    encode_command,
)
from protocols.pin_pad.frames import GAP_NS, TEXT_BYTES_MAX, Control, Frame, FrameReader
from protocols.pin_pad.link import (
    ACK_NS,
    TRIES_MAX,
    WAITING_MAX,
    Called,
    Ended,
    GaveUp,
    Heard,
    Link,
)
from protocols.pin_pad.pad import Asked, CancelWanted, Forget, PadEnd
from protocols.pin_pad.till import (
    CALL_NS,
    CALLS_MAX,
    CANCEL_NS,
    Answered,
    Began,
    Lost,
    Progress,
    Silent,
    TillEnd,
)
from protocols.pin_pad.words import (
    Aborted,
    Answer,
    AskStatus,
    Cancel,
    Cancelled,
    Command,
    Confirm,
    Confirmed,
    Digits,
    EncipherForBank,
    EncipherForChip,
    Entered,
    EnteredForBank,
    EnteredForChip,
    EnterPin,
    Identify,
    Identity,
    Language,
    PinBlockFormat,
    Reason,
    Refused,
    SealForCard,
    Show,
    Shown,
    Status,
    TimedOut,
    TooShort,
)
from protocols.trace.stand_ins import StandIns

S = 1_000_000_000
PIN = EnterPin(
    language=Language.KO,
    amount=Money(15_390, KRW),
    seconds=30,
    digits_min=4,
    digits_max=12,
    purpose=SealForCard(bytes(range(16)), bytes(range(112))),
)
PAN = "9990490000000018"
ONLINE = replace(PIN, purpose=EncipherForBank(PAN))
CHIP = EncipherForChip(
    PAN,
    (b"\xf0IPS\x01", 1),
    b"challeng",
    (bytes(176), bytes(4), b"\1\0\1"),
    (bytes(144), b"", b"\3"),
)
COMMANDS: list[Command] = [
    Identify(),
    AskStatus(),
    Show(Language.KO, "어서 오세요", ""),
    Show(Language.EN, "Welcome", "to the shop"),
    Confirm(Language.EN, Money(1_234, CURRENCIES["USD"]), 10),
    PIN,
    ONLINE,
    replace(PIN, purpose=EncipherForBank("9" * 19)),
    replace(PIN, purpose=EncipherForBank("123456789012")),
    replace(PIN, purpose=CHIP),
    Cancel(),
]
ANSWERS: list[Answer] = [
    Identity("IPS pad", "0001", "1.0", (1, 2)),
    Identity("", "", "", ()),
    Status(opened=False),
    Status(opened=True),
    Shown(),
    Confirmed(),
    Digits(0),
    Digits(12),
    Entered(bytes(range(89))),
    EnteredForBank(PinBlockFormat.FORMAT_4, bytes(range(12)), bytes(range(16))),
    EnteredForBank(PinBlockFormat.FORMAT_0, bytes(range(10)), bytes(range(8))),
    EnteredForChip(bytes(range(96))),
    Cancelled(),
    TimedOut(),
    TooShort(),
    Aborted(),
    *(Refused(reason) for reason in Reason),
]


def frame(number: int, text: bytes) -> bytes:
    body = bytes((0x30 + number,)) + text + b"\x03"
    return b"\x02" + body + bytes((reduce(xor, body),))


# Words


@pytest.mark.parametrize("command", COMMANDS, ids=lambda value: type(value).__name__)
def test_command_comes_back(command: Command) -> None:
    assert decode_command(encode_command(7, command)) == (7, command)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda value: type(value).__name__)
def test_answer_comes_back(answer: Answer) -> None:
    assert decode_answer(encode_answer(99, answer)) == (99, answer)


def test_words_are_written_as_the_page_of_the_dialogue_says() -> None:
    assert encode_command(0, Identify()) == b"00ID"
    fields = b"ko 15390 KRW 30 4 12 verify".split()
    assert encode_command(5, PIN).startswith(b"\x1c".join([b"05PN", *fields, b"aaabacad"]))
    assert encode_answer(5, Digits(3)) == b"05dg\x1c3"
    assert encode_answer(5, Refused(Reason.CERTIFICATE)) == b"05no\x1ccertificate"
    assert len(encode_command(5, PIN)) <= TEXT_BYTES_MAX
    # A chip's keys, as long as a terminal hands them out.
    more = PIN_KEYS_BYTES_MAX - 176 - 144 - 8 - 8
    longest = replace(CHIP, card=(bytes(144), bytes(more), b"\3"))
    assert len(encode_command(5, replace(PIN, purpose=longest))) <= TEXT_BYTES_MAX


@given(st.binary(min_size=89, max_size=89))
def test_no_bytes_of_a_frame_look_like_a_cards_number(body: bytes) -> None:
    """A recording puts test values where numbers are: what is sealed must come through as it is."""
    text = encode_answer(5, Entered(body))

    assert decode_answer(text) == (5, Entered(body))
    assert not any(chr(byte).isdigit() for byte in text[4:])


@pytest.mark.parametrize(
    ("text", "reason", "turn"),
    [
        (b"", Reason.MALFORMED, None),
        (b"0xID", Reason.MALFORMED, None),
        (b"\xff\xfe", Reason.MALFORMED, None),
        (b"01XX", Reason.UNKNOWN, 1),
        (b"01ID\x1cmore", Reason.MALFORMED, 1),
        (b"01SH\x1cko\x1cone line", Reason.MALFORMED, 1),
        (b"01SH\x1cfr\x1ca\x1cb", Reason.MALFORMED, 1),
        (b"01SH\x1cko\x1c" + b"a" * 41 + b"\x1c", Reason.MALFORMED, 1),
        (b"01CF\x1cko\x1c-5\x1cKRW\x1c10", Reason.MALFORMED, 1),
        (b"01CF\x1cko\x1c5\x1cXYZ\x1c10", Reason.MALFORMED, 1),
        (b"01CF\x1cko\x1c5\x1cKRW\x1c0", Reason.MALFORMED, 1),
        (b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c4\x1c12\x1cgiro\x1cx", Reason.PURPOSE, 1),
        (b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c4\x1c12\x1conline\x1cx", Reason.MALFORMED, 1),
        (b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c4\x1c12\x1cchip\x1cx", Reason.MALFORMED, 1),
        (b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c4\x1c12\x1cchip" + b"\x1c" * 9, Reason.MALFORMED, 1),
        (
            b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c4\x1c12\x1conline\x1c;123456789012===?0",
            Reason.MALFORMED,
            1,
        ),
        (
            b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c4\x1c12\x1conline\x1c" + PAN.encode(),
            Reason.MALFORMED,
            1,
        ),
        (b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c3\x1c12\x1cverify", Reason.MALFORMED, 1),
        (b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c8\x1c6\x1cverify", Reason.MALFORMED, 1),
        (b"01PN\x1cko\x1c5\x1cKRW\x1c9\x1c4\x1c12\x1cverify\x1c00\x1c00", Reason.MALFORMED, 1),
    ],
)
def test_what_is_no_command_says_why_and_whose_it_was(
    text: bytes, reason: Reason, turn: int | None
) -> None:
    with pytest.raises(WordError) as caught:
        decode_command(text)

    assert (caught.value.reason, caught.value.turn) == (reason, turn)


@given(st.binary(max_size=300))
def test_garbage_is_no_word_or_one_that_can_be_said(garbage: bytes) -> None:
    for decode in (decode_command, decode_answer):
        try:
            decode(garbage)
        except WordError:
            continue


@given(st.from_regex(r"[0-9]{12,19}", fullmatch=True))
def test_a_cards_number_comes_back_and_a_recording_replaces_it_in_a_whole_frame(pan: str) -> None:
    """The check byte of a frame stays right, so a trace can be decoded and replayed."""
    command = replace(PIN, purpose=EncipherForBank(pan))
    wire = frame(3, encode_command(7, command))

    recorded = StandIns().text(wire)

    read: list[object] = []
    FrameReader().receive(recorded, 0, read.append)
    assert isinstance(read[0], Frame) and len(recorded) == len(wire)
    _, heard = decode_command(read[0].text)
    assert isinstance(heard, EnterPin) and isinstance(heard.purpose, EncipherForBank)
    assert heard.purpose.pan == StandIns().pan(pan) and pan not in repr(command)
    assert decode_command(encode_command(7, command)) == (7, command)


@pytest.mark.parametrize("place", range(21))
def test_a_number_that_was_changed_on_the_way_is_none(place: int) -> None:
    text = encode_command(7, ONLINE)
    start = text.index(b";")
    changed = text[: start + place] + bytes((text[start + place] ^ 1,)) + text[start + place + 1 :]

    with pytest.raises(WordError) as caught:
        decode_command(changed)

    assert PAN[:8] not in str(caught.value)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_line_is_cut_to_what_a_frame_takes_and_has_no_control_characters(
    upper: str, lower: str
) -> None:
    """Whatever the till shows, the frame holds together."""
    text = encode_command(1, Show(Language.KO, upper, lower))

    assert all(byte >= 0x20 or byte == 0x1C for byte in text) and text.count(b"\x1c") == 3
    assert isinstance(decode_command(text)[1], Show)


# Link


def heard(link: Link, data: bytes, now_ns: int = 0) -> list[bytes]:
    return [event.text for event in link.receive(data, now_ns) if isinstance(event, Heard)]


def test_frame_has_number_text_and_check() -> None:
    link = Link()
    link.send(b"00ID", 0)

    assert link.pieces() == [b"\x02" + b"100ID\x03" + bytes((0x31 ^ 0x49 ^ 0x44 ^ 0x03,))]
    assert link.pieces() == []


def test_one_frame_at_a_time_and_its_own_ack_lets_the_next_go() -> None:
    link = Link()
    link.send(b"one", 0)
    link.send(b"two", 0)
    assert link.pieces() == [frame(1, b"one")]

    link.receive(b"\x062", 1)
    assert link.pieces() == [], "the ACK of another frame is not its ACK"
    link.receive(b"\x061", 1)
    assert link.pieces() == [frame(2, b"two")] and not link.idle
    link.receive(b"\x061\x061", 1)
    assert link.pieces() == [], "an ACK that comes late acknowledges nothing else"
    link.receive(b"\x062", 1)
    assert link.idle and link.deadline_ns is None


def test_numbers_go_round() -> None:
    link = Link()
    said = []
    for _ in range(11):
        link.send(b"x", 0)
        [piece] = link.pieces()
        said.append(piece[1] - 0x30)
        link.receive(bytes((0x06, piece[1])), 0)

    assert said == [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2]


def test_frame_is_acknowledged_each_time_and_handed_on_once() -> None:
    link = Link()

    assert heard(link, frame(1, b"text")) == [b"text"]
    assert heard(link, frame(1, b"text")) == []
    assert heard(link, frame(2, b"text")) == [b"text"]
    assert link.pieces() == [b"\x061", b"\x061", b"\x062"]


@pytest.mark.parametrize("at", range(len(frame(1, b"some text"))))
@pytest.mark.parametrize("bit", range(8))
def test_one_flipped_bit_is_never_handed_on_and_the_repeat_is(at: int, bit: int) -> None:
    link = Link()
    broken = bytearray(frame(1, b"some text"))
    broken[at] ^= 1 << bit

    assert heard(link, bytes(broken), 0) == []
    link.tick(GAP_NS)
    assert heard(link, frame(1, b"some text"), GAP_NS) == [b"some text"]
    assert link.noise_count


def test_nak_and_silence_have_it_said_again_three_times_in_all() -> None:
    link = Link()
    link.send(b"one", 0)
    link.send(b"two", 0)
    assert link.receive(b"\x15", 10) == [] and link.deadline_ns == 10 + ACK_NS
    assert link.tick(10 + ACK_NS - 1) == []
    assert link.pieces() == [frame(1, b"one")] * 2

    assert link.tick(10 + ACK_NS) == [] and link.pieces() == [frame(1, b"one")]
    assert link.tick(10 + 2 * ACK_NS - 1) == []
    assert link.tick(10 + 2 * ACK_NS) == [GaveUp()]
    assert link.pieces() == [] and link.idle and link.deadline_ns is None, "the second is gone too"
    assert TRIES_MAX == 3


def test_nak_for_nothing_says_nothing() -> None:
    link = Link()

    assert link.receive(b"\x15\x15", 0) == [] and link.pieces() == []


@pytest.mark.parametrize("size", range(1, len(frame(1, b"text"))))
def test_a_frame_that_stops_in_the_middle_is_asked_for_again(size: int) -> None:
    link = Link()
    link.receive(frame(1, b"text")[:size], 5)
    assert link.deadline_ns == 5 + GAP_NS
    link.tick(5 + GAP_NS - 1)
    assert link.pieces() == []

    link.tick(5 + GAP_NS)
    assert link.pieces() == [b"\x15"] and link.deadline_ns is None
    assert heard(link, frame(1, b"text"), 6 + GAP_NS) == [b"text"]


def test_a_frame_without_end_is_given_up() -> None:
    link = Link()

    link.receive(b"\x02" + b"1" * (TEXT_BYTES_MAX + 3), 0)
    assert b"\x15" in link.pieces()
    assert heard(link, frame(1, b"1" * TEXT_BYTES_MAX)) == [b"1" * TEXT_BYTES_MAX]


CELLS = [
    (b"", b"\x061", []),
    (b"", b"\x052", [Called(2)]),
    (b"", b"\x040", [Ended(0)]),
    (b"\x06", b"\x057", [Called(7)]),
    (b"\x05", b"x\x053", [Called(3)]),
    (b"\x05", b"\x03\x053", [Called(3)]),
    (b"\x05", frame(4, b"t"), [Heard(b"t")]),
    (b"\x021ab", b"\x053", [Called(3)]),
    (b"\x021ab", frame(4, b"t"), [Heard(b"t")]),
    (b"\x02", b"\x03" + frame(4, b"t"), [Heard(b"t")]),
    (b"\x021", b"\x03\x053", [Called(3)]),
    (b"\x020ab", b"\x03\x52" + frame(4, b"t"), [Heard(b"t")]),
    (b"abc\x03", frame(4, b"t"), [Heard(b"t")]),
]
"""What stands already, what comes, what is made of it: every cell of the table in the docstring."""


@pytest.mark.parametrize(("before", "data", "events"), CELLS)
def test_every_cell_of_the_table(before: bytes, data: bytes, events: list[object]) -> None:
    link = Link()
    link.receive(before, 0)

    assert link.receive(data, 0) == events


@given(st.binary(max_size=200), st.data())
def test_garbage_before_a_frame_costs_at_most_a_repeat(garbage: bytes, data: st.DataObject) -> None:
    """However it is cut, and whatever it was: nothing raises, and after a silence the frame arrives."""
    link = Link()
    whole = Link()
    whole.receive(garbage, 0)
    cut = data.draw(st.integers(0, len(garbage)))
    link.receive(garbage[:cut], 0)
    link.receive(garbage[cut:], 0)
    assert link.pieces() == whole.pieces()

    link.tick(GAP_NS)
    before = link._heard  # a frame may have stood in the garbage
    number = before % 9 + 1
    assert heard(link, frame(number, b"text"), GAP_NS) == [b"text"]


# Both ends


@dataclass
class Line:
    """A till's end and a pad's, and the line between them; `bend` may change what passes."""

    till: TillEnd = field(default_factory=TillEnd)
    pad: PadEnd = field(default_factory=PadEnd)
    now_ns: int = 0
    to_till: Callable[[bytes], bytes] = bytes
    to_pad: Callable[[bytes], bytes] = bytes
    at_till: list[object] = field(default_factory=list)
    at_pad: list[object] = field(default_factory=list)
    one_by_one: bool = False

    def run(self) -> None:
        """Carry what there is until nobody says anything more."""
        for _ in range(100):
            down = self.to_pad(self.till.outgoing())
            up = b"".join(self.to_till(piece) for piece in self.pad.pieces())
            if not down and not up:
                return
            for piece in self._cut(down):
                self.at_pad += self.pad.receive(piece, self.now_ns)
            for piece in self._cut(up):
                self.at_till += self.till.receive(piece, self.now_ns)
        raise AssertionError("they talk for ever")

    def _cut(self, data: bytes) -> list[bytes]:
        return [data[i : i + 1] for i in range(len(data))] if self.one_by_one else [data]

    def wait(self, until_ns: int) -> None:
        """Let time pass, tick by tick."""
        while True:
            dues = [due for due in (self.till.deadline_ns, self.pad.deadline_ns) if due is not None]
            due = min(dues, default=until_ns + 1)
            if due > until_ns:
                break
            self.now_ns = max(due, self.now_ns)
            self.at_pad += self.pad.tick(self.now_ns)
            self.at_till += self.till.tick(self.now_ns)
            self.run()
        self.now_ns = until_ns

    def begun(self) -> "Line":
        self.till.call(self.now_ns)
        self.run()
        assert self.at_till == [Began()] and self.at_pad == [Forget()] and self.till.ready
        self.at_till.clear()
        self.at_pad.clear()
        return self

    def ask(self, command: Command, within_ns: int = 40 * S) -> None:
        self.till.ask(command, within_ns=within_ns, now_ns=self.now_ns)
        self.run()


@pytest.mark.parametrize("one_by_one", [False, True], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("command", COMMANDS[:-1], ids=lambda value: type(value).__name__)
def test_a_command_reaches_the_pad_and_its_answer_the_till(
    command: Command, one_by_one: bool
) -> None:
    line = Line(one_by_one=one_by_one).begun()

    line.ask(command)
    assert line.at_pad == [Asked(command)] and line.pad.owes and not line.till.ready
    line.pad.answer(Shown(), line.now_ns)
    line.run()

    assert line.at_till == [Answered(Shown())] and line.till.ready and not line.pad.owes
    assert line.till.deadline_ns is None and line.pad.deadline_ns is None


def test_digits_are_counted_and_those_between_are_passed_over() -> None:
    line = Line().begun()
    line.ask(PIN)
    for count in range(1, 13):
        line.pad.progress(count, line.now_ns)
    line.run()

    assert line.at_till == [Progress(1), Progress(12)]
    line.pad.answer(Entered(bytes(89)), line.now_ns)
    line.run()
    assert line.at_till[-1] == Answered(Entered(bytes(89)))


def test_cancel_ends_what_runs_and_only_that() -> None:
    line = Line().begun()
    line.till.cancel(line.now_ns)
    line.run()
    assert line.at_pad == []

    line.ask(PIN)
    line.till.cancel(line.now_ns)
    line.till.cancel(line.now_ns)
    line.run()
    assert line.at_pad == [Asked(PIN), CancelWanted()]
    line.pad.answer(Aborted(), line.now_ns)
    line.run()
    assert line.at_till == [Answered(Aborted())]


def test_cancel_that_crosses_the_answer_changes_nothing() -> None:
    line = Line().begun()
    line.ask(PIN)
    line.pad.answer(Entered(bytes(89)), line.now_ns)
    line.till.cancel(line.now_ns)
    line.run()

    assert line.at_till == [Answered(Entered(bytes(89)))] and line.at_pad == [Asked(PIN)]
    line.ask(AskStatus())
    line.pad.answer(Status(opened=False), line.now_ns)
    line.run()
    assert line.at_till[-1] == Answered(Status(opened=False))


def test_cancelled_command_that_never_ends_is_lost_and_the_pad_told_to_forget() -> None:
    line = Line().begun()
    line.ask(PIN)
    line.till.cancel(line.now_ns)
    line.run()

    line.wait(CANCEL_NS - 1)
    assert line.at_till == []
    line.wait(CANCEL_NS)
    assert line.at_till == [Lost("no answer in time"), Began()] and line.at_pad[-1] == Forget()


def test_a_command_has_its_deadline_exactly() -> None:
    line = Line().begun()
    line.ask(PIN, within_ns=40 * S)

    line.wait(40 * S - 1)
    assert line.at_till == []
    line.wait(40 * S)
    assert line.at_till == [Lost("no answer in time"), Began()]
    assert not line.pad.owes and line.till.ready


def test_a_pad_that_says_nothing_is_called_again_and_told_once_to_be_silent() -> None:
    till = TillEnd()
    till.call(0)
    said = [till.outgoing()]
    events = []
    for tick in range(1, 8):
        assert till.tick(tick * CALL_NS - 1) == []
        events += till.tick(tick * CALL_NS)
        said.append(till.outgoing())

    assert events == [Silent()] and CALLS_MAX == 3
    assert said == [bytes((0x05, 0x30 + number)) for number in range(1, 9)]
    assert till.receive(b"\x047", 8 * CALL_NS) == [], "the answer to an earlier call is none"
    assert till.receive(b"\x048", 8 * CALL_NS) == [Began()]


@pytest.mark.parametrize("late", [1, 2])
def test_late_ack_acknowledges_its_own_frame_only(late: int) -> None:
    """Quirk: the ACK comes after the frame was said again, and its repeat too."""
    held: list[bytes] = []

    def hold(piece: bytes) -> bytes:
        if piece[0] == Control.ACK and len(held) < late:
            held.append(piece)
            return b""
        return piece

    line = Line().begun()
    line.to_till = hold
    line.ask(Identify())
    line.wait(late * ACK_NS)
    assert line.at_pad == [Asked(Identify())], "the repeat is no second command"
    for piece in held:
        line.at_till += line.till.receive(piece, line.now_ns)
    line.pad.answer(Shown(), line.now_ns)
    line.run()
    line.ask(AskStatus())

    assert line.at_pad == [Asked(Identify()), Asked(AskStatus())]


def test_an_answer_before_its_ack_stands_for_the_ack() -> None:
    line = Line().begun()
    line.to_till = lambda piece: b"" if piece[0] == Control.ACK else piece
    line.ask(Identify())
    line.pad.answer(Shown(), line.now_ns)
    line.run()
    assert line.at_till == [Answered(Shown())]

    line.wait(line.now_ns + 3 * ACK_NS)
    assert line.at_pad == [Asked(Identify())] and line.till.ready, "nothing was said again"


def test_a_second_answer_to_one_command_is_dropped() -> None:
    """Quirk: the same answer in two frames, and one to the command before."""
    line = Line().begun()
    line.ask(Identify())
    text = encode_answer(1, Shown())
    line.at_till += line.till.receive(b"\x061" + frame(1, text) + frame(2, text), 0)
    assert line.at_till == [Answered(Shown())] and line.till.stray_count == 1

    line.till.ask(AskStatus(), within_ns=S, now_ns=0)
    assert line.till.receive(frame(3, text), 0) == [] and line.till.stray_count == 2


@pytest.mark.parametrize("lost", ["command", "its ACK", "answer", "ACK of the answer"])
def test_one_loss_of_anything_is_made_good(lost: str) -> None:
    line = Line().begun()
    dropped = []

    def drop(what: bytes) -> bytes:
        if not dropped and what:
            dropped.append(what)
            return b""
        return what

    if lost == "command":
        line.to_pad = drop
    if lost == "its ACK":
        line.to_till = drop
    line.ask(Identify())
    line.wait(ACK_NS)
    if lost == "answer":
        line.to_till = drop
    if lost == "ACK of the answer":
        line.to_pad = drop
    line.pad.answer(Shown(), line.now_ns)
    line.run()
    line.wait(line.now_ns + 2 * ACK_NS)

    assert dropped and line.at_till == [Answered(Shown())] and line.at_pad == [Asked(Identify())]
    assert line.till.ready


def test_a_pad_that_gives_up_says_so_and_both_begin_anew() -> None:
    line = Line().begun()
    line.ask(PIN)
    line.to_till = lambda piece: b"" if piece[0] == 0x02 else piece
    line.pad.answer(Entered(bytes(89)), line.now_ns)
    line.run()
    line.wait(TRIES_MAX * ACK_NS)

    assert line.at_till == [Lost("the pad gave up"), Began()]
    assert line.at_pad == [Asked(PIN), Forget(), Forget()]


def test_a_till_that_is_not_acknowledged_loses_the_command_and_calls() -> None:
    line = Line().begun()
    line.to_pad = lambda data: b"" if data[:1] == b"\x02" else data
    line.ask(PIN)
    line.wait(TRIES_MAX * ACK_NS)

    assert line.at_till == [Lost("the pad acknowledges nothing"), Began()]


def test_calling_anew_in_the_middle_ends_an_entry() -> None:
    """A till that has started again, while the customer is at the keys."""
    line = Line().begun()
    line.ask(PIN)
    line.till = TillEnd()
    line.till.call(line.now_ns)
    line.run()

    assert line.at_pad == [Asked(PIN), Forget()] and not line.pad.owes
    line.ask(Identify())
    assert line.at_pad[-1] == Asked(Identify())


def test_a_pad_does_one_thing_at_a_time() -> None:
    pad = PadEnd()
    pad.receive(b"\x051", 0)
    assert pad.receive(frame(1, b"01ID"), 0) == [Asked(Identify())]

    assert pad.receive(frame(2, b"02ID"), 0) == []
    assert frame(1, b"02no\x1cbusy") in pad.pieces()
    assert pad.receive(frame(3, b"02CA") + frame(4, b"01CA"), 0) == [CancelWanted()]


@pytest.mark.parametrize("text", [b"\xff\xff", b"junk", b"07??", b"07PN\x1cko"])
def test_a_pad_refuses_what_is_no_command_where_it_knows_whose_it_was(text: bytes) -> None:
    pad = PadEnd()
    pad.receive(b"\x051", 0)

    assert pad.receive(frame(1, text), 0) == []
    said = [piece for piece in pad.pieces() if piece[0] == 0x02]
    assert bool(said) is text.startswith(b"07")


def test_a_till_that_asks_and_asks_and_acknowledges_nothing_fills_nothing() -> None:
    """Bound: refusals and answers never pile up, whatever a stranger sends."""
    pad = PadEnd()
    for number in range(200):
        events = pad.receive(frame(number % 9 + 1, b"%02dID" % (number % 100)), 0)
        if number % 3 == 0 and pad.owes:
            pad.answer(Shown(), 0)
        assert all(isinstance(event, Asked) for event in events)
    assert len(pad.pieces()) < 1_000
    assert pad._link.room > 0 and WAITING_MAX == 16


def test_a_closed_end_says_and_hears_nothing() -> None:
    line = Line().begun()
    line.ask(PIN)
    line.till.close()

    assert line.till.outgoing() == b"" and line.till.deadline_ns is None
    assert line.till.receive(frame(1, encode_answer(1, Shown())), 0) == []
    assert line.till.tick(10**12) == [] and not line.till.ready


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_garbage_at_either_end_raises_nothing_and_both_find_back(garbage: list[bytes]) -> None:
    line = Line().begun()
    line.ask(PIN)
    for data in garbage:
        line.till.receive(data, line.now_ns)
        line.pad.receive(data, line.now_ns)
        line.run()
    line.wait(line.now_ns + 45 * S)

    assert line.till.ready, "whatever happened, the till can ask again"
    line.at_till.clear()
    line.ask(Identify())
    assert line.pad.owes
    line.pad.answer(Shown(), line.now_ns)
    line.run()
    assert line.at_till == [Answered(Shown())]


def test_a_pad_that_was_switched_on_while_nobody_asked_is_called_anew() -> None:
    line = Line().begun()
    line.pad = PadEnd()
    line.pad.switched_on()
    line.run()

    assert line.at_till == [Began()] and line.till.ready
    line.ask(Identify())
    assert line.at_pad[-1] == Asked(Identify())


def test_what_a_pad_says_before_it_has_forgotten_is_not_heard() -> None:
    """Frames of a talk that is over, on their way while the till calls anew."""
    till = TillEnd()
    till.call(0)
    till.outgoing()

    assert till.receive(frame(1, encode_answer(0, Shown())), 0) == [] and till.stray_count == 1
    assert till.receive(b"\x040", 0) == [], "giving up is not the answer to a call"
    assert till.receive(b"\x041", 0) == [Began()]
    assert till.receive(b"\x041", 0) == [] and till.ready, "nor is its repeat a new beginning"
