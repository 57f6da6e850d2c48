"""The one place where the till asks the operating system for time, randomness and its own end.

FAULT=point or FAULT=point:nth kills the process with SIGKILL when that place (pos.points) is reached
for the nth time; the tests' stand-in for a pulled plug. Without FAULT the places do nothing.
"""

import os
import secrets
import signal
import time
from collections import Counter
from typing import Final

from pos.points import Point
from protocols.ports import FaultPoints

FAULT_VARIABLE: Final = "FAULT"


class HostClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        """Return UTC in nanoseconds since 1970."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some fixed start."""
        return time.monotonic_ns()


class HostEntropy:
    """The operating system's randomness."""

    def token(self, size: int) -> bytes:
        """Return `size` bytes fit for keys."""
        return secrets.token_bytes(size)


class NoFaults:
    """Production: every place is passed."""

    def reach(self, point: str) -> None:
        """Do nothing."""


class KillAt:
    """Ends this process, as a power cut would, at one place."""

    def __init__(self, point: Point, nth: int) -> None:
        self._point = point
        self._nth = nth
        self._reached: Counter[str] = Counter()

    def reach(self, point: str) -> None:
        """Kill the process where it was told to."""
        self._reached[point] += 1
        if point == self._point and self._reached[point] == self._nth:
            os.kill(os.getpid(), signal.SIGKILL)


def host_faults() -> FaultPoints:
    """Return what FAULT asks for. Raises: ValueError for a place that does not exist."""
    wanted = os.environ.get(FAULT_VARIABLE)
    if not wanted:
        return NoFaults()
    name, _, nth = wanted.partition(":")
    return KillAt(Point(name), int(nth or "1"))
