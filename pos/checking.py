"""Asks by itself about a payment in doubt: a card that comes back ends it without a key.

Every few seconds, for as long as the takeover says; Enter begins that time anew. While somebody is
asked for a PIN nothing happens under their hands.
"""

import asyncio
import contextlib
from typing import Final

from pos.till import Till
from pos.view import DoubtView, TillView
from protocols.ports import Clock

EVERY_SECONDS: Final = 3.0
"""After an answer that was none, until the next question; each waits two seconds for a card."""


class Checking:
    """What runs beside one till while its screen is open."""

    def __init__(self, till: Till, clock: Clock) -> None:
        self._till = till
        self._clock = clock
        self._wake = asyncio.Event()
        self._asking = False
        self._ending = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; a payment that was in doubt before is asked about at once."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="checking")

    async def stop(self) -> None:
        """End; a question that has begun is never broken off."""
        self._ending = True
        if self._task is None:
            return
        if not self._asking:
            self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        unwatch = self._till.watch(self._look)
        self._look(self._till.view)
        try:
            while not self._ending:
                await self._wake.wait()
                self._wake.clear()
                if self._due(self._till.view.doubt):
                    await self._ask()
                    await asyncio.sleep(self._pause())
                    self._look(self._till.view)
        finally:
            unwatch()

    async def _ask(self) -> None:
        self._asking = True
        try:
            await self._till.check_doubt()
        finally:
            self._asking = False

    def _pause(self) -> float:
        return 0.0 if self._ending else EVERY_SECONDS

    def _look(self, view: TillView) -> None:
        if self._due(view.doubt):
            self._wake.set()

    def _due(self, doubt: DoubtView | None) -> bool:
        return doubt is not None and self._clock.now_ns() < doubt.until_ns
