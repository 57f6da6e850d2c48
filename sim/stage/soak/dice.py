"""What is drawn in a soak: whole numbers, so that every machine draws the same."""

from collections.abc import Sequence
from typing import Final, TypeVar

from sim.entropy import SeededEntropy

T = TypeVar("T")
_MILLE: Final = 1_000


class Dice:
    """One actor's luck: its own stream, so that nobody's draws shift another's."""

    def __init__(self, entropy: SeededEntropy) -> None:
        self._entropy = entropy

    def own(self, name: str) -> "Dice":
        """Return the luck of somebody, or of something that happens: its draws shift none of these."""
        return Dice(self._entropy.fork(name))

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to limit - 1."""
        return self._entropy.below(limit)

    def chance(self, per_mille: int) -> bool:
        """Say whether something happens that does so in so many of a thousand cases."""
        return self._entropy.below(_MILLE) < per_mille

    def among(self, choices: Sequence[T]) -> T:
        """Return one of these."""
        return choices[self._entropy.below(len(choices))]

    def seconds(self, about: float) -> float:
        """Return a time between half of it and one and a half, in whole milliseconds."""
        half = max(1, int(about * 500))
        return (half + self._entropy.below(2 * half)) / _MILLE
