"""What stands in a trace, and its file: one JSON object a line, so that it can be cut, grepped and joined.

    {"trace":1,"wall_ns":...,"program":"ips-sim"}                                   first line
    {"kind":"channel","at_ns":0,"channel":"tty:printer","protocol":"escpos","link":"pty"}
    {"kind":"bytes","at_ns":81200,"channel":"tty:printer","direction":"to","data":"1b40"}

One monotonic clock for everything: `at_ns` counts from the first line, whose `wall_ns` says when that
was. A channel is named after its medium and what is at its far end (tty:printer, card:customer,
net:broker); `to` is towards that, `from` is what it says. `data` is hexadecimal.

Lines may stand a little out of order: a piece of a number is held back until it is known whether the
whole is a card's. `read_trace` sorts. A last line without its end (a killed bench) is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, Final, TypeAlias

import msgspec

from protocols.malformed import MALFORMED

VERSION: Final = 1
LINE_BYTES_MAX: Final = 4 * 1024 * 1024
"""A longer line is no trace; a picture for a printer, the longest thing there is, fits twice."""


class TraceError(ValueError):
    """This is no trace, or not one that can be read here; the message names the line."""


class Direction(Enum):
    """Which way something went."""

    TO = "to"
    """To what the channel is named after."""
    FROM = "from"
    """From it."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line."""

    trace: int = VERSION
    wall_ns: int
    """UTC at `at_ns` 0."""
    program: str


class Happened(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """Something in a trace."""

    at_ns: int
    """Nanoseconds since the first line."""
    channel: str
    """Where; empty for a mark about everything."""


class Channel(Happened, frozen=True, kw_only=True, tag="channel"):
    """A channel, before anything on it."""

    protocol: str
    """What its bytes mean: escpos, cd5220, scanner, iso7816, http."""
    link: str
    """What it is reached over: pty, tcp, rfc2217, pcsc, memory, loopback."""
    line: str = ""
    """How the device is set: 9600 8N1; empty where there is no line."""


class Bytes(Happened, frozen=True, kw_only=True, tag="bytes"):
    """Bytes on a serial line or a bare connection, as the driver's end sent or got them."""

    direction: Direction
    data: bytes


class Line(Happened, frozen=True, kw_only=True, tag="line"):
    """How the driver's end of the line now stands."""

    settings: str = ""
    """9600 8N1; empty when it cannot be seen."""
    up: list[str] = []
    """The signals that are on, where they can be seen: DTR RTS CTS DSR CD RI BREAK."""


class Words(Happened, frozen=True, kw_only=True, tag="words"):
    """TELNET commands beside the bytes of a serial port behind RFC 2217."""

    direction: Direction
    data: bytes


class LinkState(Enum):
    """What can happen to a connection."""

    OPENED = "opened"
    CLOSED = "closed"
    PULLED = "pulled"
    """The cable, or the power of a network device."""
    PLUGGED = "plugged"


class Link(Happened, frozen=True, kw_only=True, tag="link"):
    """A driver came or went, or a cable did."""

    state: LinkState


class CardState(Enum):
    """What can happen to a card."""

    INSERTED = "inserted"
    REMOVED = "removed"
    POWERED = "powered"
    UNPOWERED = "unpowered"
    RESET = "reset"


class Card(Happened, frozen=True, kw_only=True, tag="card"):
    """A card came, went, or got power."""

    state: CardState
    name: str = ""
    """Which card, where the bench knows."""


class Atr(Happened, frozen=True, kw_only=True, tag="atr"):
    """A card's answer to reset; empty from one that is mute."""

    data: bytes


class Command(Happened, frozen=True, kw_only=True, tag="command"):
    """A command APDU, to the card."""

    data: bytes


class Response(Happened, frozen=True, kw_only=True, tag="response"):
    """A response APDU, from the card; empty when it was torn out or is mute."""

    data: bytes


class PinEntry(Happened, frozen=True, kw_only=True, tag="pin_entry"):
    """The reader's keypad is to take a PIN; the answer is a Response. No digit ever stands here."""

    data: bytes
    """The PIN_VERIFY structure (protocols.secure_pin)."""


class Request(Happened, frozen=True, kw_only=True, tag="request"):
    """A message to a host."""

    number: int
    """Its Answer bears the same."""
    method: str
    path: str
    content_type: str = ""
    data: bytes = b""


class Answer(Happened, frozen=True, kw_only=True, tag="answer"):
    """What the host said; status 0 when it never did."""

    number: int
    status: int
    content_type: str = ""
    data: bytes = b""


class Mark(Happened, frozen=True, kw_only=True, tag="mark"):
    """What a tester did, what a scenario is at, what was lost: in words."""

    text: str


Event: TypeAlias = (
    Channel
    | Bytes
    | Line
    | Words
    | Link
    | Card
    | Atr
    | Command
    | Response
    | PinEntry
    | Request
    | Answer
    | Mark
)


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace that was read."""

    header: Header
    events: Sequence[Event]
    """In the order of time."""

    def channels(self) -> dict[str, Channel]:
        """Return its channels by name."""
        return {event.channel: event for event in self.events if isinstance(event, Channel)}


def encode_header(header: Header) -> bytes:
    """Return the first line."""
    return msgspec.json.encode(header) + b"\n"


def encode_event(event: Event) -> bytes:
    """Return one line."""
    fields: dict[str, Any] = msgspec.to_builtins(event, builtin_types=(bytes,))
    if "data" in fields:
        fields["data"] = fields["data"].hex()
    return msgspec.json.encode(fields) + b"\n"


def decode_event(line: bytes) -> Event:
    """Return what one line says. Raises: TraceError."""
    try:
        fields = msgspec.json.decode(line, type=dict[str, Any])
        if "data" in fields:
            fields["data"] = bytes.fromhex(fields["data"])
        event: Event = msgspec.convert(fields, Event, builtin_types=(bytes,))
    except MALFORMED as error:
        raise TraceError(f"no event: {error}") from error
    except (TypeError, ValueError) as error:
        raise TraceError(f"no event: data is no hexadecimal ({error})") from error
    return event


def read_trace(lines: Iterable[bytes]) -> Trace:
    """Read a trace from its lines, each with its end. Raises: TraceError with the line's number."""
    numbered = enumerate(lines, start=1)
    _, first = next(numbered, (1, b""))
    header = _decode_header(first)
    events: list[Event] = []
    for number, line in numbered:
        if not line.endswith(b"\n"):
            break
        if len(line) > LINE_BYTES_MAX:
            raise TraceError(f"line {number}: longer than {LINE_BYTES_MAX} bytes")
        try:
            events.append(decode_event(line))
        except TraceError as error:
            raise TraceError(f"line {number}: {error}") from error
    return Trace(header, sorted(events, key=attrgetter("at_ns")))


def _decode_header(line: bytes) -> Header:
    try:
        header = msgspec.json.decode(line, type=Header)
    except MALFORMED as error:
        raise TraceError(f"line 1: this is no trace: {error}") from error
    if header.trace != VERSION:
        raise TraceError(
            f"line 1: a trace of version {header.trace}; version {VERSION} is read here"
        )
    return header
