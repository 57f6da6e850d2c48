"""One end of a bank's line, pure: sign-on, echo, many questions at once, deadlines exactly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ips.bank.session import (
    ECHO_NS,
    IDLE_NS,
    OPEN_MAX,
    SIGN_NS,
    Answered,
    Broken,
    Expired,
    Late,
    Phase,
    Ready,
    Session,
    Speech,
    Unheard,
)
from protocols.iso8583 import mti
from protocols.iso8583.framing import Header
from protocols.iso8583.mac import MacAlgorithm
from protocols.iso8583.message import MalformedError, Message
from protocols.iso8583.specs import ASCII
from sim.bank.twin import BankTwin
from sim.clock import VirtualClock
from tests.support import bank as b

SPEECH = Speech(spec=ASCII, header=Header.BINARY, mac=MacAlgorithm.CMAC, key=b.Line().key)
NOW = 10**12


class End:
    """A session, and the bank's bytes by hand."""

    def __init__(self) -> None:
        self.session, self.line, self.now = Session(SPEECH), b.Line(), NOW

    def said(self):
        return self.line.read(self.session.outgoing())

    def hear(self, *messages: Message):
        return self.session.receive(b"".join(map(self.line.write, messages)), self.now)

    def answer(self, message: Message, code: str = "00") -> Message:
        kept = message.only(7, 11, 41, 70)
        return Message(mti.answer_to(message.mti), {**kept, 39: code})

    def ready(self):
        self.session.opened(self.now, "1129133500")
        [sign] = self.said()
        assert (sign.mti, sign.text(70)) == ("0800", "001")
        assert self.hear(self.answer(sign)) == [Ready()]
        return self


def ask(end: End, stan: int, seconds: int = 20):
    message = b.Asks(stan=stan - 1).ask(pan=b.CREDIT)
    return message, end.session.ask(message, end.now, deadline_ns=end.now + seconds * 10**9)


def test_sign_on_and_nothing_before():
    end = End()
    assert end.session.deadline_ns is None and end.session.tick(NOW) == []
    end.ready()
    assert end.session.phase is Phase.READY


def test_sign_on_refused_and_unanswered():
    end = End()
    end.session.opened(NOW, "1129133500")
    [sign] = end.said()
    assert isinstance(end.hear(end.answer(sign, "05"))[0], Broken)
    late = End()
    late.session.opened(NOW, "1129133500")
    assert late.session.tick(NOW + SIGN_NS - 1) == []
    assert isinstance(late.session.tick(NOW + SIGN_NS)[0], Broken)


def test_many_at_once_in_any_order():
    end = End().ready()
    asked = [ask(end, n) for n in range(1, 6)]
    assert len(end.said()) == 5
    answers = [end.answer(message) for message, _ in reversed(asked)]
    assert [e.ticket for e in end.hear(*answers)] == [t for _, t in reversed(asked)]


def test_deadlines_exactly_and_the_answer_after():
    end = End().ready()
    message, ticket = ask(end, 1)
    assert end.session.deadline_ns == NOW + 20 * 10**9
    assert end.session.tick(NOW + 20 * 10**9 - 1) == []
    assert end.session.tick(NOW + 20 * 10**9) == [Expired(ticket)]
    end.said()
    [event] = end.hear(end.answer(message))
    assert isinstance(event, Late)


def test_twice_is_once_and_late():
    end = End().ready()
    message, ticket = ask(end, 1)
    first, second = end.hear(end.answer(message), end.answer(message))
    assert isinstance(first, Answered) and first.ticket == ticket and isinstance(second, Late)


def test_an_answer_of_another_kind_terminal_or_number_is_nobodys():
    end = End().ready()
    message, _ = ask(end, 1)
    answer = end.answer(message)
    strange = [answer.typed("0230"), answer.plus({41: "02"}), answer.plus({11: "000002"})]
    assert all(isinstance(event, Late) for event in end.hear(*strange))
    assert isinstance(end.hear(message)[0], Unheard), "a bank asks nothing of us"


def test_a_wrong_code_is_not_heard():
    end = End().ready()
    message, _ = ask(end, 1)
    end.line.key = bytes(16)
    assert isinstance(end.hear(end.answer(message))[0], Unheard)


def test_a_sign_of_life_after_silence_and_its_silence():
    end = End().ready()
    assert end.session.tick(NOW + IDLE_NS - 1) == [] and end.said() == []
    assert end.session.tick(NOW + IDLE_NS) == []
    [echo] = end.said()
    assert echo.text(70) == "301"
    end.now = NOW + IDLE_NS + 5
    assert end.hear(end.answer(echo)) == []
    assert end.session.tick(end.now + IDLE_NS) == []
    end.said()
    assert isinstance(end.session.tick(end.now + IDLE_NS + ECHO_NS)[0], Broken)


def test_signing_on_again_on_the_line_that_is_there():
    end = End().ready()
    message, ticket = ask(end, 1)
    end.said()
    end.session.sign_on_again(NOW, "1129133501")
    end.session.sign_on_again(NOW, "1129133501")
    [sign] = end.said()
    assert (sign.mti, sign.text(70)) == ("0800", "001"), "once, while it is not answered"
    assert end.hear(end.answer(sign)) == [] and end.session.phase is Phase.READY
    [event] = end.hear(end.answer(message))
    assert event.ticket == ticket, "what was open stays open"
    end.session.sign_on_again(NOW, "1129133502")
    assert isinstance(end.session.tick(NOW + SIGN_NS)[0], Broken)


def test_a_broken_line_expires_everything():
    end = End().ready()
    tickets = [ask(end, n)[1] for n in (1, 2)]
    assert end.session.lost() == [Expired(t) for t in tickets]
    assert end.session.phase is Phase.DOWN and end.session.deadline_ns is None


def test_nothing_is_sent_of_what_cannot_be_written():
    end = End().ready()
    with pytest.raises(MalformedError):
        end.session.ask(Message("0200", {11: "x", 41: "01"}), NOW, deadline_ns=NOW + 1)
    assert end.said() == [] and end.session.deadline_ns == NOW + IDLE_NS


def test_a_bound_on_what_is_open():
    end = End().ready()
    for n in range(1, OPEN_MAX + 1):
        ask(end, n)
    with pytest.raises(AssertionError):
        ask(end, OPEN_MAX + 1)


@given(st.binary(max_size=200), st.integers(0, 8))
@settings(max_examples=100, deadline=None)
def test_garbage_never_raises(data, cut):
    end = End().ready()
    for start in range(0, len(data), cut or 1):
        end.session.receive(data[start : start + (cut or 1)], NOW)


@given(st.lists(st.integers(1, 30), unique=True, min_size=1, max_size=8), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_a_pair_with_the_bank_itself(stans, piece):
    """Role against role, in pieces: every question is answered once."""
    end, twin = End(), BankTwin(clock=VirtualClock())
    twin.opened(NOW)
    end.session.opened(NOW, "1129133500")

    def exchange():
        events = []
        for _ in range(4):
            sent = end.session.outgoing()
            for start in range(0, len(sent), piece):
                twin.receive(sent[start : start + piece], NOW)
            back = twin.outgoing()
            for start in range(0, len(back), piece):
                events += end.session.receive(back[start : start + piece], NOW)
        return events

    assert exchange() == [Ready()]
    tickets = [ask(end, stan)[1] for stan in stans]
    answered = exchange()
    assert [event.ticket for event in answered] == tickets
    assert all(event.message.text(39) == "00" for event in answered if isinstance(event, Answered))
