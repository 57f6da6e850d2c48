"""A virtual hybrid reader: a motor, a head for stripes, contacts for chips, and one serial line.

    host  == protocols.hybrid_reader ==  ReaderEnd  --  a slot with its cards (sim.smart_card)
                                                    --  the stripes of the same cards

The slot is the one of a PC/SC bench, worked by the same verbs: insert, remove, swap, tear, mute, delay. What
is said to a chip passes through it; so the same card objects are behind either reader. Besides: `jam` stops the
motor, and the host is told so until `free`.

Source: protocols/hybrid_reader, protocols/hybrid_words.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from protocols import vpcd
from protocols.control import Event, Verb, VerbHelp
from protocols.hybrid_reader import RESET, ReaderEnd
from protocols.hybrid_words import (
    APDU_T0,
    APDU_T1,
    COLD_RESET,
    PERMIT,
    POWER_OFF,
    PRESS,
    READ,
    STATUS,
    Done,
    Refusal,
    Refused,
    Where,
    write_answer,
)
from sim.cards.card import Card
from sim.cards.stripes import Stripe
from sim.smart_card import SmartCardTwin
from sim.twin import refuse_verb

_OWN: Final = [
    VerbHelp(name="jam", label_ko="카드 걸림", label_en="Jam the motor"),
    VerbHelp(name="free", label_ko="걸림 해제", label_en="Free the motor"),
]
_WORDS: Final = 3
"""Bytes of a command before its data."""


class HybridReaderTwin:
    """A hybrid reader on a serial line; satisfies sim.twin.Twin."""

    device = "hybrid_reader"

    def __init__(
        self, cards: Mapping[str, Card], stripes: Mapping[str, Stripe] | None = None
    ) -> None:
        """`stripes` are those of the cards, by the same names; a card may have none."""
        self.slot = SmartCardTwin(cards)
        self._stripes = stripes or {}
        self._line = ReaderEnd()
        self._chip = vpcd.ReaderEnd()
        self._asked = b""
        """What the chip is being told; its answer may be late."""
        self._visit = 0
        self._ready = False
        self._active = False
        self._jammed = False

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self.slot.history

    @property
    def deadline_ns(self) -> int | None:
        """When something is due on either side."""
        times = (self._line.deadline_ns, self.slot.deadline_ns)
        return min((due for due in times if due is not None), default=None)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the host."""
        for asked in self._line.receive(data, now_ns):
            self._do(asked.command, now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the host."""
        return self._line.outgoing()

    def tick(self, now_ns: int) -> None:
        """Say what is late."""
        self._line.tick(now_ns)
        self.slot.tick(now_ns)
        self._hear(now_ns)

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do."""
        return [*self.slot.verbs(), *_OWN]

    def do(self, verb: Verb, now_ns: int) -> None:
        """Work it. Raises: VerbError."""
        if verb.verb in ("jam", "free"):
            if verb.arguments:
                raise refuse_verb(verb, _OWN)
            self._jammed = verb.verb == "jam"
            return
        self.slot.do(verb, now_ns)
        self._meet(now_ns)

    def state(self) -> dict[str, Any]:
        """Return the slot and what is the matter with the motor."""
        return {**self.slot.state(), "jammed": self._jammed, "reset": self._ready}

    def restart(self) -> None:
        """Be as after switching on: nothing is done before a reset."""
        self._line, self._asked = ReaderEnd(), b""
        self._ready = self._active = False

    # The host

    def _do(self, command: bytes, now_ns: int) -> None:
        word, data = command[:_WORDS], command[_WORDS:]
        if not self._ready and word != RESET:
            self._say(command, Refused(Refusal.WANTS_RESET))
        elif self._jammed and word != STATUS:
            self._say(command, Refused(Refusal.JAM))
        elif word in (COLD_RESET, APDU_T0, APDU_T1):
            self._tell_chip(command, word, data, now_ns)
        else:
            self._say(command, self._done(word, now_ns))

    def _done(self, word: bytes, now_ns: int) -> Done | Refused:
        if word == RESET:
            self._ready, self._active = True, False
        elif word == POWER_OFF:
            self._active = False
            self._chip.control(vpcd.Control.OFF)
            self.slot.receive(self._chip.outgoing(), now_ns)
        elif word in READ.values():
            return self._track(word)
        elif word == PRESS and not self.slot.visit:
            return Refused(Refusal.SEQUENCE)
        elif word not in (STATUS, PERMIT, PRESS):
            return Refused(Refusal.UNDEFINED)
        return Done(self._where(word))

    def _where(self, word: bytes) -> Where:
        if not self.slot.visit:
            return Where.NO_CARD
        if self._active:
            return Where.ACTIVE
        return Where.PRESSED if word == PRESS else Where.INSIDE

    def _track(self, word: bytes) -> Done | Refused:
        if not self.slot.visit:
            return Refused(Refusal.SEQUENCE)
        track = next(each for each, said in READ.items() if said == word)
        text = self._stripes.get(self.slot.inserted, {}).get(track)
        if text is None:
            return Refused(Refusal.NOT_ENCODED)
        return Done(self._where(word), text[:-1].encode("latin-1"))

    def _tell_chip(self, command: bytes, word: bytes, data: bytes, now_ns: int) -> None:
        if not self.slot.visit:
            self._say(command, Refused(Refusal.DRAWN_OUT))
            return
        if word != COLD_RESET and not self._active:
            self._say(command, Refused(Refusal.SEQUENCE))
            return
        self._asked = command
        if word == COLD_RESET:
            for control in (vpcd.Control.OFF, vpcd.Control.ON, vpcd.Control.ATR):
                self._chip.control(control)
        else:
            self._chip.command(data)
        self.slot.receive(self._chip.outgoing(), now_ns)
        self._hear(now_ns)

    # The chip

    def _hear(self, now_ns: int) -> None:
        """Pass on what the chip has said, or that it is gone."""
        for event in self._chip.receive(self.slot.outgoing(), now_ns):
            if isinstance(event, vpcd.Answer) and self._asked:
                self._answer(event.payload)
        self._meet(now_ns)

    def _answer(self, payload: bytes) -> None:
        command = self._asked
        if not payload:
            self._active = False
            self._say(command, Refused(Refusal.CHIP_SILENT))
        elif command[:_WORDS] == COLD_RESET:
            self._active = True
            self._say(command, Done(Where.ACTIVE, payload))
        else:
            self._say(command, Done(Where.WHOLE, payload))

    def _meet(self, now_ns: int) -> None:
        """See whether another card is in than before: the chip's power and its answer went with it."""
        if self.slot.visit == self._visit:
            return
        self._visit = self.slot.visit
        self._chip, self._active = vpcd.ReaderEnd(), False
        if self._asked:
            self._say(self._asked, Refused(Refusal.DRAWN_OUT))
        if self._visit:
            self.slot.connected(now_ns)

    def _say(self, command: bytes, answer: Done | Refused) -> None:
        self._asked = b""
        self._line.answer(write_answer(command, answer))
