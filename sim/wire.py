"""The line between a driver and a twin: how fast it is, and what goes wrong on it.

    driver --> lane to the device   --> twin
    driver <-- lane from the device <-- twin

A lane is a machine: bytes in with the time they were sent, bytes out when they have arrived. At a
line rate byte n of a burst arrives n characters after the line was free. When both ends are not set
alike, what arrives is garbage, as on a real line. Every draw comes from the lane's own stream.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.serial_line import LineSettings
from sim.entropy import SeededEntropy
from sim.faults import Faults, Passage

LANE_BYTES_MAX: Final = 1024 * 1024
"""More than this on the way and the newest bytes are lost: the far end has stopped reading."""
GRAIN_NS: Final = 4_000_000
"""A paced lane is looked at this often, not at every character."""
PIECE_GAP_NS: Final = 1_000_000
"""The pause between the pieces of a split burst."""
GARBLED_DROP_PPM: Final = 300_000
"""How many characters a wrongly set receiver misses altogether."""


class Pace(Enum):
    """How fast bytes travel."""

    LINE_RATE = "line_rate"
    """As the line's settings say."""
    AT_ONCE = "at_once"
    """As fast as the machine can."""


_NONE: Final = Faults()


@dataclass(slots=True)
class _Burst:
    """Bytes on their way: the first arrives one character after `starts_ns`."""

    starts_ns: int
    data: bytes
    taken: int = 0


class Lane:
    """One direction of a wire."""

    def __init__(self, entropy: SeededEntropy) -> None:
        self._faults = _NONE
        self._left: int | None = None
        """How many bytes more the faults last; None is for good."""
        self.character_ns = 0
        """How long one character takes; 0 is no time."""
        self.garbled = False
        """True while the two ends of the line are set differently."""
        self._entropy = entropy
        self._bursts: deque[_Burst] = deque()
        self._pending = 0
        self._free_ns = 0
        self._not_before_ns = 0

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on; what is on its way already is not touched."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = _NONE if faults == _NONE else faults
        self._left = faults.ends_after_bytes or None

    @property
    def deadline_ns(self) -> int | None:
        """When something more will have arrived; None when nothing is on its way."""
        if not self._bursts:
            return None
        burst = self._bursts[0]
        left = len(burst.data) - burst.taken
        due = burst.starts_ns + self.character_ns * (burst.taken + 1)
        if self.character_ns:
            grain = max(1, GRAIN_NS // self.character_ns)
            due += self.character_ns * (min(left, grain) - 1)
        return max(due, self._not_before_ns)

    @property
    def free(self) -> bool:
        """Say whether what is sent now arrives now, all of it and as it is: nobody has to send it."""
        return not (self._bursts or self._faults is not _NONE or self.garbled or self.character_ns)

    def pending(self) -> int:
        """Return how many bytes are on their way."""
        return self._pending

    def send(self, data: bytes, now_ns: int) -> int:
        """Put bytes on the way; return how many were lost because the lane is full."""
        if self._left is None or len(data) < self._left:
            if self._left is not None:
                self._left -= len(data)
            return self._send(data, now_ns)
        # The faults end inside these bytes.
        spoilt, rest = data[: self._left], data[self._left :]
        lost = self._send(spoilt, now_ns)
        self.faults = Faults()
        return lost + (self._send(rest, now_ns) if rest else 0)

    def _send(self, data: bytes, now_ns: int) -> int:
        if self.faults.passage is Passage.MUTE:
            return 0
        if self.garbled:
            data = self._garble(data)
        if self.faults.touches():
            data = b"".join(self._spoil(byte) for byte in self._reorder(data))
        room = LANE_BYTES_MAX - self._pending
        lost = max(0, len(data) - room)
        data = data[:room]
        if data:
            starts = max(now_ns + self.faults.delay_ns, self._free_ns)
            self._free_ns = starts + self.character_ns * len(data)
            self._pending += len(data)
            self._bursts.append(_Burst(starts, data))
        return lost

    def arrived(self, now_ns: int) -> bytes:
        """Hand over what has arrived by now, in order."""
        if now_ns < self._not_before_ns:
            return b""
        pieces = []
        room = self.faults.piece_bytes or LANE_BYTES_MAX
        while self._bursts and room > 0:
            burst = self._bursts[0]
            count = min(self._due(burst, now_ns), room)
            if count <= 0:
                break
            pieces.append(burst.data[burst.taken : burst.taken + count])
            burst.taken += count
            room -= count
            if burst.taken == len(burst.data):
                self._bursts.popleft()
        data = b"".join(pieces)
        self._pending -= len(data)
        if data and self.faults.piece_bytes and self._bursts:
            self._not_before_ns = now_ns + PIECE_GAP_NS
        return data

    def clear(self) -> None:
        """Lose everything that is on its way."""
        self._bursts.clear()
        self._pending = 0
        self._free_ns = 0
        self._not_before_ns = 0

    def _due(self, burst: _Burst, now_ns: int) -> int:
        """Return how many bytes of the burst have arrived and are not handed over."""
        if now_ns < burst.starts_ns:
            return 0
        left = len(burst.data) - burst.taken
        if not self.character_ns:
            return left
        return min(left, (now_ns - burst.starts_ns) // self.character_ns - burst.taken)

    def _spoil(self, byte: int) -> bytes:
        """Return what becomes of one byte."""
        draw, faults = self._entropy, self.faults
        before = draw.token(1) if draw.happens(faults.garbage_ppm) else b""
        if draw.happens(faults.drop_ppm):
            return before
        if draw.happens(faults.flip_ppm):
            byte ^= 1 << draw.below(8)
        return before + bytes((byte,)) * (2 if draw.happens(faults.duplicate_ppm) else 1)

    def _reorder(self, data: bytes) -> bytes:
        """Return the bytes with neighbours that have changed places."""
        if not self.faults.reorder_ppm:
            return data
        bytes_ = bytearray(data)
        place = 0
        while place < len(bytes_) - 1:
            if self._entropy.happens(self.faults.reorder_ppm):
                bytes_[place : place + 2] = bytes_[place + 1], bytes_[place]
                place += 1
            place += 1
        return bytes(bytes_)

    def _garble(self, data: bytes) -> bytes:
        """Return what a receiver at another rate makes of the bytes."""
        kept = sum(not self._entropy.happens(GARBLED_DROP_PPM) for _ in data)
        return self._entropy.token(kept)


class Wire:
    """Both directions, and how the device's end of the line is set."""

    def __init__(
        self,
        entropy: SeededEntropy,
        *,
        line: LineSettings,
        pace: Pace = Pace.AT_ONCE,
        faults: Faults | None = None,
    ) -> None:
        self.line = line
        """How the device is set."""
        self.to_device = Lane(entropy.fork("to device"))
        self.from_device = Lane(entropy.fork("from device"))
        for lane in self.lanes():
            lane.character_ns = line.character_ns() if pace is Pace.LINE_RATE else 0
        self.spoil(faults or Faults())

    def lanes(self) -> tuple[Lane, Lane]:
        """Return both directions."""
        return self.to_device, self.from_device

    @property
    def faults(self) -> Faults:
        """What goes wrong on the way from the device, and with `spoil` mostly on the way to it as well."""
        return self.from_device.faults

    def spoil(self, faults: Faults, *, answers_only: bool = False) -> None:
        """Let this go wrong in both directions from now on, or on the way from the device alone."""
        self.from_device.faults = faults
        self.to_device.faults = Faults() if answers_only else faults

    def driver_line(self, settings: LineSettings | None) -> None:
        """Learn how the driver's end is set; None when it cannot be seen."""
        for lane in self.lanes():
            lane.garbled = settings is not None and not self.line.understands(settings)

    def deadline_ns(self) -> int | None:
        """When something will have arrived, in either direction."""
        there, back = self.to_device.deadline_ns, self.from_device.deadline_ns
        if there is None or back is None:
            return back if there is None else there
        return min(there, back)

    def clear(self) -> None:
        """Lose everything that is on its way."""
        for lane in self.lanes():
            lane.clear()
