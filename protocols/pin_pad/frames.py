"""Frames and controls on the line, as either end of the link reads and writes them.

    frame   02 | 3n | text | 03 | LRC      n from 1 to 9; text 1 to TEXT_BYTES_MAX bytes, none below 20
                                           but the separator 1C; LRC: XOR of n, text and 03
    ACK n   06 3n                          NAK   15
    ENQ n   05 3n                          EOT n 04 3n

What arrives:

    state     STX           ACK ENQ EOT      digit          ETX          FS, text    silence of GAP_NS
    BETWEEN   TEXT          CONTROL          noise          noise        noise       -
    CONTROL   TEXT, noise   CONTROL, noise   say, BETWEEN   noise        noise       BETWEEN, noise
    TEXT      TEXT, broken  CONTROL, broken  take           CHECK        take        BETWEEN, broken
    CHECK     any byte is the LRC: right, say the frame; wrong, broken; BETWEEN
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import reduce
from operator import xor
from typing import Final, TypeAlias

STX: Final = 0x02
ETX: Final = 0x03
FS: Final = 0x1C
NAK: Final = b"\x15"
TEXT_BYTES_MAX: Final = 1_024
GAP_NS: Final = 500_000_000
"""Longest silence inside a frame."""
NUMBERS: Final = 9
_ZERO: Final = 0x30


class Control(IntEnum):
    """What stands outside of frames, each followed by a digit."""

    EOT = 0x04
    ENQ = 0x05
    ACK = 0x06


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that came whole."""

    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Controlled:
    """A control with its digit."""

    control: Control
    number: int


@dataclass(frozen=True, slots=True)
class Refused:
    """NAK: what was sent last came broken."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A frame that did not come whole."""


Read: TypeAlias = Frame | Controlled | Refused | Broken


def frame(number: int, text: bytes) -> bytes:
    """Return a frame."""
    assert 1 <= number <= NUMBERS
    assert 0 < len(text) <= TEXT_BYTES_MAX, "a frame has 1 to TEXT_BYTES_MAX bytes of text"
    assert all(byte >= 0x20 or byte == FS for byte in text), "text has no control characters"
    body = bytes((_ZERO + number,)) + text + bytes((ETX,))
    return bytes((STX,)) + body + bytes((reduce(xor, body),))


def control(kind: Control, number: int) -> bytes:
    """Return a control with its digit."""
    assert 0 <= number <= NUMBERS
    return bytes((kind, _ZERO + number))


class _State(Enum):
    BETWEEN = "between"
    CONTROL = "control"
    TEXT = "text"
    CHECK = "check"


class FrameReader:
    """Bytes in pieces of any size to frames and controls."""

    def __init__(self) -> None:
        self._state = _State.BETWEEN
        self._control = Control.ACK
        self._text = bytearray()
        self.noise_count = 0
        """Bytes and frames that meant nothing."""
        self.deadline_ns: int | None = None
        """When silence breaks what has begun; None while nothing has."""

    def receive(self, data: bytes, now_ns: int, read: Callable[[Read], None]) -> None:
        """Take bytes and say what is whole or broken, in order. Never raises, whatever they are."""
        self.tick(now_ns, read)
        for byte in data:
            self._take(byte, read)
        self.deadline_ns = None if self._state is _State.BETWEEN else now_ns + GAP_NS

    def tick(self, now_ns: int, read: Callable[[Read], None]) -> None:
        """End what has been silent for too long."""
        if self.deadline_ns is not None and now_ns >= self.deadline_ns:
            self._break(read)

    def _take(self, byte: int, read: Callable[[Read], None]) -> None:
        match self._state:
            case _State.CHECK:
                self._check(byte, read)
                return
            case _State.TEXT if byte >= 0x20 or byte == FS:
                self._text.append(byte)
                if len(self._text) > TEXT_BYTES_MAX + 1:
                    self._break(read)
                return
            case _State.TEXT if byte == ETX and len(self._text) > 1:
                self._state = _State.CHECK
                return
            case _State.CONTROL if _ZERO <= byte <= _ZERO + NUMBERS:
                self._state = _State.BETWEEN
                read(Controlled(self._control, byte - _ZERO))
                return
            case _State.TEXT | _State.CONTROL:
                self._break(read)
            case _State.BETWEEN:
                pass
        self._outside(byte, read)

    def _outside(self, byte: int, read: Callable[[Read], None]) -> None:
        """Take a byte that belongs to nothing begun."""
        if byte == STX:
            self._state = _State.TEXT
        elif byte in list(Control):
            self._state, self._control = _State.CONTROL, Control(byte)
        elif byte == NAK[0]:
            read(Refused())
        else:
            self.noise_count += 1

    def _check(self, lrc: int, read: Callable[[Read], None]) -> None:
        number, text = self._text[0] - _ZERO, bytes(self._text[1:])
        if lrc != reduce(xor, self._text, ETX) or not 1 <= number <= NUMBERS:
            self._break(read)
            return
        self._state = _State.BETWEEN
        self._text.clear()
        read(Frame(number, text))

    def _break(self, read: Callable[[Read], None]) -> None:
        """End what has begun as noise; of a frame it is said, so that it can be asked for again."""
        broken = self._state in (_State.TEXT, _State.CHECK)
        self._state = _State.BETWEEN
        self._text.clear()
        self.deadline_ns = None
        self.noise_count += 1
        if broken:
            read(Broken())
