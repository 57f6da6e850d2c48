"""Traces in words: what each event says, for a person.

    Teller.tell(event) -> rows    bytes are decoded per channel, as the device at its end would

A command that arrives in pieces is told when it is whole; what is no command is shown as bytes. The
words are the standards' own. Nothing here can fail: a trace of garbage is told as garbage.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.trace.card_words import CardTeller
from protocols.trace.events import (
    Answer,
    Atr,
    Bytes,
    Card,
    Channel,
    Command,
    Direction,
    Event,
    Line,
    Link,
    Mark,
    PinEntry,
    Request,
    Response,
    Words,
)
from protocols.trace.message_words import tell_body
from protocols.trace.serial_words import SerialTeller, tell_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that was said or done."""

    at_ns: int
    channel: str
    direction: Direction | None
    """None: nobody said it, it happened."""
    text: str
    data: bytes = b""
    """The bytes that completed it; empty where several rows share them."""


class Teller:
    """Tells one trace, event by event, in the order of time."""

    def __init__(self) -> None:
        self._serial: dict[str, SerialTeller] = {}
        self._cards: dict[str, CardTeller] = {}

    def tell(self, event: Event) -> list[Row]:
        """Return what an event says; nothing while a command is not whole."""
        direction = _direction(event)
        texts = list(self._texts(event))
        data = getattr(event, "data", b"") if len(texts) == 1 else b""
        return [
            Row(at_ns=event.at_ns, channel=event.channel, direction=direction, text=each, data=data)
            for each in texts
        ]

    def _texts(self, event: Event) -> Iterator[str]:
        match event:
            case Channel(protocol=protocol, link=link, line=line):
                self._serial[event.channel] = SerialTeller(protocol)
                yield f"{protocol} over {link}{' at ' + line if line else ''}"
            case Bytes(direction=direction, data=data):
                teller = self._serial.setdefault(event.channel, SerialTeller(""))
                yield from teller.tell(direction, data, event.at_ns)
            case Line(settings=settings, up=up):
                yield f"line {settings or 'not seen'}{'; up: ' + ' '.join(up) if up else ''}"
            case Words(data=data):
                yield from tell_words(data)
            case Link(state=state):
                yield f"link {state.value}"
            case Card(state=state, name=name):
                self._cards[event.channel] = CardTeller()
                yield f"card {state.value}{': ' + name if name else ''}"
            case Atr(data=data):
                yield f"ATR {data.hex(' ')}" if data else "no ATR: mute"
            case Command(data=data):
                yield self._cards.setdefault(event.channel, CardTeller()).command(data)
            case Response(data=data):
                yield self._cards.setdefault(event.channel, CardTeller()).response(data)
            case PinEntry():
                yield "keypad: enter a PIN and give it to the card"
            case Request(method=method, path=path, content_type=kind, data=data):
                yield f"{method} {path}{tell_body(kind, data)}"
            case Answer(status=status, content_type=kind, data=data):
                yield f"{status or 'no answer'}{tell_body(kind, data)}"
            case Mark(text=text):
                yield f"* {text}"


def _direction(event: Event) -> Direction | None:
    match event:
        case Bytes(direction=direction) | Words(direction=direction):
            return direction
        case Command() | PinEntry() | Request():
            return Direction.TO
        case Atr() | Response() | Answer():
            return Direction.FROM
    return None
