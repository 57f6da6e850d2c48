"""Rows of text with ink: what the drawing functions make and the widgets show.

    Row = spans from left to right;  Span = (text, ink)

Everything is laid out in terminal cells, never in characters: Hangul takes two. Nothing here knows
the screen library, so every picture can be drawn and tested without one.
"""

from enum import Enum
from typing import Final, Literal

from pos.messages import cells, clip

Align = Literal["left", "right", "centre"]


class Ink(Enum):
    """How a span looks. Meaning is always in text or place too, never in colour alone."""

    PLAIN = "plain"
    DIM = "dim"
    """Not usable now, or taken back."""
    STRONG = "strong"
    GOOD = "good"
    WARN = "warn"
    ALERT = "alert"
    REVERSE = "reverse"
    CODE = "code"
    """Black on white, whatever the terminal's colours are: a telephone reads it."""


Span = tuple[str, Ink]
Row = tuple[Span, ...]

BLANK: Final[Row] = ()


def fit(text: str, width: int, align: Align = "left") -> str:
    """Return the text in exactly `width` cells: padded, or cut with two dots."""
    if width <= 0:
        return ""
    text = clip(text, width) if width > 2 else text[:width]
    room = width - cells(text)
    match align:
        case "left":
            return text + " " * room
        case "right":
            return " " * room + text
        case "centre":
            return " " * (room // 2) + text + " " * (room - room // 2)


def row(text: str, ink: Ink = Ink.PLAIN) -> Row:
    """Return a row of one span."""
    return ((text, ink),)


def pair(left: str, right: str, width: int, ink: Ink = Ink.PLAIN) -> Row:
    """Return a row with `right` at the right edge; the left text gives way."""
    right = clip(right, width) if width > 2 else right
    return row(fit(left, width - cells(right)) + right, ink)


def framed(content: Row, width: int, left: str = "| ", right: str = " |") -> Row:
    """Return a row of exactly `width` cells with an ASCII border; content is padded, not cut."""
    room = width - len(left) - len(right) - row_cells(content)
    assert room >= 0, f"content is {-room} cells too wide for {width}: {content}"
    return ((left, Ink.PLAIN), *content, (" " * room + right, Ink.PLAIN))


def row_cells(content: Row) -> int:
    """Return the width of a row in cells."""
    return sum(cells(text) for text, _ in content)


def row_text(content: Row) -> str:
    """Return a row's text without ink."""
    return "".join(text for text, _ in content)


def panel(content: tuple[Row, ...], width: int, height: int) -> tuple[Row, ...]:
    """Return content under the right-hand frame, which shares its left border with its neighbour.

    Content beyond the frame's height is a programming error of the drawing function.
    """
    inside = height - 2
    assert len(content) <= inside, f"{len(content)} rows do not fit into {inside}"
    border = row("-" * (width - 1) + "+")
    rows = [framed(line, width, " ", " |") for line in content]
    rows.extend(framed(BLANK, width, " ", " |") for _ in range(inside - len(rows)))
    return (border, *rows, border)


PANEL_MARGIN: Final = 3
"""Cells of a panel's width that are not text."""
