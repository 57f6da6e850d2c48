"""The line under both: taken once, whatever is lost, doubled or broken on it."""

import pytest

from protocols.zvt.apdu import Apdu
from protocols.zvt.blocks import Block, BlockReader, block
from protocols.zvt.link import (
    BYTE_NS,
    T2_NS,
    TRIES_MAX,
    Heard,
    NotTaken,
    SerialLink,
    Unacknowledged,
)

ACK, NAK = b"\x06", b"\x15"
ASKED, PAID = Apdu(0x0670), Apdu(0x0601, b"\x04\0\0\0\1\x25\0")
WAIT_NS = T2_NS + len(block(ASKED.encode())) * BYTE_NS


def said(link: SerialLink) -> int:
    return sum(isinstance(each, Block) for each in BlockReader().receive(link.outgoing(), 0))


def test_one_at_a_time_and_said_again_after_silence():
    link = SerialLink()
    link.send(ASKED, 0)
    link.send(Apdu(0x0602), 0)
    assert said(link) == 1 and link.deadline_ns == WAIT_NS
    assert link.tick(WAIT_NS - 1) == [] and said(link) == 0
    assert link.tick(WAIT_NS) == [] and said(link) == 1
    assert link.receive(ACK, WAIT_NS) == [] and said(link) == 1
    assert link.receive(ACK, WAIT_NS) == [] and link.deadline_ns is None


def test_silence_three_times_is_not_known_to_have_arrived():
    link, events, now_ns = SerialLink(), [], 0
    link.send(ASKED, 0)
    for _ in range(TRIES_MAX):
        assert said(link) == 1 and events == []
        now_ns += WAIT_NS
        events = link.tick(now_ns)
    assert events == [Unacknowledged()] and said(link) == 0 and link.deadline_ns is None


@pytest.mark.parametrize("once", [False, True])
def test_nak_three_times_has_not_arrived(once):
    link, events = SerialLink(), []
    link.send(PAID, 0, once=once)
    for _ in range(TRIES_MAX):
        assert said(link) == 1 and events == []
        events = link.receive(NAK, 0)
    assert events == [NotTaken()] and said(link) == 0


def test_what_moves_money_is_never_said_again_after_silence():
    link = SerialLink()
    link.send(PAID, 0, once=True)
    assert said(link) == 1
    assert link.tick(10 * T2_NS) == [] and said(link) == 0
    # A NAK that comes late may be to anything.
    assert link.receive(NAK, 10 * T2_NS) == [] and said(link) == 0


def test_what_moves_money_is_not_said_again_once_something_else_than_nak_came_of_it():
    link = SerialLink()
    link.send(PAID, 0, once=True)
    assert said(link) == 1
    link.receive(NAK, 0)
    assert said(link) == 1
    link.tick(10 * T2_NS)
    assert said(link) == 0 and link.receive(NAK, 10 * T2_NS) == []


def test_an_answer_is_an_ack():
    link = SerialLink()
    link.send(PAID, 0, once=True)
    link.outgoing()
    assert link.receive(block(b"\x80\0\0"), 1) == [Heard(Apdu(0x8000))]
    assert link.outgoing() == ACK and link.deadline_ns is None


def test_a_block_that_comes_again_is_acknowledged_and_handed_on_once():
    link = SerialLink()
    whole = block(PAID.encode())
    assert link.receive(whole, 0) == [Heard(PAID)] and link.outgoing() == ACK
    assert link.receive(whole, 0) == [] and link.outgoing() == ACK
    link.send(Apdu(0x8000), 0)
    assert said(link) == 1
    assert link.receive(whole, 0) == [] and link.outgoing() == ACK
    link.receive(ACK, 0)
    # Its answer has arrived: the same again is a new one.
    assert link.receive(whole, 0) == [Heard(PAID)]


def test_the_same_block_of_somebody_who_comes_later_is_a_new_one():
    """A register that died over its registration is started again: it is not that one, said again."""
    link = SerialLink()
    whole, data = block(ASKED.encode()), ASKED.encode()
    until_ns = TRIES_MAX * (T2_NS + len(data) * BYTE_NS)
    assert link.receive(whole, 0) == [Heard(ASKED)]
    assert link.receive(whole, until_ns - 1) == []
    assert link.receive(whole, until_ns) == [Heard(ASKED)]


def test_a_broken_block_is_asked_for_and_one_that_is_no_apdu_is_not():
    link = SerialLink()
    whole = bytearray(block(PAID.encode()))
    whole[4] ^= 1
    assert link.receive(bytes(whole), 0) == [] and link.outgoing() == NAK
    assert link.receive(block(b"\x06\x01\x09\x04"), 0) == [] and link.outgoing() == ACK
    link.receive(block(PAID.encode())[:6], 0)
    assert link.tick(link.deadline_ns) == [] and link.outgoing() == NAK
