"""A carrier with a tap on it: passes everything on, and tells a recorder what passed.

    driver  ==  carrier  --received-->  tap  --received-->  device
                         <---write----       <---write----

What stands in a trace is what the driver's end sent and got: what a wire's faults do behind it shows in
the answers, and as a mark where a tester asked for them. A card's tap reads the frames between reader
and card (protocols.vpcd); digits typed on a keypad never pass there.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from protocols.rfc2217.words import SERVER_OFFSET, Control, ModemState
from protocols.rfc2217.words import Command as Setting
from protocols.serial_line import LineSettings
from protocols.telnet import IAC, Decoder, Option, Subnegotiation, Word, subnegotiation
from protocols.trace.apdus import swap_command, swap_response
from protocols.trace.events import (
    Atr,
    Card,
    CardState,
    Command,
    Direction,
    Line,
    Link,
    LinkState,
    PinEntry,
    Response,
    Words,
)
from protocols.vpcd import (
    AtrWanted,
    CardEnd,
    CardEvent,
    CommandArrived,
    Framer,
    PinWanted,
    PoweredOff,
    PoweredOn,
    WarmReset,
)
from sim.hosting.card_slot import CardCarrier, Contact
from sim.hosting.carrier import Carrier, Ear
from sim.recorder import Recorder

_SIGNALS: Final = {
    Control.DTR_ON: ("DTR", True),
    Control.DTR_OFF: ("DTR", False),
    Control.RTS_ON: ("RTS", True),
    Control.RTS_OFF: ("RTS", False),
    Control.BREAK_ON: ("BREAK", True),
    Control.BREAK_OFF: ("BREAK", False),
}
_ORDER: Final = ("DTR", "RTS", "CTS", "DSR", "CD", "RI", "BREAK")


def tap_carrier(
    carrier: Carrier, recorder: Recorder, channel: str, *, protocol: str, link: str, line: str = ""
) -> "TappedCarrier":
    """Open a channel and put a tap for it on a carrier. Raises: UnknownProtocolError."""
    recorder.channel(channel, protocol=protocol, link=link, line=line)
    return TappedCarrier(carrier, recorder, channel)


class TappedCarrier:
    """A device's carrier, overheard; satisfies Carrier and, towards the carrier behind it, Ear."""

    def __init__(self, carrier: Carrier, recorder: Recorder, channel: str) -> None:
        """`channel` is open in the recorder already."""
        self._carrier = carrier
        self._recorder = recorder
        self._channel = channel
        self._ear: Ear | None = None
        self._settings = ""
        self._up: set[str] = set()
        self._telnet = {direction: Decoder() for direction in Direction}

    # As the device sees it

    @property
    def address(self) -> str:
        """What a driver opens."""
        return self._carrier.address

    async def plug(self, ear: Ear) -> None:
        """Make the device reachable. Raises: OSError."""
        self._ear = ear
        await self._carrier.plug(self)
        self._link(LinkState.PLUGGED)

    async def pull(self) -> None:
        """Cut the connection."""
        await self._carrier.pull()
        if self._ear is not None:
            self._ear = None
            self._link(LinkState.PULLED)

    def write(self, data: bytes) -> None:
        """Send bytes to the driver."""
        self._recorder.stream(self._channel, Direction.FROM, data)
        self._carrier.write(data)

    def pause(self) -> None:
        """Take no more bytes for now."""
        self._carrier.pause()

    def resume(self) -> None:
        """Take bytes again."""
        self._carrier.resume()

    # As the carrier sees it

    def received(self, data: bytes) -> None:
        """Take bytes that the driver has sent."""
        self._recorder.stream(self._channel, Direction.TO, data)
        if self._ear is not None:
            self._ear.received(data)

    def line_set(self, settings: LineSettings | None) -> None:
        """Learn how the driver has set its end of the line."""
        self._stand("" if settings is None else str(settings), self._up)
        if self._ear is not None:
            self._ear.line_set(settings)

    def opened(self) -> None:
        """Learn that a driver has come."""
        self._telnet = {direction: Decoder() for direction in Direction}
        self._up = set()
        self._link(LinkState.OPENED)
        if self._ear is not None:
            self._ear.opened()

    def closed(self) -> None:
        """Learn that the driver has left."""
        self._link(LinkState.CLOSED)
        if self._ear is not None:
            self._ear.closed()

    # As a port server sees it

    def overheard(self, direction: Direction, data: bytes) -> None:
        """Take what passes in TELNET: its commands stand beside the bytes of the line."""
        for item in self._telnet[direction].receive(data):
            match item:
                case Word(word=word, option=option):
                    self._words(direction, bytes((IAC, word, option)))
                case Subnegotiation(option=option, payload=payload):
                    self._words(direction, subnegotiation(option, payload))
                    if option == Option.COM_PORT and len(payload) > 1:
                        self._signals(payload[0] % SERVER_OFFSET, payload[1])
                case _:
                    pass

    def _words(self, direction: Direction, data: bytes) -> None:
        now_ns = self._recorder.now_ns()
        self._recorder.add(
            Words(at_ns=now_ns, channel=self._channel, direction=direction, data=data)
        )

    def _signals(self, command: int, value: int) -> None:
        up = set(self._up)
        if command == Setting.CONTROL and value in _SIGNALS:
            name, on = _SIGNALS[Control(value)]
            (up.add if on else up.discard)(name)
        elif command == Setting.MODEMSTATE:
            for state in ModemState:
                (up.add if value & state else up.discard)(str(state.name))
        self._stand(self._settings, up)

    def _stand(self, settings: str, up: set[str]) -> None:
        """Note how the line stands when it stands otherwise than before."""
        if (settings, up) != (self._settings, self._up):
            self._settings, self._up = settings, up
            names: list[str] = [name for name in _ORDER if name in up]
            now_ns = self._recorder.now_ns()
            self._recorder.add(
                Line(at_ns=now_ns, channel=self._channel, settings=settings, up=names)
            )

    def _link(self, state: LinkState) -> None:
        self._recorder.add(Link(at_ns=self._recorder.now_ns(), channel=self._channel, state=state))


class TappedReader:
    """A card's way into a reader, overheard; satisfies CardCarrier and, towards the reader, Contact."""

    def __init__(
        self,
        carrier: CardCarrier,
        recorder: Recorder,
        channel: str,
        *,
        card: Callable[[], str] = str,
    ) -> None:
        """`channel` is open in the recorder already; `card` says which card is in."""
        self._carrier = carrier
        self._recorder = recorder
        self._channel = channel
        self._card = card
        self._contact: Contact | None = None
        self._to_card = CardEnd()
        self._from_card = Framer()
        self._asks: deque[type[CardEvent]] = deque()
        self._atr: bytes | None = None

    @property
    def address(self) -> str:
        """What a till opens."""
        return self._carrier.address

    def insert(self, contact: Contact) -> None:
        """Put the card in."""
        self._contact = contact
        self._state(CardState.INSERTED)
        self._carrier.insert(self)

    def remove(self) -> None:
        """Pull the card out."""
        self._contact = None
        self._lose()
        self._state(CardState.REMOVED)
        self._carrier.remove()

    def write(self, data: bytes) -> None:
        """Send bytes to the reader."""
        for payload in self._from_card.receive(data, self._recorder.now_ns()):
            self._answered(payload)
        self._carrier.write(data)

    def connected(self) -> None:
        """The card touches the reader's contacts."""
        self._forget()
        if self._contact is not None:
            self._contact.connected()

    def disconnected(self) -> None:
        """It no longer does."""
        self._lose()
        if self._contact is not None:
            self._contact.disconnected()

    def received(self, data: bytes) -> None:
        """Take bytes from the reader."""
        for event in self._to_card.receive(data, self._recorder.now_ns()):
            self._asked(event)
        if self._contact is not None:
            self._contact.received(data)

    def _asked(self, event: CardEvent) -> None:
        now_ns, channel = self._recorder.now_ns(), self._channel
        match event:
            case PoweredOn():
                self._state(CardState.POWERED)
            case PoweredOff():
                self._state(CardState.UNPOWERED)
                self._atr = None
            case WarmReset():
                self._state(CardState.RESET)
                self._atr = None
            case AtrWanted():
                self._asks.append(AtrWanted)
            case CommandArrived(apdu=apdu):
                self._asks.append(CommandArrived)
                data = swap_command(self._recorder.stand_ins, apdu)
                self._recorder.add(Command(at_ns=now_ns, channel=channel, data=data))
            case PinWanted(structure=structure):
                self._asks.append(PinWanted)
                self._recorder.add(PinEntry(at_ns=now_ns, channel=channel, data=structure))
            case _:
                pass

    def _answered(self, payload: bytes) -> None:
        now_ns, channel = self._recorder.now_ns(), self._channel
        asked = self._asks.popleft() if self._asks else None
        if asked is AtrWanted:
            # A reader asks again and again, to see whether the card is still there.
            if payload != self._atr:
                self._recorder.add(Atr(at_ns=now_ns, channel=channel, data=payload))
            self._atr = payload
        elif asked is not None:
            data = swap_response(self._recorder.stand_ins, payload)
            self._recorder.add(Response(at_ns=now_ns, channel=channel, data=data))

    def _lose(self) -> None:
        """Note that what was asked is never answered."""
        if any(asked is not AtrWanted for asked in self._asks):
            now_ns = self._recorder.now_ns()
            self._recorder.add(Response(at_ns=now_ns, channel=self._channel, data=b""))
        self._forget()

    def _forget(self) -> None:
        self._to_card = CardEnd()
        self._from_card = Framer()
        self._asks.clear()
        self._atr = None

    def _state(self, state: CardState) -> None:
        name = self._card() if state is CardState.INSERTED else ""
        self._recorder.add(
            Card(at_ns=self._recorder.now_ns(), channel=self._channel, state=state, name=name)
        )
