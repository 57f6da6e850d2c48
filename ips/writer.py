"""The one writer of a shard: a bounded queue in front of the committer, groups by what is waiting.

                submit ------> online  (at most ITEMS_MAX, BYTES_MAX in all)
     (any thread, any loop)    batches
                                  | take: <= ONLINE_MAX online, or <= BATCHES_MAX batches when
                                  v       nothing online waits, else one batch beside them
                               committer.commit(group)  --> answers, after COMMIT

It never waits to fill a group: it takes what is there, commits, and repeats, so one request alone is
as fast as a plain commit and a crowd shares one (broker.md 3.2). `Writer` owns a thread; the world
in virtual time uses `InlineWriter`.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from ips.committer import Committer, Done, Failed, Result, Work
from ips.points import Point
from ips.store.errors import StoreError
from protocols.ports import FaultPoints

ITEMS_MAX: Final = 4_096
BYTES_MAX: Final = 64 * 1024 * 1024
ONLINE_MAX: Final = 512
"""Online requests in one group."""
BATCHES_MAX: Final = 16
"""Batches in one group, when nothing online waits."""
CLOSE_SECONDS: Final = 10.0
"""How long `close` waits for what is queued."""

Answer = TypeVar("Answer")
Told = Callable[[Result], None]


class BusyError(Exception):
    """The queue is full: come back in `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"the broker is busy; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Writes(Protocol):
    """Where work is handed in, threaded or inline."""

    async def run(self, work: Work[Answer]) -> Answer:
        """Return the work's answer once it is durable.

        Raises: BusyError, PoisonError when this work cannot be done, StoreError.
        """
        ...


def unwrap(result: Result) -> Any:
    """Return the answer of a result, or raise why there is none."""
    match result:
        case Done(answer):
            return answer
        case Failed(error):
            raise error


class InlineWriter:
    """Commits in the caller's own thread, one piece of work at a time: for virtual time and tools."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    async def run(self, work: Work[Answer]) -> Answer:
        """Return the work's answer; it is durable."""
        return self.do(work)

    def do(self, work: Work[Answer]) -> Answer:
        """Return the work's answer; it is durable."""
        answer: Answer = unwrap(self._committer.commit([work])[0])
        return answer


class Lanes:
    """The bounded queue: online requests before batches. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._online: deque[tuple[Work[Any], Told]] = deque()
        self._batches: deque[tuple[Work[Any], Told]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._online) + len(self._batches)

    def put(self, work: Work[Any], told: Told) -> None:
        """Queue a piece of work. Raises: BusyError, when the lanes are full."""
        if len(self) >= ITEMS_MAX or self._bytes + work.size > BYTES_MAX:
            raise BusyError(1 + len(self._batches) // (4 * BATCHES_MAX))
        self._bytes += work.size
        (self._batches if work.is_batch else self._online).append((work, told))

    def take(self) -> list[tuple[Work[Any], Told]]:
        """Take the next group."""
        group = [self._online.popleft() for _ in range(min(len(self._online), ONLINE_MAX))]
        batches = min(len(self._batches), 1 if group else BATCHES_MAX)
        group += [self._batches.popleft() for _ in range(batches)]
        self._bytes -= sum(work.size for work, _ in group)
        return group


class Writer:
    """Owns the thread that commits."""

    def __init__(self, committer: Committer, points: FaultPoints) -> None:
        self._committer = committer
        self._points = points
        self._lanes = Lanes()
        self._wake = threading.Condition()
        self._closing = False
        self._stopped: StoreError | None = None
        self._thread = threading.Thread(target=self._work, name="ips-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Work[Answer]) -> Answer:
        """Return the work's answer once it is durable. Raises: BusyError, PoisonError, StoreError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        told = _Told(loop, future)
        with self._wake:
            if self._stopped is not None:
                raise self._stopped
            self._lanes.put(work, told)
            self._wake.notify()
        answer: Answer = unwrap(await future)
        return answer

    def queued(self) -> int:
        """Return how much work waits."""
        return len(self._lanes)

    def is_alive(self) -> bool:
        """Return whether the thread still commits."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Commit what is queued, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(CLOSE_SECONDS)

    def _work(self) -> None:
        group: list[tuple[Work[Any], Told]] = []
        try:
            while group := self._next():
                results = self._committer.commit([work for work, _ in group])
                _answer([told for _, told in group], results)
                group = []
                self._points.reach(Point.AFTER_ANSWER)
        finally:
            self._stop(group)

    def _next(self) -> list[tuple[Work[Any], Told]]:
        """Return the next group; empty when the writer is closed and everything is done."""
        with self._wake:
            while not len(self._lanes) and not self._closing:
                self._wake.wait()
            return self._lanes.take()

    def _stop(self, group: Sequence[tuple[Work[Any], Told]]) -> None:
        """Nobody waits for ever, whatever ended the thread."""
        with self._wake:
            self._stopped = StoreError("the broker's writer has stopped; nothing more is accepted")
            left = list(group)
            while len(self._lanes):
                left += self._lanes.take()
        _answer([told for _, told in left], [Failed(self._stopped)] * len(left))


class _Told:
    """Hands a result to the loop that asked."""

    __slots__ = ("future", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Result]) -> None:
        self.loop = loop
        self.future = future

    def __call__(self, result: Result) -> None:
        if not self.future.done():
            self.future.set_result(result)


def _answer(tolds: Sequence[Told], results: Sequence[Result]) -> None:
    """Wake each waiting loop once for all of its answers."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Told, Result]]] = {}
    for told, result in zip(tolds, results, strict=True):
        assert isinstance(told, _Told)
        by_loop.setdefault(told.loop, []).append((told, result))
    for loop, pairs in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, pairs)


def _tell(pairs: Sequence[tuple[_Told, Result]]) -> None:
    for told, result in pairs:
        told(result)
