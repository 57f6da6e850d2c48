"""A stream of bytes with test values in it: whatever pieces a card's number arrives in.

What may be the beginning of a number or a track is held back until what follows decides, or `flush`
says that nothing does. Every piece comes out as long as it went in, under the time it came at.
"""

import re
from typing import Final, TypeAlias

from protocols.trace.stand_ins import StandIns, spans

HELD_BYTES_MAX: Final = 192
"""What can be held at most: a track, and what may be a number behind it."""
_NUMBER_BYTES_MAX: Final = 24
"""A card's number with its separators, and one byte more."""
_BEGUN: Final = re.compile(
    rb"(?:%(?:B(?:\d{0,19}(?:\^[^?\r\n]{0,90}\??)?)?)?|[;+!]\d{0,21}(?:=[0-9:;<=>]{0,90}\??)?"
    rb"|\d(?:[ -]?\d)*[ -]?)\Z"
)
"""A track 1, a track 2 or 3, a number, not yet ended."""

Piece: TypeAlias = tuple[int, bytes]
"""When, and what."""


class TextSwap:
    """One direction of a stream."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins
        self._held: list[Piece] = []
        self._before = b""
        """What was let go last: a number does not begin behind a digit, nor inside another one."""

    @property
    def holds(self) -> bool:
        """Say whether anything is held back."""
        return bool(self._held)

    def take(self, at_ns: int, data: bytes) -> list[Piece]:
        """Take a piece and return what can be let go."""
        self._held.append((at_ns, data))
        text = b"".join(piece for _, piece in self._held)
        return self._release(text, self._decided(text))

    def flush(self) -> list[Piece]:
        """Return what is held: nothing follows."""
        text = b"".join(piece for _, piece in self._held)
        return self._release(text, len(text))

    def _decided(self, text: bytes) -> int:
        """Return how many bytes no later one can make part of a number."""
        window = text[-HELD_BYTES_MAX:]
        begun = _BEGUN.search(window)
        if begun is None:
            return len(text)
        start = begun.start()
        if window[start] in b"%;+!":
            return len(text) - len(window) + start
        # Numbers in a row may be a long run; the last of them is all that can still grow.
        cut = max(len(text) - len(window) + start, len(text) - _NUMBER_BYTES_MAX)
        shift = len(self._before)
        whole = spans(self._before + text)
        return min([cut, *(first - shift for first, last in whole if first < cut + shift < last)])

    def _release(self, text: bytes, size: int) -> list[Piece]:
        shift = len(self._before)
        swapped = self._stand_ins.text(self._before + text, shift, shift + size)[shift:][:size]
        pieces: list[Piece] = []
        held: list[Piece] = []
        place = 0
        for at_ns, piece in self._held:
            going = swapped[place : place + len(piece)]
            staying = piece[len(going) :]
            if going:
                pieces.append((at_ns, going))
            if staying:
                held.append((at_ns, staying))
            place += len(piece)
        self._held = held
        self._before = (self._before + text[:size])[-_NUMBER_BYTES_MAX:]
        return pieces
