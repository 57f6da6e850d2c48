"""How a virtual PIN pad says what it has to say: at once, or late, broken, doubled, not at all.

Whole frames and controls go in, bytes for the wire come out when they are due. Faults that are counted
hit the next so many, and then the pad is well again; the others last until they are taken back.
"""

from dataclasses import dataclass
from typing import Final

from protocols.pin_pad.frames import STX, Control

HELD_MAX: Final = 256
"""Pieces that are late; more are dropped."""
_NOISE: Final = bytes((0x00, 0x81, 0xFE, 0x13, 0x9F, 0xF0))
"""What a wrong baud rate looks like."""


@dataclass(slots=True)
class Faults:
    """What goes wrong on the pad's way out."""

    mute: bool = False
    delay_ns: int = 0
    """Everything comes so much later."""
    ack_delay_ns: int = 0
    """Its ACKs come so much later still: after its answers."""
    broken_frames: int = 0
    """So many frames leave with one bit flipped."""
    lost_acks: int = 0
    """So many ACKs are not said."""
    doubled_answers: int = 0
    """So many answers are said twice."""


class Mouth:
    """Pieces in, bytes out when they are due."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._held: list[tuple[int, bytes]] = []
        self._ready = bytearray()

    @property
    def deadline_ns(self) -> int | None:
        """When the next late piece is due."""
        return min((due for due, _ in self._held), default=None)

    def say(self, pieces: list[bytes], now_ns: int) -> None:
        """Take what the pad says now."""
        faults = self.faults
        for piece in pieces:
            delay_ns = faults.delay_ns
            if piece[0] == Control.ACK:
                if faults.lost_acks:
                    faults.lost_acks -= 1
                    continue
                delay_ns += faults.ack_delay_ns
            if piece[0] == STX and faults.broken_frames:
                faults.broken_frames -= 1
                piece = piece[:2] + bytes((piece[2] ^ 0x01,)) + piece[3:]
            if not faults.mute and len(self._held) < HELD_MAX:
                self._held.append((now_ns + delay_ns, piece))
        self.tick(now_ns)

    def noise(self) -> None:
        """Say what means nothing."""
        self._ready += _NOISE

    def tick(self, now_ns: int) -> None:
        """Let go what is due, in the order in which it was said where it is due together."""
        due = [piece for when, piece in sorted(self._held, key=_when) if when <= now_ns]
        self._held = [(when, piece) for when, piece in self._held if when > now_ns]
        self._ready += b"".join(due)

    def forget(self) -> None:
        """Say nothing of what was late."""
        self._held.clear()
        self._ready.clear()

    def outgoing(self) -> bytes:
        """Hand over the bytes for the wire."""
        data = bytes(self._ready)
        self._ready.clear()
        return data


def _when(held: tuple[int, bytes]) -> int:
    return held[0]
