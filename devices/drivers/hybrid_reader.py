"""A hybrid reader's driver: keeps it reset, watches where the card is, and does one thing at a time with it.

    line open -> reset, every POLL_NS until it is done -> let cards in -> every POLL_NS: where is the card
                 a card inside -> press the contacts, cold reset -> its ATR, or mute
    a job        one command and its answer, between two looks
    any failure  -> reset; what was under way has no answer, and the card is another insertion

A card that was swapped between two looks shows: nothing presses the contacts of the one that is in now, and a
chip cannot be powered before that.

Source: protocols/hybrid_reader, protocols/hybrid_words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devices.health import NOT_OPENED, WORKS, Health, Role, cannot_work, silent
from protocols.hybrid_reader import RESET, Answered, Failed, HostEnd
from protocols.hybrid_words import (
    COLD_RESET,
    PERMIT,
    PRESS,
    STATUS,
    Done,
    Refusal,
    Refused,
    Where,
    read_answer,
)
from protocols.ports import CardAbsent, CardMute, CardPresent, SlotState

POLL_NS: Final = 300_000_000
"""How often it is asked where the card is; the motor takes longer."""
_OUT: Final = (Where.NO_CARD, Where.MOUTH)


@dataclass(slots=True, eq=False)
class HybridJob:
    """One command, and who is told its answer: None where none came."""

    command: bytes
    done: Callable[[Done | Refused | None], None]


class HybridReaderDriver:
    """A hybrid reader as a pure machine."""

    def __init__(
        self,
        *,
        address: str,
        on_state: Callable[[SlotState], None],
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_look` is told of every look that is through: what is in the reader is known then."""
        self._address = address
        self._on_state = on_state
        self._on_look = on_look
        self._link = HostEnd()
        self._steps: list[bytes] = []
        """What is to be done of our own, first of all."""
        self._jobs: list[HybridJob] = []
        self._running: bytes | HybridJob = b""
        self._up = False
        self._silent = False
        self._jammed = False
        self._poll_ns = 0
        self._insertion = 0
        self.state: SlotState = CardAbsent()

    @property
    def deadline_ns(self) -> int | None:
        """When something is due."""
        return self._link.deadline_ns if self._link.busy else self._poll_ns

    def opened(self, now_ns: int) -> None:
        """Begin with a reset."""
        self._begin(now_ns)

    def lost(self, now_ns: int) -> None:
        """The line is gone: what was asked has no answer, and who is in it is not known."""
        self._fail_jobs()
        self._begin(now_ns)
        self._see(CardAbsent())

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the reader."""
        self._heed(self._link.receive(data, now_ns), now_ns)

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        self._heed(self._link.tick(now_ns), now_ns)

    def outgoing(self, room: int, now_ns: int) -> bytes:
        """Return the bytes for the reader; a text is small and never torn."""
        self._next(now_ns)
        return self._link.outgoing()

    def health(self) -> Health:
        """Return how the reader is while its line is open."""
        if self._silent:
            return silent(Role.HYBRID_READER, self._address)
        if self._jammed:
            return cannot_work(
                "RDR-03",
                ko="카드리더에 카드가 걸렸습니다. 조심해서 빼내세요",
                en="A card is jammed in the reader. Take it out with care",
            )
        return WORKS if self._up else NOT_OPENED

    def submit(self, job: HybridJob) -> None:
        """Have something done; it is told once, whatever happens."""
        self._jobs.append(job)

    def doubt(self) -> None:
        """Say that an answer was lost: whoever is in it now is another insertion."""
        match self.state:
            case CardPresent(atr=atr):
                self._insertion += 1
                self._see(CardPresent(insertion=self._insertion, atr=atr))
            case _:
                pass

    def _begin(self, now_ns: int) -> None:
        self._link = HostEnd()
        self._running, self._steps = b"", [RESET, PERMIT]
        self._up = self._silent = self._jammed = False
        self._poll_ns = now_ns

    def _fail_jobs(self) -> None:
        running, self._running = self._running, b""
        failed = [*([running] if isinstance(running, HybridJob) else []), *self._jobs]
        self._jobs.clear()
        for job in failed:
            job.done(None)

    def _next(self, now_ns: int) -> None:
        """Say the next thing, if the line is free."""
        if self._link.busy or not (self._up or now_ns >= self._poll_ns):
            return
        if self._steps:
            self._running = self._steps.pop(0)
        elif self._jobs:
            self._running = self._jobs.pop(0)
        elif now_ns >= self._poll_ns:
            self._running = STATUS
        else:
            return
        running = self._running
        self._link.send(running.command if isinstance(running, HybridJob) else running, now_ns)

    def _heed(self, events: list[Answered | Failed], now_ns: int) -> None:
        for event in events:
            self._poll_ns = now_ns + POLL_NS
            match event:
                case Answered(answer=answer):
                    self._silent = False
                    self._take(read_answer(answer))
                case Failed():
                    self._silent, self._up = True, False
                    self._fail_jobs()
                    self._steps = [RESET, PERMIT]
                    self.doubt()
        self._next(now_ns)

    def _take(self, answer: Done | Refused | None) -> None:
        running, self._running = self._running, b""
        match answer:
            case Refused(why=Refusal.DRAWN_OUT):
                self._see(CardAbsent())
            case Refused(why=Refusal.WANTS_RESET | Refusal.POWER_DOWN):
                self._up, self._steps = False, [RESET, PERMIT]
            case Refused(why=Refusal.SEQUENCE):
                self._steps = [STATUS]
            case _:
                pass
        if answer == Refused(Refusal.JAM):
            self._jammed = True
        elif running != STATUS:
            self._jammed = False
        if isinstance(running, HybridJob):
            running.done(answer)
        elif running == RESET:
            self._up = isinstance(answer, Done)
            self._steps = [PERMIT] if self._up else [RESET, PERMIT]
        elif running == STATUS and isinstance(answer, Done):
            self._look(answer.where)
        elif running == COLD_RESET:
            self._identify(answer)

    def _look(self, where: Where) -> None:
        if where in (*_OUT, Where.INSIDE):
            self._see(CardAbsent())
        if where not in _OUT and isinstance(self.state, CardAbsent):
            self._steps += [PRESS, COLD_RESET]
        else:
            self._on_look()

    def _identify(self, answer: Done | Refused | None) -> None:
        match answer:
            case Done(where=Where.ACTIVE, data=atr) if atr:
                self._insertion += 1
                self._see(CardPresent(insertion=self._insertion, atr=atr))
            case Refused(why=Refusal.DRAWN_OUT):
                pass
            case _:
                self._insertion += 1
                self._see(CardMute(insertion=self._insertion))
        self._on_look()

    def _see(self, state: SlotState) -> None:
        if state == self.state:
            return
        before, self.state = self.state, state
        if isinstance(before, CardPresent) and isinstance(state, CardPresent):
            self._on_state(CardAbsent())
        self._on_state(state)
