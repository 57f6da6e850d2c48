"""The terminal's end: commands in, answers and what it says on its way out, one APDU at a time.

whoever stands above   take() or refuse() each command, then say() as much as the sequence has
each APDU waits for    80 00 or 84 xx, T3_NS; after that what waits is given up, and its end unheard
"""

from collections import deque
from dataclasses import dataclass

from protocols.zvt.apdu import Apdu
from protocols.zvt.controls import REFUSED_CLASS, is_answer
from protocols.zvt.link import Heard, Link, LinkEvent, NotTaken, Unacknowledged
from protocols.zvt.messages import TAKEN_APDU, refused
from protocols.zvt.register import T3_NS


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, to be taken or refused."""

    apdu: Apdu


@dataclass(frozen=True, slots=True)
class Unheard:
    """The register does not answer: what was to be said to it is given up."""


TerminalEvent = Asked | Unheard


class TerminalEnd:
    """A terminal's end of either line."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._queue: deque[Apdu] = deque()
        self._due_ns: int | None = None
        """When the answer to what was said is too late; None: nothing waits for one."""
        self.refusals: list[int] = []
        """What the register has refused, by its codes."""

    @property
    def speaking(self) -> bool:
        """Say whether something is still to be said or answered."""
        return self._due_ns is not None

    @property
    def deadline_ns(self) -> int | None:
        """When silence means something."""
        times = (self._due_ns, self._link.deadline_ns)
        return min((due for due in times if due is not None), default=None)

    def take(self, now_ns: int) -> None:
        """Say that a command is taken."""
        self._link.send(TAKEN_APDU, now_ns)

    def refuse(self, code: int, now_ns: int) -> None:
        """Say that a command is refused."""
        self._link.send(refused(code), now_ns)

    def say(self, apdu: Apdu, now_ns: int) -> None:
        """Say something, once what was said before is answered."""
        self._queue.append(apdu)
        self._next(now_ns)

    def drop(self) -> None:
        """Say no more of what waits: the line is gone."""
        self._queue.clear()
        self._due_ns = None

    def receive(self, data: bytes, now_ns: int) -> list[TerminalEvent]:
        """Take bytes from the register."""
        return self._heed(self._link.receive(data, now_ns), now_ns) + self._late(now_ns)

    def tick(self, now_ns: int) -> list[TerminalEvent]:
        """Give up what is too late."""
        return self._heed(self._link.tick(now_ns), now_ns) + self._late(now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the register."""
        return self._link.outgoing()

    def _heed(self, events: list[LinkEvent], now_ns: int) -> list[TerminalEvent]:
        told: list[TerminalEvent] = []
        for event in events:
            match event:
                case Heard(apdu) if is_answer(apdu.control):
                    if apdu.control >> 8 == REFUSED_CLASS:
                        self.refusals.append(apdu.control & 0xFF)
                    self._due_ns = None
                    self._next(now_ns)
                case Heard(apdu):
                    told.append(Asked(apdu))
                case NotTaken() | Unacknowledged():
                    told += self._give_up()
        return told

    def _late(self, now_ns: int) -> list[TerminalEvent]:
        return self._give_up() if self._due_ns is not None and now_ns >= self._due_ns else []

    def _give_up(self) -> list[TerminalEvent]:
        waited = self._due_ns is not None
        self.drop()
        return [Unheard()] if waited else []

    def _next(self, now_ns: int) -> None:
        if self._due_ns is None and self._queue:
            self._due_ns = now_ns + T3_NS
            self._link.send(self._queue.popleft(), now_ns)
