"""Who runs the store: one owned thread in a program, nobody but the caller under virtual time.

A SQLite commit with full sync takes a fraction of a millisecond on a good disk and tens on a bad
one; the screen's loop must not wait for it. Steps are taken in the order in which they were asked for.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

from pos.store.errors import StoreError
from pos.store.store import Store

STEPS_WAITING_MAX: Final = 256
"""More than a till could ask for in minutes: whoever meets this has a disk that no longer answers."""

Result = TypeVar("Result")


class StoreRunner(Protocol):
    """Runs steps on the store, one at a time, in order."""

    async def run(self, step: Callable[[Store], Result]) -> Result:
        """Run a step and return its result. Raises: StoreError, and what the step raises."""
        ...

    async def close(self) -> None:
        """Finish what was asked for and close the store."""
        ...


class StoreThread:
    """The store in one thread of its own. A cancelled caller does not stop its step."""

    def __init__(self, opening: Callable[[], Store]) -> None:
        """Take what opens the store; the thread opens it at its first step, so errors come there."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._opening = opening
        self._store: Store | None = None
        self._waiting = 0

    async def run(self, step: Callable[[Store], Result]) -> Result:
        """Run a step in the thread. Raises: StoreError, and what the step raises."""
        if self._waiting >= STEPS_WAITING_MAX:
            raise StoreError(
                f"{self._waiting} steps wait for the disk: it no longer answers; check it and "
                "start the till again"
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._executor, lambda: step(self._opened())
            )
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Finish what was asked for, close the store and end the thread."""
        if self._store is not None:
            await self.run(Store.close)
        self._executor.shutdown(wait=True)

    def _opened(self) -> Store:
        if self._store is None:
            self._store = self._opening()
        return self._store


class StoreInline:
    """The store in the caller's own turn: for virtual time, and for commands without a screen."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, step: Callable[[Store], Result]) -> Result:
        """Run a step now. Raises: StoreError, and what the step raises."""
        return step(self._store)

    async def close(self) -> None:
        """Close the store."""
        self._store.close()
