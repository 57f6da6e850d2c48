"""The one file of the virtual equipment that asks the operating system for time and randomness."""

import os
import time
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - private folders are made in it, never files


class SystemClock:
    """The machine's clocks; satisfies protocols.ports.Clock."""

    def now_ns(self) -> int:
        """Return UTC in nanoseconds since 1970."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return the clock that asyncio's loop runs on, in nanoseconds."""
        return time.monotonic_ns()


class SystemEntropy:
    """The machine's random bytes; satisfies protocols.ports.Entropy."""

    def token(self, size: int) -> bytes:
        """Return `size` bytes, fit for keys."""
        return os.urandom(size)


def memory_folder() -> Path | None:
    """Return a folder whose files lie in memory; None where there is none.

    For worlds in virtual time: a process that ends finds there what a disk would have, and waiting for
    a disk would be most of a world's time.
    """
    return _MEMORY if os.access(_MEMORY, os.W_OK) else None
