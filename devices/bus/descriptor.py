"""An open, non-blocking descriptor on the event loop: what a serial port is once it is open.

asyncio's own transports are not used: they take a tty for a pipe and lose what is in it at the end.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final

from protocols.ports import LINK_PENDING_BYTES_MAX

READ_BYTES: Final = 64 * 1024
"""Taken from the kernel in one go; a tty never holds more."""
WRITE_BYTES: Final = 64 * 1024
"""Offered to the kernel in one go, so that a long print does not copy its rest again and again."""


class DescriptorLink:
    """A byte link over a descriptor; satisfies protocols.ports.ByteLink."""

    def __init__(
        self,
        descriptor: int,
        *,
        name: str,
        waiting: Callable[[], int],
        shut: Callable[[], None],
    ) -> None:
        """Take over a descriptor. `waiting` tells what the kernel still holds, `shut` closes it."""
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._name = name
        self._waiting = waiting
        self._shut = shut
        self._unsent = bytearray()
        self._open = True
        self._received: Callable[[bytes], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._reason: str | None = None
        os.set_blocking(descriptor, False)

    def attach(self, received: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Begin to read; see ByteLink."""
        assert self._received is None, "attach once"
        self._received = received
        self._lost = lost
        if self._open:
            self._loop.add_reader(self._descriptor, self._read)
        elif self._reason is not None:
            self._loop.call_soon(self._tell)

    def write(self, data: bytes) -> None:
        """Send what the kernel takes now and keep the rest; see ByteLink."""
        if not self._open or not data:
            return
        if len(self._unsent) + len(data) > LINK_PENDING_BYTES_MAX:
            self._end(f"{self._name} takes no data: {len(self._unsent)} bytes wait to be sent")
            return
        idle = not self._unsent
        self._unsent += data
        if idle:
            self._flush()
            # Empty as well when the device turned out to be gone.
            if self._unsent:
                self._loop.add_writer(self._descriptor, self._flush)

    def pending(self) -> int:
        """Count what waits here and in the kernel; see ByteLink."""
        return len(self._unsent) + (self._waiting() if self._open else 0)

    def close(self) -> None:
        """Close; what the kernel still holds is thrown away rather than waited for."""
        self._reason = None
        self._lost = None
        self._release()

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(f"{self._name} is gone ({error.strerror}): check its cable")
            return
        if not data:
            self._end(f"{self._name} is gone: check its cable")
        elif self._received is not None:
            self._received(data)

    def _flush(self) -> None:
        """Send as much as the kernel takes."""
        try:
            while self._unsent:
                sent = os.write(self._descriptor, self._unsent[:WRITE_BYTES])
                del self._unsent[:sent]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(f"{self._name} is gone ({error.strerror}): check its cable")
            return
        self._loop.remove_writer(self._descriptor)

    def _end(self, reason: str) -> None:
        """Close, and tell the owner from a fresh callback: it may be in the middle of a write."""
        if self._open:
            self._release()
            self._reason = reason
            if self._lost is not None:
                self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        if self._lost is not None and self._reason is not None:
            lost, self._lost = self._lost, None
            lost(self._reason)

    def _release(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            self._unsent.clear()
            self._shut()
