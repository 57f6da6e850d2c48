"""A stand-alone payment terminal: payments, money back, its last result, its totals.

    await terminal.pay(order)         ->  Finished | Refused | NotAsked | NoAnswer
    await terminal.last_result()      the same: what it has done last, asked as often as anybody likes
    terminal.health, terminal.terminal_id       what is known now

A command that moves money is said once. What came of one without an answer, its last result tells
(protocols.zvt.attempt). Nothing is raised into the till, and no card's number comes here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devices.drivers.payment_terminal import PaymentTerminalDriver, Phase, TerminalJob
from devices.health import Health, Role
from devices.supervisor import OpenLink, Supervised, Supervisor
from protocols.address import Address
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from protocols.zvt.apdu import Apdu
from protocols.zvt.controls import Control
from protocols.zvt.messages import (
    PASSWORD,
    WITH_PASSWORD,
    Config,
    Order,
    Registration,
    with_password,
)
from protocols.zvt.results import Result, State
from protocols.zvt.status import StatusInformation
from protocols.zvt.text import Charset

ASK_NS: Final = 8 * NANOSECONDS_PER_SECOND
"""How long a job waits for a terminal that is busy, or not there yet."""
_CONFIG: Final = (
    Config.REGISTER_PRINTS_PAYMENTS
    | Config.REGISTER_PRINTS_ADMINISTRATION
    | Config.SEND_STATES
    | Config.REGISTER_PRINTS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The terminal has done it, or ended it and said why."""

    code: int
    """0: completed; else why it was aborted (protocols.zvt.results)."""
    status: StatusInformation | None
    paper: tuple[str, ...] = ()
    """What it would have printed."""

    @property
    def approved(self) -> bool:
        """Say whether it is certain that money has moved."""
        return not self.code and self.status is not None and not self.status.result

    @property
    def failed(self) -> bool:
        """Say whether it is certain that nothing has moved: an abort that no good result went before."""
        return bool(self.code) and (self.status is None or bool(self.status.result))


@dataclass(frozen=True, slots=True)
class Refused:
    """The terminal would not begin; nothing has moved."""

    code: int


@dataclass(frozen=True, slots=True)
class NotAsked:
    """The terminal was never told: it cannot be reached, or is at something else."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """It was told, and no end came: the line broke, or it fell silent."""

    reason: str


TerminalResult = Finished | Refused | NotAsked | NoAnswer


class PaymentTerminal(Supervised):
    """One payment terminal."""

    def __init__(
        self,
        *,
        address: Address,
        open_link: OpenLink,
        clock: Clock,
        serial: bool,
        currency: int,
        columns: int = 0,
        password: int = PASSWORD,
        charset: Charset = Charset.CP437,
        on_health: Callable[[Health], None] = lambda _: None,
    ) -> None:
        """`serial`: blocks with a check, or the network's APDUs. `currency`: ISO 4217, as a number."""
        self._clock = clock
        self._password = password
        self._driver = PaymentTerminalDriver(
            address=str(address),
            serial=serial,
            registration=Registration(
                config=_CONFIG, currency=currency, charset=Charset.UTF_8, columns=columns
            ),
            password=password,
            charset=charset,
        )
        self._supervisor = Supervisor(
            role=Role.PAYMENT_TERMINAL,
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
    def terminal_id(self) -> int:
        """Who it says it is; 0 before it has."""
        return self._driver.terminal_id

    async def pay(
        self, order: Order, *, on_state: Callable[[State], None] = lambda _: None
    ) -> TerminalResult:
        """Have a customer pay; it takes as long as the customer does."""
        return await self._move(Control.AUTHORISATION, order, on_state)

    async def reverse(
        self, order: Order, *, on_state: Callable[[State], None] = lambda _: None
    ) -> TerminalResult:
        """Undo the payment with the order's receipt, whole; only until the terminal's END OF DAY."""
        return await self._move(Control.REVERSAL, order, on_state)

    async def refund(
        self, order: Order, *, on_state: Callable[[State], None] = lambda _: None
    ) -> TerminalResult:
        """Give an amount to whatever card is shown to it."""
        return await self._move(Control.REFUND, order, on_state)

    async def last_result(self) -> TerminalResult:
        """Have it say its last result again, paper and all; nothing moves."""
        return await self._do(with_password(Control.REPEAT_RECEIPT, self._password))

    async def end_of_day(self) -> TerminalResult:
        """Have it close its batch with its acquirer; the status has the totals."""
        return await self._do(with_password(Control.END_OF_DAY, self._password))

    async def run(self, command: Apdu) -> TerminalResult:
        """Have it do any other command of protocols.zvt.sequences."""
        return await self._do(command)

    def abort(self) -> None:
        """Ask it to stop what it is at; the command's own result tells whether it has."""
        self._driver.abort(self._clock.monotonic_ns())
        self._supervisor.wake()

    async def _move(
        self, control: Control, order: Order, on_state: Callable[[State], None]
    ) -> TerminalResult:
        password = self._password if control in WITH_PASSWORD else None
        return await self._do(order.apdu(control, password), on_state)

    async def _do(
        self, command: Apdu, on_state: Callable[[State], None] = lambda _: None
    ) -> TerminalResult:
        deadline_ns = self._clock.monotonic_ns() + ASK_NS
        try:
            async with asyncio.timeout(ASK_NS / NANOSECONDS_PER_SECOND):
                await self._turn.acquire()
        except TimeoutError:
            return NotAsked("the terminal is at something else")
        job = TerminalJob(command=command, deadline_ns=deadline_ns, on_state=on_state)
        try:
            return await self._result(job)
        finally:
            if job.phase is not Phase.ENDED:
                self._driver.drop(job)
                self._supervisor.wake()
            self._turn.release()

    async def _result(self, job: TerminalJob) -> TerminalResult:
        self._driver.submit(job)
        self._supervisor.wake()
        while job.phase is not Phase.ENDED:
            await self._next_step(job.deadline_ns)
            now_ns = self._clock.monotonic_ns()
            if now_ns >= job.deadline_ns:
                # Pump or no pump: at its deadline everything is decided.
                self._driver.tick(now_ns)
                self._supervisor.wake()
                if now_ns >= job.deadline_ns:
                    self._driver.drop(job)
        if job.refused is not None:
            return Refused(job.refused)
        if job.ended is None:
            return NoAnswer(job.why) if job.said else NotAsked(job.why)
        code = Result.SUCCESS.value
        if job.ended.control == Control.ABORTED:
            code = job.ended.data[0] if job.ended.data else Result.SYSTEM_ERROR.value
        return Finished(code=code, status=job.status, paper=tuple(job.paper))

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
