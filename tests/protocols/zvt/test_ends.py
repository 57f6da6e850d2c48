"""Register and terminal: every sequence of the table over both lines, and what happens when one is cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.zvt.apdu import Apdu
from protocols.zvt.controls import Control
from protocols.zvt.link import T2_NS
from protocols.zvt.messages import state
from protocols.zvt.register import (
    T3_NS,
    T4_NS,
    Ended,
    Lost,
    Refused,
    Stray,
    Taken,
    Told,
)
from protocols.zvt.sequences import REPLIES, SEQUENCES
from protocols.zvt.terminal import Asked, Unheard
from tests.support.zvt import Pair

LINES = pytest.mark.parametrize("serial", [True, False], ids=["serial", "network"])
PAY = Apdu(Control.AUTHORISATION, b"\x04\0\0\0\1\x25\0")


def begun(serial: bool = True, command: Apdu = PAY) -> Pair:
    pair = Pair(serial=serial)
    pair.register.begin(command, 0)
    pair.pass_on()
    assert pair.asked == [Asked(command)]
    return pair


def test_the_table_is_whole():
    assert set(SEQUENCES) | REPLIES == set(Control), "every command has a row, every answer a place"
    assert not set(SEQUENCES) & REPLIES
    moving = {control for control, row in SEQUENCES.items() if row.moves_money}
    assert {Control.AUTHORISATION, Control.REVERSAL, Control.REFUND, Control.BOOK_TOTAL} <= moving
    assert not {Control.REPEAT_RECEIPT, Control.STATUS_ENQUIRY, Control.DIAGNOSIS} & moving
    assert all(row.ends or not row.replies for row in SEQUENCES.values())


@LINES
@pytest.mark.parametrize("control", SEQUENCES)
def test_every_sequence(control, serial):
    """What the table allows is told and answered; its end ends it; the other end is then free."""
    row, pair = SEQUENCES[control], begun(serial, Apdu(control, b"\0\0\0"))
    pair.terminal.take(0)
    said = [Apdu(each, b"\x0a") for each in sorted(row.replies)]
    ends = [Apdu(min(row.ends), b"")] if row.ends else []
    for each in (*said, *ends):
        pair.terminal.say(each, 0)
    pair.pass_on()
    if not row.ends:
        assert pair.told() == [Ended(Apdu(0x8000))]
    else:
        assert pair.told() == [Taken(), *map(Told, said), *map(Ended, ends)]
    assert not pair.register.busy and not pair.terminal.speaking


@LINES
@pytest.mark.parametrize("control", SEQUENCES)
def test_every_command_may_be_refused(control, serial):
    pair = begun(serial, Apdu(control, b"\0\0\0"))
    pair.terminal.refuse(0x83, 0)
    pair.pass_on()
    assert pair.told() == [Refused(0x83)] and not pair.register.busy


@LINES
def test_a_terminal_that_speaks_has_taken_it(serial):
    """Its 80 00 was lost."""
    pair = begun(serial)
    pair.terminal.say(state(0x0A), 0)
    pair.pass_on()
    assert pair.told() == [Taken(), Told(state(0x0A))] and not pair.terminal.speaking


def test_not_taken_in_time_is_lost_and_not_before():
    pair = Pair()
    pair.register.begin(PAY, 0)
    pair.register.outgoing()
    assert pair.register.tick(T3_NS - 1) == [] and pair.register.outgoing() == b""
    assert pair.register.tick(T3_NS) == [Lost(said=True)]
    assert not pair.register.busy and pair.register.outgoing() == b"", "and never said again"


def test_a_command_that_moves_nothing_is_said_three_times():
    pair, said = Pair(), 0
    pair.register.begin(Apdu(Control.DIAGNOSIS), 0)
    for now_ns in range(0, T3_NS, T2_NS // 4):
        pair.register.tick(now_ns)
        said += bool(pair.register.outgoing())
    assert said == 3


def test_refused_by_nak_is_certainly_not_taken():
    pair = Pair()
    pair.register.begin(PAY, 0)
    events = [event for _ in range(3) for event in pair.register.receive(b"\x15", 0)]
    assert events == [Lost(said=False)]


@LINES
def test_silence_once_taken_is_lost_at_t4_from_the_last_sign_of_life(serial):
    pair = begun(serial)
    pair.terminal.take(0)
    pair.pass_on()
    pair.now_ns = T4_NS - 1
    assert pair.register.tick(pair.now_ns) == []
    pair.terminal.say(state(0x0A), pair.now_ns)
    pair.pass_on()
    assert pair.told() == [Taken(), Told(state(0x0A))]
    assert pair.register.tick(2 * T4_NS - 2) == []
    assert pair.register.tick(2 * T4_NS - 1) == [Lost(said=True)]


@LINES
def test_what_comes_while_nothing_is_under_way_is_answered(serial):
    """A result must not hang in a terminal because nobody listens."""
    pair = Pair(serial=serial)
    for apdu in (Apdu(Control.STATUS_INFORMATION, b"\x27\0"), Apdu(Control.COMPLETION)):
        pair.terminal.say(apdu, 0)
    pair.pass_on()
    assert pair.told() == [
        Stray(Apdu(Control.STATUS_INFORMATION, b"\x27\0")),
        Stray(Apdu(Control.COMPLETION)),
    ]
    assert not pair.terminal.speaking


@LINES
def test_what_no_terminal_says_is_refused(serial):
    pair = begun(serial)
    pair.terminal.say(Apdu(0x0777), 0)
    pair.pass_on()
    assert pair.terminal.refusals == [0x83] and pair.told() == []


@LINES
def test_abort_is_said_beside_and_the_command_has_its_own_end(serial):
    pair = begun(serial)
    pair.terminal.take(0)
    pair.pass_on()
    pair.register.say_aside(Apdu(Control.ABORT), 0)
    pair.pass_on()
    assert pair.asked[-1] == Asked(Apdu(Control.ABORT))
    pair.terminal.refuse(0x83, 0)
    pair.pass_on()
    assert pair.told() == [Taken()] and pair.register.busy
    pair.terminal.say(Apdu(Control.ABORTED, b"\x6c"), 0)
    pair.pass_on()
    assert pair.told() == [Ended(Apdu(Control.ABORTED, b"\x6c"))]


@LINES
def test_a_terminal_that_is_not_answered_gives_up_in_time_and_not_before(serial):
    pair = begun(serial)
    pair.terminal.take(0)
    pair.pass_on()
    pair.terminal.say(state(0x0A), 0)
    pair.terminal.say(state(0x04), 0)
    events, now_ns = [], 0
    while pair.terminal.speaking and now_ns <= T3_NS:
        now_ns = pair.terminal.deadline_ns or T3_NS
        if serial is False:
            assert pair.terminal.tick(now_ns - 1) == []
        events += pair.terminal.tick(now_ns)
        pair.terminal.outgoing()
    assert events == [Unheard()] and now_ns <= T3_NS
    assert pair.terminal.receive(b"", now_ns + T3_NS) == []


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=30)), max_size=12), st.booleans())
@settings(deadline=None)
def test_no_bytes_make_an_end_fail(said, serial):
    pair, now_ns = Pair(serial=serial), 0
    pair.register.begin(PAY, 0)
    for to_terminal, data in said:
        now_ns += 1_000_000
        if to_terminal:
            pair.terminal.receive(data, now_ns)
        else:
            pair.register.receive(data, now_ns)
        pair.register.tick(now_ns)
        pair.terminal.tick(now_ns)


@given(st.lists(st.integers(0, 400), max_size=3), st.integers(0, 7))
@settings(deadline=None)
def test_a_line_that_flips_bits_never_has_a_payment_taken_twice(places, bit):
    pair, sent, now_ns, taken = Pair(), 0, 0, 0
    pair.register.begin(PAY, 0)
    for _ in range(60):
        for out, into in (
            (pair.register, pair.terminal.receive),
            (pair.terminal, pair.register.receive),
        ):
            data = bytearray(out.outgoing())
            for place in places:
                if sent <= place < sent + len(data):
                    data[place - sent] ^= 1 << bit
            sent += len(data)
            for event in into(bytes(data), now_ns):
                if isinstance(event, Asked):
                    taken += 1
                    pair.terminal.take(now_ns)
        now_ns += T2_NS // 4
        pair.register.tick(now_ns)
        pair.terminal.tick(now_ns)
    assert taken <= 1
