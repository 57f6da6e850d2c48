"""A twin on a pseudo-terminal: for a driver, a serial port.

The driver opens the slave, or a stable name that links to it. This end keeps a slave open too, so
that the master never sees a hang-up between two drivers. Packet mode with EXTPROC tells when the
driver has set the line: the rate can be seen, and so can a wrong one; data bits, parity, modem lines
and break cannot, since a pty has none (use RFC 2217 for those).
Source: tty_ioctl(4) on TIOCPKT, termios(3) on EXTPROC.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import socket
import struct
import termios
import tty
from pathlib import Path
from typing import Final

from protocols.ports import LINK_PENDING_BYTES_MAX
from protocols.serial_line import BAUD_MAX, LineSettings
from sim.hosting.carrier import Ear

_TIOCPKT_DATA: Final = 0x00
_TIOCPKT_IOCTL: Final = 0x40
_EXTPROC: Final = 0o200000
_TCGETS2: Final = 0x802C542A
_TERMIOS2: Final = struct.Struct("=4IB19s2I")
_LFLAG: Final = 3
_READ_BYTES: Final = 65_536


class PtyCarrier:
    """The device's end of a pseudo-terminal."""

    def __init__(self, *, line: LineSettings, link: Path | None = None) -> None:
        """Serve a device that is set so, under a stable name if one is given."""
        self._line = line
        self._link = link
        self._name = ""
        self._ear: Ear | None = None
        self._master = -1
        self._slave = -1
        self._claim: socket.socket | None = None
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()

    @property
    def address(self) -> str:
        """What a driver opens, with the rate that the device expects."""
        return f"serial://{self._link or self._name}?baud={self._line.baud}"

    async def plug(self, ear: Ear) -> None:
        """Make a new pseudo-terminal under the same name. Raises: OSError when the name is taken."""
        assert self._ear is None, "it is plugged already"
        self._master, self._slave = os.openpty()
        try:
            tty.setraw(self._slave)
            self._tell_changes()
            self._name = os.ttyname(self._slave)
            if self._link is not None:
                self._claim = _claim(self._link)
                _point(self._link, self._name)
        except OSError:
            self._release()
            raise
        os.set_blocking(self._master, False)
        self._ear = ear
        self._loop.add_reader(self._master, self._read)

    async def pull(self) -> None:
        """Hang up; the port is gone, as a USB adapter's is."""
        if self._ear is None:
            return
        self._ear = None
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        if self._link is not None and _target(self._link) == self._name:
            self._link.unlink()
        self._release()

    def write(self, data: bytes) -> None:
        """Send bytes to the driver; what nobody reads for long is lost, as on a serial port."""
        if self._ear is None or len(self._unsent) + len(data) > LINK_PENDING_BYTES_MAX:
            return
        idle = not self._unsent
        self._unsent += data
        if idle:
            self._flush()
            if self._unsent:
                self._loop.add_writer(self._master, self._flush)

    def pause(self) -> None:
        """Leave the driver's bytes in the kernel."""
        if self._ear is not None:
            self._loop.remove_reader(self._master)

    def resume(self) -> None:
        """Take bytes again."""
        if self._ear is not None:
            self._loop.add_reader(self._master, self._read)

    def _tell_changes(self) -> None:
        """Have the kernel say when the driver sets the line."""
        attributes = termios.tcgetattr(self._slave)
        attributes[_LFLAG] |= _EXTPROC
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)
        fcntl.ioctl(self._master, termios.TIOCPKT, struct.pack("i", 1))

    def _read(self) -> None:
        try:
            packet = os.read(self._master, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        if self._ear is None or not packet:
            return
        if packet[0] == _TIOCPKT_DATA:
            self._ear.received(packet[1:])
        elif packet[0] & _TIOCPKT_IOCTL:
            self._ear.line_set(self._driver_line())

    def _driver_line(self) -> LineSettings | None:
        """Return the rate that the driver has set, with all else as the device has it."""
        try:
            raw = fcntl.ioctl(self._master, _TCGETS2, bytes(_TERMIOS2.size))
        except OSError:
            return None
        baud = _TERMIOS2.unpack(raw)[-1]
        if not 0 < baud <= BAUD_MAX:
            return None
        line = self._line
        return LineSettings(
            baud=baud, data_bits=line.data_bits, parity=line.parity, stop_bits=line.stop_bits
        )

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while self._unsent:
                sent = os.write(self._master, self._unsent[:_READ_BYTES])
                del self._unsent[:sent]
            self._loop.remove_writer(self._master)

    def _release(self) -> None:
        self._unsent.clear()
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._slave = -1
        if self._claim is not None:
            self._claim.close()
            self._claim = None


def _claim(link: Path) -> socket.socket:
    """Take a name for this device alone; return what holds it. Raises: OSError.

    A socket of an abstract name is bound: it ends with its holder, however that ends, and leaves
    nothing behind. The terminal's number would prove nothing: a killed bench's goes to the next
    program that asks for one, and that may be another bench. Source: unix(7), abstract sockets.
    """
    place = hashlib.sha256(os.fsencode(link.parent.resolve() / link.name)).hexdigest()
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        holder.bind(f"\0intermarket-bench-{place}")
    except OSError as error:
        holder.close()
        raise FileExistsError(f"{link} belongs to a bench that is running: end it first") from error
    return holder


def _point(link: Path, name: str) -> None:
    """Make a claimed link point to the terminal. Raises: OSError for what is no link of a bench."""
    if os.path.lexists(link):
        target = _target(link)
        if target is None or not target.startswith("/dev/pts/"):
            raise FileExistsError(f"{link} is there and no link to a terminal: choose another name")
        link.unlink()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(name)


def _target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:
        return None
