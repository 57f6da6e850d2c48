"""The recorder: everything that passes on a bench's channels, on one clock, without secrets.

    taps  -->  swap secrets  -->  Recorder  -->  the newest EVENTS_KEPT, and whoever listens
    (sim.hosting.tapped, stage)                  (a file, a screen, a scenario's assertions)

A channel whose protocol is not in PROTOCOLS is refused: what cannot be decoded cannot be vouched for.
Listeners are called at once and must not raise. Times count from the recorder's birth.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final, TypeAlias

from protocols.control import Verb
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from protocols.trace.bank_messages import BankSwap
from protocols.trace.events import Bytes, Channel, Direction, Event, Header, Mark
from protocols.trace.reader_messages import ReaderSwap
from protocols.trace.stand_ins import StandIns
from protocols.trace.terminal_messages import TerminalSwap
from protocols.trace.text import Piece, TextSwap

EVENTS_KEPT: Final = 20_000
"""In memory; a file has all."""
HOLD_NS: Final = NANOSECONDS_PER_SECOND
"""After this long nothing more is expected of half a number."""
PROTOCOLS: Final = (
    *("escpos", "cd5220", "scanner", "swipe", "pin_pad", "hybrid"),
    *("iso8583", "zvt", "iso7816", "http"),
)
"""What can be decoded, and so be rid of secrets."""
_SECRET_ARGUMENTS: Final = ("digits", "pin")

Listener: TypeAlias = Callable[[Event], None]
Swap: TypeAlias = TextSwap | BankSwap | ReaderSwap | TerminalSwap
"""What takes the secrets out of one direction of a channel."""
_SWAPS: Final[dict[str, Callable[[StandIns], Swap]]] = {
    "iso8583": BankSwap,
    "zvt": TerminalSwap,
    "hybrid": ReaderSwap,
}
"""Of protocols whose secrets are not text."""


class UnknownProtocolError(ValueError):
    """This protocol cannot be recorded; the message names those that can."""


class Recorder:
    """Takes what the taps hear."""

    def __init__(self, *, clock: Clock, program: str = "ips-sim") -> None:
        self.header = Header(wall_ns=clock.now_ns(), program=program)
        self.stand_ins = StandIns()
        self._clock = clock
        self._began_ns = clock.monotonic_ns()
        self._channels: list[Channel] = []
        self._kept: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._streams: dict[tuple[str, Direction], Swap] = {}
        self._listeners: list[Listener] = []
        self._timer: asyncio.TimerHandle | None = None

    def now_ns(self) -> int:
        """Return the time in the trace."""
        return self._clock.monotonic_ns() - self._began_ns

    def listen(self, listener: Listener) -> None:
        """Tell this one of everything: the channels there are already, and what comes."""
        for channel in self._channels:
            listener(channel)
        self._listeners.append(listener)

    def channel(self, name: str, *, protocol: str, link: str, line: str = "") -> None:
        """Open a channel, once. Raises: UnknownProtocolError."""
        if protocol not in PROTOCOLS:
            known = ", ".join(PROTOCOLS)
            raise UnknownProtocolError(
                f"{name}: {protocol} cannot be recorded, since it cannot be decoded and may carry "
                f"secrets; what can: {known}"
            )
        assert all(name != each.channel for each in self._channels), "a channel has one name"
        channel = Channel(
            at_ns=self.now_ns(), channel=name, protocol=protocol, link=link, line=line
        )
        self._channels.append(channel)
        for listener in self._listeners:
            listener(channel)

    def stream(self, channel: str, direction: Direction, data: bytes) -> None:
        """Take bytes that passed; secrets may be split over several calls."""
        swap = self._streams.get((channel, direction))
        if swap is None:
            swap = self._streams[channel, direction] = self._swap(channel)
        self._passed(channel, direction, swap.take(self.now_ns(), data))
        if swap.holds:
            self._settle_later()

    def add(self, event: Event) -> None:
        """Take an event that holds no secret any more."""
        self._kept.append(event)
        for listener in self._listeners:
            listener(event)

    def mark(self, text: str, channel: str = "") -> None:
        """Note in words what a tester or a scenario did."""
        text = self.stand_ins.text(text.encode()).decode()
        self.add(Mark(at_ns=self.now_ns(), channel=channel, text=text))

    def verb(self, verb: Verb, channel: str) -> None:
        """Note what was done to a device; digits of a PIN are told by their number."""
        arguments = [
            f"{name}={'*' * len(value) if name in _SECRET_ARGUMENTS else value}"
            for name, value in verb.arguments.items()
        ]
        self.mark(" ".join((verb.verb, *arguments)), channel)

    def settle(self) -> None:
        """Let go what is held back: nothing follows."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for (channel, direction), swap in self._streams.items():
            self._passed(channel, direction, swap.flush())

    def events(self) -> Sequence[Event]:
        """Return every channel and what is kept, in the order of time."""
        self.settle()
        return sorted((*self._channels, *self._kept), key=attrgetter("at_ns"))

    def _swap(self, channel: str) -> Swap:
        protocol = next((each.protocol for each in self._channels if each.channel == channel), "")
        return _SWAPS.get(protocol, TextSwap)(self.stand_ins)

    def _passed(self, channel: str, direction: Direction, pieces: Sequence[Piece]) -> None:
        for at_ns, data in pieces:
            self.add(Bytes(at_ns=at_ns, channel=channel, direction=direction, data=data))

    def _settle_later(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(HOLD_NS / NANOSECONDS_PER_SECOND, self.settle)
