"""How a short value fills a fixed length: digits from the left with zeros, text from the right with
spaces. Zeros stay when a field is read, because a number may be a name; spaces do not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Padding:
    """One way of filling up."""

    name: str
    pad: Callable[[str, int], str]


NONE: Final = Padding(name="none", pad=lambda value, _: value)
ZEROS: Final = Padding(name="zeros before", pad=str.zfill)
SPACES: Final = Padding(name="spaces behind", pad=str.ljust)
