"""Brings papers out: a small machine beside the sales that never gates one.

    waiting -> (store: sending) -> render -> print_job -> OUT      (store: printed)
                                                       -> NOT_OUT  (store: waiting; try again later)
                                                       -> UNSURE   (store: kept; the clerk looks, F11)

The state "sending" is durable before the first byte leaves. A paper that may have come out already
comes out again only as a copy: two originals of one sale never exist. A copy stands in the journal
before it is in this queue: with who asked for it (pos.trading_day), or by the restart (pos.loading).
"""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

from pos.equipment import Came, Printer
from pos.points import Point
from pos.register import Register
from pos.store.errors import StoreError
from pos.store.papers import Paper, PaperState
from pos.store.store import Store
from protocols.ports import NANOSECONDS_PER_SECOND

JOB_TIMEOUT_NS: Final = 30 * NANOSECONDS_PER_SECOND
"""A receipt of 999 lines at 9,600 baud takes longer than any other paper: 25 s."""
RETRY_SECONDS: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""How long to wait after a paper did not come out; the last one again and again."""


class Press(Protocol):
    """Turns a paper into what its printer understands."""

    def __call__(self, paper: Paper) -> bytes:
        """Return the bytes of one paper."""
        ...

    def text(self, paper: Paper) -> str:
        """Return the same paper as text."""
        ...


class PrintEvent(Enum):
    """What the clerk should hear about."""

    PRINTED = "printed"
    WAITS = "waits"
    UNSURE = "unsure"


class PaperQueue:
    """Drains the papers of one till to its one printer."""

    def __init__(
        self,
        register: Register,
        printer: Printer,
        press: Press,
        heard: Callable[[PrintEvent, Paper], None],
        broken: Callable[[StoreError], None],
    ) -> None:
        self._register = register
        self._printer = printer
        self._press = press
        self._heard = heard
        self._broken = broken
        self._work = asyncio.Event()
        self._failures = 0
        self._ending = False
        self._mended = asyncio.Event()

    def end(self) -> None:
        """Finish the paper that is being printed, and no other."""
        self._ending = True
        self._work.set()
        self._mended.set()

    def mended(self) -> None:
        """Go on: the store works again."""
        self._mended.set()

    def nudge(self) -> None:
        """Say that there may be work: a paper was added, or the printer is well again."""
        self._failures = 0
        self._work.set()

    async def run(self) -> None:
        """Print what waits, until `end`. When the store fails, it stands still until that is mended."""
        while not self._ending:
            try:
                await self._drain()
            except StoreError as error:
                self._mended.clear()
                self._broken(error)
                await self._mended.wait()

    async def _drain(self) -> None:
        while not self._ending:
            self._work.clear()
            paper = await self._register.runner.run(lambda store: store.papers.next())
            if paper is None:
                await self._work.wait()
            elif not await self._print(paper):
                await self._pause()

    async def _print(self, paper: Paper) -> bool:
        """Bring one paper out. Returns whether the next one may be tried at once."""
        register = self._register
        register.faults.reach(Point.BEFORE_PRINT)
        await register.runner.run(lambda store: store.papers.move(paper.number, PaperState.SENDING))
        register.faults.reach(Point.AFTER_PRINT_SENT)
        deadline_ns = register.clock.monotonic_ns() + JOB_TIMEOUT_NS
        came = await self._printer.print_job(
            self._press(paper), job=paper.number, deadline_ns=deadline_ns
        )
        if came is Came.OUT:
            register.faults.reach(Point.AFTER_PRINTED)
        register.papers_waiting = await register.runner.run(
            lambda store: _settle(store, paper, came)
        )
        self._heard(_EVENTS[came], paper)
        return came is not Came.NOT_OUT

    async def _pause(self) -> None:
        """Wait until the printer is well again, or for a while that grows."""
        seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        try:
            async with asyncio.timeout(seconds):
                await self._work.wait()
        except TimeoutError:
            return


_EVENTS: Final = {
    Came.OUT: PrintEvent.PRINTED,
    Came.NOT_OUT: PrintEvent.WAITS,
    Came.UNSURE: PrintEvent.UNSURE,
}


def _settle(store: Store, paper: Paper, came: Came) -> int:
    """Note what became of a paper; returns how many still wait."""
    store.papers.move(paper.number, _STATES[came])
    return store.papers.waiting()


_STATES: Final = {
    Came.OUT: PaperState.PRINTED,
    Came.NOT_OUT: PaperState.WAITING,
    Came.UNSURE: PaperState.KEPT,
}
