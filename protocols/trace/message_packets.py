"""Messages to a host as the IP packets that would have carried them: HTTP/1.1, a connection each.

    request    SYN, SYN ACK, ACK, data ...        answer    data ..., FIN ACK, FIN ACK, ACK

A request that was never answered is a connection that stays open. Source: RFC 791, 9293, 9112.
"""

import struct
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from protocols.trace.events import Answer, Request

_TILL: Final = bytes((10, 0, 0, 1))
_HOST_PORT: Final = 80
_PORTS: Final = 49_152
"""The first of the ephemeral ports; a connection takes the next one."""
_SEGMENT_BYTES: Final = 1_460
_WINDOW: Final = 65_535
_FIN, _SYN, _PUSH, _ACK = 0x01, 0x02, 0x08, 0x10


class Conversation:
    """Everything said to one host."""

    def __init__(self, host: int) -> None:
        """`host` tells the hosts of a trace apart: 0 is 10.0.0.2."""
        self._host = bytes((10, 0, host // 250, 2 + host % 250))
        self._open: dict[int, _Connection] = {}

    def request(self, request: Request) -> Iterator[bytes]:
        """Return the packets of a request."""
        connection = self._open[request.number] = _Connection(self._host, request.number)
        head = [f"{request.method} {request.path} HTTP/1.1", "Host: host.test"]
        yield from connection.begin()
        yield from connection.send(_message(head, request.content_type, request.data))

    def answer(self, answer: Answer) -> Iterator[bytes]:
        """Return the packets of an answer; none of one that never came."""
        connection = self._open.pop(answer.number, None)
        if connection is None or not answer.status:
            return
        known = answer.status in tuple(HTTPStatus)
        reason = HTTPStatus(answer.status).phrase if known else ""
        head = [f"HTTP/1.1 {answer.status} {reason}".rstrip(), "Connection: close"]
        yield from connection.turn().send(_message(head, answer.content_type, answer.data))
        yield from connection.end()


class _Connection:
    """One TCP connection, seen from whoever speaks now."""

    def __init__(self, host: bytes, number: int) -> None:
        self._ends = [(_TILL, _PORTS + number % 16_000), (host, _HOST_PORT)]
        self._sequences = [1_000, 5_000]
        """What each end sends next."""

    def begin(self) -> Iterator[bytes]:
        yield self._packet(_SYN)
        yield self.turn()._packet(_SYN | _ACK)
        yield self.turn()._packet(_ACK)

    def send(self, data: bytes) -> Iterator[bytes]:
        for place in range(0, len(data), _SEGMENT_BYTES):
            yield self._packet(_PUSH | _ACK, data[place : place + _SEGMENT_BYTES])

    def end(self) -> Iterator[bytes]:
        yield self._packet(_FIN | _ACK)
        yield self.turn()._packet(_FIN | _ACK)
        yield self.turn()._packet(_ACK)

    def turn(self) -> "_Connection":
        """Let the other end speak."""
        self._ends.reverse()
        self._sequences.reverse()
        return self

    def _packet(self, flags: int, data: bytes = b"") -> bytes:
        (source, source_port), (target, target_port) = self._ends
        sequence, theirs = self._sequences
        acknowledged = theirs if flags & _ACK else 0
        self._sequences[0] += len(data) + bool(flags & (_SYN | _FIN))
        head = struct.pack(
            ">HHIIBBHHH", source_port, target_port, sequence, acknowledged, 5 << 4, flags, _WINDOW, 0, 0
        )  # fmt: skip
        pseudo = source + target + struct.pack(">BBH", 0, 6, len(head) + len(data))
        head = head[:16] + _checksum(pseudo + head + data) + head[18:]
        return _ip(source, target, head + data)


def _ip(source: bytes, target: bytes, segment: bytes) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, 6, 0)
    head += source + target
    return head[:10] + _checksum(head) + head[12:] + segment


def _checksum(data: bytes) -> bytes:
    """Return the Internet checksum (RFC 1071)."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)


def _message(head: list[str], content_type: str, body: bytes) -> bytes:
    if content_type:
        head = [*head, f"Content-Type: {content_type}"]
    return "\r\n".join((*head, f"Content-Length: {len(body)}", "", "")).encode() + body
