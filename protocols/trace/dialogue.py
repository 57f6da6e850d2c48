"""A recorded channel as a dialogue: what was asked, and what was answered, how long after.

    events --> Exchange(asked, [(delay, answer)...]) ... --> Dialogue.answer(asked) --> the answers

What is compared are whole commands, not the pieces they came in. A command is looked for from where
the dialogue stands onwards, since the same question has other answers as time goes on; behind its last
occurrence that one is repeated. So a caller that asks more often, less often, or something besides is
answered all the same; what never was asked is told with what comes nearest.
"""

import difflib
import re
from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from protocols.escpos.charset import Charset
from protocols.escpos.codes import COUNTRY_KOREA
from protocols.escpos.commands import AskPrinted, Command
from protocols.escpos.decode import Decoder as PrinterDecoder
from protocols.line_display.decoder import Decoder as DisplayDecoder
from protocols.line_display.decoder import Heard
from protocols.trace.events import Atr, Bytes, Direction, Event, Response
from protocols.trace.events import Command as ApduSent
from protocols.trace.naming import hexed, phrase

Unit: TypeAlias = Hashable
"""One whole thing that is asked: a command of a printer, an APDU, a byte."""
Late: TypeAlias = tuple[int, bytes]
"""How many nanoseconds after the question, and what."""


class Listening(Protocol):
    """Bytes in pieces of any size to whole units."""

    def receive(self, data: bytes) -> Sequence[Unit]:
        """Return what is whole now."""
        ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, and its answers."""

    asked: Unit
    answers: Sequence[Late]


@dataclass(frozen=True, slots=True)
class Unexpected:
    """This was never asked in the recording."""

    said: str
    nearest: str
    """What comes nearest to it in the recording; empty where nothing was recorded."""

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.said}; nearest recorded: {self.nearest or 'nothing'}"


class Dialogue:
    """What a recorded device answers."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = exchanges
        self._places: dict[Unit, list[int]] = {}
        for place, exchange in enumerate(exchanges):
            self._places.setdefault(_key(exchange.asked), []).append(place)
        self._at = 0

    @property
    def heard(self) -> int:
        """How far the dialogue has come: exchanges behind it."""
        return self._at

    def __len__(self) -> int:
        """Return how many exchanges there are."""
        return len(self._exchanges)

    def rewind(self) -> None:
        """Stand at the beginning again."""
        self._at = 0

    def answer(self, asked: Unit) -> Sequence[Late] | Unexpected:
        """Return what was answered to this, or that it never was asked."""
        places = self._places.get(_key(asked))
        if not places:
            return Unexpected(_said(asked), self._nearest(asked))
        ahead = bisect_left(places, self._at)
        place = places[ahead] if ahead < len(places) else places[-1]
        self._at = max(self._at, place + 1)
        recorded = self._exchanges[place]
        return [(late, _fitted(answer, recorded.asked, asked)) for late, answer in recorded.answers]

    def _nearest(self, asked: Unit) -> str:
        said = _said(asked)
        known = list(dict.fromkeys(map(_said, self._places)))
        close = difflib.get_close_matches(said, known, n=1, cutoff=0.0)
        return close[0] if close else ""


@dataclass(slots=True)
class _Asked:
    unit: Unit
    at_ns: int
    answers: list[Late] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Everything that a channel's recording says about the device at its end."""

    dialogue: Dialogue
    unasked: Sequence[Late]
    """What the device said before anything was asked; times from the recording's beginning."""
    atr: bytes = b""
    """Of a card, what it said at power-on."""


def recorded(events: Sequence[Event], protocol: str) -> Recorded:
    """Return what the events of one channel say. Pieces, not whole commands, may be any size."""
    asked: list[_Asked] = []
    unasked: list[Late] = []
    listening, atr = listening_for(protocol), b""
    for event in events:
        match event:
            case Bytes(direction=Direction.TO, data=data):
                asked += [_Asked(unit, event.at_ns) for unit in listening.receive(data)]
            case ApduSent(data=data):
                asked.append(_Asked(data, event.at_ns))
            case Bytes(data=data) | Response(data=data):
                for piece in _PRINTED.split(data) if protocol == "escpos" else (data,):
                    _pair(asked, unasked, event.at_ns, piece)
            case Atr(data=data) if data:
                atr = data
            case _:
                pass
    exchanges = [Exchange(each.unit, each.answers) for each in asked]
    return Recorded(Dialogue(exchanges), unasked, atr)


def _pair(asked: list[_Asked], unasked: list[Late], at_ns: int, data: bytes) -> None:
    """Give an answer to its question: a proof of printing bears its name, the rest is the last one's."""
    if not data:
        return
    token = data[2:6] if _PRINTED.fullmatch(data) else None
    for each in reversed(asked):
        if token is None or each.unit == AskPrinted(token):
            each.answers.append((at_ns - each.at_ns, data))
            return
    unasked.append((at_ns, data))


_PRINTED: Final = re.compile(rb"(7\x22[\x20-\x7e]{4}\x00)")
"""GS ( H's answer: 37 22 token 00."""
_ANY_TOKEN: Final = AskPrinted(b"....")


def _key(unit: Unit) -> Unit:
    """Return what is compared: a proof of printing may be asked for under any name."""
    return _ANY_TOKEN if isinstance(unit, AskPrinted) else unit


def _fitted(answer: bytes, recorded: Unit, asked: Unit) -> bytes:
    """Return a recorded answer under the name that is asked for now."""
    if isinstance(recorded, AskPrinted) and isinstance(asked, AskPrinted):
        return answer.replace(recorded.token, asked.token)
    return answer


class _Printer:
    def __init__(self) -> None:
        self._decoder = PrinterDecoder(Charset(hangul=True, country=COUNTRY_KOREA))

    def receive(self, data: bytes) -> Sequence[Command]:
        return self._decoder.receive(data)


class _Display:
    def __init__(self) -> None:
        self._decoder = DisplayDecoder()

    def receive(self, data: bytes) -> Sequence[Heard]:
        return self._decoder.receive(data)


class _Each:
    """Every byte is a unit, as a scanner's 06 and 15 are."""

    def receive(self, data: bytes) -> Sequence[bytes]:
        return [bytes((byte,)) for byte in data]


_LISTENING: Final[dict[str, Callable[[], Listening]]] = {"escpos": _Printer, "cd5220": _Display}


def listening_for(protocol: str) -> Listening:
    """Return what makes units of a protocol's bytes."""
    return _LISTENING.get(protocol, _Each)()


def _said(unit: Unit) -> str:
    return hexed(unit) if isinstance(unit, bytes) else phrase(unit)
