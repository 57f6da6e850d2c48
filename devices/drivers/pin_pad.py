"""A PIN pad's driver: one job at a time, its health from what it answers, its idle text when nobody is at it.

    line open -> call -> Began -> who are you, how are you, idle text -> ready
                          ready -> job -> its one end -> some seconds -> idle text -> ready
                          ready -> every STATUS_NS: how are you
    lost at any moment: the job that was asked ends as failed, and the pad is called again

What a job was for, nobody here knows: a PIN comes as a sealed body and goes on as one.
Source: protocols/pin_pad.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from devices.health import NOT_OPENED, WORKING, WORKS, Health, Role, cannot_work, silent
from protocols.pin_pad.till import (
    Answered,
    Began,
    Lost,
    Progress,
    Silent,
    TillEnd,
    TillEvent,
)
from protocols.pin_pad.words import (
    AskStatus,
    Confirm,
    Ending,
    EnterPin,
    Identify,
    Identity,
    Show,
    Status,
)
from protocols.ports import NANOSECONDS_PER_SECOND

ANSWER_NS: Final = 3 * NANOSECONDS_PER_SECOND
"""How long the pad may take for what needs nobody at its keys."""
GRACE_NS: Final = 8 * NANOSECONDS_PER_SECOND
"""How much later than its time the end of an entry may come: its frames may have to be said again."""
STATUS_NS: Final = 10 * NANOSECONDS_PER_SECOND
"""How often an idle pad is asked how it is."""
LINGER_NS: Final = 5 * NANOSECONDS_PER_SECOND
"""How long the customer reads the end of a job before the idle text comes back."""


class Phase(Enum):
    """Where a job stands."""

    WAITING = "waiting"
    ASKED = "asked"
    ENDED = "ended"


@dataclass(slots=True, kw_only=True, eq=False)
class PadJob:
    """One thing for the pad to do."""

    command: Show | Confirm | EnterPin
    deadline_ns: int
    """When it must have been asked, and once it was, when it must have ended."""
    on_digits: Callable[[int], None] = lambda _: None
    phase: Phase = Phase.WAITING
    asked: bool = False
    """Whether the pad was ever told of it."""
    answer: Ending | None = None
    """Its end; None with an ended job: none came, and `why` says so."""
    why: str = ""

    def fail(self, why: str) -> None:
        """End it without an answer; one that has ended stays as it is."""
        if self.phase is not Phase.ENDED:
            self.phase, self.why = Phase.ENDED, why


class PinPadDriver:
    """A PIN pad as a pure machine."""

    def __init__(self, *, address: str, idle: Show | None = None) -> None:
        self._address = address
        self._idle = idle
        self._till = TillEnd()
        self._silent = False
        self._begun = False
        self._status: Status | None = None
        self._job: PadJob | None = None
        self._running: PadJob | None = None
        """The job that was asked; None while the pad is asked something of our own."""
        self._status_ns = 0
        self._idle_ns: int | None = None
        self.identity: Identity | None = None
        """Who the pad says it is; None before it has."""

    @property
    def able(self) -> bool:
        """Say whether it would take a PIN now, as far as anybody knows."""
        opened = self._status is not None and self._status.opened
        return self._begun and not self._silent and not opened

    @property
    def deadline_ns(self) -> int | None:
        """When something is due."""
        times = [self._till.deadline_ns]
        if self._job is not None:
            times.append(self._job.deadline_ns)
        if self._till.ready:
            times += [self._status_ns, self._idle_ns]
        return min((due for due in times if due is not None), default=None)

    def opened(self, now_ns: int) -> None:
        """Call the pad."""
        self._silent = self._begun = False
        self._till.call(now_ns)

    def lost(self, now_ns: int) -> None:
        """The line is gone: what was asked has no end."""
        self._till.close()
        self._begun = False
        self._end_running(None, "the line to the PIN pad is gone")

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the pad."""
        for event in self._till.receive(data, now_ns):
            self._take(event, now_ns)
        self._next(now_ns)

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        for event in self._till.tick(now_ns):
            self._take(event, now_ns)
        if self._job is not None and now_ns >= self._job.deadline_ns:
            self._job.fail("the PIN pad was not ready in time")
            self._job = None
        self._next(now_ns)

    def outgoing(self, room: int, now_ns: int) -> bytes:
        """Return the bytes for the pad; a frame is small and never torn."""
        self._next(now_ns)
        return self._till.outgoing()

    def health(self) -> Health:
        """Return how the pad is while its line is open."""
        if self._silent:
            return silent(Role.PIN_PAD, self._address)
        if not self._begun:
            return NOT_OPENED
        if self._status is not None and self._status.opened:
            return cannot_work(
                "PIN-03",
                ko=f"비밀번호 입력기: 뜯긴 흔적이 있어 비밀번호를 받지 않습니다. 쓰지 말고 바꾸세요 ({self._address})",
                en=f"PIN pad: it was opened and takes no PIN. Do not use it; replace it ({self._address})",
            )
        return WORKING if isinstance(self._doing(), EnterPin | Confirm) else WORKS

    def submit(self, job: PadJob) -> None:
        """Do this next."""
        assert self._job is None, "one job at a time"
        self._job = job

    def drop(self, job: PadJob, now_ns: int) -> None:
        """Nobody waits for this job any more: the pad is told to end it."""
        job.fail("nobody waits for it")
        if self._job is job:
            self._job = None
        if self._running is job:
            self._till.cancel(now_ns)

    def _take(self, event: TillEvent, now_ns: int) -> None:
        match event:
            case Began():
                self._begun, self._silent = True, False
                self.identity = self._status = None
                self._status_ns = now_ns
                self._idle_ns = None if self._idle is None else now_ns
            case Silent():
                self._silent = True
            case Progress(digits):
                if self._running is not None and self._running.phase is Phase.ASKED:
                    self._running.on_digits(digits)
            case Answered(answer):
                self._answered(answer, now_ns)
            case Lost(why):
                self._end_running(None, why)

    def _answered(self, answer: Ending, now_ns: int) -> None:
        if isinstance(answer, Identity):
            self.identity = answer
        if isinstance(answer, Status):
            self._status = answer
        if self._running is not None:
            self._end_running(answer, "")
            # An end may say that something is wrong with the pad; and the idle text is to come back.
            self._status_ns = now_ns
            if self._idle is not None:
                self._idle_ns = now_ns + LINGER_NS

    def _end_running(self, answer: Ending | None, why: str) -> None:
        job, self._running = self._running, None
        if job is None:
            return
        if job.phase is Phase.ASKED and answer is not None:
            job.answer, job.phase = answer, Phase.ENDED
        else:
            job.fail(why)

    def _next(self, now_ns: int) -> None:
        """Ask the next thing, if nothing is being asked: what is not known first, then the job."""
        if not self._till.ready:
            return
        if self.identity is None:
            self._till.ask(Identify(), within_ns=ANSWER_NS, now_ns=now_ns)
        elif self._status is None:
            self._ask_status(now_ns)
        elif self._job is not None:
            self._begin(self._job, now_ns)
        elif now_ns >= self._status_ns:
            self._ask_status(now_ns)
        elif self._idle is not None and self._idle_ns is not None and now_ns >= self._idle_ns:
            self._idle_ns = None
            self._till.ask(self._idle, within_ns=ANSWER_NS, now_ns=now_ns)

    def _ask_status(self, now_ns: int) -> None:
        self._status_ns = now_ns + STATUS_NS
        self._till.ask(AskStatus(), within_ns=ANSWER_NS, now_ns=now_ns)

    def _begin(self, job: PadJob, now_ns: int) -> None:
        self._job, self._running, self._idle_ns = None, job, None
        job.phase, job.asked = Phase.ASKED, True
        within_ns = ANSWER_NS
        if not isinstance(job.command, Show):
            within_ns = job.command.seconds * NANOSECONDS_PER_SECOND + GRACE_NS
        job.deadline_ns = now_ns + within_ns
        self._till.ask(job.command, within_ns=within_ns, now_ns=now_ns)

    def _doing(self) -> Show | Confirm | EnterPin | None:
        return None if self._running is None else self._running.command
