"""An e-receipt's link on the screen: the QR code in the basket's place, in words beside it.

Two modules stand in one cell, above each other. Half blocks are two cells wide on some Korean terminals
(clerk-and-courier.md 4.6), where no telephone reads the code: so the address is there as text as well.
"""

from collections.abc import Iterator
from typing import Final

from pos.keymap import Binding, Keymap
from pos.messages import clip
from pos.ui.drawing.devices import wrapped
from pos.ui.grid import BLANK, Ink, Row, fit, row
from pos.ui.labels import label
from pos.view import LinkView, TillView
from protocols.escpos.codes import Correction
from protocols.escpos.qr import Matrix, qr_matrix

QUIET_MIN: Final = 2
"""White modules around the code: the standard wants four, telephones make do with two."""
_HALVES: Final = {
    (False, False): " ",
    (True, False): "\N{UPPER HALF BLOCK}",
    (False, True): "\N{LOWER HALF BLOCK}",
    (True, True): "\N{FULL BLOCK}",
}


def draw_code(link: LinkView, view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return the code on white, in the middle of exactly `height` rows of `width` cells."""
    matrix = qr_matrix(link.address.encode(), Correction.L)
    size = len(matrix)
    if size + 2 * QUIET_MIN > min(width, 2 * height):
        words = wrapped(label("link.small", view.language), width)
        return _centred([row(fit(line, width, "centre")) for line in words], width, height)
    top = (2 * height - size) // 2
    left = (width - size) // 2
    lines = []
    for line in range(height):
        halves = zip(
            _modules(matrix, 2 * line - top, left, width),
            _modules(matrix, 2 * line + 1 - top, left, width),
            strict=True,
        )
        lines.append(row("".join(_HALVES[each] for each in halves), Ink.CODE))
    return tuple(lines)


def draw_link(
    link: LinkView, view: TillView, keymap: Keymap, width: int, height: int
) -> tuple[Row, ...]:
    """Return what the pane says beside it: whose receipt, the address, what to do."""
    language = view.language
    rows: list[Row] = [row(label("link.title", language), Ink.STRONG), row(f"#{link.sale}"), BLANK]
    rows.extend(row(line) for line in wrapped(label("link.tell", language), width))
    rows.append(BLANK)
    address = link.address
    rows.extend(row(address[at : at + width], Ink.DIM) for at in range(0, len(address), width))
    rows = rows[: height - 2]
    rows.extend(BLANK for _ in range(height - 2 - len(rows)))
    paper = f"{keymap.label(Binding.REPRINT)} {label('link.paper', language)}"
    rows.append(row(clip(paper, width)))
    rows.append(row(clip(label("link.next", language), width), Ink.DIM))
    return tuple(rows)


def _modules(matrix: Matrix, line: int, left: int, width: int) -> Iterator[bool]:
    size = len(matrix)
    for column in range(width):
        inside = 0 <= line < size and left <= column < left + size
        yield inside and matrix[line][column - left]


def _centred(rows: list[Row], width: int, height: int) -> tuple[Row, ...]:
    rows = rows[:height]
    above = (height - len(rows)) // 2
    blank = row(" " * width)
    return (*[blank] * above, *rows, *[blank] * (height - above - len(rows)))
