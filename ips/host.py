"""The one file of the broker that asks the operating system: time, randomness, who its parent is."""

import ctypes
import os
import signal
import sys
import time
from typing import Final

from ips.points import BankPoint, DeskPoint, Point
from protocols.ports import FaultPoints

_PR_SET_PDEATHSIG: Final = 1


class HostClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Return UTC in nanoseconds."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some fixed start."""
        return time.monotonic_ns()


class HostEntropy:
    """The kernel's random numbers."""

    def token(self, size: int) -> bytes:
        """Return random bytes, fit for keys."""
        return os.urandom(size)


class NoFaults:
    """Production: a named place is passed."""

    def reach(self, point: str) -> None:
        """Go on."""


class KillAt:
    """Kills this process, as SIGKILL does, at the n-th time it comes to a named place."""

    def __init__(self, point: str, times: int) -> None:
        self._point = point
        self._left = times

    def reach(self, point: str) -> None:
        """Count, and be gone at the last count."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def fault_points(setting: str) -> FaultPoints:
    """Return the places that `FAULT=name[:times]` asks for. Raises: ValueError for a wrong name."""
    if not setting:
        return NoFaults()
    name, _, times = setting.partition(":")
    known = {*Point, *DeskPoint, *BankPoint}
    if name not in known:
        raise ValueError(f"FAULT={name} is none of {', '.join(sorted(known))}")
    return KillAt(name, int(times or "1"))


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent ends; elsewhere the pipe alone does it."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit(0)
