"""Times as people write them, errors that name file and line, and the nearest known word."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

NS: Final = {
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
LIKE: Final = 0.6
"""From here on a word may have been meant."""
_DURATION: Final = re.compile(r"(\d{1,9}) ?(ms|s|min|h|d)")


class ScenarioError(ValueError):
    """A scenario cannot be read. The message names file, line, and the nearest known word."""

    def __init__(self, file: Path, line: int, sentence: str) -> None:
        super().__init__(f"{file}:{line}: {sentence}")


def nanoseconds(text: str) -> int:
    """Return a duration such as 500 ms, 10 s, 2 min, 8 h, 1 d. Raises: ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time; write it as 500 ms, 10 s, 2 min, 8 h or 1 d")
    return int(found[1]) * NS[found[2]]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint: the known word that is like this one or begins like it, else all of them."""
    words = [str(each) for each in known]
    likeness = {each: max(_like(word, each), _like(word, each[: len(word)])) for each in words}
    best = max(words, key=lambda each: likeness[each], default="")
    if best and likeness[best] >= LIKE:
        return f"did you mean {best!r}?"
    return f"known are: {', '.join(words) or 'none'}"


def _like(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
