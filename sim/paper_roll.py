"""The paper of a virtual printer: what came out, as text and as a picture, dot for dot.

Paper that came out stays as it is: a receipt that was cut short by the end of the roll shows the torn
edge, and goes on, if at all, on the next roll. The newest PICTURE_ROWS_MAX dot rows and TEXT_LINES_MAX
lines are kept.

Source: PNG (ISO/IEC 15948), greyscale of one bit.
"""

import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

PICTURE_ROWS_MAX: Final = 40_000
"""Five metres at eight dots a millimetre."""
TEXT_LINES_MAX: Final = 4_000
PIECES_MAX: Final = 64
"""Papers that lie there until somebody takes them."""
ROLL_DOTS: Final = 400_000
"""A new roll: fifty metres."""
NEAR_END_DOTS: Final = 16_000
"""The near-end sensor sees the last two metres."""
MARGIN: Final = 16
"""White dots left and right in the picture."""
_CUT_TEXT: Final = "- - - - - - - - 8< - - - - - - - -"
_END_TEXT: Final = "~ ~ ~ ~ end of paper ~ ~ ~ ~"


class Strip:
    """A piece of paper as the head printed it: one line of text, an image, a feed.

    Its dots are drawn when somebody looks at them: whoever only reads the text pays for no picture.
    """

    __slots__ = ("_draw", "height", "text")

    def __init__(
        self,
        height: int,
        text: tuple[str, ...] = (),
        draw: Callable[[], Sequence[int]] | None = None,
    ) -> None:
        """`draw` returns the rows, `height` of them; without it the paper stays white."""
        self.height = height
        """In dot rows."""
        self.text = text
        """What a person reads on it, a line each."""
        self._draw = draw

    @property
    def rows(self) -> tuple[int, ...]:
        """Draw it: one integer a dot row, most significant bit leftmost, as wide as the head."""
        return (0,) * self.height if self._draw is None else tuple(self._draw())


class PaperRoll:
    """A roll in the printer and what has come out of it."""

    def __init__(self, width: int, length: int = ROLL_DOTS) -> None:
        self.width = width
        self.left = length
        """Dots that are left on the roll."""
        self.cuts = 0
        """How many papers have been cut off."""
        self.lines = 0
        """How many lines of text have come out, of all rolls."""
        self._piece: deque[str] = deque(maxlen=TEXT_LINES_MAX)
        self._pieces: deque[str] = deque(maxlen=PIECES_MAX)
        self._strips: deque[Strip] = deque()
        self._height = 0
        """Dot rows of these strips together."""
        self._text: deque[str] = deque(maxlen=TEXT_LINES_MAX)

    @property
    def near_end(self) -> bool:
        """Say whether the near-end sensor sees no paper."""
        return self.left < NEAR_END_DOTS

    @property
    def out(self) -> bool:
        """Say whether the end sensor sees no paper."""
        return self.left <= 0

    def advance(self, strip: Strip) -> None:
        """Bring a strip to paper; with what is left of the roll, the sensor is past its own end."""
        self._keep(strip)
        self._text.extend(strip.text)
        self._piece.extend(strip.text)
        self.lines += len(strip.text)
        self.left -= strip.height

    def cut(self) -> None:
        """Cut: what came out falls, the edge is dashed in the picture."""
        self.cuts += 1
        self._text.append(_CUT_TEXT)
        self._pieces.append(_lines(self._piece))
        self._piece.clear()
        self._keep(Strip(3, draw=lambda: (0, self._pattern(0xF0), 0)))

    def run_out(self) -> None:
        """Let the roll be at its end now: the torn edge shows in text and picture."""
        self.left = 0
        self._text.append(_END_TEXT)
        full = (1 << self.width) - 1
        # Teeth eight dots wide, deeper from row to row.
        teeth = [self._pattern(0xFF >> depth) for depth in range(8)]
        self._keep(Strip(10, draw=lambda: (*teeth, full, full)))

    def load(self, length: int = ROLL_DOTS) -> None:
        """Put a new roll in."""
        self.left = length

    def text(self) -> str:
        """Return what came out, a line feed after each line."""
        return _lines(self._text)

    def take(self) -> list[str]:
        """Tear off what was cut since this was last asked, the newest PIECES_MAX pieces of it."""
        pieces = list(self._pieces)
        self._pieces.clear()
        return pieces

    def png(self) -> bytes:
        """Return what came out as a picture."""
        width = self.width + 2 * MARGIN
        size = (width + 7) // 8
        shift = size * 8 - MARGIN - self.width
        white = (1 << size * 8) - 1
        rows = [row for strip in self._strips for row in strip.rows][-PICTURE_ROWS_MAX:]
        lines = (b"\0" + (white ^ row << shift).to_bytes(size, "big") for row in rows)
        pixels = b"".join(lines) or b"\0" + white.to_bytes(size, "big")
        header = struct.pack(">IIBBBBB", width, max(1, len(rows)), 1, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            _chunk(kind, body)
            for kind, body in (
                (b"IHDR", header),
                (b"IDAT", zlib.compress(pixels, 6)),
                (b"IEND", b""),
            )
        )

    def _keep(self, strip: Strip) -> None:
        """Keep a strip for the picture, and let go of those that are out of it."""
        self._strips.append(strip)
        self._height += strip.height
        while self._height - self._strips[0].height >= PICTURE_ROWS_MAX:
            self._height -= self._strips.popleft().height

    def _pattern(self, byte: int) -> int:
        return int.from_bytes(bytes([byte]) * (self.width // 8), "big")


def _lines(texts: Iterable[str]) -> str:
    return "".join(line.rstrip() + "\n" for line in texts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checked = kind + body
    return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))
