"""What a printer says of itself: order of questions, lateness, silence, noise, at exact times."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.printer_watch import (
    ANSWER_TIMEOUT_NS,
    BLOCK_TIMEOUT_NS,
    LATE_MAX_NS,
    LIFE_INTERVAL_NS,
    NOISE_NS,
    POLL_INTERVAL_NS,
    SILENT_INTERVAL_NS,
    Presence,
    PrinterWatch,
)
from protocols.escpos.answers import Printed, StatusBack, encode_answer
from protocols.escpos.codes import RealtimeQuestion
from protocols.escpos.status import (
    READY,
    SILENT,
    Online,
    Paper,
    PrinterStatus,
    back_bytes,
    realtime_byte,
)

NEAR = replace(READY, paper=Paper.NEAR_END)
T = ANSWER_TIMEOUT_NS


def answer(question: int, status: PrinterStatus = NEAR) -> bytes:
    return bytes([realtime_byte(status, RealtimeQuestion(question))])


def question(number: int) -> bytes:
    return bytes([0x10, 0x04, number])


def opened() -> PrinterWatch:
    watch = PrinterWatch()
    watch.opened(0)
    return watch


def greeted(*, tells: bool = True) -> PrinterWatch:
    """Return a watch that has had all four answers and, where the printer tells, its ASB."""
    watch = opened()
    for number in (1, 2, 3, 4):
        assert watch.outgoing(0) == question(number)
        watch.receive(answer(number), 0)
    assert watch.outgoing(0) == b"\x1da\x4f"
    if tells:
        watch.receive(back_bytes(NEAR), 0)
    return watch


def test_four_questions_one_at_a_time_then_status_back() -> None:
    watch = greeted()

    assert watch.status == NEAR
    assert watch.presence is Presence.ANSWERING
    assert watch.able
    assert watch.rounds == 1


def test_nothing_is_asked_while_an_answer_is_out_and_the_same_again_exactly_at_the_timeout() -> (
    None
):
    watch = opened()
    assert watch.outgoing(0) == question(1)

    assert watch.deadline_ns == T
    assert watch.outgoing(T - 1) == b""
    assert watch.outgoing(T) == question(1)
    assert watch.presence is Presence.ASKING


def test_second_miss_is_silence_and_nothing_is_known_any_more() -> None:
    watch = greeted()
    due = watch.deadline_ns
    assert due is not None
    assert watch.outgoing(due) == question(1)
    watch.outgoing(due + T)
    assert watch.status == NEAR
    watch.outgoing(due + 2 * T)

    assert watch.presence is Presence.SILENT
    assert watch.status == SILENT
    assert not watch.able
    assert watch.deadline_ns == due + 2 * T + SILENT_INTERVAL_NS


def test_late_answer_belongs_to_its_question_and_owed_ones_are_dropped() -> None:
    watch = opened()
    for number in (0, 1):
        watch.outgoing(number * T)
    watch.receive(answer(1), T + 1)
    assert watch.status.online is Online.ONLINE
    assert watch.outgoing(T + 1) == b""

    # The answer to the repeat must not be read as "cover closed".
    watch.receive(answer(1), T + 2)
    assert watch.status == replace(SILENT, online=Online.ONLINE, drawer=READY.drawer)
    assert watch.outgoing(T + 2) == question(2)


def test_owed_answer_that_never_comes_is_waited_for_exactly_so_long() -> None:
    watch = opened()
    watch.outgoing(0)
    watch.outgoing(T)
    watch.receive(answer(1), T + 5)
    watch.outgoing(T + 5)

    due = T + 5 + LATE_MAX_NS
    assert watch.deadline_ns == due
    watch.tick(due - 1)
    assert watch.outgoing(due - 1) == b""
    watch.tick(due)
    assert watch.outgoing(due) == question(2)


def test_sign_of_life_where_it_tells_and_all_four_where_it_does_not() -> None:
    telling = greeted()
    due = telling.deadline_ns
    assert due == POLL_INTERVAL_NS
    assert telling.outgoing(due) == question(1)
    telling.receive(answer(1), due)
    assert telling.deadline_ns == due + LIFE_INTERVAL_NS

    polled, now = greeted(tells=False), POLL_INTERVAL_NS
    for number in (1, 2, 3, 4):
        assert polled.outgoing(now) == question(number)
        polled.receive(answer(number), now)
    assert polled.outgoing(now) == b"\x1da\x4f"
    assert polled.rounds == 2


def test_change_that_was_not_told_means_it_was_switched_off_and_on() -> None:
    watch = greeted()
    now = POLL_INTERVAL_NS
    watch.outgoing(now)
    watch.receive(answer(1, replace(NEAR, online=Online.OFFLINE)), now)

    assert watch.outgoing(now) == b"\x1da\x4f" + question(1)
    assert not watch.back_seen


def test_noise_beside_an_answer_makes_it_unbelieved() -> None:
    watch = opened()
    watch.outgoing(0)
    watch.receive(b"\xff" + answer(1), 5)

    assert watch.presence is Presence.ASKING
    assert watch.garbage_count == 2
    assert watch.outgoing(T) == question(1)
    watch.receive(answer(1), T)
    assert watch.presence is Presence.ANSWERING


@pytest.mark.parametrize(("after_ns", "believed"), [(NOISE_NS - 1, False), (NOISE_NS, True)])
def test_noise_is_over_exactly_then(after_ns: int, believed: bool) -> None:
    watch = opened()
    watch.outgoing(0)
    watch.receive(b"\xff", 0)
    watch.receive(answer(1), after_ns)

    assert (watch.presence is Presence.ANSWERING) == believed


def test_unfinished_block_is_given_up_exactly_in_time_and_open_questions_stay_open() -> None:
    watch = greeted()
    watch.outgoing(POLL_INTERVAL_NS)
    watch.receive(b"\x37\x22", POLL_INTERVAL_NS)
    due = POLL_INTERVAL_NS + BLOCK_TIMEOUT_NS
    assert watch.deadline_ns == due
    watch.tick(due - 1)
    assert watch.garbage_count == 0
    watch.tick(due)
    assert watch.garbage_count == 2

    watch.receive(answer(1), due + NOISE_NS)
    assert watch.deadline_ns == due + NOISE_NS + LIFE_INTERVAL_NS


def test_answers_for_others_are_handed_on() -> None:
    watch = greeted()
    printed = Printed(b"abc!")

    assert watch.receive(encode_answer(printed), 1) == [printed]
    assert watch.receive(b"\x13\x11", 1) != []


def test_mostly_garbage_is_said_and_one_good_answer_ends_it() -> None:
    watch = greeted()
    watch.receive(b"\xff" * 7, 1)
    assert not watch.garbled
    watch.receive(b"\xff", 1)
    assert watch.garbled

    watch.receive(back_bytes(READY), 1 + NOISE_NS)
    assert not watch.garbled
    assert watch.status == READY


@pytest.mark.parametrize("presence", list(Presence))
@pytest.mark.parametrize("event", ["opened", "lost", "status", "back", "noise", "time", "ask_all"])
def test_every_state_takes_every_event(presence: Presence, event: str) -> None:
    """Goal: the table of states, cell by cell: what each event leads to."""
    watch = {
        Presence.CLOSED: PrinterWatch,
        Presence.ASKING: opened,
        Presence.ANSWERING: greeted,
        Presence.SILENT: silenced,
    }[presence]()
    assert watch.presence is presence
    now = 60 * T
    if presence is not Presence.CLOSED:
        watch.tick(now)
        watch.outgoing(now)
    match event:
        case "opened":
            watch.opened(now)
            expected = Presence.ASKING
        case "lost":
            watch.lost()
            expected = Presence.CLOSED
        case "status":
            watch.receive(answer(1), now)
            expected = Presence.CLOSED if presence is Presence.CLOSED else Presence.ANSWERING
        case "back":
            watch.receive(encode_answer(StatusBack(READY)), now)
            told = presence in (Presence.ANSWERING, Presence.SILENT)
            expected = Presence.ANSWERING if told else presence
        case "noise":
            watch.receive(b"\xff\xfe", now)
            expected = presence
        case "time":
            watch.tick(now)
            expected = presence
        case _:
            watch.ask_all(now)
            expected = presence

    assert watch.presence is expected
    assert (watch.deadline_ns is None) == (watch.presence is Presence.CLOSED)


def silenced() -> PrinterWatch:
    watch = greeted()
    for number in range(3):
        watch.outgoing(POLL_INTERVAL_NS + number * T)
    return watch


@given(st.binary(max_size=80))
def test_any_bytes_are_taken_and_byte_at_a_time_equals_all_at_once(data: bytes) -> None:
    slow, fast = greeted(), greeted()

    heard = [heard for byte in data for heard in slow.receive(bytes([byte]), 1)]

    assert heard == fast.receive(data, 1)
    assert slow.status == fast.status
    assert slow.garbage_count == fast.garbage_count
