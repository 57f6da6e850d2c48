"""The trace of a bench: which channels there are, what a tester did on them, and its file."""

from collections.abc import Sequence
from pathlib import Path

from protocols.control import DeviceState, Event, Verb
from sim.control import Served
from sim.recorder import Recorder
from sim.trace_file import TraceFile
from sim.twin import Twin


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


def record_to(recorder: Recorder, file: Path) -> TraceFile:
    """Have everything that is recorded from now on in a file too. Raises: OSError naming it."""
    written = TraceFile(file, recorder.header)
    recorder.listen(written)
    return written
