"""A till's picture as text, without a terminal: what a clerk would read at 80 x 24.

The same drawing functions as the counter's; the parts stand where its style sheet puts them.
"""

from collections.abc import Sequence
from typing import Final

from pos.keymap import load_keymap
from pos.ui.desk import Desk, takeover
from pos.ui.grid import PANEL_MARGIN, Row, fit, row_text
from pos.ui.picture import Scene, paint
from pos.view import TillView

COLUMNS: Final = 80
ROWS: Final = 24
_PANE: Final = 28
_CLOCK: Final = 9
_BELOW: Final = 4
"""Entry, banner, and two rows of keys."""


class _Part:
    """A rectangle that keeps its rows."""

    def __init__(self, width: int, height: int) -> None:
        self.extent = (width, height)
        self.rows: list[str] = [""] * height

    def show(self, rows: Sequence[Row]) -> None:
        """Keep these rows."""
        width, height = self.extent
        texts = [fit(row_text(each), width) for each in rows[:height]]
        self.rows = texts + [""] * (height - len(texts))


def screen_of(view: TillView) -> str:
    """Return the picture, one line a row, without trailing blanks."""
    assert PANEL_MARGIN < _PANE, "there is room for text"
    middle = ROWS - 1 - _BELOW
    taken = takeover(view) is not None
    parts = {"status": _Part(COLUMNS - _CLOCK, 1)}
    if taken:
        parts["takeover"] = _Part(COLUMNS, middle)
    else:
        parts["basket"] = _Part(COLUMNS - _PANE, middle)
        parts["pane"] = _Part(_PANE, middle)
    parts |= {
        "entry": _Part(COLUMNS, 1),
        "banner": _Part(COLUMNS, 1),
        "keys": _Part(COLUMNS, 2),
    }
    # A picture stands still: a payment's seconds count from the moment it is taken.
    now_ns = 0 if view.payment is None else view.payment.since_ns
    scene = Scene(view=view, desk=Desk(), keymap=load_keymap("kr-106"), top=0, now_ns=now_ns)
    paint(parts, scene)
    if taken:
        rows = parts["takeover"].rows
    else:
        rows = [
            left + right
            for left, right in zip(parts["basket"].rows, parts["pane"].rows, strict=True)
        ]
    below = [line for name in ("entry", "banner", "keys") for line in parts[name].rows]
    lines = [*parts["status"].rows, *rows, *below]
    return "\n".join(line.rstrip() for line in lines) + "\n"
