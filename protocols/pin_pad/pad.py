"""The pad's end of the dialogue: whatever the till asks, one thing at a time; ENQ begins anew.

    state     ENQ n                 command            CA of this turn   CA of another   answer
    IDLE      IDLE, EOT n           ASKED, Asked       -                 -               -
    ASKED     IDLE, EOT n, Forget   no: busy           CancelWanted      -               IDLE, say it

An answer that the till never acknowledges is dropped with EOT 0, and a pad that was switched on says it
too: so the till learns that something is missing without waiting for its deadline.
"""

from dataclasses import dataclass
from typing import TypeAlias

from protocols.pin_pad.codec import WordError, decode_command, encode_answer
from protocols.pin_pad.frames import Control
from protocols.pin_pad.link import Called, Ended, GaveUp, Heard, Link, LinkEvent
from protocols.pin_pad.words import (
    AskStatus,
    Cancel,
    Confirm,
    Digits,
    Ending,
    EnterPin,
    Identify,
    Reason,
    Refused,
    Show,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The till asks for this; one answer is owed."""

    command: Identify | AskStatus | Show | Confirm | EnterPin


@dataclass(frozen=True, slots=True)
class CancelWanted:
    """The till wants an end of what runs; one answer is owed as before."""


@dataclass(frozen=True, slots=True)
class Forget:
    """The till begins anew: nothing is owed, nothing runs, nothing stands on the display."""


PadEvent: TypeAlias = Asked | CancelWanted | Forget


class PadEnd:
    """Bytes and deadlines in, events and bytes out."""

    def __init__(self) -> None:
        self._link = Link()
        self._turn: int | None = None
        self._digits: int | None = None
        """What progress is still to be told: the newest; those between are of no interest."""
        self._said = b""

    @property
    def owes(self) -> bool:
        """Say whether an answer is owed."""
        return self._turn is not None

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` has something to do."""
        return self._link.deadline_ns

    def switched_on(self) -> None:
        """Tell a till that has been talking to us that all of it is forgotten."""
        self._link.control(Control.EOT, 0)

    def answer(self, answer: Ending, now_ns: int) -> None:
        """Say the one answer that is owed."""
        assert self._turn is not None, "each command is answered once"
        turn, self._turn = self._turn, None
        self._digits = None
        self._said = encode_answer(turn, answer)
        self._link.send(self._said, now_ns)

    def say_again(self, now_ns: int) -> None:
        """Say the last answer once more, in a frame of its own: a fault, for who plays one."""
        if self._said and self._link.room > 1:
            self._link.send(self._said, now_ns)

    def progress(self, digits: int, now_ns: int) -> None:
        """Tell how many digits there are; the answer is still owed."""
        assert self._turn is not None, "only an entry has digits"
        self._digits = digits
        self._tell_digits(now_ns)

    def receive(self, data: bytes, now_ns: int) -> list[PadEvent]:
        """Take bytes from the till. Never raises, whatever they are."""
        events: list[PadEvent] = []
        for event in self._link.receive(data, now_ns):
            events += self._take(event, now_ns)
        self._tell_digits(now_ns)
        return events

    def tick(self, now_ns: int) -> list[PadEvent]:
        """Say again what was not acknowledged; give up what never is."""
        events: list[PadEvent] = []
        for event in self._link.tick(now_ns):
            events += self._take(event, now_ns)
        return events

    def pieces(self) -> list[bytes]:
        """Hand over what is to be sent: whole frames and controls, in order."""
        return self._link.pieces()

    def _take(self, event: LinkEvent, now_ns: int) -> list[PadEvent]:
        match event:
            case Called(number):
                return self._forget(number)
            case GaveUp():
                return self._forget(0)
            case Heard(text):
                return self._hear(text, now_ns)
            case Ended():
                return []

    def _forget(self, number: int) -> list[PadEvent]:
        self._link = Link()
        self._turn = self._digits = None
        self._link.control(Control.EOT, number)
        return [Forget()]

    def _hear(self, text: bytes, now_ns: int) -> list[PadEvent]:
        try:
            turn, command = decode_command(text)
        except WordError as error:
            if error.turn is not None:
                self._refuse(error.turn, error.reason, now_ns)
            return []
        if isinstance(command, Cancel):
            return [CancelWanted()] if turn == self._turn else []
        if self._turn is not None:
            self._refuse(turn, Reason.BUSY, now_ns)
            return []
        # Whoever asks anew waits for nothing of before.
        self._link.drop()
        self._turn = turn
        return [Asked(command)]

    def _tell_digits(self, now_ns: int) -> None:
        if self._turn is not None and self._digits is not None and self._link.idle:
            digits, self._digits = self._digits, None
            self._link.send(encode_answer(self._turn, Digits(digits)), now_ns)

    def _refuse(self, turn: int, reason: Reason, now_ns: int) -> None:
        # Room is left for the answer that is owed to whoever goes on asking and acknowledges nothing.
        if self._link.room > 1:
            self._link.send(encode_answer(turn, Refused(reason)), now_ns)
