"""An event loop on the machine's clock that can be told to skip time: for worlds on real wires.

    clock.skip(duration)     from now on nobody waits: whenever nothing has arrived for GRACE_SECONDS, the
                             clock is as late as the next timer is due, until the duration has passed
    with clock.holding():    not meanwhile: something outside this program is at work

What passes between twins and drivers of this program arrives within microseconds; what other processes
do holds the clock. So ten hours without a broker take some seconds, and every timer of them comes due.
"""

import asyncio
import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from protocols.ports import NANOSECONDS_PER_SECOND, Clock

GRACE_SECONDS: Final = 0.004


class SkippingClock:
    """The machine's clock, and what was skipped; satisfies protocols.ports.Clock."""

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._skipped_ns = 0
        self._until_ns = 0
        self._held = 0

    def now_ns(self) -> int:
        """Return UTC in nanoseconds since 1970, later by what was skipped."""
        return self._machine.now_ns() + self._skipped_ns

    def monotonic_ns(self) -> int:
        """Return the loop's time in nanoseconds."""
        return self._machine.monotonic_ns() + self._skipped_ns

    @property
    def skipping(self) -> bool:
        """Say whether nobody waits now."""
        return not self._held and self.monotonic_ns() < self._until_ns

    async def skip(self, duration_ns: int) -> None:
        """Let so much time pass without waiting for it."""
        self._until_ns = max(self._until_ns, self.monotonic_ns() + duration_ns)
        await asyncio.sleep(duration_ns / NANOSECONDS_PER_SECOND)

    def jump(self, seconds: float | None) -> None:
        """Be so much later, but no later than was asked for; the loop does this."""
        left_ns = self._until_ns - self.monotonic_ns()
        wanted_ns = left_ns if seconds is None else int(seconds * NANOSECONDS_PER_SECOND) + 1
        self._skipped_ns += max(0, min(left_ns, wanted_ns))

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Skip nothing while the block runs."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop that lives on such a clock."""

    def __init__(self, clock: SkippingClock) -> None:
        self._clock = clock
        super().__init__(_SkippingSelector(clock))
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Return the clock's monotonic time in seconds."""
        return self._clock.monotonic_ns() / NANOSECONDS_PER_SECOND


class _SkippingSelector(selectors.DefaultSelector):
    """Waits a little for what may still arrive, and then no longer."""

    def __init__(self, clock: SkippingClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self._clock.skipping or (timeout is not None and timeout <= 0):
            return super().select(timeout)
        wait = GRACE_SECONDS if timeout is None else min(timeout, GRACE_SECONDS)
        ready = super().select(wait)
        if not ready:
            self._clock.jump(None if timeout is None else timeout - wait)
        return ready
