"""What equipment is reached over: a carrier for every device, the same twins on each.

memory    both ends in this program: for virtual time
pty       a pseudo-terminal under a stable name        cards: in memory
tcp       a listening socket on loopback               cards: in memory
rfc2217   a port server on loopback, with its lines    cards: in memory
pcsc      ptys                                         cards: in readers of a private pcscd
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final, Protocol

from protocols.ports import Clock
from protocols.serial_line import LineSettings
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import CardCarrier
from sim.hosting.carrier import Carrier
from sim.hosting.memory import MemoryCarrier

EXCHANGE_NS: Final = 1_000_000
"""How long a command to a card takes in memory, so that others get their turn."""


class Wire(Enum):
    """What equipment is reached over."""

    MEMORY = "memory"
    PTY = "pty"
    TCP = "tcp"
    RFC2217 = "rfc2217"
    PCSC = "pcsc"

    @property
    def real(self) -> bool:
        """Say whether it is outside this program, where time passes by itself."""
        return self is not Wire.MEMORY


class Ground(Protocol):
    """Where equipment stands."""

    def carrier(self, name: str, line: LineSettings) -> Carrier:
        """Return what a device's bytes travel on."""
        ...

    def reader(self, name: str) -> CardCarrier:
        """Return a card reader."""
        ...


class MemoryGround:
    """Everything in this program."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def carrier(self, name: str, line: LineSettings) -> Carrier:
        """Return what a device's bytes travel on."""
        return MemoryCarrier(name)

    def reader(self, name: str) -> CardCarrier:
        """Return a card reader, reachable as sim://name."""
        made = MemoryReader(name, clock=self._clock, latency_ns=EXCHANGE_NS)
        made.offer()
        return made


@contextmanager
def standing(wire: Wire, *, folder: Path, clock: Clock) -> Iterator[Ground]:
    """Give where worlds of this wire stand, one after the other; `folder` has room for stable names.

    Raises: OSError with what is missing.
    """
    if wire is Wire.MEMORY:
        yield MemoryGround(clock)
        return
    # Loaded when asked for: a world in memory opens no port.
    from sim.stage.world.ports import PortGround

    with PortGround(wire, folder=folder, clock=clock) as ground:
        yield ground
