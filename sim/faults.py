"""What a tester lets go wrong on a wire, as values. Each is drawn from the wire's own seeded stream."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

DELAY_NS_MAX: Final = 3_600_000_000_000
"""An hour; longer is a pulled cable."""
PER_MILLION: Final = 1_000_000


class Passage(Enum):
    """Whether bytes pass at all."""

    OPEN = "open"
    MUTE = "mute"
    """Everything is swallowed without a sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How one direction of a wire misbehaves; by default not at all. Rates are per million bytes."""

    drop_ppm: int = 0
    """A byte is lost."""
    flip_ppm: int = 0
    """One bit of a byte is turned."""
    duplicate_ppm: int = 0
    """A byte arrives twice."""
    garbage_ppm: int = 0
    """A random byte is put in front of a byte."""
    reorder_ppm: int = 0
    """A byte changes places with the one behind it, as over a bad radio bridge."""
    delay_ns: int = 0
    """Everything arrives this much later."""
    piece_bytes: int = 0
    """Bytes arrive in pieces of at most this size, a little apart; 0 leaves them together."""
    passage: Passage = Passage.OPEN
    ends_after_bytes: int = 0
    """All this ends by itself when so many bytes were sent since it began; 0 is never."""

    def __post_init__(self) -> None:
        assert all(0 <= rate <= PER_MILLION for rate in self._rates()), "a share of a million"
        assert 0 <= self.delay_ns <= DELAY_NS_MAX, "a delay is bounded"
        assert self.piece_bytes >= 0, "a piece has a size"
        assert self.ends_after_bytes >= 0, "what ends, ends later"

    def touches(self) -> bool:
        """Say whether single bytes may be changed, lost or added."""
        return any(self._rates())

    def _rates(self) -> tuple[int, ...]:
        return (
            self.drop_ppm,
            self.flip_ppm,
            self.duplicate_ppm,
            self.garbage_ppm,
            self.reorder_ppm,
        )
