"""Real ports for a world's equipment: ptys, sockets on loopback, readers of a private pcscd.

libpcsclite looks for its daemon once a process, so one ground serves all worlds of a program.
"""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from protocols.ports import Clock
from protocols.serial_line import LineSettings
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import CardCarrier
from sim.hosting.card_socket import ReaderCarrier
from sim.hosting.carrier import Carrier
from sim.hosting.pcscd import DaemonError, PrivateDaemon, ReaderDriver, ReaderPlan
from sim.hosting.pty import PtyCarrier
from sim.hosting.rfc2217 import Rfc2217Carrier
from sim.hosting.tcp import TcpCarrier
from sim.stage.world.equipment import SLOTS
from sim.stage.world.wires import EXCHANGE_NS, Wire


class PortGround:
    """Everything outside this program."""

    def __init__(self, wire: Wire, *, folder: Path, clock: Clock) -> None:
        """Plan it; entering opens what it needs."""
        self._wire = wire
        self._folder = folder
        self._clock = clock
        self._sockets: Path | None = None
        self._daemon: PrivateDaemon | None = None

    def __enter__(self) -> Self:
        """Start the card daemon, where cards are real. Raises: OSError with what is missing."""
        if self._wire is Wire.PCSC:
            # A short folder: a socket's path has 107 bytes at most.
            self._sockets = Path(tempfile.mkdtemp(prefix="ips"))
            plans = tuple(
                ReaderPlan(name=_reader(name), driver=ReaderDriver.OURS_WITH_KEYPAD)
                for name in SLOTS
            )
            try:
                self._daemon = PrivateDaemon(self._sockets / "d", plans, clock=self._clock)
                self._daemon.start()
            except DaemonError as error:
                self._let_go()
                raise OSError(str(error)) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what was started."""
        self._let_go()

    def carrier(self, name: str, line: LineSettings) -> Carrier:
        """Return what a device's bytes travel on."""
        match self._wire:
            case Wire.TCP:
                return TcpCarrier()
            case Wire.RFC2217:
                return Rfc2217Carrier(line=line)
            case _:
                return PtyCarrier(line=line, link=self._folder / name)

    def reader(self, name: str) -> CardCarrier:
        """Return a card reader."""
        if self._daemon is not None:
            reader = _reader(name)
            return ReaderCarrier(
                self._daemon.dial(reader), reader=reader, daemon=self._daemon.client_socket
            )
        made = MemoryReader(name, clock=self._clock, latency_ns=EXCHANGE_NS)
        made.offer()
        return made

    def _let_go(self) -> None:
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None


def _reader(name: str) -> str:
    return f"IPS {name}"
