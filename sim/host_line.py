"""What becomes of the messages between terminals and a host: whole ones, each by itself.

    request --> passing() --> good | lose_request | lose_answer | hang_up     and, if late, by how much

The host behind it is a real one; this decides what goes wrong on the way to it. Bytes never come here.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

from protocols.control import Event, Verb, VerbHelp
from sim.twin import History, VerbError, refuse_verb

COUNT_MAX: Final = 1_000
DELAY_MS_MAX: Final = 600_000
_NS_PER_MS: Final = 1_000_000
_COUNT: Final = {"count": f"how many from now on, 1 to {COUNT_MAX}"}


class Passing(Enum):
    """What becomes of one request."""

    GOOD = "good"
    LOSE_REQUEST = "lose_request"
    """It never arrives; nothing comes back."""
    LOSE_ANSWER = "lose_answer"
    """It arrives and is obeyed; the answer never comes."""
    HANG_UP = "hang_up"
    """It arrives and is obeyed; the line breaks in the answer."""


_VERBS: Final = [
    VerbHelp(name="lose_request", label_ko="요청 유실", label_en="Lose requests", arguments=_COUNT),
    VerbHelp(name="lose_answer", label_ko="응답 유실", label_en="Lose answers", arguments=_COUNT),
    VerbHelp(name="hang_up", label_ko="응답 중 끊김", label_en="Hang up in answers",
             arguments=_COUNT),
    VerbHelp(name="delay", label_ko="응답 지연", label_en="Delay answers",
             arguments={"ms": f"milliseconds, 0 to {DELAY_MS_MAX}"}),
    VerbHelp(name="clear", label_ko="장애 해제", label_en="End all faults"),
]  # fmt: skip


class HostTwin:
    """The way to a host; satisfies sim.twin.Twin."""

    device = "host"
    deadline_ns = None

    def __init__(self) -> None:
        self._history = History()
        self._plan: deque[Passing] = deque(maxlen=COUNT_MAX)
        self.delay_ns = 0
        """How late each answer comes."""
        self._requests = 0
        self._answers = 0

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    def receive(self, data: bytes, now_ns: int) -> None:
        """Ignored: it decides over messages, not bytes."""

    def outgoing(self) -> bytes:
        """Nothing: see receive."""
        return b""

    def tick(self, now_ns: int) -> None:
        """Nothing is ever due."""

    def passing(self, what: str, now_ns: int) -> Passing:
        """Say what becomes of this request."""
        self._requests += 1
        passing = self._plan.popleft() if self._plan else Passing.GOOD
        fault = "" if passing is Passing.GOOD else f": {passing.value}"
        self._history.add(now_ns, "request", f"{what}{fault}")
        return passing

    def answered(self, status: int, now_ns: int) -> None:
        """Note an answer; 0 is none."""
        self._answers += bool(status)
        self._history.add(now_ns, "answer", str(status or "none"))

    def note(self, what: str, now_ns: int) -> None:
        """Note what else happened."""
        self._history.add(now_ns, what)

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do."""
        return list(_VERBS)

    def do(self, verb: Verb, now_ns: int) -> None:
        """Plan what goes wrong next. Raises: VerbError."""
        known = next((each for each in _VERBS if each.name == verb.verb), None)
        if known is None or set(known.arguments) != set(verb.arguments):
            raise refuse_verb(verb, _VERBS)
        match verb.verb:
            case "delay":
                self.delay_ns = _number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case "clear":
                self._plan.clear()
                self.delay_ns = 0
            case planned:
                self._plan.extend([Passing(planned)] * _number(verb, "count", 1, COUNT_MAX))
        self._history.add(now_ns, verb.verb, " ".join(verb.arguments.values()))

    def state(self) -> dict[str, Any]:
        """Return what was passed and what is to go wrong."""
        return {
            "requests": self._requests,
            "answers": self._answers,
            "planned": [each.value for each in self._plan],
            "delay_ms": self.delay_ns // _NS_PER_MS,
        }


def _number(verb: Verb, name: str, least: int, most: int) -> int:
    text = verb.arguments[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise VerbError(f"{verb.verb}: {name} is a whole number from {least} to {most}")
    return int(text)
