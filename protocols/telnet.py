r"""TELNET: options and subnegotiations inside a byte stream, and who has agreed to what.

    data byte                     as itself; FF as FF FF
    FF FB|FC|FD|FE  option        WILL, WONT, DO, DONT
    FF FA option payload FF F0    subnegotiation; FF in the payload doubled
    FF command                    NOP, BRK, ... one byte, no answer

Roles: both ends are alike. Each option has two sides, ours (WILL, answered by DO) and theirs (DO,
answered by WILL), and each side one of four states; an acknowledgement is never acknowledged, so
that two ends cannot answer each other for ever:

              agree          refuse
    NO        YES, answer    -              agree: DO for our side, WILL for theirs
    YES       -              NO, answer     refuse: DONT, WONT
    WANT      YES            NO

Data that is not BINARY carries a carriage return as CR NUL.
Source: RFC 854, RFC 855, RFC 856 (BINARY), RFC 1143 (the table; its queue bits are not needed, since
nothing here takes a wish back).
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, TypeAlias

SUBNEGOTIATION_BYTES_MAX: Final = 512
"""A longer payload is thrown away whole; RFC 2217 needs 6 bytes, a signature some dozen."""

IAC: Final = 0xFF
SE: Final = 0xF0
SB: Final = 0xFA


class Will(IntEnum):
    """The four words of an option's negotiation."""

    WILL = 0xFB
    WONT = 0xFC
    DO = 0xFD
    DONT = 0xFE


class Option(IntEnum):
    """The options known here."""

    BINARY = 0
    ECHO = 1
    SUPPRESS_GO_AHEAD = 3
    COM_PORT = 44


class Side(Enum):
    """Which end of the connection performs an option."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Text:
    """Data for the user, doubled FF undone."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Word:
    """One WILL, WONT, DO or DONT."""

    word: Will
    option: int


@dataclass(frozen=True, slots=True)
class Subnegotiation:
    """An option's payload."""

    option: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are not TELNET; they were thrown away."""

    reason: str


Item: TypeAlias = Text | Word | Subnegotiation | Malformed


def escape(data: bytes) -> bytes:
    """Return data as it goes over the wire."""
    return data.replace(b"\xff", b"\xff\xff")


def subnegotiation(option: int, payload: bytes) -> bytes:
    """Return the frame of one subnegotiation."""
    assert len(payload) <= SUBNEGOTIATION_BYTES_MAX, "a subnegotiation is bounded"
    return bytes((IAC, SB, option)) + escape(payload) + bytes((IAC, SE))


class _At(Enum):
    DATA = "data"
    COMMAND = "after IAC"
    WORD = "after WILL, WONT, DO or DONT"
    PAYLOAD = "in a subnegotiation"
    PAYLOAD_COMMAND = "after IAC in a subnegotiation"


class Decoder:
    """Takes a TELNET stream apart, in pieces of any size."""

    def __init__(self) -> None:
        self._at = _At.DATA
        self._word = Will.WILL
        self._payload = bytearray()
        self._too_long = False

    def receive(self, data: bytes) -> list[Item]:
        """Return what has arrived, in order."""
        items: list[Item] = []
        position = 0
        while position < len(data):
            if self._at in (_At.DATA, _At.PAYLOAD):
                position = self._run(data, position, items)
            else:
                self._step(data[position], items)
                position += 1
        return items

    def _run(self, data: bytes, position: int, items: list[Item]) -> int:
        """Take everything up to the next IAC at once; return where to go on."""
        end = data.find(IAC, position)
        stop = len(data) if end < 0 else end
        if stop > position:
            if self._at is _At.DATA:
                _add_text(items, data[position:stop])
            else:
                self._keep(data[position:stop])
        if end < 0:
            return stop
        self._at = _At.COMMAND if self._at is _At.DATA else _At.PAYLOAD_COMMAND
        return stop + 1

    def _step(self, byte: int, items: list[Item]) -> None:
        match self._at:
            case _At.WORD:
                items.append(Word(self._word, byte))
                self._at = _At.DATA
            case _At.PAYLOAD_COMMAND if byte == IAC:
                self._keep(b"\xff")
                self._at = _At.PAYLOAD
            case _At.PAYLOAD_COMMAND if byte == SE:
                self._finish(items)
            case _At.PAYLOAD_COMMAND:
                items.append(Malformed(f"IAC {byte:02X} inside a subnegotiation"))
                self._command(byte, items)
            case _:
                self._command(byte, items)

    def _command(self, byte: int, items: list[Item]) -> None:
        """Take the byte after an IAC; commands without an answer (NOP, BRK, ...) are passed over."""
        self._at = _At.DATA
        if byte == IAC:
            _add_text(items, b"\xff")
        elif byte == SB:
            self._payload.clear()
            self._too_long = False
            self._at = _At.PAYLOAD
        elif byte == SE:
            items.append(Malformed("end of a subnegotiation that never began"))
        elif byte in tuple(Will):
            self._word = Will(byte)
            self._at = _At.WORD

    def _keep(self, piece: bytes) -> None:
        # One byte more than the payload: the option's own number stands first.
        if len(self._payload) + len(piece) > SUBNEGOTIATION_BYTES_MAX + 1:
            self._too_long = True
        else:
            self._payload += piece

    def _finish(self, items: list[Item]) -> None:
        self._at = _At.DATA
        if self._too_long:
            limit = SUBNEGOTIATION_BYTES_MAX
            items.append(Malformed(f"a subnegotiation of more than {limit} bytes"))
        elif not self._payload:
            items.append(Malformed("an empty subnegotiation"))
        else:
            items.append(Subnegotiation(self._payload[0], bytes(self._payload[1:])))


class State(Enum):
    """Where one side of one option stands."""

    NO = "no"
    YES = "yes"
    WANT = "asked for, not answered"


class Negotiation:
    """Agrees on options: asks for some, allows some, refuses the rest."""

    def __init__(
        self, *, asks: list[tuple[Side, Option]], allows: list[tuple[Side, Option]]
    ) -> None:
        self._allowed = [*asks, *allows]
        self._states: dict[tuple[Side, int], State] = dict.fromkeys(asks, State.WANT)

    def opening(self) -> bytes:
        """Return the words that ask for what this end wants."""
        return b"".join(
            _said(_AGREE[side], option)
            for (side, option), state in self._states.items()
            if state is State.WANT
        )

    def state(self, side: Side, option: int) -> State:
        """Return where this side of the option stands."""
        return self._states.get((side, option), State.NO)

    def receive(self, word: Word) -> bytes:
        """Take one word of the other end and return the answer, often nothing."""
        side = Side.OURS if word.word in (Will.DO, Will.DONT) else Side.THEIRS
        agrees = word.word in (Will.DO, Will.WILL)
        key = (side, word.option)
        match self.state(side, word.option), agrees:
            case State.NO, True if key not in self._allowed:
                return _said(_REFUSE[side], word.option)
            case State.NO, True:
                self._states[key] = State.YES
                return _said(_AGREE[side], word.option)
            case State.YES, False:
                self._states[key] = State.NO
                return _said(_REFUSE[side], word.option)
            case State.WANT, _:
                self._states[key] = State.YES if agrees else State.NO
        return b""


_AGREE: Final = {Side.OURS: Will.WILL, Side.THEIRS: Will.DO}
_REFUSE: Final = {Side.OURS: Will.WONT, Side.THEIRS: Will.DONT}


def _said(word: Will, option: int) -> bytes:
    return bytes((IAC, word, option))


def _add_text(items: list[Item], data: bytes) -> None:
    """Append text, joined to the text before it."""
    if items and isinstance(items[-1], Text):
        items[-1] = Text(items[-1].data + data)
    else:
        items.append(Text(data))
