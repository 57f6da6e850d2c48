"""What is between a till and its broker, and what goes wrong there, one request at a time.

    good          it arrives, and so does the answer
    no_route      nothing leaves
    lose_request  it leaves and never arrives; nothing comes back
    lose_answer   it arrives and is obeyed; the answer never comes
    hang_up       it arrives and is obeyed; the line breaks in the answer
    twice         it arrives twice, the first answer is the one that comes back
    late          it arrives and is obeyed; the answer comes after a while
    stray         it arrives when its sender has long given it up and said it again: out of order

A plan for the next requests goes before what is drawn for each, and that before the standing state.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextvars import copy_context
from enum import Enum
from typing import Final

import httpx

from protocols.ports import NANOSECONDS_PER_SECOND

NEVER_SECONDS: Final = 1_000_000.0
"""Longer than any deadline."""
PLAN_MAX: Final = 1_000
STRAY_SECONDS: Final = 45.0
"""Longer than a till waits for an answer to a batch."""


class Passing(Enum):
    """What happens to one request."""

    GOOD = "good"
    NO_ROUTE = "no_route"
    LOSE_REQUEST = "lose_request"
    LOSE_ANSWER = "lose_answer"
    HANG_UP = "hang_up"
    TWICE = "twice"
    LATE = "late"
    STRAY = "stray"


Heard = Callable[[str, str], None]
"""Told of each request: the path, and how it passed."""


class _Whole(httpx.AsyncByteStream):
    """A body that has arrived, for whoever reads an answer as it comes."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


async def unread(answer: httpx.Response) -> tuple[httpx.Response, bytes]:
    """Read an answer whole; return it as one that nobody has read yet, and its body."""
    body = await answer.aread()
    await answer.aclose()
    again = httpx.Response(answer.status_code, headers=answer.headers, stream=_Whole(body))
    return again, body


class Network(httpx.AsyncBaseTransport):
    """The way from one till to its broker."""

    def __init__(self, inner: httpx.AsyncBaseTransport, heard: Heard = lambda *_: None) -> None:
        self._inner = inner
        self._heard = heard
        self._nobodys = copy_context()
        self._plan: deque[Passing] = deque(maxlen=PLAN_MAX)
        self._aimed: dict[str, Passing] = {}
        self._standing = Passing.GOOD
        self._draw: Callable[[], Passing] | None = None
        self._strays: dict[asyncio.Task[None], None] = {}
        self.late_ns = NANOSECONDS_PER_SECOND
        """By how much an answer is late."""

    @property
    def faulty(self) -> bool:
        """Say whether anything is to go wrong still."""
        planned = self._plan or self._aimed or self._draw or self._strays
        return self._standing is not Passing.GOOD or bool(planned)

    def always(self, passing: Passing) -> None:
        """Let every request pass so from now on; a plan is forgotten."""
        self._plan.clear()
        self._standing, self._draw = passing, None

    def drawn(self, draw: Callable[[], Passing]) -> None:
        """Draw for every request from now on how it passes."""
        self._draw = draw

    def next(self, passing: Passing, count: int = 1) -> None:
        """Let the next requests pass so, and then as before."""
        self._plan.extend([passing] * count)

    def aim(self, path: str, passing: Passing) -> None:
        """Let the next request to this path pass so, whatever is asked before it."""
        self._aimed[path] = passing

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request. Raises: httpx.TransportError as a real network would."""
        passing = self._next(request.url.path)
        self._heard(f"{request.method} {request.url.path}", passing.value)
        match passing:
            case Passing.NO_ROUTE:
                raise httpx.ConnectError("no route to host")
            case Passing.LOSE_REQUEST:
                await asyncio.sleep(NEVER_SECONDS)
            case Passing.LOSE_ANSWER:
                await self._inner.handle_async_request(request)
                await asyncio.sleep(NEVER_SECONDS)
            case Passing.HANG_UP:
                await self._inner.handle_async_request(request)
                raise httpx.RemoteProtocolError("peer closed connection")
            case Passing.TWICE:
                first = await self._inner.handle_async_request(request)
                await self._inner.handle_async_request(request)
                return first
            case Passing.LATE:
                answer = await self._inner.handle_async_request(request)
                await asyncio.sleep(self.late_ns / NANOSECONDS_PER_SECOND)
                return answer
            case Passing.STRAY:
                self._let_stray(request)
                await asyncio.sleep(NEVER_SECONDS)
            case Passing.GOOD:
                pass
        return await self._inner.handle_async_request(request)

    async def calm(self) -> None:
        """Wait until nothing is on its way that its sender has given up."""
        while self._strays:
            await asyncio.wait(list(self._strays))

    def _next(self, path: str) -> Passing:
        if path in self._aimed:
            return self._aimed.pop(path)
        if self._plan:
            return self._plan.popleft()
        return self._standing if self._draw is None else self._draw()

    def _let_stray(self, request: httpx.Request) -> None:
        # On its way it belongs to nobody: its sender may die meanwhile.
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._arrive(request), name="stray", context=self._nobodys)
        self._strays[task] = None
        task.add_done_callback(lambda done: self._strays.pop(done, None))

    async def _arrive(self, request: httpx.Request) -> None:
        await asyncio.sleep(STRAY_SECONDS)
        try:
            await self._inner.handle_async_request(request)
        except httpx.TransportError:
            return

    async def aclose(self) -> None:
        """Leave the way open: a till that comes back takes it again."""
