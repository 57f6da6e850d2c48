"""serial:///dev/ttyUSB0?baud=9600&bytesize=8&parity=none&stop=1&flow=none&dtr=on&rts=on

A serial port or a pty. pyserial opens and sets it, exclusively; then the descriptor itself is
watched, which costs a third of pyserial's own reading. A pty takes any rate but has 8 data bits and
no parity: other settings are ignored without a word or raise termios.error, by the kernel's age;
here both are a refusal.
"""

import errno
import fcntl
import os
import struct
import sys
import termios
from typing import Final

import serial

from devices.bus.descriptor import DescriptorLink
from devices.bus.holder import holder_of
from protocols.address import Address, AddressError
from protocols.ports import ByteLink, LinkDownError
from protocols.serial_line import (
    LINE_OPTIONS,
    Flow,
    LineSettings,
    Parity,
    StopBits,
    line_settings,
)

_PARITIES: Final = {
    Parity.NONE: serial.PARITY_NONE,
    Parity.ODD: serial.PARITY_ODD,
    Parity.EVEN: serial.PARITY_EVEN,
    Parity.MARK: serial.PARITY_MARK,
    Parity.SPACE: serial.PARITY_SPACE,
}
_STOPS: Final = {
    StopBits.ONE: serial.STOPBITS_ONE,
    StopBits.ONE_AND_A_HALF: serial.STOPBITS_ONE_POINT_FIVE,
    StopBits.TWO: serial.STOPBITS_TWO,
}
_SIZES: Final = {5: termios.CS5, 6: termios.CS6, 7: termios.CS7, 8: termios.CS8}
_CONTROL_FLAGS: Final = 2
_LEVELS: Final = {"on": True, "off": False}


class SerialBus:
    """Opens serial:// addresses; satisfies protocols.ports.Bus."""

    async def open(self, address: Address, *, deadline_ns: int) -> ByteLink:
        """Open a port; the kernel answers at once, so the deadline is not needed.

        Raises: LinkDownError naming the port and what to do; AddressError for a wrong option.
        """
        address.known(*LINE_OPTIONS, "dtr", "rts")
        settings = line_settings(address)
        port = serial.Serial(port=None, timeout=0, write_timeout=0, exclusive=True)
        port.port = address.place
        _apply(port, settings)
        for line in ("dtr", "rts"):
            if line in address.options:
                setattr(port, line, _level(address, line))
        try:
            port.open()
            descriptor = port.fileno()
            _check(port, settings)
        except (OSError, termios.error) as error:
            # serial.SerialException is an OSError, termios.error is not.
            raise LinkDownError(_why(address.place, settings, error)) from error
        return DescriptorLink(
            descriptor,
            name=address.place,
            waiting=lambda: _unsent(descriptor),
            shut=lambda: _shut(port, descriptor),
        )


BUS: Final = SerialBus()


def _apply(port: serial.Serial, settings: LineSettings) -> None:
    port.baudrate = settings.baud
    port.bytesize = settings.data_bits
    port.parity = _PARITIES[settings.parity]
    port.stopbits = _STOPS[settings.stop_bits]
    port.xonxoff = settings.flow is Flow.XON_XOFF
    port.rtscts = settings.flow is Flow.RTS_CTS
    port.dsrdtr = settings.flow is Flow.DTR_DSR


def _check(port: serial.Serial, settings: LineSettings) -> None:
    """See that the kernel has set what was asked: a pty forces 8 bits, no parity, without a word.

    Raises: termios.error, after closing the port.
    """
    flags = termios.tcgetattr(port.fileno())[_CONTROL_FLAGS]
    has_parity = bool(flags & termios.PARENB)
    if flags & termios.CSIZE == _SIZES[settings.data_bits] and has_parity is (
        settings.parity is not Parity.NONE
    ):
        return
    port.close()
    raise termios.error(errno.EINVAL, "the settings did not take")


def _level(address: Address, line: str) -> bool:
    text = address.options[line]
    if text not in _LEVELS:
        raise AddressError(f"{address}: {line}={text}: expected on or off")
    return _LEVELS[text]


def _why(port: str, settings: LineSettings, error: Exception) -> str:
    """Say what keeps the port from opening, and what to do about it."""
    match _error_number(error):
        case errno.ENOENT | errno.ENXIO | errno.ENODEV | errno.EIO:
            return (
                f"{port} is not there: plug the device in and switch it on, or correct the port's "
                "name in the configuration"
            )
        case errno.EBUSY | errno.EAGAIN:
            holder = holder_of(port) or "another program"
            return f"{port} is in use by {holder}: end that program, or choose another port"
        case errno.EACCES | errno.EPERM:
            group = "uucp" if sys.platform == "darwin" else "dialout"
            return (
                f"{port} may not be opened by this user: sudo usermod -aG {group} $USER, "
                "then log out and in again"
            )
        case errno.EINVAL:
            return (
                f"{port} cannot be set to {settings}: choose settings that it has (a virtual "
                "terminal has 8 data bits and no parity)"
            )
        case errno.ENOTTY | errno.EISDIR:
            return f"{port} is no serial port: correct the port's name in the configuration"
        case _:
            return f"{port} does not open: {error}. Check the device, or choose another port"


def _error_number(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    first = error.args[0] if error.args else None
    if isinstance(first, int):
        return first
    # pyserial wraps what tcgetattr says into a text without a number.
    return errno.ENOTTY if "Inappropriate ioctl" in str(error) or "(25," in str(error) else None


def _unsent(descriptor: int) -> int:
    """Return what the kernel still holds for the line; 0 where it does not tell."""
    try:
        answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0" * 4)
    except OSError:
        return 0
    count: int = struct.unpack("i", answer)[0]
    return count


def _shut(port: serial.Serial, descriptor: int) -> None:
    """Close the port at once: the kernel would wait up to 30 s for a stopped device to take bytes."""
    try:
        if _unsent(descriptor):
            termios.tcflush(descriptor, termios.TCOFLUSH)
    except termios.error:
        pass
    try:
        port.close()
    except (OSError, termios.error):
        # The descriptor is closed all the same, except where it was gone already.
        assert not _is_open(descriptor)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
