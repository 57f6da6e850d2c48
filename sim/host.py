"""The one file of the virtual equipment that asks the operating system for time and randomness."""

import os
import time


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
