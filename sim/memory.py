"""Two ends of a byte link in memory: for virtual time, where no real descriptor may be watched.

Bytes arrive in a later turn of the loop, in order, in pieces of at most PIECE_BYTES; those written
before a close arrive before the loss is told. A pulled cable loses what is on its way.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from protocols.ports import LINK_PENDING_BYTES_MAX

PIECE_BYTES: Final = 4_096
"""As much as a tty hands over at once."""


class MemoryLink:
    """One end; satisfies protocols.ports.ByteLink. Made in pairs by `memory_pair`."""

    def __init__(self, *, capacity: int = LINK_PENDING_BYTES_MAX) -> None:
        self._loop = asyncio.get_running_loop()
        self._capacity = capacity
        self._peer: MemoryLink | None = None
        self._inbox = bytearray()
        self._received: Callable[[bytes], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._open = True
        self._reason: str | None = None
        self._scheduled = False
        self._paused = False

    def join(self, peer: "MemoryLink") -> None:
        """Become the other end of `peer`; `memory_pair` does this."""
        self._peer = peer

    def attach(self, received: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Begin to hear; see ByteLink."""
        assert self._received is None, "attach once"
        self._received = received
        self._lost = lost
        self._schedule()

    def write(self, data: bytes) -> None:
        """Hand bytes to the other end; see ByteLink."""
        if not self._open or self._reason is not None or self._peer is None or not data:
            return
        if self.pending() + len(data) > self._capacity:
            reason = f"the other end takes no data: {self.pending()} bytes wait to be sent"
            self._peer.end("the other end closed the link")
            self.cut(reason)
            return
        self._peer.arrive(data)

    def pending(self) -> int:
        """Count what the other end has not heard yet; see ByteLink."""
        return len(self._peer._inbox) if self._peer is not None else 0

    def close(self) -> None:
        """Close this end; the other one is told once it has heard everything."""
        if self._open:
            self._open = False
            self._lost = None
            self._inbox.clear()
            if self._peer is not None:
                self._peer.end("the other end closed the link")

    def pull(self, reason: str = "the cable was pulled") -> None:
        """Pull the cable: what is on its way is lost, both ends are told."""
        for end in (self, self._peer):
            if end is not None:
                end.cut(reason)

    def pause(self) -> None:
        """Hear nothing for now; what arrives waits."""
        self._paused = True

    def resume(self) -> None:
        """Hear again."""
        self._paused = False
        self._schedule()

    def arrive(self, data: bytes) -> None:
        """Take bytes from the other end; it calls this."""
        if self._open and self._reason is None:
            self._inbox += data
            self._schedule()

    def end(self, reason: str) -> None:
        """Learn that no more bytes will come; the other end calls this."""
        if self._open and self._reason is None:
            self._reason = reason
            self._schedule()

    def cut(self, reason: str) -> None:
        """Lose what is on its way to this end, and this end."""
        self._inbox.clear()
        self.end(reason)

    def _schedule(self) -> None:
        if not self._scheduled and self._received is not None:
            self._scheduled = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        if not self._open or self._paused or self._received is None:
            return
        if self._inbox:
            piece = bytes(self._inbox[:PIECE_BYTES])
            del self._inbox[:PIECE_BYTES]
            self._received(piece)
            if self._inbox or self._reason is not None:
                self._schedule()
        elif self._reason is not None and self._lost is not None:
            self._open = False
            lost, self._lost = self._lost, None
            lost(self._reason)


def memory_pair(*, capacity: int = LINK_PENDING_BYTES_MAX) -> tuple[MemoryLink, MemoryLink]:
    """Return two ends joined to each other, each keeping at most `capacity` unheard bytes."""
    left, right = MemoryLink(capacity=capacity), MemoryLink(capacity=capacity)
    left.join(right)
    right.join(left)
    return left, right
