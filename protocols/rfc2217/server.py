"""The end that has the serial port.

It has no states of its own beyond the options' and what is set: every request is answered at once
with what then holds. A user who never agrees to COM-PORT-OPTION is served as plain TELNET.
Source: RFC 2217, section 3; RFC 854 for CR NUL.
"""

from dataclasses import dataclass, replace
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
    value_of,
    with_flow,
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
class Sent:
    """Bytes that the client wants sent through the port."""

    data: bytes


@dataclass(frozen=True, slots=True)
class LineSet:
    """The client has set the line; also when it set what was set already."""

    settings: LineSettings


@dataclass(frozen=True, slots=True)
class SignalsSet:
    """The client has set the signals that it drives."""

    signals: "Signals"


@dataclass(frozen=True, slots=True)
class Purged:
    """The client wants bytes thrown away."""

    what: Purge


ServerEvent: TypeAlias = Sent | LineSet | SignalsSet | Purged | Malformed


class Level(Enum):
    """A signal's level."""

    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """The signals that the client drives; a port that was just opened raises both lines."""

    dtr: Level = Level.ON
    rts: Level = Level.ON
    sends_break: Level = Level.OFF


_SIGNALS: Final[dict[Control, tuple[str, Level]]] = {
    Control.BREAK_ON: ("sends_break", Level.ON),
    Control.BREAK_OFF: ("sends_break", Level.OFF),
    Control.DTR_ON: ("dtr", Level.ON),
    Control.DTR_OFF: ("dtr", Level.OFF),
    Control.RTS_ON: ("rts", Level.ON),
    Control.RTS_OFF: ("rts", Level.OFF),
}
_ASKS: Final = {
    Control.ASK_BREAK: (Control.BREAK_ON, Control.BREAK_OFF),
    Control.ASK_DTR: (Control.DTR_ON, Control.DTR_OFF),
    Control.ASK_RTS: (Control.RTS_ON, Control.RTS_OFF),
}


class Server:
    """The having end, as a machine: bytes in, events and bytes out. It waits for nothing."""

    def __init__(self, settings: LineSettings, *, signature: str) -> None:
        """Serve a port that is now set so."""
        assert len(signature.encode()) <= SIGNATURE_BYTES_MAX, "a signature is short"
        self._settings = settings
        self._signals = Signals()
        self._signature = signature
        self._decoder = Decoder()
        wishes = [(Side.OURS, Option.BINARY), (Side.THEIRS, Option.BINARY)]
        wishes += [(Side.OURS, Option.SUPPRESS_GO_AHEAD), (Side.THEIRS, Option.SUPPRESS_GO_AHEAD)]
        wishes += [(Side.THEIRS, Option.COM_PORT)]
        self._negotiation = Negotiation(asks=wishes, allows=[(Side.OURS, Option.COM_PORT)])
        self._words = bytearray(self._negotiation.opening())
        self._text = bytearray()
        self._suspended = False
        self._line_mask = LineState(0)
        self._modem_mask = 0xFF
        self._lines = ModemState(0)
        self._after_return = False

    @property
    def settings(self) -> LineSettings:
        """How the line is set."""
        return self._settings

    @property
    def signals(self) -> Signals:
        """The signals that the client drives."""
        return self._signals

    def send(self, data: bytes) -> None:
        """Queue bytes that the port has received. They wait while the client says suspend."""
        self._text += escape(data)

    def pending(self) -> int:
        """Return how many bytes wait inside this machine, as they will stand on the wire."""
        return len(self._text)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the connection."""
        out = bytes(self._words)
        self._words.clear()
        if not self._suspended:
            out += self._text
            self._text.clear()
        return out

    def show_lines(self, lines: ModemState) -> None:
        """Say which lines the far equipment drives; the client hears of those that changed."""
        changed = self._lines ^ lines
        # RFC 2217 tells of RI's trailing edge only.
        if lines & ModemState.RI:
            changed &= ~ModemState.RI
        self._lines = lines
        if changed & self._modem_mask or (changed >> 4) & self._modem_mask:
            self._tell_lines(changed)

    def notice(self, what: LineState) -> None:
        """Say what happened on the line; told to a client that asked for it."""
        if what & self._line_mask:
            self._answer(Command.LINESTATE, bytes((what & self._line_mask,)))

    def receive(self, data: bytes) -> list[ServerEvent]:
        """Take bytes from the connection, in pieces of any size."""
        events: list[ServerEvent] = []
        for item in self._decoder.receive(data):
            match item:
                case Text(data=text):
                    plain = self._plain(text)
                    if plain:
                        events.append(Sent(plain))
                case Word():
                    self._words += self._negotiation.receive(item)
                case Subnegotiation(option=Option.COM_PORT, payload=payload) if payload:
                    events += self._asked(payload[0], payload[1:])
                case Subnegotiation():
                    pass
                case Malformed():
                    events.append(item)
        return events

    def _plain(self, text: bytes) -> bytes:
        """Undo CR NUL where the client's data is not BINARY."""
        if self._negotiation.state(Side.THEIRS, Option.BINARY) is State.YES:
            self._after_return = False
            return text
        if self._after_return and text.startswith(b"\0"):
            text = text[1:]
        elif not text:
            return text
        self._after_return = text.endswith(b"\r")
        return text.replace(b"\r\0", b"\r")

    def _asked(self, command: int, value: bytes) -> list[ServerEvent]:
        """Take one subnegotiation of the client."""
        match command:
            case Command.BAUDRATE | Command.DATASIZE | Command.PARITY | Command.STOPSIZE:
                return self._set_line(Command(command), value)
            case Command.CONTROL:
                return self._set_control(value_of(value))
            case Command.SIGNATURE if not value:
                self._answer(Command.SIGNATURE, self._signature.encode())
            case Command.LINESTATE:
                self._answer(Command.LINESTATE, b"\0")
            case Command.MODEMSTATE:
                self._tell_lines(ModemState(0))
            case Command.SUSPEND | Command.RESUME:
                self._suspended = command == Command.SUSPEND
            case Command.LINE_MASK if value:
                self._line_mask = LineState(value[0])
                self._answer(Command.LINE_MASK, value[:1])
            case Command.MODEM_MASK if value:
                self._modem_mask = value[0]
                self._answer(Command.MODEM_MASK, value[:1])
            case Command.PURGE if value_of(value) in tuple(Purge):
                purge = Purge(value[0])
                if purge is not Purge.TO_SEND:
                    self._text.clear()
                self._answer(Command.PURGE, value[:1])
                return [Purged(purge)]
        return []

    def _set_line(self, command: Command, value: bytes) -> list[ServerEvent]:
        assert command in SETTINGS, "only these set the line"
        wanted = with_setting(self._settings, command, value)
        if wanted is not None:
            self._settings = wanted
        self._answer(command, setting_value(self._settings, command))
        return [] if wanted is None else [LineSet(wanted)]

    def _set_control(self, value: int) -> list[ServerEvent]:
        if value not in tuple(Control):
            return []
        control = Control(value)
        wanted = with_flow(self._settings, control)
        if wanted is not None:
            self._settings = wanted
            self._answer(Command.CONTROL, bytes((control,)))
            return [LineSet(wanted)]
        if control in _SIGNALS:
            name, level = _SIGNALS[control]
            self._signals = replace(self._signals, **{name: level})
            self._answer(Command.CONTROL, bytes((control,)))
            return [SignalsSet(self._signals)]
        self._answer(Command.CONTROL, bytes((self._holds(control),)))
        return []

    def _holds(self, asked: Control) -> Control:
        """Return the value that answers a question, or an inbound flow setting we do not have."""
        if asked in _ASKS:
            on, off = _ASKS[asked]
            name = _SIGNALS[on][0]
            return on if getattr(self._signals, name) is Level.ON else off
        flow = FLOW_CODES[self._settings.flow]
        if asked is Control.ASK_FLOW:
            return flow
        return _INBOUND[flow]

    def _tell_lines(self, changed: ModemState) -> None:
        state = (self._lines | changed >> 4) & self._modem_mask
        self._answer(Command.MODEMSTATE, bytes((state,)))

    def _answer(self, command: Command, value: bytes) -> None:
        self._words += frame(command + SERVER_OFFSET, value)


_INBOUND: Final = {
    Control.FLOW_NONE: Control.FLOW_IN_NONE,
    Control.FLOW_XON_XOFF: Control.FLOW_IN_XON_XOFF,
    Control.FLOW_RTS_CTS: Control.FLOW_IN_RTS_CTS,
    Control.FLOW_DSR: Control.FLOW_IN_DTR,
}
"""Inbound flow control always follows the outbound one here."""
