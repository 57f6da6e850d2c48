"""The till's end of the dialogue: one command at a time, each answered before its deadline or lost.

    state     call           EOT n of mine   ask          answer of my turn   deadline      EOT 0, gave up
    CLOSED    CALLING, ENQ   -               -            -                   -             -
    CALLING   CALLING, ENQ   READY, Began    -            -                   ENQ again     -
    READY     CALLING, ENQ   -               ASKING       -                   -             CALLING, ENQ
    ASKING    CALLING, ENQ   -               -            READY, Answered     CALLING, ENQ  CALLING, ENQ
                                                          (digits: Progress)  and Lost      and Lost

A lost command is not said again: calling anew makes the pad forget it, so that a prompt never stays
on its display for nobody. An answer under another turn, and a second one under this turn, are counted
and dropped. An answer that comes before its command's ACK stands for the ACK.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from protocols.pin_pad.codec import WordError, decode_answer, encode_command
from protocols.pin_pad.frames import NUMBERS, Control, control
from protocols.pin_pad.link import Called, Ended, GaveUp, Heard, Link, LinkEvent
from protocols.pin_pad.words import TURNS, Answer, Cancel, Command, Digits, Ending

CALL_NS: Final = 1_000_000_000
"""How long a call waits for its EOT before the next one."""
CALLS_MAX: Final = 3
"""So many calls unanswered are a pad that says nothing."""
CANCEL_NS: Final = 3_000_000_000
"""How long a cancelled command may take to end."""


@dataclass(frozen=True, slots=True)
class Began:
    """The pad is there and has forgotten whatever was before."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The pad answers no call; calling goes on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """So many digits so far."""

    digits: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The end of the command that was asked."""

    answer: Ending


@dataclass(frozen=True, slots=True)
class Lost:
    """The command has no answer and gets none; the pad is called anew."""

    why: str


TillEvent: TypeAlias = Began | Silent | Progress | Answered | Lost


class _State(Enum):
    CLOSED = "closed"
    CALLING = "calling"
    READY = "ready"
    ASKING = "asking"


class TillEnd:
    """Bytes and deadlines in, events and bytes out."""

    def __init__(self) -> None:
        self._link = Link()
        self._state = _State.CLOSED
        self._calls = 0
        self._call = 0
        self._turn = 0
        self._due_ns: int | None = None
        self._cancelled = False
        self._outgoing = bytearray()
        self.stray_count = 0
        """Answers that nobody waited for, and texts that were none."""

    @property
    def ready(self) -> bool:
        """Say whether a command can be asked now."""
        return self._state is _State.READY

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` has something to do."""
        if self._state is _State.CLOSED:
            return None
        times = [due for due in (self._due_ns, self._link.deadline_ns) if due is not None]
        return min(times, default=None)

    def call(self, now_ns: int) -> None:
        """Begin anew: the line is open, or what was before is to be forgotten."""
        self._calls = 0
        self._ring(now_ns)

    def close(self) -> None:
        """Say nothing any more: the line is gone."""
        self._link = Link()
        self._outgoing.clear()
        self._state, self._due_ns = _State.CLOSED, None

    def ask(self, command: Command, *, within_ns: int, now_ns: int) -> None:
        """Say a command; one event, Answered or Lost, comes within this time. Only when ready."""
        assert self.ready, "one command at a time"
        assert not isinstance(command, Cancel), "cancel has its own verb"
        self._turn = (self._turn + 1) % TURNS
        self._state, self._cancelled = _State.ASKING, False
        self._due_ns = now_ns + within_ns
        self._link.send(encode_command(self._turn, command), now_ns)

    def cancel(self, now_ns: int) -> None:
        """Have what was asked end soon; its one event still comes. Harmless when nothing was."""
        if self._state is not _State.ASKING or self._due_ns is None or self._cancelled:
            return
        self._cancelled = True
        self._due_ns = min(self._due_ns, now_ns + CANCEL_NS)
        self._link.send(encode_command(self._turn, Cancel()), now_ns)

    def receive(self, data: bytes, now_ns: int) -> list[TillEvent]:
        """Take bytes from the pad. Never raises, whatever they are."""
        if self._state is _State.CLOSED:
            return []
        events: list[TillEvent] = []
        for event in self._link.receive(data, now_ns):
            events += self._take(event, now_ns)
        return events

    def tick(self, now_ns: int) -> list[TillEvent]:
        """Call again, or give up a command whose time is over."""
        if self._state is _State.CLOSED:
            return []
        events: list[TillEvent] = []
        for event in self._link.tick(now_ns):
            events += self._take(event, now_ns)
        if self._due_ns is None or now_ns < self._due_ns:
            return events
        if self._state is _State.ASKING:
            return events + self._lose("no answer in time", now_ns)
        self._ring(now_ns)
        # Said once each time nothing answers.
        return events + ([Silent()] if self._calls == CALLS_MAX + 1 else [])

    def outgoing(self) -> bytes:
        """Hand over the bytes for the pad."""
        data = bytes(self._outgoing) + b"".join(self._link.pieces())
        self._outgoing.clear()
        return data

    def _ring(self, now_ns: int) -> None:
        self._outgoing.clear()
        self._link = Link()
        self._state = _State.CALLING
        self._calls += 1
        self._call = self._call % NUMBERS + 1
        self._due_ns = now_ns + CALL_NS
        self._outgoing += control(Control.ENQ, self._call)

    def _take(self, event: LinkEvent, now_ns: int) -> list[TillEvent]:
        match event:
            case Ended(number) if self._state is _State.CALLING:
                if number != self._call:
                    return []
                self._state, self._due_ns = _State.READY, None
                return [Began()]
            case Ended(0):
                return self._lose("the pad gave up", now_ns)
            case GaveUp():
                return self._lose("the pad acknowledges nothing", now_ns)
            case Heard(text) if self._state is not _State.CALLING:
                return self._hear(text, now_ns)
            case Heard() | Ended() | Called():
                self.stray_count += 1
                return []

    def _hear(self, text: bytes, now_ns: int) -> list[TillEvent]:
        try:
            turn, answer = decode_answer(text)
        except WordError:
            self.stray_count += 1
            return []
        if self._state is not _State.ASKING or turn != self._turn:
            self.stray_count += 1
            return []
        return self._answered(answer, now_ns)

    def _answered(self, answer: Answer, now_ns: int) -> list[TillEvent]:
        if not self._cancelled:
            # Nothing but the command itself can be waiting for its ACK.
            self._link.settle(now_ns)
        if isinstance(answer, Digits):
            return [Progress(answer.count)]
        self._state, self._due_ns = _State.READY, None
        return [Answered(answer)]

    def _lose(self, why: str, now_ns: int) -> list[TillEvent]:
        lost: list[TillEvent] = [Lost(why)] if self._state is _State.ASKING else []
        self.call(now_ns)
        return lost
