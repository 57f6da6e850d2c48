"""Randomness from a seed: the same bytes every time, on every machine, under every hash seed.

A stream is SHA-256 in counter mode under a key. `fork("printer")` derives the key of another stream
from this one's key and the name alone, so that one device's draws never shift another's, however
many either makes, and however often the parent was drawn from.
"""

import hashlib
from typing import Final

_BLOCK_BYTES: Final = 32
PARTS_PER_MILLION: Final = 1_000_000


class SeededEntropy:
    """A stream of bytes that follows from its seed; satisfies protocols.ports.Entropy.

    Forking twice under one name gives the same stream twice: give every consumer its own name.
    """

    def __init__(self, seed: int | bytes) -> None:
        raw = seed if isinstance(seed, bytes) else f"seed {seed}".encode()
        self._key = hashlib.sha256(b"intermarket entropy\0" + raw).digest()
        self._counter = 0
        self._spare = b""

    def fork(self, name: str) -> "SeededEntropy":
        """Return the stream of this name; the draws of the two never touch."""
        return SeededEntropy(self._key + name.encode())

    def token(self, size: int) -> bytes:
        """Return the next `size` bytes of the stream."""
        assert size >= 0, "a token has no negative size"
        pieces = [self._spare]
        have = len(self._spare)
        while have < size:
            block = hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
            pieces.append(block)
            have += _BLOCK_BYTES
        drawn = b"".join(pieces)
        self._spare = drawn[size:]
        return drawn[:size]

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to limit - 1, each as likely as the others to 2**-64."""
        assert 0 < limit <= 1 << 32, "draw below a limit between 1 and 2**32"
        return int.from_bytes(self.token(12), "big") * limit >> 96

    def happens(self, parts_per_million: int) -> bool:
        """Say whether something this likely happens now. Draws only when it is in doubt."""
        if parts_per_million <= 0:
            return False
        return parts_per_million >= PARTS_PER_MILLION or (
            self.below(PARTS_PER_MILLION) < parts_per_million
        )
