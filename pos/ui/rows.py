"""A widget that shows rows of text and repaints only those that changed.

Bytes to the terminal are a budget (a till may hang on a 9600-baud line), so colours are the sixteen of
the terminal itself and a row that stays the same is never sent again.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from pos.ui.grid import Ink, Row

_STYLES: Final = {
    Ink.PLAIN: Style.null(),
    Ink.DIM: Style(dim=True),
    Ink.STRONG: Style(bold=True),
    Ink.GOOD: Style(color="green"),
    Ink.WARN: Style(color="yellow", bold=True),
    Ink.ALERT: Style(color="red", bold=True),
    Ink.REVERSE: Style(reverse=True),
    Ink.CODE: Style(color="black", bgcolor="bright_white"),
}


class Rows(Widget):
    """Shows rows; keeps no more than what is on the screen."""

    DEFAULT_CSS = """
    Rows { background: ansi_default; color: ansi_default; }
    """

    class Measured(Message):
        """This part has a size, or another one than before."""

        def can_replace(self, message: Message) -> bool:
            """One picture is enough for all parts that were measured at once."""
            return isinstance(message, Rows.Measured)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return self._rows

    @property
    def extent(self) -> tuple[int, int]:
        """Return width and height in cells; zero while it is not displayed."""
        return (self.size.width, self.size.height) if self.display else (0, 0)

    def on_resize(self) -> None:
        """Ask for rows of the new size."""
        self.post_message(self.Measured())

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows instead; only the different ones are repainted."""
        before, self._rows = self._rows, tuple(rows)
        width = self.size.width
        for y in range(max(len(before), len(self._rows))):
            old = before[y] if y < len(before) else None
            new = self._rows[y] if y < len(self._rows) else None
            if old != new:
                self.refresh(Region(0, y, width, 1))

    def render_line(self, y: int) -> Strip:
        """Return a row as the screen library wants it."""
        content = self._rows[y] if y < len(self._rows) else ()
        return _strip(content, self.size.width)


@lru_cache(maxsize=512)
def _strip(content: Row, width: int) -> Strip:
    strip = Strip([Segment(text, _STYLES[ink]) for text, ink in content if text])
    return strip.adjust_cell_length(width)
