"""A twin on a listening socket, on loopback only: for a driver, a network device.

One driver at a time, as most printers have it: a second one is let in and shut out at once. A
pulled cable is a device that was switched off: the connection is reset, nobody listens.
"""

import asyncio
import socket
import struct
from typing import Final

from protocols.ports import LINK_PENDING_BYTES_MAX
from sim.hosting.carrier import Ear

LOOPBACK: Final = "127.0.0.1"


class TcpCarrier:
    """The device's end of a TCP connection."""

    def __init__(self, *, port: int = 0) -> None:
        """Serve at this port of loopback; 0 takes a free one, and keeps it while pulled."""
        self._port = port
        self._ear: Ear | None = None
        self._server: asyncio.Server | None = None
        self._driver: _Driver | None = None

    @property
    def address(self) -> str:
        """What a driver opens."""
        return f"tcp://{LOOPBACK}:{self._port}"

    @property
    def port(self) -> int:
        """Where it listens; 0 until it was first plugged."""
        return self._port

    async def plug(self, ear: Ear) -> None:
        """Listen. Raises: OSError when the port is taken."""
        assert self._server is None, "it is plugged already"
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Driver(self), LOOPBACK, self._port, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self._ear = ear

    async def pull(self) -> None:
        """Reset the driver's connection and listen no more."""
        self._ear = None
        if self._driver is not None:
            self._driver.reset()
            self._driver = None
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            await server.wait_closed()

    def write(self, data: bytes) -> None:
        """Send bytes to the driver."""
        if self._driver is not None:
            self._driver.write(data)

    def pause(self) -> None:
        """Leave the driver's bytes in the kernel."""
        if self._driver is not None:
            self._driver.pause()

    def resume(self) -> None:
        """Take bytes again."""
        if self._driver is not None:
            self._driver.resume()

    def arrived(self, driver: "_Driver") -> bool:
        """Let a driver in, unless there is one; its connection calls this."""
        if self._driver is not None or self._ear is None:
            return False
        self._driver = driver
        self._ear.opened()
        return True

    def heard(self, data: bytes) -> None:
        """Hand on what the driver has sent; its connection calls this."""
        if self._ear is not None:
            self._ear.received(data)

    def left(self, driver: "_Driver") -> None:
        """Let the driver go; its connection calls this."""
        if self._driver is driver:
            self._driver = None
            if self._ear is not None:
                self._ear.closed()


class _Driver(asyncio.Protocol):
    """One connection of a driver."""

    def __init__(self, carrier: TcpCarrier) -> None:
        self._carrier = carrier
        self._transport: asyncio.Transport | None = None
        self._welcome = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._welcome = self._carrier.arrived(self)
        if not self._welcome:
            transport.abort()
            return
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if self._welcome:
            self._carrier.heard(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._welcome:
            self._carrier.left(self)

    def write(self, data: bytes) -> None:
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size() + len(data) > LINK_PENDING_BYTES_MAX:
            self._transport.abort()
        else:
            self._transport.write(data)

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def reset(self) -> None:
        """End the connection without a farewell: lingering 0 makes it a reset."""
        self._welcome = False
        if self._transport is not None:
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
