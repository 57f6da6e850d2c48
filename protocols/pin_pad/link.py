"""The link under the dialogue: text in frames, one at a time each way, acknowledged or said again.

    ACK n     frame n is here, whole
    NAK       what came last was broken: say again what was not acknowledged
    ENQ n     from the till: forget everything, both begin at frame 1
    EOT n     from the pad: forgotten; EOT 0: I have given up what I had to say, or forgotten it

A frame is acknowledged every time it comes and handed on once: the number of the one before is known.
The next frame waits until this one is acknowledged, by its number: a late ACK of another frame says
nothing. At a NAK, or after ACK_NS, it is said again, TRIES_MAX times in all; then all that waits is
given up, and whoever stands above begins anew.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

from protocols.pin_pad.frames import (
    NAK,
    NUMBERS,
    Broken,
    Control,
    Controlled,
    Frame,
    FrameReader,
    Read,
    Refused,
    control,
    frame,
)

ACK_NS: Final = 2_000_000_000
"""Longest wait for an ACK: the longest frame takes a second at 9,600 baud."""
TRIES_MAX: Final = 3
WAITING_MAX: Final = 16
"""Frames that wait for their turn."""


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


class Link:
    """One end of the link; which end it is, is decided by who stands above."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._events: list[LinkEvent] = []
        self._heard = 0
        self._number = 0
        self._queue: deque[bytes] = deque()
        self._frame = b""
        self._tries = 0
        self._ack_ns: int | None = None
        self._pieces: list[bytes] = []
        self._now_ns = 0

    @property
    def noise_count(self) -> int:
        """Bytes and frames that meant nothing."""
        return self._reader.noise_count

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` has something to do."""
        times = [due for due in (self._reader.deadline_ns, self._ack_ns) if due is not None]
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
        assert self.room, "whoever sends looks for room first"
        self._queue.append(text)
        self._next(now_ns)

    def control(self, kind: Control, number: int) -> None:
        """Say one of the controls."""
        self._pieces.append(control(kind, number))

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
        self._reader.receive(data, now_ns, self._read)
        return events + self._told()

    def tick(self, now_ns: int) -> list[LinkEvent]:
        """Give up a frame that stopped in the middle; say again what was not acknowledged."""
        self._now_ns = now_ns
        self._reader.tick(now_ns, self._read)
        if self._ack_ns is not None and now_ns >= self._ack_ns:
            self._again()
        return self._told()

    def _told(self) -> list[LinkEvent]:
        events, self._events = self._events, []
        return events

    # What arrives

    def _read(self, read: Read) -> None:
        match read:
            case Frame(number, text):
                self.control(Control.ACK, number)
                if number != self._heard:
                    self._heard = number
                    self._events.append(Heard(text))
            case Broken():
                self._pieces.append(NAK)
            case Refused():
                if self._frame:
                    self._again()
            case Controlled(Control.ACK, number):
                if self._frame and number == self._number:
                    self._acknowledged(self._now_ns)
            case Controlled(Control.ENQ, number):
                self._events.append(Called(number))
            case Controlled(Control.EOT, number):
                self._events.append(Ended(number))

    # What goes out

    def _next(self, now_ns: int) -> None:
        if self._frame or not self._queue:
            return
        self._number = self._number % NUMBERS + 1
        self._frame = frame(self._number, self._queue.popleft())
        self._tries = 0
        self._say(now_ns)

    def _say(self, now_ns: int) -> None:
        self._tries += 1
        self._ack_ns = now_ns + ACK_NS
        self._pieces.append(self._frame)

    def _again(self) -> None:
        if self._tries < TRIES_MAX:
            self._say(self._now_ns)
            return
        self.drop()
        self._events.append(GaveUp())

    def _acknowledged(self, now_ns: int) -> None:
        self._frame, self._ack_ns = b"", None
        self._next(now_ns)
