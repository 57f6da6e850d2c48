"""One program's life inside a world: it ends at a named place, at once, and nothing of it runs on.

    life = Life()
    life.run(coroutine)           everything that begins in it, and in what it begins, belongs to it
    life.kill_at("after_append_sale")
    life.reach(point)             FaultPoints: raises KilledError at that place, and ever after

A killed program writes nothing any more: each place before something durable raises, and its tasks
are cancelled. What real processes do under SIGKILL is shown by tests/system; here the same places
are reached in virtual time, from a seed.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, TypeVar

T = TypeVar("T")


class KilledError(BaseException):
    """The program is gone. No Exception, so that nothing in it can catch it."""


class Life:
    """Tasks that end together. Implements protocols.ports.FaultPoints."""

    def __init__(self, died: Callable[[], None] = lambda: None) -> None:
        """`died` is called once, at the moment of the kill."""
        self.dead = False
        self.place = ""
        """Where it was killed; empty by nobody or from outside."""
        self.reached: Counter[str] = Counter()
        self._died = died
        self._wanted = ("", 0)
        self._left = 0
        # A dict, for its order: tasks are cancelled as they were begun, on any hash seed.
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def run(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Begin something in this life."""
        context = copy_context()
        context.run(_LIFE.set, self)
        return asyncio.get_running_loop().create_task(work, name=name, context=context)

    def kill_at(self, point: str, nth: int = 1) -> None:
        """Be killed when a place is reached for the nth time from now on."""
        self._wanted = (point, self.reached[point] + nth)

    def kill_after(self, places: int) -> None:
        """Be killed at the so-manieth place from now on, whichever that is."""
        assert places > 0, "a place that is ahead"
        self._left = places

    def spare(self) -> None:
        """Be killed nowhere any more."""
        self._wanted = ("", 0)
        self._left = 0

    def reach(self, point: str) -> None:
        """Pass a named place. Raises: KilledError at the one that was wanted, and after it."""
        self.reached[point] += 1
        self._left -= 1
        if not self.dead and (self._left == 0 or (point, self.reached[point]) == self._wanted):
            self.place = point
            self.kill()
        self.demand()

    def demand(self) -> None:
        """Raises: KilledError when this life is over."""
        if self.dead:
            raise KilledError

    def kill(self) -> None:
        """End it now."""
        if not self.dead:
            self.dead = True
            for task in list(self._tasks):
                task.cancel()
            self._died()

    async def gone(self) -> None:
        """Wait until no task of it is left; call it from outside."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))
            await asyncio.sleep(0)

    def begin(self, task: asyncio.Task[Any]) -> None:
        """Take a task in; the loop's task factory calls this."""
        self._tasks[task] = None
        task.add_done_callback(self._end)
        if self.dead:
            task.cancel()

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if self.dead and not task.cancelled():
            task.exception()  # Looked at, so that the loop does not tell of a task nobody awaits.


_LIFE: Final[ContextVar[Life | None]] = ContextVar("life", default=None)


def keep_lives(
    loop: asyncio.AbstractEventLoop, crashed: Callable[[BaseException], None] | None = None
) -> None:
    """Have a loop know whose its tasks are. Once a loop, before the first life.

    `crashed` is told what was raised where nobody waits for it, in place of the loop's log; what is
    raised in the dead is told to nobody.
    """

    def begin(
        running: asyncio.AbstractEventLoop,
        work: Any,
        *,
        context: Context | None = None,
        **options: Any,
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=running, context=context, **options)
        life = _LIFE.get() if context is None else context.get(_LIFE)
        if life is not None:
            life.begin(task)
        return task

    def told(running: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, KilledError):
            return
        if error is None or crashed is None:
            running.default_exception_handler(context)
        else:
            crashed(error)

    loop.set_task_factory(begin)
    loop.set_exception_handler(told)
