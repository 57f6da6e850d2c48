"""A virtual card reader's slot: the cards that lie beside it, the one in it, and its keypad.

    reader's driver  == vpcd frames ==  CardEnd  --  the card that is in  --  its memory
                                           |
       verbs: insert, remove, swap, tap, lift, tear, mute, delay, press, enter, cancel

A slot with an antenna is a contactless reader besides: a card is tapped on it, for a while or until it is
lifted, and has the ATR that such a reader makes for it. With two cards on it the reader sees that there is
something, and it is mute. A card is either in the slot or on the antenna.

What hosts it connects while a card is in and hangs up when it is out: the connection is the card. A
card answers only after it was powered (before that it is mute), so a command meant for the card
before it can never reach it. A torn card leaves the slot: put it in again to go on.

Neither command data nor digits ever stand in the history: INS and status word do.
Source: protocols/vpcd, protocols/secure_pin.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from protocols.control import Event, Verb, VerbHelp
from protocols.secure_pin import DIGITS_MAX, PinEntry, PinFormatError, PinSW, decode_pin_entry
from protocols.vpcd import (
    AtrWanted,
    Broken,
    CardEnd,
    CardEvent,
    CommandArrived,
    PinWanted,
    PoweredOff,
    PoweredOn,
    Unknown,
    WarmReset,
)
from sim.antenna import Antenna
from sim.cards.answers import contactless_atr, historical_bytes
from sim.cards.card import Card, TornError
from sim.twin import History, VerbError, fits, refuse_verb

DELAY_MS_MAX: Final = 60_000
COUNT_MAX: Final = 1_000_000
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_CARD: Final = {"card": "which of the cards beside the reader"}
_COUNT: Final = {"count": "from now on, beginning with 1"}
_VERBS: Final = [
    VerbHelp(name="insert", label_ko="카드 넣기", label_en="Insert a card", arguments=_CARD),
    VerbHelp(name="remove", label_ko="카드 빼기", label_en="Remove the card"),
    VerbHelp(name="swap", label_ko="카드 바꿔치기", label_en="Swap the card", arguments=_CARD),
    VerbHelp(name="tap", label_ko="카드 대기", label_en="Tap a card", arguments=_CARD,
             optional={"ms": f"until it is taken away, 1 to {DELAY_MS_MAX}; else until lifted"}),
    VerbHelp(name="lift", label_ko="댄 카드 떼기", label_en="Lift a tapped card", arguments=_CARD),
    VerbHelp(name="tear_before", label_ko="명령 직전에 뽑기", label_en="Tear before command n",
             arguments=_COUNT),
    VerbHelp(name="tear_after", label_ko="명령 직후에 뽑기", label_en="Tear after command n, no answer",
             arguments=_COUNT),
    VerbHelp(name="tear_in", label_ko="기록 중에 뽑기", label_en="Tear after byte n of its memory",
             arguments={"count": "bytes still written, from 0"}),
    VerbHelp(name="mute", label_ko="카드 무응답", label_en="Card says nothing"),
    VerbHelp(name="unmute", label_ko="카드 응답 재개", label_en="Card answers again"),
    VerbHelp(name="delay", label_ko="카드 지연", label_en="Card answers late",
             arguments={"ms": f"milliseconds, 0 to {DELAY_MS_MAX}"}),
    VerbHelp(name="press", label_ko="키패드 숫자", label_en="Press digits",
             arguments={"digits": "0 to 9"}),
    VerbHelp(name="enter", label_ko="키패드 확인", label_en="Press enter"),
    VerbHelp(name="cancel", label_ko="키패드 취소", label_en="Press cancel"),
]  # fmt: skip


class SmartCardTwin:
    """A slot with a keypad; satisfies sim.twin.Twin."""

    device = "smart_card"

    def __init__(
        self,
        cards: Mapping[str, Card],
        *,
        away: set[str] | None = None,
        inserted: str = "",
        delay_ms: int = 0,
        bad_contacts: int = 0,
        antenna: bool = False,
    ) -> None:
        """`away` is shared by all slots that the same cards lie beside: who is in one of them.

        With `antenna` cards may be tapped. `bad_contacts` is how many resets after each insertion a card does not hear.
        Raises: VerbError when `inserted` is none of the cards, or away.
        """
        self._cards = dict(cards)
        self._away: set[str] = set() if away is None else away
        self._history = History()
        self._wire = CardEnd()
        self._has_antenna = antenna
        self._antenna = Antenna()
        self._in: str = ""
        self._visit = 0
        self._powered = False
        self._commands = 0
        self._tear: tuple[str, int] | None = None
        self._mute = False
        self._delay_ns = delay_ms * _NS_PER_MS
        self._bad_contacts = bad_contacts
        self._deaf = 0
        """Resets that the card in the slot still does not hear."""
        self._missed = False
        """Whether it did not hear the last one."""
        self._late: list[tuple[int, bytes]] = []
        self._entry: PinEntry | None = None
        self._entry_ends_ns = 0
        self._digits = ""
        if inserted:
            self._insert(self._named(inserted), 0)

    @property
    def visit(self) -> int:
        """Which card's stay this is, 0 while none is in: another number is another stay."""
        return self._visit if self._in else 0

    @property
    def inserted(self) -> str:
        """The name of the card that is in, empty while none is."""
        return self._in

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    @property
    def deadline_ns(self) -> int | None:
        """When a late answer goes out, a PIN entry ends, or half a frame is given up."""
        times = [due for due, _ in self._late[:1]]
        if self._entry is not None:
            times.append(self._entry_ends_ns)
        for due in (self._wire.deadline_ns, self._antenna.deadline_ns):
            if due is not None:
                times.append(due)
        return min(times, default=None)

    def connected(self, now_ns: int) -> None:
        """Learn that the card in the slot has contact; it has no power yet."""
        self._lose_power()
        self._history.add(now_ns, "connected", self._in)

    def disconnected(self, now_ns: int) -> None:
        """Learn that contact is gone, and with it the power."""
        self._lose_power()
        self._history.add(now_ns, "disconnected", self._in)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the reader."""
        for event in self._wire.receive(data, now_ns):
            self._obey(event, now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the reader."""
        return self._wire.outgoing()

    def tick(self, now_ns: int) -> None:
        """Say what is late, end a PIN entry, give up half a frame; take away what was held out so long."""
        for card in self._antenna.due(now_ns):
            self._lift(card, now_ns)
        while self._late and self._late[0][0] <= now_ns:
            self._wire.answer(self._late.pop(0)[1])
        if self._entry is not None and now_ns >= self._entry_ends_ns:
            self._end_entry(PinSW.TIMEOUT, now_ns)
        for event in self._wire.tick(now_ns):
            self._obey(event, now_ns)

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do, with the cards that can be put in."""
        cards = {"card": sorted(self._cards)}
        return [
            msgspec.structs.replace(verb, choices=cards) if "card" in verb.arguments else verb
            for verb in _VERBS
        ]

    def do(self, verb: Verb, now_ns: int) -> None:
        """Work the slot. Raises: VerbError."""
        known = next((help_ for help_ in _VERBS if help_.name == verb.verb), None)
        if known is None or not fits(verb, known):
            raise refuse_verb(verb, _VERBS)
        match verb.verb:
            case "tap":
                self._tap(verb, now_ns)
            case "lift":
                self._lift(self._tapped(verb.arguments["card"]), now_ns)
            case "insert":
                self._insert(self._named(verb.arguments["card"]), now_ns)
            case "remove":
                self._remove("removed", now_ns)
            case "swap":
                card = self._named(verb.arguments["card"])
                if card in self._away:
                    raise VerbError(f"{card} is in a reader already: remove it there first")
                self._remove("removed", now_ns)
                self._insert(card, now_ns)
            case "tear_before" | "tear_after":
                self._tear = (verb.verb, self._commands + _number(verb, "count", 1, COUNT_MAX))
            case "tear_in":
                self._card().tear_after(_number(verb, "count", 0, COUNT_MAX))
            case "mute" | "unmute":
                self._mute = verb.verb == "mute"
            case "delay":
                self._delay_ns = _number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case _:
                self._press(verb, now_ns)

    def state(self) -> dict[str, Any]:
        """Return the slot, its keypad and the card that is in."""
        return {
            "card": self._in,
            "powered": self._powered,
            "commands": self._commands,
            "keypad": "idle" if self._entry is None else f"{len(self._digits)} digits",
            "mute": self._mute,
            "cards": sorted(self._cards),
            "antenna": self._antenna.cards,
            "seen": self._cards[self._in].visible() if self._in else {},
        }

    # The card

    def _card(self) -> Card:
        if not self._in:
            raise VerbError("no card is in the slot: insert one first")
        return self._cards[self._in]

    def _named(self, name: str) -> str:
        if name not in self._cards:
            raise VerbError(f"no card {name!r}; there are: {', '.join(sorted(self._cards))}")
        return name

    def _insert(self, name: str, now_ns: int) -> None:
        if self._in:
            raise VerbError(f"{self._in} is in the slot: remove it first, or swap")
        if name in self._away:
            raise VerbError(f"{name} is in another reader: remove it there first")
        self._away.add(name)
        self._in = name
        self._visit += 1
        self._deaf = self._bad_contacts
        self._lose_power()
        self._history.add(now_ns, "inserted", name)

    def _remove(self, what: str, now_ns: int, why: str = "") -> None:
        """Take the card out, or off the antenna; of two that lie there, the one that came first."""
        self._card()
        self._history.add(now_ns, what, f"{self._in}: {why}" if why else self._in)
        self._away.discard(self._in)
        self._antenna.lift(self._in)
        self._in = ""
        self._tear = None
        self._lose_power()
        self._look_at_antenna()

    # The antenna

    def _tap(self, verb: Verb, now_ns: int) -> None:
        card = self._named(verb.arguments["card"])
        if not self._has_antenna:
            raise VerbError("this slot has no antenna: options = { antenna = true } gives it one")
        if self._in and not self._antenna.cards:
            raise VerbError(f"{self._in} is in the slot: remove it first")
        if card in self._away:
            raise VerbError(f"{card} is in a reader already: remove it there first")
        until_ns = None
        if "ms" in verb.arguments:
            until_ns = now_ns + _number(verb, "ms", 1, DELAY_MS_MAX) * _NS_PER_MS
        self._away.add(card)
        self._antenna.hold(card, until_ns)
        self._history.add(now_ns, "tapped", card)
        self._look_at_antenna()

    def _tapped(self, card: str) -> str:
        if card not in self._antenna.cards:
            there = ", ".join(self._antenna.cards) or "none"
            raise VerbError(f"{card} is not on the antenna; there is: {there}")
        return card

    def _lift(self, card: str, now_ns: int) -> None:
        if card == self._in:
            self._remove("lifted", now_ns)
            return
        self._away.discard(card)
        self._antenna.lift(card)
        self._history.add(now_ns, "lifted", card)
        self._look_at_antenna()

    def _look_at_antenna(self) -> None:
        """See what lies there now: each change is another stay, for the field was lost with it."""
        cards = self._antenna.cards
        if cards:
            self._in = cards[0]
            self._visit += 1
            self._deaf = 0
            self._lose_power()

    def _atr(self) -> bytes:
        """Return what is said at power-on; nothing where two cards speak at once."""
        if self._mute or self._missed or self._antenna.collided:
            return b""
        atr = self._card().atr
        return contactless_atr(historical_bytes(atr)) if self._antenna.cards else atr

    def _lose_power(self) -> None:
        """What was on the wire was for a card that is no longer powered, or no longer there."""
        self._powered = False
        self._forget()
        self._wire = CardEnd()

    def _forget(self) -> None:
        """Leave nothing half done: an answer to who asked before must not answer who asks next."""
        self._entry = None
        self._digits = ""
        self._late.clear()

    # The wire

    def _obey(self, event: CardEvent, now_ns: int) -> None:
        if not self._in:
            return
        match event:
            case PoweredOn() | WarmReset() if self._antenna.collided:
                pass
            case PoweredOn() | WarmReset() if self._deaf:
                self._deaf -= 1
                self._missed = True
            case PoweredOn() | WarmReset():
                self._missed = False
                if isinstance(event, PoweredOn) or self._powered:
                    self._forget()
                    self._card().power_on()
                    self._powered = True
            case PoweredOff():
                self._powered = False
                self._forget()
            case AtrWanted():
                # A reader asks before it gives power, too, to see whether the card is still there.
                self._wire.answer(self._atr())
            case CommandArrived(apdu):
                self._command(apdu, now_ns)
            case PinWanted(structure):
                self._begin_entry(structure, now_ns)
            case Unknown(payload):
                self._history.add(now_ns, "unknown", f"{len(payload)} bytes")
            case Broken(reason):
                self._remove("hung_up", now_ns, reason)

    def _command(self, apdu: bytes, now_ns: int) -> None:
        if not self._powered:
            self._history.add(now_ns, "unpowered", "a command before power: mute")
            self._answer(b"", now_ns)
            return
        self._answer(self._told(apdu, now_ns), now_ns)

    def _told(self, apdu: bytes, now_ns: int) -> bytes:
        """Give the card a command; nothing to answer when it was torn meanwhile."""
        self._commands += 1
        torn = self._tear[0] if self._tear and self._commands >= self._tear[1] else ""
        if torn == "tear_before":
            self._remove("torn", now_ns)
            return b""
        try:
            answer = self._card().handle(apdu)
        except TornError as error:
            self._remove("torn", now_ns, str(error))
            return b""
        self._history.add(now_ns, "command", f"{apdu[0]:02X} {apdu[1]:02X} -> {answer[-2:].hex()}")
        if torn:
            self._remove("torn", now_ns)
            return b""
        return b"" if self._mute else answer

    def _answer(self, payload: bytes, now_ns: int) -> None:
        if not self._in:
            return
        if self._delay_ns:
            self._late.append((now_ns + self._delay_ns, payload))
        else:
            self._wire.answer(payload)

    # The keypad

    def _begin_entry(self, structure: bytes, now_ns: int) -> None:
        if not self._powered:
            self._answer(b"", now_ns)
            return
        try:
            self._entry = decode_pin_entry(structure)
        except PinFormatError as error:
            self._history.add(now_ns, "pin_refused", str(error))
            self._answer(PinSW.STRUCTURE_WRONG.to_bytes(2), now_ns)
            return
        self._digits = ""
        self._entry_ends_ns = now_ns + self._entry.timeout_s * _NS_PER_S
        self._history.add(now_ns, "pin_wanted")

    def _press(self, verb: Verb, now_ns: int) -> None:
        if self._entry is None:
            raise VerbError(f"{verb.verb}: the keypad is idle: nobody asks for a PIN")
        match verb.verb:
            case "press":
                digits = verb.arguments["digits"]
                if not (digits.isascii() and digits.isdigit()):
                    raise VerbError("press: digits only")
                self._digits = (self._digits + digits)[: DIGITS_MAX + 1]
            case "cancel":
                self._end_entry(PinSW.CANCELLED, now_ns)
            case _:
                self._enter(self._entry, now_ns)

    def _enter(self, entry: PinEntry, now_ns: int) -> None:
        if not entry.digits_min <= len(self._digits) <= entry.digits_max:
            self._end_entry(PinSW.TOO_SHORT_OR_LONG, now_ns)
            return
        command = entry.command(self._digits)
        self._entry, self._digits = None, ""
        self._answer(self._told(command, now_ns), now_ns)

    def _end_entry(self, sw: PinSW, now_ns: int) -> None:
        self._entry, self._digits = None, ""
        self._history.add(now_ns, "pin_ended", sw.name.lower())
        self._answer(sw.to_bytes(2), now_ns)


def _number(verb: Verb, name: str, least: int, most: int) -> int:
    text = verb.arguments[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise VerbError(f"{verb.verb}: {name} is a whole number from {least} to {most}")
    return int(text)
