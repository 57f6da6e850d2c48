"""The end that uses a serial port on another machine.

    AGREEING --both options agreed--> SETTING --line set as asked--> OPEN
        |                                |
        +--refused, or deadline----------+--other value, or deadline--> REFUSED

What arrives before OPEN is a greeting and is thrown away; what is sent before OPEN waits.
Source: RFC 2217, section 3; RFC 854.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from protocols.rfc2217.words import (
    FLOW_CODES,
    SERVER_OFFSET,
    SETTINGS,
    SIGNATURE_BYTES_MAX,
    Command,
    Control,
    LineState,
    ModemState,
    Purge,
    frame,
    setting_value,
    with_setting,
)
from protocols.serial_line import LineSettings
from protocols.telnet import (
    Decoder,
    Malformed,
    Negotiation,
    Option,
    Side,
    State,
    Subnegotiation,
    Text,
    Word,
    escape,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The port is ours and set as asked."""


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that the port received."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ModemChanged:
    """The lines as the server reports them."""

    lines: ModemState


@dataclass(frozen=True, slots=True)
class LineNoticed:
    """Something happened on the line: a parity error, a break."""

    what: LineState


@dataclass(frozen=True, slots=True)
class Signed:
    """The server's own name."""

    signature: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The port cannot be had so. Nothing follows."""

    reason: str


ClientEvent: TypeAlias = (
    Opened | Received | ModemChanged | LineNoticed | Signed | Refused | Malformed
)


class ClientState(Enum):
    """Where the conversation stands."""

    AGREEING = "agreeing on options"
    SETTING = "setting the line"
    OPEN = "open"
    REFUSED = "refused"


_NEEDED: Final = (
    (Side.OURS, Option.COM_PORT),
    (Side.OURS, Option.BINARY),
    (Side.THEIRS, Option.BINARY),
)
"""Without BINARY both ways a receipt's bytes would be changed on the way."""
_WELCOME: Final = (
    (Side.OURS, Option.SUPPRESS_GO_AHEAD),
    (Side.THEIRS, Option.SUPPRESS_GO_AHEAD),
    (Side.THEIRS, Option.COM_PORT),
)
_LINE_ERRORS: Final = (
    LineState.OVERRUN | LineState.PARITY_ERROR | LineState.FRAMING_ERROR | LineState.BREAK
)


class Client:
    """The using end, as a machine: bytes and time in, events and bytes out."""

    def __init__(self, settings: LineSettings, *, deadline_ns: int) -> None:
        """Ask for the port; it must be open by the deadline (monotonic)."""
        self._settings = settings
        self._deadline_ns = deadline_ns
        self._state = ClientState.AGREEING
        self._decoder = Decoder()
        self._negotiation = Negotiation(asks=list(_NEEDED), allows=list(_WELCOME))
        self._unanswered = set(SETTINGS)
        self._words = bytearray(self._negotiation.opening())
        self._text = bytearray()
        self._suspended = False

    @property
    def state(self) -> ClientState:
        """Where the conversation stands."""
        return self._state

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` gives up; None once it is settled."""
        return self._deadline_ns if self._opening() else None

    def send(self, data: bytes) -> None:
        """Queue bytes for the port. They wait until it is open and while the server says suspend."""
        self._text += escape(data)

    def pending(self) -> int:
        """Return how many bytes wait inside this machine, as they will stand on the wire."""
        return len(self._text)

    def control(self, value: Control) -> None:
        """Set DTR, RTS, break or flow control, or ask for one of them."""
        self._words += frame(Command.CONTROL, bytes((value,)))

    def purge(self, what: Purge) -> None:
        """Have bytes thrown away at the server."""
        self._words += frame(Command.PURGE, bytes((what,)))

    def ask_signature(self) -> None:
        """Ask for the server's name; a Signed event follows where it has one."""
        self._words += frame(Command.SIGNATURE)

    def suspend(self) -> None:
        """Ask the server to hold back what the port receives."""
        self._words += frame(Command.SUSPEND)

    def resume(self) -> None:
        """Let the server send again."""
        self._words += frame(Command.RESUME)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the connection."""
        out = bytes(self._words)
        self._words.clear()
        if self._state is ClientState.OPEN and not self._suspended:
            out += self._text
            self._text.clear()
        return out

    def tick(self, now_ns: int) -> list[ClientEvent]:
        """Give up when the deadline has come."""
        if not self._opening() or now_ns < self._deadline_ns:
            return []
        return self._refuse(f"no answer in time while {self._state.value}")

    def receive(self, data: bytes, now_ns: int) -> list[ClientEvent]:
        """Take bytes from the connection, in pieces of any size."""
        events: list[ClientEvent] = self.tick(now_ns)
        for item in self._decoder.receive(data):
            if self._state is ClientState.REFUSED:
                break
            match item:
                case Text(data=text):
                    if self._state is ClientState.OPEN:
                        events.append(Received(text))
                case Word():
                    self._words += self._negotiation.receive(item)
                    events += self._agree()
                case Subnegotiation(option=Option.COM_PORT, payload=payload) if payload:
                    events += self._told(payload[0] - SERVER_OFFSET, payload[1:])
                case Subnegotiation():
                    pass
                case Malformed():
                    events.append(item)
        return events

    def _agree(self) -> list[ClientEvent]:
        """See whether all options are agreed, and then set the line."""
        states = [self._negotiation.state(*needed) for needed in _NEEDED]
        if State.NO in states and self._state is not ClientState.REFUSED:
            side, option = _NEEDED[states.index(State.NO)]
            return self._refuse(f"the other end refuses {option.name} for {side.value} side")
        if self._state is ClientState.AGREEING and all(state is State.YES for state in states):
            self._state = ClientState.SETTING
            for command in SETTINGS:
                self._words += frame(command, setting_value(self._settings, command))
            self.control(FLOW_CODES[self._settings.flow])
            self._words += frame(Command.LINE_MASK, bytes((_LINE_ERRORS,)))
            self._words += frame(Command.MODEM_MASK, b"\xff")
            self._words += frame(Command.MODEMSTATE)
        return []

    def _told(self, command: int, value: bytes) -> list[ClientEvent]:
        """Take one subnegotiation of the server."""
        match command:
            case Command.BAUDRATE | Command.DATASIZE | Command.PARITY | Command.STOPSIZE:
                return self._answered(Command(command), value)
            case Command.MODEMSTATE if value:
                return [ModemChanged(ModemState(value[0] & 0xF0))]
            case Command.LINESTATE if value:
                return [LineNoticed(LineState(value[0]))]
            case Command.SIGNATURE if value:
                text = value[:SIGNATURE_BYTES_MAX].decode("ascii", "replace")
                return [Signed(text)]
            case Command.SUSPEND:
                self._suspended = True
            case Command.RESUME:
                self._suspended = False
        return []

    def _answered(self, command: Command, value: bytes) -> list[ClientEvent]:
        """Compare what the server has set with what was asked for."""
        if self._state is not ClientState.SETTING:
            return []
        if with_setting(self._settings, command, value) != self._settings:
            asked = setting_value(self._settings, command).hex()
            return self._refuse(
                f"{command.name.lower()} {asked} was asked for, {value.hex() or 'nothing'} is set"
            )
        self._unanswered.discard(command)
        if self._unanswered:
            return []
        self._state = ClientState.OPEN
        return [Opened()]

    def _opening(self) -> bool:
        return self._state in (ClientState.AGREEING, ClientState.SETTING)

    def _refuse(self, reason: str) -> list[ClientEvent]:
        self._state = ClientState.REFUSED
        self._text.clear()
        return [Refused(reason)]
