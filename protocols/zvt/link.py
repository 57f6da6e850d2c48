"""APDUs over a serial line or a network: what register and terminal stand on.

    serial    one block at a time: ACK takes it, NAK or silence has it said again, TRIES_MAX times in all
    network   nothing of the kind; TCP does that

A block has no number. So what is said again must not be done again: a block that is the same as the one
before, while the answer to that one is not acknowledged yet and for as long as it may be said again, is
acknowledged and not handed on; and what is said `once` is said again after a NAK alone. A block that comes while an ACK is waited for is one: the
other end would not speak before it has heard.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from protocols.zvt.apdu import Apdu, ApduReader, ZvtError, decode
from protocols.zvt.blocks import Block, BlockReader, Broken, Sign, block

T2_NS: Final = 1_200_000_000
"""Longest wait for ACK or NAK, once the block is through; TRIES_MAX of them fit into T3."""
BYTE_NS: Final = 1_200_000
"""How long a byte may take: a little more than at 9,600 baud."""
TRIES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """An APDU of the other end's."""

    apdu: Apdu


@dataclass(frozen=True, slots=True)
class NotTaken:
    """What was said has not arrived, that is certain: NAK each time."""


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """Whether what was said has arrived is not known."""


LinkEvent = Heard | NotTaken | Unacknowledged


class Link(Protocol):
    """Either line."""

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` has something to do."""
        ...

    def send(self, apdu: Apdu, now_ns: int, *, once: bool = False) -> None:
        """Say an APDU, once those before it are acknowledged."""
        ...

    def receive(self, data: bytes, now_ns: int) -> list[LinkEvent]:
        """Take bytes in pieces of any size. Never raises, whatever they are."""
        ...

    def tick(self, now_ns: int) -> list[LinkEvent]:
        """Say again, or give up."""
        ...

    def outgoing(self) -> bytes:
        """Hand over the bytes for the other end."""
        ...


class NetworkLink:
    """APDUs as they are."""

    def __init__(self) -> None:
        self._reader = ApduReader()
        self._outgoing = bytearray()

    @property
    def deadline_ns(self) -> int | None:
        """When half an APDU is given up."""
        return self._reader.deadline_ns

    def send(self, apdu: Apdu, now_ns: int, *, once: bool = False) -> None:
        """Say an APDU."""
        self._outgoing += apdu.encode()

    def receive(self, data: bytes, now_ns: int) -> list[LinkEvent]:
        """Take bytes."""
        return [Heard(apdu) for apdu in self._reader.receive(data, now_ns)]

    def tick(self, now_ns: int) -> list[LinkEvent]:
        """Give up half an APDU."""
        self._reader.tick(now_ns)
        return []

    def outgoing(self) -> bytes:
        """Hand over the bytes for the other end."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data


class SerialLink:
    """Blocks, one at a time."""

    def __init__(self) -> None:
        self._reader = BlockReader()
        self._outgoing = bytearray()
        self._queue: deque[tuple[bytes, bool]] = deque()
        self._said = b""
        """The block that is not acknowledged; empty: none."""
        self._once = False
        self._silent = False
        """Something else than NAK has come to it, or nothing: it may have arrived."""
        self._tries = 0
        self._ack_ns: int | None = None
        self._before = b""
        """What was heard last."""
        self._doubled_ns = 0
        """Until when the same may be that, said again."""
        self._answered = True
        """Whether what was said to that has been acknowledged."""

    @property
    def deadline_ns(self) -> int | None:
        """When something is due."""
        times = (self._reader.deadline_ns, self._ack_ns)
        return min((due for due in times if due is not None), default=None)

    def send(self, apdu: Apdu, now_ns: int, *, once: bool = False) -> None:
        """Say an APDU, once those before it are acknowledged."""
        self._queue.append((apdu.encode(), once))
        self._next(now_ns)

    def receive(self, data: bytes, now_ns: int) -> list[LinkEvent]:
        """Take bytes."""
        events = self._late(now_ns)
        for piece in self._reader.receive(data, now_ns):
            match piece:
                case Block(apdu):
                    events += self._hear(apdu, now_ns)
                case Broken():
                    self._outgoing.append(Sign.NAK.value)
                case Sign.ACK:
                    self._acknowledged(now_ns)
                case Sign.NAK if self._said:
                    events += self._again(now_ns, certain=True)
                case _:
                    pass
        return events

    def tick(self, now_ns: int) -> list[LinkEvent]:
        """Ask for what stopped in the middle; say again what was not acknowledged, or give it up."""
        if self._reader.tick(now_ns):
            self._outgoing.append(Sign.NAK.value)
        return self._late(now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the other end."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def _hear(self, data: bytes, now_ns: int) -> list[LinkEvent]:
        self._outgoing.append(Sign.ACK.value)
        if data == self._before and not self._answered and now_ns < self._doubled_ns:
            return []
        try:
            apdu = decode(data)
        except ZvtError:
            # Its check is right, so it was written like that: to say it again would not help.
            return []
        self._acknowledged(now_ns)
        self._before, self._answered = data, False
        self._doubled_ns = now_ns + TRIES_MAX * (T2_NS + len(data) * BYTE_NS)
        return [Heard(apdu)]

    def _late(self, now_ns: int) -> list[LinkEvent]:
        if self._ack_ns is None or now_ns < self._ack_ns:
            return []
        return self._again(now_ns, certain=False)

    def _again(self, now_ns: int, *, certain: bool) -> list[LinkEvent]:
        self._silent = self._silent or not certain
        if self._tries < TRIES_MAX and not (self._once and self._silent):
            self._say(now_ns)
            return []
        self._said, self._ack_ns = b"", None
        if self._once and self._silent:
            # Only its ACK may be lost: whoever said it has a longer patience than this.
            self._next(now_ns)
            return []
        self._queue.clear()
        return [Unacknowledged() if self._silent else NotTaken()]

    def _acknowledged(self, now_ns: int) -> None:
        if self._said:
            self._answered = True
            self._said, self._ack_ns = b"", None
            self._next(now_ns)

    def _next(self, now_ns: int) -> None:
        if self._said or not self._queue:
            return
        apdu, self._once = self._queue.popleft()
        self._said, self._tries, self._silent = block(apdu), 0, False
        self._say(now_ns)

    def _say(self, now_ns: int) -> None:
        self._tries += 1
        self._ack_ns = now_ns + T2_NS + len(self._said) * BYTE_NS
        self._outgoing += self._said
