"""A trace as a capture file: every channel an interface, dissected by Wireshark as it comes.

    tty:   RTAC serial (250)        time, who sends, modem lines, bytes; what they say as a comment
           TELNET (252, telnet)     the commands beside them, where there are any
    card:  ISO 7816 (252, iso7816)  commands and answers; the ATR (iso7816.atr)
    net:   IP and TCP (101)         the messages as HTTP, one connection each; addresses are made up
    notes  (252, syslog)            what happened besides: cables, cards, what a tester did

In a serial packet the till is the equipment, so bytes to the device are sent (TX) and its own received.
Source: LINKTYPE_RTAC_SERIAL and LINKTYPE_WIRESHARK_UPPER_PDU of tcpdump.org/linktypes; RFC 791, 9293.
"""

import struct
from collections.abc import Iterator
from typing import Final

from protocols.pcapng import (
    LINK_RAW_IP,
    LINK_RTAC_SERIAL,
    LINK_UPPER_PDU,
    Interface,
    interface,
    packet,
    section,
)
from protocols.trace.events import (
    Answer,
    Atr,
    Bytes,
    Card,
    Channel,
    Command,
    Direction,
    Event,
    Line,
    Link,
    Mark,
    PinEntry,
    Request,
    Response,
    Trace,
    Words,
)
from protocols.trace.message_packets import Conversation
from protocols.trace.words import Teller

NOTES: Final = "notes"
COMMENT: Final = (
    "A trace of virtual equipment; no secret is in it. Serial bytes, APDUs and the texts of messages are "
    "as they passed, card numbers and PINs replaced by test values; IP and TCP are made up around them."
)
_RTAC_LINES: Final = {
    "CTS": 0x01,
    "CD": 0x02,
    "DSR": 0x04,
    "RTS": 0x08,
    "DTR": 0x10,
    "RI": 0x20,
}
_STATUS_CHANGE: Final = 0
_STARTS: Final = {Direction.TO: 1, Direction.FROM: 2}
_BREAK: Final = 9
_DISSECTOR: Final = 12
_P2P: Final = 35
_SENT: Final = {Direction.TO: 0, Direction.FROM: 1}


def capture(trace: Trace) -> Iterator[bytes]:
    """Return a capture file, in pieces."""
    yield section(f"ips-sim, trace by {trace.header.program}", COMMENT)
    interfaces = _Interfaces()
    for described in interfaces.plan(trace):
        yield interface(described)
    packets, teller = _Packets(trace.header.wall_ns), Teller()
    for event in trace.events:
        comment = "\n".join(row.text for row in teller.tell(event))
        for name, data in packets.of(event, comment):
            number = interfaces.numbers[name]
            yield packet(number, trace.header.wall_ns + event.at_ns, data, comment)
            comment = ""


class _Interfaces:
    """Which interfaces there are, and their numbers."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def plan(self, trace: Trace) -> Iterator[Interface]:
        telnet = {event.channel for event in trace.events if isinstance(event, Words)}
        for name, channel in trace.channels().items():
            about = f"{channel.protocol} over {channel.link} {channel.line}".rstrip()
            yield self._add(name, _link_type(channel), about)
            if name in telnet:
                yield self._add(_telnet(name), LINK_UPPER_PDU, f"TELNET commands of {name}")
        yield self._add(NOTES, LINK_UPPER_PDU, "what happened besides")

    def _add(self, name: str, link_type: int, about: str) -> Interface:
        self.numbers[name] = len(self.numbers)
        return Interface(link_type=link_type, name=name, description=about)


class _Packets:
    """Events to packets."""

    def __init__(self, wall_ns: int) -> None:
        self._wall_ns = wall_ns
        self._lines: dict[str, int] = {}
        self._hosts: dict[str, Conversation] = {}

    def of(self, event: Event, told: str) -> Iterator[tuple[str, bytes]]:
        """Return the packets of an event, each with its interface; `told` is the event in words."""
        name, at_ns = event.channel, event.at_ns
        match event:
            case Bytes(direction=direction, data=data):
                yield name, self._serial(name, at_ns, _STARTS[direction], data)
            case Line(up=up):
                self._lines[name] = sum(bit for line, bit in _RTAC_LINES.items() if line in up)
                kind = _BREAK if "BREAK" in up else _STATUS_CHANGE
                yield name, self._serial(name, at_ns, kind, b"")
            case Words(direction=direction, data=data):
                yield _telnet(name), upper_pdu("telnet", data, direction)
            case Atr(data=data) if data:
                yield name, upper_pdu("iso7816.atr", data, Direction.FROM)
            case Command(data=data):
                yield name, upper_pdu("iso7816", data, Direction.TO)
            case Response(data=data) if len(data) >= 2:
                yield name, upper_pdu("iso7816", data, Direction.FROM)
            case Request():
                for data in self._host(name).request(event):
                    yield name, data
            case Answer():
                for data in self._host(name).answer(event):
                    yield name, data
            case Link() | Card() | Mark() | PinEntry() | Atr() | Response():
                where = f"{name}: " if name else ""
                yield NOTES, upper_pdu("syslog", f"{where}{told}".encode())
            case Channel():
                pass

    def _serial(self, name: str, at_ns: int, kind: int, data: bytes) -> bytes:
        seconds, rest_ns = divmod(self._wall_ns + at_ns, 1_000_000_000)
        lines = self._lines.get(name, 0)
        return struct.pack(">IIBBH", seconds, rest_ns // 1_000, kind, lines, 0) + data

    def _host(self, name: str) -> Conversation:
        return self._hosts.setdefault(name, Conversation(len(self._hosts)))


def upper_pdu(dissector: str, data: bytes, direction: Direction | None = None) -> bytes:
    """Return data with the name of who is to dissect it."""
    told = _tag(_DISSECTOR, dissector.encode())
    if direction is not None:
        told += _tag(_P2P, struct.pack(">I", _SENT[direction]))
    return told + bytes(4) + data


def _tag(number: int, value: bytes) -> bytes:
    value += bytes(-len(value) % 4)
    return struct.pack(">HH", number, len(value)) + value


def _telnet(name: str) -> str:
    return f"{name} telnet"


def _link_type(channel: Channel) -> int:
    match channel.protocol:
        case "iso7816":
            return LINK_UPPER_PDU
        case "http":
            return LINK_RAW_IP
    return LINK_RTAC_SERIAL
