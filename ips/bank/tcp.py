"""Dials a bank over TCP, and gives a ByteLink (protocols.ports)."""

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from ips.config import split_address
from protocols.ports import LINK_PENDING_BYTES_MAX, ByteLink, LinkDownError


async def dial(address: str) -> ByteLink:
    """Dial HOST:PORT. Raises: LinkDownError; the caller sets the deadline."""
    host, port = split_address(address)
    try:
        _, link = await asyncio.get_running_loop().create_connection(_Link, host, port)
    except OSError as error:
        raise LinkDownError(f"{address}: {error.strerror or error}") from error
    return link


class _Link(asyncio.Protocol):
    """The broker's end of a connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received: Callable[[bytes], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._early = bytearray()
        self._gone: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own are none of asyncio's classes, only like them.
        self._transport = cast("asyncio.Transport", transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if self._received is None:
            self._early += data
        else:
            self._received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._gone = str(error) if error else "the bank has hung up"
        if self._lost is not None:
            lost, self._lost = self._lost, None
            lost(self._gone)

    def attach(self, received: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Begin to hear; see ByteLink."""
        self._received, self._lost = received, lost
        if self._early:
            received(bytes(self._early))
            self._early.clear()
        if self._gone is not None:
            asyncio.get_running_loop().call_soon(lost, self._gone)

    def write(self, data: bytes) -> None:
        """Send; see ByteLink."""
        if self._transport is None:
            return
        if self.pending() + len(data) > LINK_PENDING_BYTES_MAX:
            self._transport.abort()
        else:
            self._transport.write(data)

    def pending(self) -> int:
        """Count what has not left; see ByteLink."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Close at once; see ByteLink."""
        self._lost = None
        if self._transport is not None:
            self._transport.abort()
