"""A payment terminal's driver: registered, looked at now and then, one job at a time, none ever said twice.

    line open -> registration -> ready -> job -> its one end -> ready
                 refused or silent: again every RETRY_NS
                              ready -> every STATUS_NS: status enquiry, to see whether it is there
    lost at any moment: the job that was said has no end, and whoever gave it asks for the last result

What the terminal says unasked is answered, and means nothing here: what counts is what it says when it is
asked. Source: protocols/zvt.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from devices.health import NOT_OPENED, WORKING, WORKS, Health, Role, cannot_work, silent, warns
from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.zvt.apdu import Apdu, ZvtError
from protocols.zvt.controls import Control
from protocols.zvt.link import NetworkLink, SerialLink
from protocols.zvt.messages import Registration, read_completion, read_paper, with_password
from protocols.zvt.register import (
    Ended,
    Lost,
    Refused,
    RegisterEnd,
    RegisterEvent,
    Stray,
    Taken,
    Told,
)
from protocols.zvt.results import Result, State, state_of
from protocols.zvt.status import StatusInformation, read_status, without_card
from protocols.zvt.text import Charset

RETRY_NS: Final = 3 * NANOSECONDS_PER_SECOND
"""How long after a registration that came to nothing the next one is tried."""
STATUS_NS: Final = 30 * NANOSECONDS_PER_SECOND
"""How often an idle terminal is asked how it is."""
AGAIN_NS: Final = 8 * NANOSECONDS_PER_SECOND
"""How long a job waits for a terminal that has to be registered anew."""
JOB_NS: Final = 600 * NANOSECONDS_PER_SECOND
"""How long a job may take in all; its terminal may be silent for T4 within it."""
PAPER_LINES_MAX: Final = 400
"""Of one job; more is no receipt."""


class Phase(Enum):
    """Where a job stands."""

    WAITING = "waiting"
    SAID = "said"
    ENDED = "ended"


@dataclass(slots=True, kw_only=True, eq=False)
class TerminalJob:
    """One command, and what it came to."""

    command: Apdu
    deadline_ns: int
    """When it must have been said."""
    on_state: Callable[[State], None] = lambda _: None
    phase: Phase = Phase.WAITING
    said: bool = False
    """Whether the terminal may have begun."""
    status: StatusInformation | None = None
    """The last that it said of it; of the card no more than may be seen."""
    paper: list[str] = field(default_factory=list)
    ended: Apdu | None = None
    """Completion, abort, or 80 00; None with an ended job: refused, or no end came."""
    refused: int | None = None
    why: str = ""
    """Why no end came."""
    registered_anew: bool = False
    """Whether the terminal had forgotten the register when it was told of it first."""

    def fail(self, why: str) -> None:
        """End it without an end; one that has ended stays as it is."""
        if self.phase is not Phase.ENDED:
            self.phase, self.why = Phase.ENDED, why


class PaymentTerminalDriver:
    """A payment terminal as a pure machine."""

    def __init__(
        self,
        *,
        address: str,
        serial: bool,
        registration: Registration,
        password: int,
        charset: Charset = Charset.CP437,
    ) -> None:
        """`charset`: of what it says, where that is not UTF-8."""
        self._address = address
        self._serial = serial
        self._registration = registration.apdu(password)
        self._password = password
        self._charset = charset
        self._end = self._new_end()
        self._open = False
        self._registered = False
        self._silent = False
        self._refusal: int | None = None
        self._busy = False
        self._next_ns = 0
        """When it is registered again, or asked how it is."""
        self._job: TerminalJob | None = None
        self._running: TerminalJob | None = None
        """The job that was said; None while something of our own is under way."""
        self.terminal_id = 0
        """Who it says it is; 0 before it has."""

    @property
    def ready(self) -> bool:
        """Say whether it would begin a job now, as far as anybody knows."""
        return self._open and self._registered and not self._silent and not self._end.busy

    @property
    def deadline_ns(self) -> int | None:
        """When something is due."""
        times = [self._end.deadline_ns]
        if self._job is not None:
            times.append(self._job.deadline_ns)
        if self._open and not self._end.busy:
            times.append(self._next_ns)
        return min((due for due in times if due is not None), default=None)

    def opened(self, now_ns: int) -> None:
        """Register."""
        self._end, self._open = self._new_end(), True
        self._registered = self._silent = self._busy = False
        self._refusal = None
        self._next_ns = now_ns

    def lost(self, now_ns: int) -> None:
        """The line is gone: what was said has no end."""
        self._open = self._registered = False
        self._end = self._new_end()
        self._end_running("the line to the terminal is gone")

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the terminal."""
        self._heed(self._end.receive(data, now_ns), now_ns)
        self._next(now_ns)

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        self._heed(self._end.tick(now_ns), now_ns)
        if self._job is not None and now_ns >= self._job.deadline_ns:
            self._job.fail("the terminal was not ready in time")
            self._job = None
        self._next(now_ns)

    def outgoing(self, room: int, now_ns: int) -> bytes:
        """Return the bytes for the terminal; an APDU is small and never torn."""
        self._next(now_ns)
        return self._end.outgoing()

    def health(self) -> Health:
        """Return how the terminal is while its line is open."""
        if self._silent:
            return silent(Role.PAYMENT_TERMINAL, self._address)
        if self._refusal is not None and not self._busy:
            return cannot_work(
                "TRM-03",
                ko=f"카드단말기가 등록을 거절했습니다 ({self._refusal:02X}). 단말기의 비밀번호와 설정을 확인하세요",
                en=f"Payment terminal refuses this register ({self._refusal:02X}). Check its password "
                "and settings",
            )
        if self._busy:
            return warns(
                "TRM-04",
                ko="카드단말기가 다른 일을 하고 있습니다. 단말기 화면을 확인하세요",
                en="Payment terminal is at something else. Look at its display",
            )
        if not self._registered:
            return NOT_OPENED
        return WORKS if self._running is None else WORKING

    def submit(self, job: TerminalJob) -> None:
        """Do this next."""
        assert self._job is None, "one job at a time"
        self._job = job

    def drop(self, job: TerminalJob) -> None:
        """Nobody waits for this job any more; what was said is said."""
        job.fail("nobody waits for it")
        if self._job is job:
            self._job = None

    def abort(self, now_ns: int) -> None:
        """Ask the terminal to stop what it is at; its end tells whether it has."""
        if self._running is not None:
            self._end.say_aside(Apdu(Control.ABORT), now_ns)

    def _new_end(self) -> RegisterEnd:
        return RegisterEnd(SerialLink() if self._serial else NetworkLink())

    def _heed(self, events: list[RegisterEvent], now_ns: int) -> None:
        for event in events:
            job = self._running
            match event:
                case Told(apdu) if job is not None:
                    self._told(job, apdu)
                case Told() | Stray() | Taken():
                    self._silent = False
                case Ended(apdu) if job is not None:
                    job.ended = apdu
                    self._end_running("")
                    self._next_ns = now_ns + STATUS_NS
                case Refused(Result.NOT_REGISTERED) if job is not None and not job.registered_anew:
                    # It has forgotten us, and has begun nothing.
                    self._register_for(job, now_ns)
                case Refused(code) if job is not None:
                    job.refused = code
                    self._refused(code, now_ns)
                    self._end_running("")
                case Lost(said) if job is not None:
                    job.said = said
                    self._end_running("the terminal does not answer")
                    self._begin_anew(now_ns)
                case Ended(apdu):
                    self._own_end(apdu, now_ns)
                case Refused(code):
                    self._refused(code, now_ns)
                case Lost():
                    self._silent = True
                    self._begin_anew(now_ns)

    def _told(self, job: TerminalJob, apdu: Apdu) -> None:
        match apdu.control:
            case Control.STATUS_INFORMATION:
                try:
                    job.status = without_card(read_status(apdu.data, self._charset))
                except ZvtError:
                    # A result that cannot be read is none: its last result will be asked for.
                    job.status = None
            case Control.INTERMEDIATE_STATUS if apdu.data:
                known = state_of(apdu.data[0])
                if known is not None and job.phase is not Phase.ENDED:
                    job.on_state(known)
            case Control.PRINT_LINE | Control.PRINT_TEXT:
                room = PAPER_LINES_MAX - len(job.paper)
                job.paper += read_paper(apdu, self._charset)[:room]

    def _own_end(self, apdu: Apdu, now_ns: int) -> None:
        """Take the end of a registration, or of a status enquiry."""
        self._silent = self._busy = False
        if apdu.control == Control.COMPLETION and not self._registered:
            self._registered, self._refusal = True, None
            self.terminal_id = read_completion(apdu.data).terminal_id
        elif not self._registered:
            self._refusal = apdu.data[0] if apdu.data else Result.SYSTEM_ERROR
        self._next_ns = now_ns + (STATUS_NS if self._registered else RETRY_NS)

    def _refused(self, code: int, now_ns: int) -> None:
        """The terminal is there; it may be at something else, or may have forgotten us."""
        self._silent = False
        self._busy = code in (Result.PLEASE_WAIT, Result.NOT_READY)
        if code == Result.NOT_REGISTERED:
            self._registered = False
        if not self._registered and not self._busy:
            self._refusal = code
        self._next_ns = now_ns + (RETRY_NS if self._busy or not self._registered else STATUS_NS)

    def _register_for(self, job: TerminalJob, now_ns: int) -> None:
        job.phase, job.said, job.registered_anew = Phase.WAITING, False, True
        job.deadline_ns = now_ns + AGAIN_NS
        self._running, self._job = None, job
        self._registered, self._next_ns = False, now_ns

    def _begin_anew(self, now_ns: int) -> None:
        self._registered = False
        self._next_ns = now_ns + (0 if not self._silent else RETRY_NS)

    def _end_running(self, why: str) -> None:
        job, self._running = self._running, None
        if job is None:
            return
        if why:
            job.fail(why)
        else:
            job.phase = Phase.ENDED

    def _next(self, now_ns: int) -> None:
        """Say the next thing, if nothing is under way."""
        if not self._open or self._end.busy:
            return
        if not self._registered:
            if now_ns >= self._next_ns:
                self._end.begin(self._registration, now_ns)
        elif self._job is not None:
            job, self._job = self._job, None
            self._running, job.phase, job.said = job, Phase.SAID, True
            job.deadline_ns = now_ns + JOB_NS
            self._end.begin(job.command, now_ns)
        elif now_ns >= self._next_ns:
            self._end.begin(with_password(Control.STATUS_ENQUIRY, self._password), now_ns)
