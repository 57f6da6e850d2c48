"""A twin behind a port server on loopback: for a driver, a serial port with all its lines.

Everything that a pty hides can be seen here: data bits, parity, DTR, RTS, break. A wrong line
garbles what is sent, and the driver hears of the framing errors.
"""

from collections.abc import Callable
from typing import Final

from protocols.ports import LINK_PENDING_BYTES_MAX
from protocols.rfc2217.server import LineSet, Sent, Server, Signals
from protocols.rfc2217.words import LineState, ModemState
from protocols.serial_line import LineSettings
from protocols.trace.events import Direction
from sim.hosting.carrier import Ear
from sim.hosting.tcp import LOOPBACK, TcpCarrier

SIGNATURE: Final = "Intermarket virtual serial port"
READY: Final = ModemState.CTS | ModemState.DSR | ModemState.CD
"""What a device that is switched on and ready shows."""


class Rfc2217Carrier:
    """The device's end of a serial port that a driver reaches over TCP."""

    def __init__(self, *, line: LineSettings, port: int = 0) -> None:
        """Serve a device that is set so."""
        self._line = line
        self._tcp = TcpCarrier(port=port)
        self._ear: Ear | None = None
        self._server: Server | None = None
        self._lines = READY
        self._overheard: Callable[[Direction, bytes], None] | None = None

    def overhear(self, overheard: Callable[[Direction, bytes], None]) -> None:
        """Tell this one of everything that passes in TELNET, commands and bytes."""
        self._overheard = overheard

    @property
    def address(self) -> str:
        """What a driver opens, with the settings that the device expects."""
        line = self._line
        return (
            f"rfc2217://{LOOPBACK}:{self._tcp.port}?baud={line.baud}&bytesize={line.data_bits}"
            f"&parity={line.parity.value}&stop={line.stop_bits.value}"
        )

    async def plug(self, ear: Ear) -> None:
        """Listen. Raises: OSError when the port is taken."""
        self._ear = ear
        await self._tcp.plug(self)

    async def pull(self) -> None:
        """Reset the driver's connection and listen no more."""
        self._ear = None
        self._server = None
        await self._tcp.pull()

    def write(self, data: bytes) -> None:
        """Send bytes to the driver; without one, or one that says suspend for long, they are lost."""
        if self._server is not None and self._server.pending() < LINK_PENDING_BYTES_MAX:
            self._server.send(data)
            self._push()

    @property
    def signals(self) -> Signals | None:
        """What the driver drives; None without a driver."""
        return None if self._server is None else self._server.signals

    def show_lines(self, lines: ModemState) -> None:
        """Say which lines the device drives, also to every driver that comes."""
        self._lines = lines
        if self._server is not None:
            self._server.show_lines(lines)
            self._push()

    def show_break(self) -> None:
        """Say that the device has sent a break; as with a real port, a zero byte comes with it."""
        if self._server is not None:
            self._server.notice(LineState.BREAK)
            self.write(b"\0")

    def pause(self) -> None:
        """Leave the driver's bytes in the kernel."""
        self._tcp.pause()

    def resume(self) -> None:
        """Take bytes again."""
        self._tcp.resume()

    def opened(self) -> None:
        """Meet a driver; the connection calls this."""
        self._server = Server(self._line, signature=SIGNATURE)
        self._server.show_lines(self._lines)
        if self._ear is not None:
            self._ear.opened()
        self._push()

    def closed(self) -> None:
        """See the driver off; the connection calls this."""
        self._server = None
        if self._ear is not None:
            self._ear.line_set(None)
            self._ear.closed()

    def line_set(self, settings: LineSettings | None) -> None:
        """Ignored: a bare TCP connection has no line."""

    def received(self, data: bytes) -> None:
        """Take what the driver has sent; the connection calls this."""
        if self._server is None:
            return
        if self._overheard is not None:
            self._overheard(Direction.TO, data)
        for event in self._server.receive(data):
            match event:
                case Sent(data=sent) if self._ear is not None:
                    self._note_errors()
                    self._ear.received(sent)
                case LineSet(settings=settings) if self._ear is not None:
                    self._ear.line_set(settings)
                case _:
                    pass
        self._push()

    def _note_errors(self) -> None:
        """Tell the driver of framing errors when it is set another way than the device."""
        if self._server is not None and not self._line.understands(self._server.settings):
            self._server.notice(LineState.FRAMING_ERROR)

    def _push(self) -> None:
        if self._server is not None:
            data = self._server.outgoing()
            if data:
                if self._overheard is not None:
                    self._overheard(Direction.FROM, data)
                self._tcp.write(data)
