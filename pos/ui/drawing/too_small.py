"""What a terminal that is too small shows: that it is, and what is needed. The sale goes on behind it."""

from typing import Final

from pos.messages import Language
from pos.ui.grid import Ink, Row, fit, row
from pos.ui.labels import label

COLUMNS_MIN: Final = 80
ROWS_MIN: Final = 24


def draw_too_small(language: Language, width: int, height: int) -> tuple[Row, ...]:
    """Return the few rows that fit."""
    lines = (
        label("small", language),
        f"{width}x{height}",
        f">= {COLUMNS_MIN}x{ROWS_MIN}",
    )
    return tuple(row(fit(line, width), Ink.STRONG) for line in lines)[:height]
