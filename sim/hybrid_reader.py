"""A virtual hybrid reader: a motor, a head for stripes, contacts for chips, and one serial line.

    host  == protocols.hybrid_reader ==  ReaderEnd  --  a slot with its cards (sim.smart_card)
                                                    --  the stripes of the same cards

The slot is the one of a PC/SC bench, worked by the same verbs: insert, remove, swap, tear. What is said to a
chip passes through it; so the same card objects are behind either reader. A line has `mute` and `delay` of its
own, so the chip's are chip_mute and chip_delay. Besides: `jam` stops the motor, and the host is told so until
`free`; after `restart` it wants a reset first. There is no antenna and no keypad.

Beside it lie the chips' cards, each with its stripe where it has one, and cards that are a stripe only.

Source: protocols/hybrid_reader, protocols/hybrid_words.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec

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
from sim.cards.stripes import (
    SHIPPED,
    Stripe,
    StripeCard,
    Striped,
    StripeFileError,
    read_stripes,
)
from sim.smart_card import SmartCardTwin
from sim.twin import History, VerbError, refuse_verb

_OWN: Final = [
    VerbHelp(name="jam", label_ko="카드 걸림", label_en="Jam the motor"),
    VerbHelp(name="free", label_ko="걸림 해제", label_en="Free the motor"),
    VerbHelp(name="restart", label_ko="껐다 켜기", label_en="Switch off and on"),
]
_OF_THE_CHIP: Final = {"chip_mute": "mute", "chip_unmute": "unmute", "chip_delay": "delay"}
"""What the line has verbs of the same name for."""
_ABSENT: Final = ("tap", "lift", "press", "enter", "cancel")
_WORDS: Final = 3
"""Bytes of a command before its data."""


class HybridReaderTwin:
    """A hybrid reader on a serial line; satisfies sim.twin.Twin."""

    device = "hybrid_reader"

    def __init__(
        self,
        cards: Mapping[str, Card],
        *,
        away: set[str] | None = None,
        inserted: str = "",
        delay_ms: int = 0,
        bad_contacts: int = 0,
        stripes: str = "",
    ) -> None:
        """`stripes` is a file of them, else the shipped one: cards without a chip, and the stripe of a chip
        of that name which has none of its own.

        The rest as of SmartCardTwin. Raises: VerbError.
        """
        try:
            written = read_stripes(Path(stripes).expanduser() if stripes else SHIPPED)
        except StripeFileError as error:
            raise VerbError(str(error)) from error
        plain = {name: StripeCard(name, stripe) for name, stripe in written.items()}
        self._stripes: dict[str, Stripe] = {**written}
        for name, card in cards.items():
            if isinstance(card, Striped):
                self._stripes[name] = card.stripe
        self.slot = SmartCardTwin(
            {**plain, **cards},
            away=away,
            inserted=inserted,
            delay_ms=delay_ms,
            bad_contacts=bad_contacts,
        )
        self._history = History()
        self._line = ReaderEnd()
        self._chip = vpcd.ReaderEnd()
        self._asked = b""
        """What the chip is being told; its answer may be late."""
        self._visit = 0
        self._ready = False
        self._pressed = self._active = False
        self._jammed = False

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return sorted((*self.slot.history, *self._history.events()), key=attrgetter("at_ns"))

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
        names = {verb: name for name, verb in _OF_THE_CHIP.items()}
        return [
            *(
                msgspec.structs.replace(verb, name=names.get(verb.name, verb.name))
                for verb in self.slot.verbs()
                if verb.name not in _ABSENT
            ),
            *_OWN,
        ]

    def do(self, verb: Verb, now_ns: int) -> None:
        """Work it. Raises: VerbError."""
        if verb.verb in {each.name for each in _OWN}:
            self._own(verb, now_ns)
            return
        if verb.verb not in {each.name for each in self.verbs()}:
            raise refuse_verb(verb, self.verbs())
        told = _OF_THE_CHIP.get(verb.verb, verb.verb)
        self.slot.do(msgspec.structs.replace(verb, verb=told), now_ns)
        self._meet(now_ns)

    def _own(self, verb: Verb, now_ns: int) -> None:
        """Raises: VerbError."""
        if verb.arguments:
            raise refuse_verb(verb, _OWN)
        if verb.verb == "restart":
            self.restart()
        else:
            self._jammed = verb.verb == "jam"
        self._history.add(now_ns, verb.verb)

    def state(self) -> dict[str, Any]:
        """Return the slot and what is the matter with the motor."""
        return {**self.slot.state(), "jammed": self._jammed, "reset": self._ready}

    def restart(self) -> None:
        """Be as after switching on: nothing is done before a reset."""
        self._line, self._asked = ReaderEnd(), b""
        self._ready = self._pressed = self._active = False

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
            self._ready, self._pressed, self._active = True, False, False
        elif word == POWER_OFF:
            self._active = False
            self._chip.control(vpcd.Control.OFF)
            self.slot.receive(self._chip.outgoing(), now_ns)
        elif word in READ.values():
            return self._track(word)
        elif word == PRESS:
            if not self.slot.visit:
                return Refused(Refusal.SEQUENCE)
            self._pressed = True
        elif word not in (STATUS, PERMIT):
            return Refused(Refusal.UNDEFINED)
        return Done(self._where())

    def _where(self) -> Where:
        if not self.slot.visit:
            return Where.NO_CARD
        if self._active:
            return Where.ACTIVE
        return Where.PRESSED if self._pressed else Where.INSIDE

    def _track(self, word: bytes) -> Done | Refused:
        if not self.slot.visit:
            return Refused(Refusal.SEQUENCE)
        track = next(each for each, said in READ.items() if said == word)
        text = self._stripes.get(self.slot.inserted, {}).get(track)
        if text is None:
            return Refused(Refusal.NOT_ENCODED)
        return Done(self._where(), text[:-1].encode("latin-1"))

    def _tell_chip(self, command: bytes, word: bytes, data: bytes, now_ns: int) -> None:
        if not self.slot.visit:
            self._say(command, Refused(Refusal.DRAWN_OUT))
            return
        if not (self._pressed if word == COLD_RESET else self._active):
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
        self._chip, self._pressed, self._active = vpcd.ReaderEnd(), False, False
        if self._asked:
            self._say(self._asked, Refused(Refusal.DRAWN_OUT))
        if self._visit:
            self.slot.connected(now_ns)

    def _say(self, command: bytes, answer: Done | Refused) -> None:
        self._asked = b""
        self._line.answer(write_answer(command, answer))
