"""A recorded device as a twin: asked the same, it answers the same, as late as it did.

    bytes -> units -> Dialogue -> answers, each at its time -> bytes

What it never was asked stands in its history as `unexpected`, with what comes nearest in the recording,
and is passed over. What the device said unasked (a scanner's codes) is said again by the verb `play`, at
the times of the recording. A card has its answers at once. Source: protocols.trace.dialogue.
"""

import heapq
from collections.abc import Sequence
from typing import Any, Final

from protocols.control import Event, Verb, VerbHelp
from protocols.iso7816 import SW
from protocols.trace import events
from protocols.trace.apdus import swap_command
from protocols.trace.dialogue import Unexpected, listening_for, recorded
from protocols.trace.stand_ins import StandIns
from sim.twin import History, refuse_verb

DUE_MAX: Final = 100_000
"""Answers on their way; more are lost: somebody asks without end."""
_VERBS: Final = [
    VerbHelp(name="play", label_ko="녹화된 대로 보내기", label_en="Say what was said unasked"),
    VerbHelp(name="rewind", label_ko="처음으로", label_en="Begin again"),
]


class ReplayTwin:
    """A recorded device that is reached by bytes; satisfies sim.twin.Twin."""

    device = "replay"

    def __init__(self, *, protocol: str = "", recording: Sequence[events.Event] = ()) -> None:
        """`recording` is the events of one channel, in order."""
        self.protocol = protocol
        self._listening = listening_for(protocol)
        self._recorded = recorded(recording, protocol)
        self._history = History()
        self._due: list[tuple[int, int, bytes]] = []
        self._numbered = 0
        self._outgoing = bytearray()
        self._unexpected = 0

    @property
    def deadline_ns(self) -> int | None:
        """When the next answer is due."""
        return self._due[0][0] if self._due else None

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the wire."""
        for unit in self._listening.receive(data):
            match self._recorded.dialogue.answer(unit):
                case Unexpected() as unexpected:
                    self._unexpected += 1
                    self._history.add(now_ns, "unexpected", str(unexpected))
                case answers:
                    self._say(answers, now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the wire."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def tick(self, now_ns: int) -> None:
        """Say what is due."""
        while self._due and self._due[0][0] <= now_ns:
            self._outgoing += heapq.heappop(self._due)[2]

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do."""
        return list(_VERBS)

    def do(self, verb: Verb, now_ns: int) -> None:
        """Play or rewind. Raises: VerbError."""
        if verb.verb not in ("play", "rewind") or verb.arguments:
            raise refuse_verb(verb, _VERBS)
        self._history.add(now_ns, verb.verb)
        if verb.verb == "rewind":
            self._recorded.dialogue.rewind()
            self._due.clear()
        else:
            # From the first on: whoever plays need not wait for what came before it.
            begun_ns = self._recorded.unasked[0][0] if self._recorded.unasked else 0
            self._say([(at - begun_ns, data) for at, data in self._recorded.unasked], now_ns)

    def state(self) -> dict[str, Any]:
        """Return how far the recording has come."""
        dialogue = self._recorded.dialogue
        return {
            "protocol": self.protocol,
            "exchanges": len(dialogue),
            "heard": dialogue.heard,
            "unasked": len(self._recorded.unasked),
            "unexpected": self._unexpected,
        }

    def _say(self, answers: Sequence[tuple[int, bytes]], now_ns: int) -> None:
        for late_ns, data in answers[: DUE_MAX - len(self._due)]:
            self._numbered += 1
            heapq.heappush(self._due, (now_ns + late_ns, self._numbered, data))
        self.tick(now_ns)


class ReplayCard:
    """A recorded card; satisfies sim.cards.card.Card. What it never was asked gets 6F00."""

    def __init__(self, label: str, recording: Sequence[events.Event]) -> None:
        """`recording` is the events of a card's channel, in order."""
        self._label = label
        self._recorded = recorded(recording, "iso7816")
        self._unexpected = ""

    @property
    def label(self) -> str:
        """What is printed on it."""
        return self._label

    @property
    def atr(self) -> bytes:
        """What it said at power-on."""
        return self._recorded.atr or bytes.fromhex("3b00")

    def power_on(self) -> None:
        """A recording goes on where it was."""

    def handle(self, apdu: bytes) -> bytes:
        """Answer what was asked in the recording; a PIN is compared as it stands there."""
        answers = self._recorded.dialogue.answer(swap_command(StandIns(), apdu))
        if isinstance(answers, Unexpected):
            self._unexpected = str(answers)
            return SW.NO_DIAGNOSIS.to_bytes(2)
        return b"".join(data for _, data in answers)

    def tear_after(self, size: int) -> None:
        """It has no memory to be torn in."""

    def visible(self) -> dict[str, Any]:
        """Return how far the recording has come, and what it did not know last."""
        dialogue = self._recorded.dialogue
        return {
            "label": self._label,
            "exchanges": len(dialogue),
            "heard": dialogue.heard,
            "unexpected": self._unexpected,
        }
