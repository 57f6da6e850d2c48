"""One end of a bank's line: sign-on, signs of life, and many questions at once, told apart by their numbers.

    state     opened          answer to sign-on       silence                    lost
    DOWN      SIGNING         -                       -                          -
    SIGNING   -               READY, or Broken        Broken after SIGN_NS       DOWN
    READY     -               late                    echo after IDLE_NS;        DOWN; every question
                                                      Broken ECHO_NS later       that is open: Expired

An answer belongs to the question with the answering type, number and terminal; whatever belongs to none
is Late: its question has been given up, or it comes twice. Whose code is wrong is not heard at all.
Pure: time is an argument. Whoever hears Broken closes the line.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583 import mti
from protocols.iso8583.framing import FrameReader, FramingError, Header, frame
from protocols.iso8583.mac import MacAlgorithm, MacError, seal, unseal
from protocols.iso8583.message import MalformedError, Message
from protocols.iso8583.response import Response
from protocols.iso8583.specs import Spec
from protocols.ports import NANOSECONDS_PER_SECOND

SIGN_NS: Final = 10 * NANOSECONDS_PER_SECOND
IDLE_NS: Final = 60 * NANOSECONDS_PER_SECOND
ECHO_NS: Final = 10 * NANOSECONDS_PER_SECOND
OPEN_MAX: Final = 1_000
"""Questions at once."""
STAN_MAX: Final = 900_000
"""Numbers below belong to exchanges; the rest to sign-on and echo."""
_SIGN_ON: Final = "001"
_ECHO: Final = "301"


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """How a bank speaks."""

    spec: Spec
    header: Header
    mac: MacAlgorithm
    key: bytes


class Phase(Enum):
    """Where a line is."""

    DOWN = "down"
    SIGNING = "signing"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Ready:
    """The bank has let us in."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a question."""

    ticket: int
    message: Message


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody answered in time, or the line broke: what became of it is not known."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Late:
    """An answer to nothing that is open."""

    message: Message


@dataclass(frozen=True, slots=True)
class Unheard:
    """A message that cannot be trusted or read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The line is of no use any more: close it."""

    reason: str


Event = Ready | Answered | Expired | Late | Unheard | Broken
_Mark = tuple[str, str, str]
"""Answering type, number, terminal."""


@dataclass(frozen=True, slots=True)
class _Open:
    ticket: int
    deadline_ns: int


class Session:
    """A line's state, from one dial to the next."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self.phase = Phase.DOWN
        self._at = ""
        self._ticket = 0
        self._network = STAN_MAX
        self._begin()

    def _begin(self) -> None:
        self._reader = FrameReader(self._speech.header)
        self._open: dict[_Mark, _Open] = {}
        self._out = bytearray()
        self._sign: tuple[str, int] | None = None
        """Number and deadline of a sign-on or echo that is open."""
        self._idle_ns = 0

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` wants to be called next."""
        if self.phase is Phase.DOWN:
            return None
        times = [each.deadline_ns for each in self._open.values()]
        times.append(self._sign[1] if self._sign else self._idle_ns)
        return min(times)

    def opened(self, now_ns: int, at: str) -> None:
        """Begin on a new line; `at` is MMDDhhmmss, UTC."""
        self._begin()
        self.phase, self._at = Phase.SIGNING, at
        self._ask_network(_SIGN_ON, at, now_ns + SIGN_NS)

    def sign_on_again(self, now_ns: int, at: str) -> None:
        """Sign on once more on the line that is there: the bank may have forgotten us."""
        if self.phase is Phase.READY and self._sign is None:
            self._at = at
            self._ask_network(_SIGN_ON, at, now_ns + SIGN_NS)

    def lost(self) -> list[Event]:
        """Learn that the line is gone."""
        self.phase = Phase.DOWN
        events: list[Event] = [Expired(each.ticket) for each in self._open.values()]
        self._begin()
        return events

    def outgoing(self) -> bytes:
        """Hand over the bytes for the line."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def ask(self, message: Message, now_ns: int, *, deadline_ns: int) -> int:
        """Put a question and return its ticket: exactly one Answered or Expired will bear it.

        Raises: MalformedError; then nothing will be sent.
        """
        assert self.phase is Phase.READY, "ask on a line that is ready"
        mark = _mark(mti.answer_to(message.mti), message)
        assert mark not in self._open, "an open question has its number for itself"
        assert len(self._open) < OPEN_MAX
        self._send(message)
        self._ticket += 1
        self._open[mark] = _Open(self._ticket, deadline_ns)
        self._idle_ns = now_ns + IDLE_NS
        return self._ticket

    def receive(self, data: bytes, now_ns: int) -> list[Event]:
        """Take bytes, in pieces of any size. Never raises, whatever they are."""
        events = self.tick(now_ns)
        try:
            whole = self._reader.receive(data)
        except FramingError as error:
            return [*events, Broken(f"out of step: {error}")]
        for each in whole:
            try:
                message = unseal(each, self._speech.spec, self._speech.key, self._speech.mac)
            except (MalformedError, MacError) as error:
                events.append(Unheard(str(error)))
                continue
            events += self._heard(message, now_ns)
        return events

    def tick(self, now_ns: int) -> list[Event]:
        """Give up what is due; harmless when called too early."""
        if self.phase is Phase.DOWN:
            return []
        due = [mark for mark, each in self._open.items() if each.deadline_ns <= now_ns]
        events: list[Event] = [Expired(self._open.pop(mark).ticket) for mark in due]
        if self._sign is not None and self._sign[1] <= now_ns:
            self._sign = None
            events.append(Broken(f"no answer to {'sign-on' if self.signing else 'an echo'}"))
        elif self._sign is None and self.phase is Phase.READY and self._idle_ns <= now_ns:
            self._ask_network(_ECHO, self._at, now_ns + ECHO_NS)
        return events

    @property
    def signing(self) -> bool:
        """Whether the bank has not let us in yet."""
        return self.phase is Phase.SIGNING

    def _heard(self, message: Message, now_ns: int) -> list[Event]:
        self._idle_ns = now_ns + IDLE_NS
        if message.mti == mti.answer_to(mti.NETWORK):
            return self._network_answered(message)
        if not mti.is_answer(message.mti):
            return [Unheard(f"{message.mti}: a bank asks nothing of us")]
        found = self._open.pop(_mark(message.mti, message), None)
        return [Late(message) if found is None else Answered(found.ticket, message)]

    def _network_answered(self, message: Message) -> list[Event]:
        if self._sign is None or message.text(de.STAN) != self._sign[0]:
            return [Late(message)]
        self._sign = None
        code = message.text(de.RESPONSE_CODE)
        if code != Response.APPROVED:
            return [Broken(f"the bank refuses us: code {code}")]
        if self.phase is Phase.READY:
            return []
        self.phase = Phase.READY
        return [Ready()]

    def _ask_network(self, code: str, at: str, deadline_ns: int) -> None:
        self._network = STAN_MAX + (self._network + 1 - STAN_MAX) % 100_000
        stan = f"{self._network:06d}"
        self._sign = stan, deadline_ns
        self._send(
            Message(mti.NETWORK, {de.TRANSMITTED_AT: at, de.STAN: stan, de.NETWORK_CODE: code})
        )

    def _send(self, message: Message) -> None:
        speech = self._speech
        self._out += frame(seal(message, speech.spec, speech.key, speech.mac), speech.header)


def _mark(answering: str, message: Message) -> _Mark:
    return answering, message.text(de.STAN), message.text(de.TERMINAL)
