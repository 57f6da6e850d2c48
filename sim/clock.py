"""Virtual time: an event loop whose clock stands still while anything can run, and jumps when not.

    loop asks its selector: "wait 30 s for input"
    the selector: nothing can arrive from outside, so the clock is now 30 s later, and returns

A day of waiting costs microseconds, and the same seed gives the same run. What would break that is
refused at once, at the line that does it:

    nothing is due and nothing ready      DeadlockError naming the tasks that wait
    a thread is started, or an executor   ThreadRefusedError (the clock would jump past its work)
    a real descriptor is watched          DescriptorRefusedError (real readiness in a jumping time)

`run(story, seed=7)` runs `async def story(clock, entropy)` so. Source: style.md 6.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn, TypeVar

from protocols.ports import NANOSECONDS_PER_SECOND
from sim.entropy import SeededEntropy

T = TypeVar("T")

EPOCH_NS: Final = 1_767_225_600 * NANOSECONDS_PER_SECOND
"""Where UTC stands when a run begins: 2026-01-01 00:00:00."""
_START_NS: Final = 1_000 * NANOSECONDS_PER_SECOND
"""Where the monotonic clock begins: not 0, for whoever takes 0 for 'never'."""


_JUMPS_UNLOOKED: Final = 64
"""Jumps between two looks at the wake-up socket: each is a system call."""


class DeadlockError(RuntimeError):
    """Nothing is due and nothing is ready: the run would wait for ever."""


class ThreadRefusedError(RuntimeError):
    """Somebody wants a thread under virtual time, where the clock would jump past its work."""


class DescriptorRefusedError(RuntimeError):
    """Somebody watches a real descriptor under virtual time; use a memory link."""


class VirtualClock:
    """Both readings of a run's time; satisfies protocols.ports.Clock."""

    def __init__(self, *, epoch_ns: int = EPOCH_NS) -> None:
        self._epoch_ns = epoch_ns
        self._elapsed_ns = 0

    def now_ns(self) -> int:
        """Return UTC in nanoseconds since 1970."""
        return self._epoch_ns + self._elapsed_ns

    def monotonic_ns(self) -> int:
        """Return the loop's time in nanoseconds."""
        return _START_NS + self._elapsed_ns

    def advance(self, duration_ns: int) -> None:
        """Let time pass; the loop does this. By hand only in tests of plain machines."""
        assert duration_ns >= 0, "time does not go back"
        self._elapsed_ns += duration_ns

    def set_utc(self, now_ns: int) -> None:
        """Set the wall clock, as an operator may; the monotonic reading is not touched."""
        self._epoch_ns = now_ns - self._elapsed_ns


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that lives on a virtual clock."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._clock_resolution = 1e-9
        self._sealed = False
        super().__init__(_JumpingSelector(self, clock))
        # The base class has registered its own wake-up socket by now; nobody else may.
        self._clock_resolution = 1e-9
        self._sealed = True

    @property
    def sealed(self) -> bool:
        """Say whether descriptors are refused: true once the loop is built."""
        return self._sealed

    def time(self) -> float:
        """Return the virtual monotonic time in seconds."""
        return self._clock.monotonic_ns() / NANOSECONDS_PER_SECOND

    def close(self) -> None:
        """Close the loop; only now may its wake-up socket go."""
        self._sealed = False
        super().close()

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> NoReturn:  # type: ignore[override]
        """Refuse: the work of another thread takes no virtual time. Raises: ThreadRefusedError."""
        raise ThreadRefusedError(
            f"{func!r} would run in a thread; under virtual time call it inline"
        )


class _JumpingSelector(selectors.BaseSelector):
    """Watches the loop's own wake-up socket, and lets time pass instead of waiting."""

    def __init__(self, loop: VirtualLoop, clock: VirtualClock) -> None:
        self._loop = loop
        self._clock = clock
        self._inner = selectors.DefaultSelector()
        self._jumps = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        self._jumps += 1
        if timeout is None or self._jumps % _JUMPS_UNLOOKED == 0:
            # Only a signal can have come; whatever it does to the loop's tasks is seen without.
            ready = self._inner.select(0)
            if ready:
                return ready
        if timeout is None:
            raise DeadlockError(_who_waits(self._loop))
        # Rounded up, at least 1 ns: a timer a fraction of a nanosecond away must come due.
        self._clock.advance(int(timeout * NANOSECONDS_PER_SECOND) + 1)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        self._refuse(fileobj)
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        self._refuse(fileobj)
        return self._inner.modify(fileobj, events, data)

    def get_map(self) -> Any:
        return self._inner.get_map()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.get_key(fileobj)

    def close(self) -> None:
        self._inner.close()

    def _refuse(self, fileobj: Any) -> None:
        if self._loop.sealed:
            raise DescriptorRefusedError(
                f"{fileobj!r} is a real descriptor; under virtual time use a memory link"
            )


def run(
    story: Callable[[VirtualClock, SeededEntropy], Coroutine[Any, Any, T]],
    *,
    seed: int = 0,
    epoch_ns: int = EPOCH_NS,
) -> T:
    """Run a story in virtual time to its end and return its result.

    Raises: what the story raises, DeadlockError, ThreadRefusedError, DescriptorRefusedError.
    """
    clock = VirtualClock(epoch_ns=epoch_ns)
    entropy = SeededEntropy(seed)
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner, _no_threads():
        return runner.run(story(clock, entropy))


_lives_virtually = threading.local()
_start_thread: Final = threading.Thread.start


def _start_unless_virtual(thread: threading.Thread) -> None:
    """Start a thread, unless the caller's own lives in virtual time. Raises: ThreadRefusedError."""
    if getattr(_lives_virtually, "depth", 0):
        raise ThreadRefusedError(
            f"{thread!r} would work unseen by the clock; under virtual time there is one thread"
        )
    _start_thread(thread)


@contextmanager
def _no_threads() -> Iterator[None]:
    """Refuse new threads to this thread, and to it alone, while the block runs.

    Python before 3.12 has no audit event for a thread's start, so the method itself is replaced, on
    first use and for good: outside such blocks it only passes on.
    """
    threading.Thread.start = _start_unless_virtual  # type: ignore[method-assign,assignment]
    depth = getattr(_lives_virtually, "depth", 0)
    _lives_virtually.depth = depth + 1
    try:
        yield
    finally:
        _lives_virtually.depth = depth


def _who_waits(loop: asyncio.AbstractEventLoop) -> str:
    """Name the tasks that wait, each with the line it waits at."""
    lines = []
    for task in asyncio.all_tasks(loop):
        where = [
            f"{frame.f_code.co_filename}:{frame.f_lineno}" for frame in task.get_stack(limit=1)
        ]
        lines.append(f"{task.get_name()} at {', '.join(where) or 'its start'}")
    waiting = "; ".join(sorted(lines)) or "no task at all"
    return f"deadlock in virtual time: nothing is due and nothing is ready. Waiting: {waiting}"
