"""RFC 2217, client against server: agree, set the line, carry bytes and signals, refuse, give up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.rfc2217.client import (
    Client,
    ClientState,
    LineNoticed,
    ModemChanged,
    Opened,
    Received,
    Refused,
    Signed,
)
from protocols.rfc2217.server import Level, LineSet, Purged, Sent, Server, SignalsSet
from protocols.rfc2217.words import (
    Command,
    Control,
    LineState,
    ModemState,
    Purge,
    frame,
    setting_value,
    with_setting,
)
from protocols.serial_line import Flow, LineSettings, Parity, StopBits
from protocols.telnet import IAC, Malformed, Option, Will

DEADLINE_NS = 1_000
ODD_LINE = LineSettings(
    baud=19_200, data_bits=7, parity=Parity.EVEN, stop_bits=StopBits.TWO, flow=Flow.RTS_CTS
)


class Pair:
    """A client and a server with a wire between them that cuts the stream into pieces."""

    def __init__(self, line=ODD_LINE, *, piece=1 << 20):
        self.client = Client(line, deadline_ns=DEADLINE_NS)
        self.server = Server(LineSettings(), signature="twin")
        self.piece = piece
        self.client_events = []
        self.server_events = []

    def settle(self):
        """Carry bytes both ways until nobody has any."""
        for _ in range(20):
            up, down = self.client.outgoing(), self.server.outgoing()
            if not up and not down:
                return self
            for start in range(0, len(up), self.piece):
                self.server_events += self.server.receive(up[start : start + self.piece])
            for start in range(0, len(down), self.piece):
                self.client_events += self.client.receive(down[start : start + self.piece], 0)
        raise AssertionError("the two ends never fall silent")


@pytest.mark.parametrize("piece", [1, 2, 3, 1 << 20])
def test_port_opens_as_asked_and_carries_every_byte_both_ways(piece):
    """Goal: the way through, whole and byte at a time."""
    pair = Pair(piece=piece).settle()
    every = bytes(range(256)) * 2

    pair.client.send(every)
    pair.server.send(every[::-1])
    pair.settle()

    assert pair.client.state is ClientState.OPEN
    assert pair.server.settings == ODD_LINE
    assert Opened() in pair.client_events
    assert b"".join(e.data for e in pair.server_events if isinstance(e, Sent)) == every
    assert b"".join(e.data for e in pair.client_events if isinstance(e, Received)) == every[::-1]


@given(
    line=st.builds(
        LineSettings,
        baud=st.integers(1, 4_000_000),
        data_bits=st.integers(5, 8),
        parity=st.sampled_from(Parity),
        stop_bits=st.sampled_from(StopBits),
        flow=st.sampled_from(Flow),
    )
)
@settings(max_examples=60)
def test_every_line_setting_can_be_had(line):
    """Goal: what LineSettings can say, the wire can say."""
    assert Pair(line).settle().server.settings == line


def test_bytes_sent_before_the_port_is_open_wait_and_then_arrive():
    """Goal: no receipt byte is lost in the negotiation."""
    pair = Pair()

    pair.client.send(b"early\xff")
    assert pair.client.pending() == len(b"early\xff\xff")
    pair.settle()

    assert b"".join(e.data for e in pair.server_events if isinstance(e, Sent)) == b"early\xff"
    assert pair.client.pending() == 0


def test_greeting_before_the_port_is_open_is_not_taken_for_the_device():
    """Goal: a port server's banner never reaches a driver."""
    client = Client(ODD_LINE, deadline_ns=DEADLINE_NS)

    assert client.receive(b"Welcome to port 7\r\n", 0) == []


def test_deadline_just_before_and_exactly():
    """Goal: a silent server is given up at the deadline, not a nanosecond earlier, and once."""
    client = Client(ODD_LINE, deadline_ns=DEADLINE_NS)

    assert client.deadline_ns == DEADLINE_NS
    assert client.tick(DEADLINE_NS - 1) == []
    assert isinstance(client.tick(DEADLINE_NS)[0], Refused)
    assert client.tick(DEADLINE_NS + 1) == []
    assert client.deadline_ns is None


def test_answer_after_the_deadline_opens_nothing():
    """Goal: late is refused, even when the answer itself would be good."""
    pair = Pair()
    pair.server_events += pair.server.receive(pair.client.outgoing())

    events = pair.client.receive(pair.server.outgoing(), DEADLINE_NS)

    assert [type(event) for event in events] == [Refused]
    assert pair.client.state is ClientState.REFUSED


@pytest.mark.parametrize(
    ("word", "option"),
    [(Will.DONT, Option.COM_PORT), (Will.WONT, Option.BINARY), (Will.DONT, Option.BINARY)],
)
def test_server_that_refuses_an_option_is_refused_by_name(word, option):
    """Goal: the reason names the option, so that somebody can switch it on."""
    client = Client(ODD_LINE, deadline_ns=DEADLINE_NS)

    (event,) = client.receive(bytes((IAC, word, option)), 0)

    assert isinstance(event, Refused)
    assert option.name in event.reason


def test_server_that_sets_another_rate_is_refused():
    """Goal: a printer at the wrong rate would print garbage; better no port than that one."""
    pair = Pair()
    pair.client.receive(bytes((IAC, Will.DO, 44, IAC, Will.DO, 0, IAC, Will.WILL, 0)), 0)
    assert pair.client.state is ClientState.SETTING

    (event,) = pair.client.receive(frame(101, (9_600).to_bytes(4, "big")), 0)

    assert isinstance(event, Refused)
    assert "baudrate" in event.reason


def test_signals_break_and_purge_reach_the_server():
    """Goal: what a client drives arrives by name."""
    pair = Pair().settle()
    pair.server_events.clear()

    pair.client.control(Control.DTR_OFF)
    pair.client.control(Control.BREAK_ON)
    pair.client.purge(Purge.BOTH)
    pair.settle()

    signals = [event.signals for event in pair.server_events if isinstance(event, SignalsSet)]
    assert signals[0].dtr is Level.OFF
    assert signals[-1].sends_break is Level.ON
    assert signals[-1].rts is Level.ON
    assert Purged(Purge.BOTH) in pair.server_events


def test_modem_lines_are_told_when_they_change_and_only_then():
    """Goal: NOTIFY-MODEMSTATE on change, with RI on its trailing edge alone."""
    pair = Pair().settle()
    pair.client_events.clear()

    for lines in (ModemState.DSR, ModemState.DSR, ModemState.DSR | ModemState.RI, ModemState.DSR):
        pair.server.show_lines(lines)
        pair.settle()

    assert pair.client_events == [ModemChanged(ModemState.DSR), ModemChanged(ModemState.DSR)]


def test_modem_state_on_the_wire_carries_the_changes_in_its_low_half():
    """Goal: RFC 2217's delta bits, for clients that read them."""
    server = Server(LineSettings(), signature="")
    server.outgoing()

    server.show_lines(ModemState.CTS | ModemState.DSR)

    assert server.outgoing() == frame(107, b"\x33")


def test_line_errors_are_told_to_who_asked():
    """Goal: parity and framing errors arrive; states nobody asked for do not."""
    pair = Pair().settle()
    pair.client_events.clear()

    pair.server.notice(LineState.PARITY_ERROR | LineState.DATA_READY)
    pair.server.notice(LineState.SHIFT_EMPTY)
    pair.settle()

    assert pair.client_events == [LineNoticed(LineState.PARITY_ERROR)]


def test_suspended_server_keeps_the_bytes_until_it_is_resumed():
    """Goal: FLOWCONTROL-SUSPEND stops data, never answers, and loses nothing."""
    pair = Pair().settle()
    pair.client.suspend()
    pair.settle()

    pair.server.send(b"held")
    pair.client.ask_signature()
    pair.settle()
    assert Signed("twin") in pair.client_events
    assert pair.server.pending() == 4

    pair.client.resume()
    pair.settle()
    assert Received(b"held") in pair.client_events


def test_client_holds_back_when_the_server_says_so():
    """Goal: the other direction of the same."""
    pair = Pair().settle()
    pair.server_events.clear()

    pair.client.receive(frame(108), 0)
    pair.client.send(b"held")
    pair.settle()
    assert pair.server_events == []

    pair.client.receive(frame(109), 0)
    pair.settle()
    assert pair.server_events == [Sent(b"held")]


@pytest.mark.parametrize("command", [Command.BAUDRATE, Command.DATASIZE, Command.PARITY])
@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x09"])
def test_value_that_is_none_changes_nothing_and_is_answered_with_what_is_set(command, value):
    """Goal: 0 asks, nonsense is refused, both by the value that holds."""
    server = Server(ODD_LINE, signature="")
    server.outgoing()

    events = server.receive(frame(command, value))

    assert events == []
    assert server.settings == ODD_LINE
    assert server.outgoing() == frame(command + 100, setting_value(ODD_LINE, command))


@pytest.mark.parametrize("control", list(Control))
def test_every_control_value_is_answered_once(control):
    """Goal: no client waits for an answer that never comes."""
    server = Server(LineSettings(), signature="")
    server.outgoing()

    server.receive(frame(Command.CONTROL, bytes((control,))))

    answer = server.outgoing()
    assert answer.startswith(bytes((IAC, 0xFA, 44, 105)))
    assert answer.count(bytes((IAC, 0xF0))) == 1


@given(st.binary(max_size=120))
@settings(max_examples=200)
def test_garbage_before_and_after_frames_stops_neither_end(garbage):
    """Goal: whatever a peer sends, both ends go on; a server still answers behind it."""
    server = Server(LineSettings(), signature="twin")
    server.receive(garbage)
    # Close whatever the garbage may have opened: a word, a subnegotiation.
    server.receive(bytes((0, IAC, 0xF0)))
    server.outgoing()

    server.receive(frame(Command.SIGNATURE))

    assert server.outgoing().endswith(frame(100, b"twin"))
    Client(ODD_LINE, deadline_ns=DEADLINE_NS).receive(garbage, 0)


def test_plain_telnet_user_gets_carriage_returns_undone():
    """Goal: without BINARY, CR NUL is one carriage return, also when the pieces cut between."""
    server = Server(LineSettings(), signature="")

    events = server.receive(b"a\r") + server.receive(b"\0b\r\n")

    assert b"".join(event.data for event in events) == b"a\rb\r\n"


def test_long_subnegotiation_is_reported_and_survived():
    """Goal: a peer cannot make us keep its bytes."""
    server = Server(LineSettings(), signature="")

    events = server.receive(bytes((IAC, 0xFA, 44)) + bytes(100_000) + bytes((IAC, 0xF0)) + b"on")

    assert [type(event) for event in events] == [Malformed, Sent]


def test_line_set_tells_what_now_holds():
    """Goal: a twin learns of a wrong rate."""
    server = Server(LineSettings(), signature="")

    events = server.receive(frame(Command.BAUDRATE, (1_200).to_bytes(4, "big")))

    assert events == [LineSet(LineSettings(baud=1_200))]
    assert with_setting(LineSettings(), Command.CONTROL, b"\x01") is None
