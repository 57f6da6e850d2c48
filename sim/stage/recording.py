"""Who looks at the wires of a bench: a recorder, a hold, both or nobody; and the trace's file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from protocols.control import DeviceState, Event, Verb
from sim.control import Served
from sim.hosting.card_slot import CardCarrier
from sim.hosting.carrier import Carrier
from sim.hosting.held import HeldCarrier, HeldReader, Hold
from sim.hosting.rfc2217 import Rfc2217Carrier
from sim.hosting.tapped import TappedReader, tap_carrier
from sim.recorder import Recorder
from sim.trace_file import TraceFile
from sim.twin import Twin

if TYPE_CHECKING:
    from sim.hosting.tapped_host import HostTap


CARDS: Final = "iso7816"
"""What is spoken with cards, as a trace names it."""


def device_channel(name: str) -> str:
    """Return the channel of a device that is reached by bytes, whatever wire carries them."""
    return f"tty:{name}"


def card_channel(name: str) -> str:
    """Return the channel of a card slot."""
    return f"card:{name}"


def host_channel(name: str) -> str:
    """Return the channel to a host."""
    return f"net:{name}"


class Noted:
    """A served device whose verbs stand in the trace; satisfies sim.control.Served."""

    def __init__(self, served: Served, recorder: Recorder, channel: str) -> None:
        self._served = served
        self._recorder = recorder
        self._channel = channel

    @property
    def name(self) -> str:
        """What the bench calls it."""
        return self._served.name

    @property
    def twin(self) -> Twin:
        """The device itself."""
        return self._served.twin

    @property
    def address(self) -> str:
        """What a driver opens."""
        return self._served.address

    async def start(self) -> None:
        """Make it reachable. Raises: OSError."""
        await self._served.start()

    async def stop(self) -> None:
        """Make it unreachable for good."""
        await self._served.stop()

    async def do(self, verb: Verb) -> None:
        """Carry out a verb, noted before what it brings about. Raises: VerbError, OSError."""
        self._recorder.verb(verb, self._channel)
        await self._served.do(verb)

    def state(self) -> DeviceState:
        """Return it as the control interface shows it."""
        return self._served.state()

    def history(self) -> Sequence[Event]:
        """Return what happened, oldest first."""
        return self._served.history()


class Watch:
    """A recorder that hears everything, a hold that may keep it waiting; each may be missing."""

    def __init__(self, recorder: Recorder | None = None, hold: Hold | None = None) -> None:
        self.recorder = recorder
        self.hold = hold

    def carrier(
        self, carrier: Carrier, name: str, *, protocol: str, link: str, line: str = ""
    ) -> Carrier:
        """Return what a device is plugged into: what is let through is what is recorded.

        Raises: UnknownProtocolError.
        """
        inner, channel = carrier, device_channel(name)
        if self.hold is not None:
            carrier = HeldCarrier(carrier, self.hold, name)
        if self.recorder is None:
            return carrier
        tapped = tap_carrier(
            carrier, self.recorder, channel, protocol=protocol, link=link, line=line
        )
        if isinstance(inner, Rfc2217Carrier):
            inner.overhear(tapped.overheard)
        return tapped

    def reader(
        self, carrier: CardCarrier, name: str, *, link: str, card: Callable[[], str] = str
    ) -> CardCarrier:
        """Return what a card slot is before; `card` says which card is in."""
        if self.hold is not None:
            carrier = HeldReader(carrier, self.hold, name)
        if self.recorder is None:
            return carrier
        channel = card_channel(name)
        self.recorder.channel(channel, protocol=CARDS, link=link)
        return TappedReader(carrier, self.recorder, channel, card=card)

    def host(self, name: str, *, link: str) -> "HostTap | None":
        """Return the tap on the messages to a host."""
        if self.recorder is None:
            return None
        # Loaded where there is a host: devices need no cryptography.
        from sim.hosting.tapped_host import HostTap

        return HostTap(self.recorder, host_channel(name), link=link)

    def noted(self, served: Served, channel: str) -> Served:
        """Return a device whose verbs stand in the trace."""
        return served if self.recorder is None else Noted(served, self.recorder, channel)

    async def passage(self, label: str) -> None:
        """Wait until a message may pass."""
        if self.hold is not None:
            await self.hold.passage(label)


def record_to(recorder: Recorder, file: Path) -> TraceFile:
    """Have everything that is recorded from now on in a file too. Raises: OSError naming it."""
    written = TraceFile(file, recorder.header)
    recorder.listen(written)
    return written
