"""The PIN pad: a customer's PIN, sealed for the card; an amount confirmed; two lines shown.

    await pad.enter_pin(..., deadline_ns=...)  ->  Entered | Cancelled | TimedOut | TooShort | Refused
                                                   | Aborted | NotAsked | NoAnswer
    pad.health, pad.able                           what is known now

Nothing is raised into the till. Whoever waits may be cancelled: the pad is then told to end it. No
digit and no PIN in clear ever comes here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devices.drivers.pin_pad import PadJob, Phase, PinPadDriver
from devices.health import Health, Role
from devices.supervisor import OpenLink, Supervised, Supervisor
from protocols.address import Address
from protocols.pin_pad.words import Confirm, Ending, EnterPin, Identity, Show
from protocols.ports import NANOSECONDS_PER_SECOND, Clock

ASK_NS: Final = 5 * NANOSECONDS_PER_SECOND
"""How long a job waits for a pad that is busy or not there."""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """The pad was never asked: it cannot be reached, or is busy."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The pad was asked, and no end of it came: the line broke, or it fell silent."""

    reason: str


PadResult = Ending | NotAsked | NoAnswer


class PinPad(Supervised):
    """One PIN pad."""

    def __init__(
        self,
        *,
        address: Address,
        open_link: OpenLink,
        clock: Clock,
        on_health: Callable[[Health], None] = lambda _: None,
        idle: Show | None = None,
    ) -> None:
        self._clock = clock
        self._driver = PinPadDriver(address=str(address), idle=idle)
        self._supervisor = Supervisor(
            role=Role.PIN_PAD,
            address=address,
            driver=self._driver,
            open_link=open_link,
            clock=clock,
            on_health=on_health,
            on_step=self._stepped,
        )
        self._turn = asyncio.Lock()
        self._step = asyncio.Event()

    @property
    def able(self) -> bool:
        """Say whether it would take a PIN now, as far as anybody knows."""
        return self._supervisor.connected and self._driver.able

    @property
    def identity(self) -> Identity | None:
        """Who the pad says it is; None before it has."""
        return self._driver.identity

    async def enter_pin(
        self, command: EnterPin, *, on_digits: Callable[[int], None] = lambda _: None
    ) -> PadResult:
        """Have a PIN entered and sealed; it takes the command's time and a little more at most."""
        return await self._do(command, on_digits)

    async def confirm(self, command: Confirm) -> PadResult:
        """Have the customer confirm an amount."""
        return await self._do(command, lambda _: None)

    async def show(self, command: Show) -> PadResult:
        """Show two lines."""
        return await self._do(command, lambda _: None)

    async def _do(
        self, command: Show | Confirm | EnterPin, on_digits: Callable[[int], None]
    ) -> PadResult:
        deadline_ns = self._clock.monotonic_ns() + ASK_NS
        try:
            async with asyncio.timeout(ASK_NS / NANOSECONDS_PER_SECOND):
                await self._turn.acquire()
        except TimeoutError:
            return NotAsked("the PIN pad is busy with something else")
        job = PadJob(command=command, deadline_ns=deadline_ns, on_digits=on_digits)
        try:
            return await self._result(job)
        finally:
            if job.phase is not Phase.ENDED:
                self._driver.drop(job, self._clock.monotonic_ns())
                self._supervisor.wake()
            self._turn.release()

    async def _result(self, job: PadJob) -> PadResult:
        self._driver.submit(job)
        self._supervisor.wake()
        while job.phase is not Phase.ENDED:
            await self._next_step(job.deadline_ns)
            now_ns = self._clock.monotonic_ns()
            if now_ns >= job.deadline_ns:
                # Pump or no pump: at its deadline everything is decided.
                self._driver.tick(now_ns)
                self._supervisor.wake()
                job.fail("no answer in time")
        if job.answer is not None:
            return job.answer
        return NoAnswer(job.why) if job.asked else NotAsked(job.why)

    async def _next_step(self, deadline_ns: int) -> None:
        self._step.clear()
        left_ns = max(0, deadline_ns - self._clock.monotonic_ns())
        try:
            async with asyncio.timeout(left_ns / NANOSECONDS_PER_SECOND):
                await self._step.wait()
        except TimeoutError:
            return

    def _stepped(self) -> None:
        self._step.set()
