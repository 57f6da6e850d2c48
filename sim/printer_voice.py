"""What a virtual printer says: its answers, on time, late, garbled or not at all."""

from collections import deque
from typing import Final

WAITING_MAX: Final = 1_024
"""Answers that wait for their time; more are lost, as a printer loses them."""
_NOISE: Final = bytes([0xC3, 0x81, 0xFE, 0x8D, 0xE1, 0x99, 0xB5, 0xD7, 0xFF, 0xA6])
"""Bytes that are no answer, whichever way they are cut: bit 7 is set in none of the answers."""


class Voice:
    """The sending side."""

    def __init__(self) -> None:
        self.muted = False
        self.garbled = False
        self.delay_ns = 0
        self._waiting: deque[tuple[int, bytes]] = deque(maxlen=WAITING_MAX)
        self._ready = bytearray()
        self._noise_at = 0

    @property
    def deadline_ns(self) -> int | None:
        """When the next answer is due."""
        return self._waiting[0][0] if self._waiting else None

    def say(self, data: bytes, now_ns: int) -> None:
        """Answer, as the voice is now; an answer never overtakes the one before it."""
        if self.muted:
            return
        due_ns = now_ns + self.delay_ns
        if self._waiting:
            due_ns = max(due_ns, self._waiting[-1][0])
        self._waiting.append((due_ns, self._noise(len(data)) if self.garbled else data))

    def babble(self, size: int) -> None:
        """Say garbage at once."""
        self._ready += self._noise(size)

    def tick(self, now_ns: int) -> None:
        """Let out what is due."""
        while self._waiting and self._waiting[0][0] <= now_ns:
            self._ready += self._waiting.popleft()[1]

    def take(self) -> bytes:
        """Hand over what is out."""
        data = bytes(self._ready)
        self._ready.clear()
        return data

    def forget(self) -> None:
        """Lose what has not been said: power is gone."""
        self._waiting.clear()
        self._ready.clear()

    def _noise(self, size: int) -> bytes:
        noise = bytes(_NOISE[(self._noise_at + place) % len(_NOISE)] for place in range(size))
        self._noise_at = (self._noise_at + size) % len(_NOISE)
        return noise
