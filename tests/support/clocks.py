"""Clocks for tests."""

from itertools import count


class StepClock:
    """A clock that moves by one at every look, so that a report's rate is defined."""

    def __init__(self) -> None:
        self._ticks = count(1)

    def now_ns(self) -> int:
        return next(self._ticks)

    def monotonic_ns(self) -> int:
        return next(self._ticks)
