"""The link under the dialogue: text in frames, one at a time each way, acknowledged or said again.

    frame   02 | 3n | text | 03 | LRC      n from 1 to 9 and around; text 1 to TEXT_BYTES_MAX bytes, none
                                           below 20 but the separator 1C; LRC: XOR of n, text and 03
    ACK n   06 3n    frame n is here, whole
    NAK     15       what came last was broken: say again what was not acknowledged
    ENQ n   05 3n    from the till: forget everything, both begin at frame 1
    EOT n   04 3n    from the pad: forgotten; EOT 0: I have given up what I had to say

What arrives:

    state     STX          ACK ENQ EOT    digit         ETX          FS, text    silence of GAP_NS
    BETWEEN   TEXT         CONTROL        noise         noise        noise       -
    CONTROL   TEXT         CONTROL        say, BETWEEN  noise        noise       BETWEEN
    TEXT      TEXT, NAK    CONTROL, NAK   take          CHECK        take        BETWEEN, NAK
    CHECK     any byte is the LRC: right, ACK n and, unless n came before, hand on; wrong, NAK; BETWEEN

What goes out: the next frame waits until this one is acknowledged. At a NAK, or after ACK_NS, it is
said again, TRIES_MAX times in all; then it is given up, and whoever stands above begins anew.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import reduce
from operator import xor
from typing import Final, TypeAlias

STX: Final = 0x02
ETX: Final = 0x03
FS: Final = 0x1C
TEXT_BYTES_MAX: Final = 1_024
ACK_NS: Final = 2_000_000_000
"""Longest wait for an ACK: the longest frame takes a second at 9,600 baud."""
GAP_NS: Final = 500_000_000
"""Longest silence inside a frame."""
TRIES_MAX: Final = 3
WAITING_MAX: Final = 16
"""Frames that wait for their turn; more is a programming error."""
NUMBERS: Final = 9
_NAK: Final = b"\x15"


class Control(IntEnum):
    """What stands outside of frames, each followed by a digit."""

    EOT = 0x04
    ENQ = 0x05
    ACK = 0x06


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame's text, for the first time."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Called:
    """ENQ: the till begins anew."""

    number: int


@dataclass(frozen=True, slots=True)
class Ended:
    """EOT: the pad has forgotten everything (number of the ENQ), or given up (0)."""

    number: int


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A frame was said TRIES_MAX times and never acknowledged; nothing waits any more."""


LinkEvent: TypeAlias = Heard | Called | Ended | GaveUp


class _State(Enum):
    BETWEEN = "between"
    CONTROL = "control"
    TEXT = "text"
    CHECK = "check"


class Link:
    """One end of the link; which end it is, is decided by who stands above."""

    def __init__(self) -> None:
        self.noise_count = 0
        """Bytes and frames that meant nothing, since this end was made."""
        self.reset()

    def reset(self) -> None:
        """Forget everything in either direction."""
        self._state = _State.BETWEEN
        self._control = Control.ACK
        self._text = bytearray()
        self._gap_ns: int | None = None
        self._heard = 0
        self._number = 0
        self._queue: deque[bytes] = deque()
        self._frame = b""
        self._tries = 0
        self._ack_ns: int | None = None
        self._pieces: list[bytes] = []

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` has something to do."""
        times = [due for due in (self._gap_ns, self._ack_ns) if due is not None]
        return min(times, default=None)

    @property
    def idle(self) -> bool:
        """Say whether all that was sent is acknowledged."""
        return not self._frame

    @property
    def room(self) -> int:
        """Return how many texts may be sent now, in case the other end acknowledges nothing."""
        return WAITING_MAX - len(self._queue)

    def send(self, text: bytes, now_ns: int) -> None:
        """Send a text once those before it are acknowledged; only where there is room."""
        assert 0 < len(text) <= TEXT_BYTES_MAX, "a frame has 1 to TEXT_BYTES_MAX bytes of text"
        assert all(byte >= 0x20 or byte == FS for byte in text), "text has no control characters"
        assert self.room, "whoever sends looks for room first"
        self._queue.append(text)
        self._next(now_ns)

    def control(self, control: Control, number: int) -> None:
        """Say one of the controls."""
        assert 0 <= number <= NUMBERS
        self._pieces.append(bytes((control, 0x30 + number)))

    def settle(self, now_ns: int) -> None:
        """Take what is on its way as acknowledged: the other end has answered it."""
        if self._frame:
            self._acknowledged(now_ns)

    def drop(self) -> None:
        """Send nothing of what waits, and nothing again: the other end has gone on without it."""
        self._queue.clear()
        self._frame, self._ack_ns = b"", None

    def pieces(self) -> list[bytes]:
        """Hand over what is to be sent: whole frames and controls, in order."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def receive(self, data: bytes, now_ns: int) -> list[LinkEvent]:
        """Take bytes in pieces of any size. Never raises, whatever they are."""
        events = self.tick(now_ns)
        for byte in data:
            events += self._take(byte, now_ns)
        self._gap_ns = None if self._state is _State.BETWEEN else now_ns + GAP_NS
        return events

    def tick(self, now_ns: int) -> list[LinkEvent]:
        """Give up a frame that stopped in the middle; say again what was not acknowledged."""
        if self._gap_ns is not None and now_ns >= self._gap_ns:
            self._break()
        if self._ack_ns is not None and now_ns >= self._ack_ns:
            return self._again(now_ns)
        return []

    # What arrives

    def _take(self, byte: int, now_ns: int) -> list[LinkEvent]:
        match self._state:
            case _State.CHECK:
                return self._check(byte)
            case _State.TEXT if byte >= 0x20 or byte == FS:
                self._text.append(byte)
                if len(self._text) > TEXT_BYTES_MAX + 1:
                    self._break()
                return []
            case _State.TEXT if byte == ETX and len(self._text) > 1:
                self._state = _State.CHECK
                return []
            case _State.TEXT:
                self._break()
            case _State.CONTROL if 0x30 <= byte <= 0x30 + NUMBERS:
                self._state = _State.BETWEEN
                return self._controlled(self._control, byte - 0x30, now_ns)
            case _:
                pass
        return self._outside(byte, now_ns)

    def _outside(self, byte: int, now_ns: int) -> list[LinkEvent]:
        """Take a byte that belongs to nothing begun."""
        if self._state is _State.CONTROL:
            self._break()
        if byte == STX:
            self._state = _State.TEXT
        elif byte in list(Control):
            self._state, self._control = _State.CONTROL, Control(byte)
        elif byte == _NAK[0]:
            return self._again(now_ns) if self._frame else []
        else:
            self.noise_count += 1
        return []

    def _break(self) -> None:
        """End what has begun as noise; a broken frame is asked for again."""
        if self._state in (_State.TEXT, _State.CHECK):
            self._pieces.append(_NAK)
        self._state = _State.BETWEEN
        self._text.clear()
        self._gap_ns = None
        self.noise_count += 1

    def _check(self, lrc: int) -> list[LinkEvent]:
        numbered = bytes(self._text)
        if lrc != reduce(xor, numbered, ETX) or not 1 <= numbered[0] - 0x30 <= NUMBERS:
            self._break()
            return []
        self._state = _State.BETWEEN
        self._text.clear()
        number = numbered[0] - 0x30
        self.control(Control.ACK, number)
        if number == self._heard:
            return []
        self._heard = number
        return [Heard(numbered[1:])]

    def _controlled(self, control: Control, number: int, now_ns: int) -> list[LinkEvent]:
        match control:
            case Control.ENQ:
                return [Called(number)]
            case Control.EOT:
                return [Ended(number)]
            case Control.ACK:
                if self._frame and number == self._number:
                    self._acknowledged(now_ns)
                return []

    # What goes out

    def _next(self, now_ns: int) -> None:
        if self._frame or not self._queue:
            return
        self._number = self._number % NUMBERS + 1
        body = bytes((0x30 + self._number,)) + self._queue.popleft() + bytes((ETX,))
        self._frame = bytes((STX,)) + body + bytes((reduce(xor, body),))
        self._tries = 0
        self._say(now_ns)

    def _say(self, now_ns: int) -> None:
        self._tries += 1
        self._ack_ns = now_ns + ACK_NS
        self._pieces.append(self._frame)

    def _again(self, now_ns: int) -> list[LinkEvent]:
        if self._tries < TRIES_MAX:
            self._say(now_ns)
            return []
        self.drop()
        return [GaveUp()]

    def _acknowledged(self, now_ns: int) -> None:
        self._frame, self._ack_ns = b"", None
        self._next(now_ns)
