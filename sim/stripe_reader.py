"""A virtual magnetic-stripe reader: draw a card through it, well or badly, and it says what a real one would.

    swipe               every track that is written
    swipe_slowly        tracks 1 and 3, three times as dense as track 2, cannot be made out
    swipe_partly        begun behind the start of the stripe: no track can
    swipe_upside_down   the stripe passes on the other side: nothing but the ending
    swipe_worn          a digit of the expiry is read as another on each track: the LRC tells
    swipe_without       a track that was wiped out

A reader checks each track's LRC and says E for one that is wrong. One that is set to send the LRC sends the
track as it read it, and leaves the judgement to who listens. No number stands in state or history, but
masked. Source: protocols/swipe.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from protocols.card_number import CardNumber
from protocols.control import Event, Verb, VerbHelp
from protocols.magnetic_stripe import SHAPES, StripeError, Track, read_track
from protocols.swipe import Ending, Style, say
from sim.cards.stripes import SHIPPED, Stripe, StripeFileError, read_stripes
from sim.twin import History, VerbError, refuse_verb

EndingName = Literal["cr", "cr_lf", "none"]
ThirdStart = Literal["+", "!", ";"]
OUTGOING_MAX: Final = 65_536
"""Bytes nobody fetched; more are not read."""

_CARD: Final = {"card": "which of the cards beside the reader"}
_VERBS: Final = [
    VerbHelp(name="swipe", label_ko="카드 긁기", label_en="Swipe a card", arguments=_CARD),
    VerbHelp(name="swipe_twice", label_ko="두 번 긁기", label_en="Swipe twice", arguments=_CARD),
    VerbHelp(name="swipe_slowly", label_ko="너무 천천히", label_en="Swipe too slowly", arguments=_CARD),
    VerbHelp(name="swipe_partly", label_ko="중간부터", label_en="Swipe from the middle",
             arguments=_CARD),
    VerbHelp(name="swipe_upside_down", label_ko="거꾸로", label_en="Swipe upside down", arguments=_CARD),
    VerbHelp(name="swipe_worn", label_ko="닳은 띠", label_en="Swipe it worn: wrong LRC",
             arguments=_CARD),
    VerbHelp(name="swipe_without", label_ko="트랙 없이", label_en="Swipe without a track",
             arguments={**_CARD, "track": "one of 1, 2, 3"}),
    VerbHelp(name="tear", label_ko="중간에 끊기", label_en="Stop in the middle", arguments=_CARD),
    VerbHelp(name="garble", label_ko="잡음", label_en="Send garbage"),
]  # fmt: skip
_GARBAGE: Final = bytes([0x00, 0x81, 0xFE, 0x13, 0x9F, 0xF0, 0x07])
"""What a wrong baud rate looks like."""


class StripeReaderTwin:
    """A stripe reader on a serial line; satisfies sim.twin.Twin."""

    device = "stripe_reader"

    def __init__(
        self,
        *,
        ending: EndingName = "cr",
        lrc: bool = False,
        framed: bool = False,
        a_line_each: bool = False,
        third: ThirdStart = "+",
        tracks: str = "123",
        cards: str = "",
    ) -> None:
        """`tracks` are those it has heads for; `cards` is a file, else the shipped ones.

        Raises: VerbError when the file is none of cards.
        """
        self._style = Style(
            ending=Ending[ending.upper()],
            lrc=lrc,
            framed=framed,
            a_line_each=a_line_each,
            third=third,
        )
        self._heads = {Track(int(each)) for each in tracks}
        try:
            self._cards = read_stripes(Path(cards).expanduser() if cards else SHIPPED)
        except StripeFileError as error:
            raise VerbError(str(error)) from error
        self._history = History()
        self._outgoing = bytearray()
        self._last = ""
        self._swiped = 0

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    @property
    def deadline_ns(self) -> None:
        """Nothing is ever due."""
        return

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take what it is told, which means nothing to it."""

    def outgoing(self) -> bytes:
        """Hand over what was read since the last call."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def tick(self, now_ns: int) -> None:
        """Do nothing: it speaks when a card passes."""

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do, with the cards there are."""
        cards = {"card": sorted(self._cards)}
        return [
            msgspec.structs.replace(verb, choices=cards) if verb.arguments else verb
            for verb in _VERBS
        ]

    def do(self, verb: Verb, now_ns: int) -> None:
        """Draw a card through. Raises: VerbError."""
        known = next((help_ for help_ in _VERBS if help_.name == verb.verb), None)
        if known is None or set(known.arguments) != set(verb.arguments):
            raise refuse_verb(verb, _VERBS)
        if verb.verb == "garble":
            self._emit(_GARBAGE, "garbled", "", now_ns)
            return
        name = verb.arguments["card"]
        if name not in self._cards:
            raise VerbError(f"no card {name!r}; there are: {', '.join(sorted(self._cards))}")
        stripe = {t: text for t, text in self._cards[name].items() if t in self._heads}
        self._last = name
        self._swiped += 1
        detail = f"{name} {number_on(stripe)}".strip()
        match verb.verb:
            case "swipe_twice":
                self._emit(say(list(stripe.items()), self._style) * 2, "swiped", detail, now_ns)
            case "tear":
                whole = say(list(stripe.items()), self._style)
                self._emit(whole[: 1 + len(whole) // 2], "torn", detail, now_ns)
            case _:
                read = self._read(verb, stripe)
                self._emit(say(list(read.items()), self._style), "swiped", detail, now_ns)

    def state(self) -> dict[str, Any]:
        """Return the last card and how often one passed."""
        return {"last": self._last, "swiped": self._swiped, "cards": sorted(self._cards)}

    def _read(self, verb: Verb, stripe: Stripe) -> Mapping[Track, str | None]:
        """Return what the heads make of a stripe. Raises: VerbError."""
        match verb.verb:
            case "swipe_slowly":
                return {t: text if t is Track.TWO else None for t, text in stripe.items()}
            case "swipe_partly":
                return dict.fromkeys(stripe)
            case "swipe_upside_down":
                return {}
            case "swipe_without":
                track = verb.arguments["track"]
                if track not in ("1", "2", "3"):
                    raise VerbError(f"swipe_without: track is one of 1, 2, 3, not {track!r}")
                return {t: text for t, text in stripe.items() if t != int(track)}
            case "swipe_worn":
                return {t: self._worn(t, text) for t, text in stripe.items()}
            case _:
                return stripe

    def _worn(self, track: Track, text: str) -> str | None:
        """Return a track with a digit wrong where the LRC goes along; else the reader has found out."""
        before, gap, rest = text.rpartition(SHAPES[track].separator)
        if not self._style.lrc or not rest[0].isdigit():
            return None
        return f"{before}{gap}{(int(rest[0]) + 1) % 10}{rest[1:]}"

    def _emit(self, data: bytes, what: str, detail: str, now_ns: int) -> None:
        if len(self._outgoing) + len(data) > OUTGOING_MAX:
            self._history.add(now_ns, "dropped", detail)
            return
        self._outgoing += data
        self._history.add(now_ns, what, detail)


def number_on(stripe: Stripe) -> str:
    """Return the number that a stripe bears, masked; empty where it bears none."""
    for track, text in stripe.items():
        try:
            number: CardNumber = read_track(text[:-1], track).number
        except StripeError:
            continue
        return str(number)
    return ""
