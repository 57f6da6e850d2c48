"""The register's end: one command at a time, and everything that the terminal says to it.

    IDLE --begin--> SAID (T3: 80 00 or 84 xx) --> TAKEN (T4: the end, from the last sign of life) --> IDLE

What the terminal says while nothing is under way, such as the end of a command whose line was lost, is
answered and told as Stray: a result must never hang in a terminal because nobody listens.
Source: PA00P016 chapter 3 (T3, T4).
"""

from dataclasses import dataclass
from typing import Final

from protocols.zvt.apdu import Apdu
from protocols.zvt.controls import REFUSED_CLASS, Control, is_answer
from protocols.zvt.link import Heard, Link, LinkEvent, NotTaken, Unacknowledged
from protocols.zvt.messages import TAKEN_APDU, refused
from protocols.zvt.results import Result
from protocols.zvt.sequences import REPLIES, SEQUENCES, Sequence

T3_NS: Final = 5_000_000_000
"""How long a command waits to be taken."""
T4_NS: Final = 180_000_000_000
"""How long it may be silent once it was: a customer takes his time."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The terminal is at it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the terminal says on its way."""

    apdu: Apdu


@dataclass(frozen=True, slots=True)
class Ended:
    """The command is over: completed, aborted (06 1E), or taken where that is all."""

    apdu: Apdu


@dataclass(frozen=True, slots=True)
class Refused:
    """The terminal will not: nothing has begun."""

    code: int


@dataclass(frozen=True, slots=True)
class Lost:
    """No end of the command came. `said`: whether the terminal may have begun."""

    said: bool


@dataclass(frozen=True, slots=True)
class Stray:
    """What the terminal says of itself, while nothing is under way."""

    apdu: Apdu


RegisterEvent = Taken | Told | Ended | Refused | Lost | Stray


class RegisterEnd:
    """A register's end of either line."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sequence: Sequence | None = None
        self._taken = False
        self._due_ns: int | None = None

    @property
    def busy(self) -> bool:
        """Say whether a command is under way."""
        return self._sequence is not None

    @property
    def deadline_ns(self) -> int | None:
        """When silence means something."""
        times = (self._due_ns, self._link.deadline_ns)
        return min((due for due in times if due is not None), default=None)

    def begin(self, command: Apdu, now_ns: int) -> None:
        """Say a command; `receive` and `tick` tell what it came to."""
        assert not self.busy, "one command at a time"
        self._sequence = SEQUENCES[Control(command.control)]
        self._taken, self._due_ns = False, now_ns + T3_NS
        self._link.send(command, now_ns, once=self._sequence.moves_money)

    def say_aside(self, command: Apdu, now_ns: int) -> None:
        """Say what may be said while another command is under way, such as ABORT."""
        assert SEQUENCES[Control(command.control)].while_busy, "the terminal is not to be disturbed"
        if self.busy and self._taken:
            self._link.send(command, now_ns)

    def receive(self, data: bytes, now_ns: int) -> list[RegisterEvent]:
        """Take bytes from the terminal."""
        return self._heed(self._link.receive(data, now_ns), now_ns) + self._late(now_ns)

    def tick(self, now_ns: int) -> list[RegisterEvent]:
        """Give up what is too late."""
        return self._heed(self._link.tick(now_ns), now_ns) + self._late(now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the terminal."""
        return self._link.outgoing()

    def _heed(self, events: list[LinkEvent], now_ns: int) -> list[RegisterEvent]:
        told: list[RegisterEvent] = []
        for event in events:
            match event:
                case Heard(apdu) if is_answer(apdu.control):
                    told += self._answered(apdu, now_ns)
                case Heard(apdu):
                    told += self._told(apdu, now_ns)
                case NotTaken() if self.busy and not self._taken:
                    told += self._end(Lost(said=False))
                case Unacknowledged() if self.busy and not self._taken:
                    told += self._end(Lost(said=True))
                case _:
                    # An 80 00 of ours that was not acknowledged: the terminal says its part again.
                    pass
        return told

    def _answered(self, apdu: Apdu, now_ns: int) -> list[RegisterEvent]:
        sequence = self._sequence
        if sequence is None:
            return []
        if self._taken:
            # To what was said aside. Refused or not, the command itself has its own end.
            return []
        if apdu.control >> 8 == REFUSED_CLASS:
            return self._end(Refused(apdu.control & 0xFF))
        if not sequence.ends:
            return self._end(Ended(apdu))
        self._taken, self._due_ns = True, now_ns + T4_NS
        return [Taken()]

    def _told(self, apdu: Apdu, now_ns: int) -> list[RegisterEvent]:
        sequence = self._sequence
        if apdu.control not in REPLIES:
            self._link.send(refused(Result.NOT_POSSIBLE), now_ns)
            return []
        self._link.send(TAKEN_APDU, now_ns)
        if sequence is None or not sequence.allows(apdu.control):
            # Of another command than this, or of none: it must not end what is under way.
            return [Stray(apdu)]
        # A terminal that speaks has taken the command, though its 80 00 was lost.
        told: list[RegisterEvent] = [] if self._taken else [Taken()]
        self._taken, self._due_ns = True, now_ns + T4_NS
        if apdu.control in sequence.ends:
            return [*told, *self._end(Ended(apdu))]
        return [*told, Told(apdu)]

    def _late(self, now_ns: int) -> list[RegisterEvent]:
        if self._due_ns is None or now_ns < self._due_ns:
            return []
        return self._end(Lost(said=True))

    def _end(self, event: RegisterEvent) -> list[RegisterEvent]:
        self._sequence, self._due_ns = None, None
        return [event]
