"""tcp://host:port  a raw TCP stream, such as a network printer's port 9100.

A peer that vanishes without a word (cable, power) is noticed by keep-alive within half a minute,
and by unacknowledged data within SILENCE_MAX_S.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from protocols.address import Address
from protocols.ports import (
    LINK_PENDING_BYTES_MAX,
    NANOSECONDS_PER_SECOND,
    ByteLink,
    LinkDownError,
)

KEEPALIVE_AFTER_S: Final = 10
KEEPALIVE_EVERY_S: Final = 5
KEEPALIVE_ATTEMPTS_MAX: Final = 4
SILENCE_MAX_S: Final = 30
"""How long data may stay unacknowledged by the peer's machine."""


class TcpLink(asyncio.Protocol):
    """A byte link over one TCP connection; satisfies protocols.ports.ByteLink."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received: Callable[[bytes], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._reason: str | None = None

    def attach(self, received: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Begin to hear; see ByteLink."""
        assert self._received is None, "attach once"
        self._received = received
        self._lost = lost
        self._loop.call_soon(self._begin)

    def write(self, data: bytes) -> None:
        """Queue bytes; see ByteLink."""
        if self._transport is None or not data:
            return
        waiting = self._transport.get_write_buffer_size()
        if waiting + len(data) > LINK_PENDING_BYTES_MAX:
            self._end(f"{self._name} takes no data: {waiting} bytes wait to be sent")
            return
        self._transport.write(data)

    def pending(self) -> int:
        """Count what the kernel has not taken yet; see ByteLink."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Close at once; see ByteLink."""
        self._lost = None
        self._reason = self._reason or "closed"
        self._drop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection (asyncio calls this)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # Nobody listens yet: what arrives stays in the kernel, and the peer feels it.
        transport.pause_reading()
        _watch_peer(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """Hand on what arrived (asyncio calls this)."""
        if self._received is not None and self._reason is None:
            self._received(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell that the connection has ended (asyncio calls this)."""
        said = f" ({error})" if error is not None else ""
        self._end(f"{self._name} has ended the connection{said}: is the device still on?")

    def _begin(self) -> None:
        if self._reason is not None:
            self._tell()
        elif self._transport is not None:
            self._transport.resume_reading()

    def _end(self, reason: str) -> None:
        if self._reason is None:
            self._reason = reason
            self._drop()
            if self._lost is not None:
                self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        if self._lost is not None and self._reason is not None:
            lost, self._lost = self._lost, None
            lost(self._reason)

    def _drop(self) -> None:
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.abort()


class TcpBus:
    """Opens tcp:// addresses; satisfies protocols.ports.Bus."""

    async def open(self, address: Address, *, deadline_ns: int) -> ByteLink:
        """Connect before the deadline. Raises: LinkDownError, AddressError."""
        address.known()
        return await connect(address, deadline_ns=deadline_ns)


BUS: Final = TcpBus()


async def connect(address: Address, *, deadline_ns: int) -> TcpLink:
    """Connect to an address's host and port. Raises: LinkDownError, AddressError."""
    host, port = address.endpoint()
    name = f"{host}:{port}"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(deadline_ns / NANOSECONDS_PER_SECOND):
            _, link = await loop.create_connection(lambda: TcpLink(name), host, port)
    except ConnectionRefusedError as error:
        raise LinkDownError(
            f"nobody answers at {name}: switch the device on, check its address and port"
        ) from error
    except socket.gaierror as error:
        raise LinkDownError(
            f"the name {host} is unknown ({error.strerror}): check it, or write the number"
        ) from error
    except TimeoutError as error:
        raise LinkDownError(
            f"{name} did not answer in time: is the device on and in this network?"
        ) from error
    except OSError as error:
        raise LinkDownError(f"{name} cannot be reached: {error.strerror or error}") from error
    return link


def _watch_peer(connection: socket.socket) -> None:
    """Have the kernel notice a peer that is gone without a word."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": KEEPALIVE_AFTER_S,
        "TCP_KEEPINTVL": KEEPALIVE_EVERY_S,
        "TCP_KEEPCNT": KEEPALIVE_ATTEMPTS_MAX,
        "TCP_USER_TIMEOUT": SILENCE_MAX_S * 1_000,
    }
    for option, value in options.items():
        # Not every system has them all; keep-alive then has the system's own times.
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
