"""The receipt printer and the drawer on it: honest answers, nothing raised into the till.

    await printer.print_job(data, job=7, deadline_ns=...)  ->  Printed | NotPrinted | Unsure
    await printer.kick_drawer(deadline_ns=...)             ->  Opened | Kicked | StillClosed | NotKicked
    printer.status, .drawer, .health, .drawer_health       what is known now; UNKNOWN is not "fine"

One paper is on its way at a time; others wait their turn within their own deadlines. A pulse to the
drawer waits for no paper.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, assert_never

from devices.drivers.drawer import DrawerState, DrawerWiring, Kick, KickEnd
from devices.drivers.print_job import JOBS_TOLD_APART, Happening, PrintJob, Proof, Verdict
from devices.drivers.printer import PrinterDriver
from devices.health import NOT_OPENED, Health, Role
from devices.supervisor import OpenLink, Supervised, Supervisor
from protocols.address import Address
from protocols.escpos.commands import Initialise
from protocols.escpos.encode import encode
from protocols.escpos.status import PrinterStatus
from protocols.ports import NANOSECONDS_PER_SECOND, Clock

WAITING_MAX: Final = 16
"""So many papers and kicks may wait for their turn; one more is answered NotPrinted at once."""
GRACE_NS: Final = NANOSECONDS_PER_SECOND
"""An answer comes this long after its deadline at the latest, whatever happened to the pump."""
BAUD_DEFAULT: Final = 9_600
_TRIAL_JOB: Final = JOBS_TOLD_APART - 1
"""No receipt of this till has this number today."""


@dataclass(frozen=True, slots=True)
class Printed:
    """The printer proved that it came out."""


@dataclass(frozen=True, slots=True)
class NotPrinted:
    """Not one byte of it has left: surely nothing came out."""

    code: str
    """Of the message table."""
    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody knows: a person looks at the paper."""

    code: str
    reason: str


PrintResult = Printed | NotPrinted | Unsure


@dataclass(frozen=True, slots=True)
class Opened:
    """The drawer's contact says that it is open."""


@dataclass(frozen=True, slots=True)
class Kicked:
    """A pulse has left; no contact says what became of it."""


@dataclass(frozen=True, slots=True)
class StillClosed:
    """All pulses have left, and the contact says that it is shut: locked, jammed or unplugged."""


@dataclass(frozen=True, slots=True)
class NotKicked:
    """No pulse has left."""

    code: str
    reason: str


DrawerResult = Opened | Kicked | StillClosed | NotKicked


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterOptions:
    """What the till's configuration says of a printer beside its address."""

    proof: Proof = Proof.PROCESS_ID
    without_proof: Verdict = Verdict.UNSURE
    """How a job ends on a printer that cannot prove it: UNSURE, or PRINTED where the shop says so."""
    wiring: DrawerWiring = field(default_factory=DrawerWiring)


class Printer(Supervised):
    """One receipt printer."""

    def __init__(
        self,
        *,
        address: Address,
        open_link: OpenLink,
        clock: Clock,
        on_health: Callable[[Health], None] = lambda _: None,
        on_drawer: Callable[[Health], None] = lambda _: None,
        options: PrinterOptions | None = None,
    ) -> None:
        chosen = PrinterOptions() if options is None else options
        self._clock = clock
        self._driver = PrinterDriver(
            address=str(address),
            baud=_baud(address),
            proof=chosen.proof,
            without_proof=chosen.without_proof,
            wiring=chosen.wiring,
        )
        self._supervisor = Supervisor(
            role=Role.PRINTER,
            address=address,
            driver=self._driver,
            open_link=open_link,
            clock=clock,
            on_health=on_health,
            on_step=self._stepped,
        )
        self._paper_turn = asyncio.Lock()
        self._drawer_turn = asyncio.Lock()
        self._waiting = 0
        self._step = asyncio.Event()
        self._on_drawer = on_drawer
        self._drawer_health = NOT_OPENED

    @property
    def status(self) -> PrinterStatus:
        """What the printer said last; all UNKNOWN when it does not answer."""
        return self._driver.status

    @property
    def ready(self) -> bool:
        """Say whether a paper would come out now, as far as anybody knows."""
        return self._driver.able

    @property
    def drawer(self) -> DrawerState:
        """What the drawer's contact says."""
        return self._driver.drawer

    @property
    def drawer_health(self) -> Health:
        """How the drawer is now."""
        return self._driver.drawer_health(self._clock.monotonic_ns())

    @property
    def drawer_open_ns(self) -> int:
        """For how long the drawer has been open; 0 when it is not, or nobody knows."""
        return self._driver.drawer_open_ns(self._clock.monotonic_ns())

    @property
    def garbage_count(self) -> int:
        """Bytes from the printer that were no answer."""
        return self._driver.garbage_count

    @property
    def late_count(self) -> int:
        """Proofs that came for an earlier job, or for none."""
        return self._driver.late_count

    async def print_job(self, data: bytes, *, job: int, deadline_ns: int) -> PrintResult:
        """Print one paper before the monotonic deadline. `job` tells it from the ones before.

        The data is whole ESC/POS commands, from ESC @ to the cut, at most JOB_BYTES_MAX.
        """
        if not await self._take_turn(self._paper_turn, deadline_ns):
            return NotPrinted("PRN-04", "other papers were before it")
        paper = self._driver.new_job(data, job=job, deadline_ns=deadline_ns)
        self._driver.submit(paper, self._clock.monotonic_ns())
        try:
            await self._until(lambda: paper.verdict is not None, deadline_ns)
            return self._result(paper)
        finally:
            # Whoever asked may have been cancelled: then nobody waits for this paper any more.
            paper.happen(Happening.EXPIRED)
            self._paper_turn.release()

    async def can_prove(self, *, deadline_ns: int) -> bool:
        """Tell whether it proves a paper, before the monotonic deadline. Not one dot is printed."""
        nothing = encode(Initialise())
        result = await self.print_job(nothing, job=_TRIAL_JOB, deadline_ns=deadline_ns)
        return isinstance(result, Printed)

    async def kick_drawer(self, *, deadline_ns: int) -> DrawerResult:
        """Open the drawer before the monotonic deadline; no paper is needed for it."""
        if not await self._take_turn(self._drawer_turn, deadline_ns):
            return NotKicked("DRW-02", "other kicks were before it")
        kick = self._driver.new_kick(deadline_ns=deadline_ns)
        self._driver.kick(kick)
        try:
            await self._until(lambda: kick.end is not None, deadline_ns)
            return self._drawer_result(kick)
        finally:
            kick.lost()
            self._drawer_turn.release()

    async def wait_until_ready(self, *, deadline_ns: int) -> None:
        """Return when a paper would come out, or at the deadline."""
        while not self.ready and self._clock.monotonic_ns() < deadline_ns:
            await self._next_step(deadline_ns)

    async def _take_turn(self, turn: asyncio.Lock, deadline_ns: int) -> bool:
        if self._waiting >= WAITING_MAX:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._seconds_until(deadline_ns)):
                await turn.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    async def _until(self, decided: Callable[[], bool], deadline_ns: int) -> None:
        """Wait for a decision; at the deadline let the driver make one, pump or no pump."""
        self._supervisor.wake()
        while not decided():
            now_ns = self._clock.monotonic_ns()
            if now_ns >= deadline_ns:
                self._driver.tick(now_ns)
                # The pump has still to tell the printer to forget it.
                self._supervisor.wake()
                assert decided(), "at its deadline everything is decided"
                return
            await self._next_step(deadline_ns)

    async def _next_step(self, deadline_ns: int) -> None:
        self._step.clear()
        try:
            async with asyncio.timeout(self._seconds_until(deadline_ns)):
                await self._step.wait()
        except TimeoutError:
            return

    def _stepped(self) -> None:
        self._step.set()
        health = self.drawer_health
        if health != self._drawer_health:
            self._drawer_health = health
            self._on_drawer(health)

    def _seconds_until(self, when_ns: int) -> float:
        return max(0, when_ns - self._clock.monotonic_ns()) / NANOSECONDS_PER_SECOND

    def _result(self, paper: PrintJob) -> PrintResult:
        match paper.verdict:
            case Verdict.PRINTED:
                return Printed()
            case Verdict.NOT_PRINTED:
                code, reason = self._why("PRN-03", "the printer was not ready in time")
                return NotPrinted(code, reason)
            case Verdict.UNSURE | None:
                return Unsure("PRN-06", f"{paper.phase.value}: {self._why('', 'no proof came')[1]}")
            case _:
                assert_never(paper.verdict)

    def _drawer_result(self, kick: Kick) -> DrawerResult:
        match kick.end:
            case KickEnd.OPENED:
                return Opened()
            case KickEnd.KICKED:
                return Kicked()
            case KickEnd.STILL_CLOSED:
                return StillClosed()
            case KickEnd.NOT_KICKED | None:
                return NotKicked("DRW-02", self._why("", "the printer was not reached")[1])
            case _:
                assert_never(kick.end)

    def _why(self, code: str, reason: str) -> tuple[str, str]:
        health = self._supervisor.health
        return health.code or code, health.en or reason


def _baud(address: Address) -> int | None:
    """Return the line rate to pace by; None where there is no line: TCP, memory."""
    text = address.options.get("baud", "")
    if text.isdigit() and int(text) > 0:
        return int(text)
    return BAUD_DEFAULT if address.scheme in ("serial", "rfc2217") else None
