"""Asks by itself about a payment in doubt: a card that comes back ends it without a key.

Every few seconds, for as long as the takeover says; Enter begins that time anew. While somebody is
asked for a PIN nothing happens under their hands.

What was parked holds nothing up: it is asked about quietly, between two customers, when the till starts and
whenever the broker is back. Only what is found out is said.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

from pos.till import Till
from pos.view import DoubtView, Stage, TillView
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
        self._parked = True
        """Whether what was parked is to be asked about."""
        self._online = False
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
                    await self._ask(self._till.check_doubt())
                    await asyncio.sleep(self._pause())
                    self._look(self._till.view)
                elif self._quiet(self._till.view):
                    self._parked = False
                    await self._ask(self._ask_quietly())
        finally:
            unwatch()

    async def _ask(self, question: Coroutine[Any, Any, None]) -> None:
        self._asking = True
        try:
            await question
        finally:
            self._asking = False

    async def _ask_quietly(self) -> None:
        if not await self._till.check_parked():
            # Somebody was quicker: after the next customer.
            self._parked = True

    def _pause(self) -> float:
        return 0.0 if self._ending else EVERY_SECONDS

    def _look(self, view: TillView) -> None:
        online = view.queue.link == "online"
        self._parked = self._parked or (online and not self._online)
        self._online = online
        if self._due(view.doubt) or self._quiet(view):
            self._wake.set()

    def _quiet(self, view: TillView) -> bool:
        """Tell whether there is something to ask about, and nobody at the counter."""
        waits = view.stage is Stage.ENTRY and view.queue.in_doubt and not view.lines
        return self._parked and bool(waits)

    def _due(self, doubt: DoubtView | None) -> bool:
        return doubt is not None and self._clock.now_ns() < doubt.until_ns
