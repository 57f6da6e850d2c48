"""Break a document for a paper width: lines that fit exactly, for every renderer alike.

A line is placed with spaces, not with the printer's own alignment: so all renderers agree to the
column. No line is ever wider than the paper, whatever the names and amounts; no digit is ever lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from protocols.escpos.bars import QUIET_ZONE, bar_widths
from protocols.escpos.codes import Align
from receipts.document import (
    Barcode,
    Columns,
    Cut,
    Document,
    Feed,
    Image,
    PaperWidth,
    Qr,
    Rule,
    Size,
    Text,
)
from receipts.repertoire import cell_width, cells, printable

_GAP: Final = 1
"""Columns between two cells of a row."""
_MODULES: Final = (3, 2)
"""Dots of a bar that scan well, the better first."""
FEED_LINES_MAX: Final = 20
"""More empty paper in one block is a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of characters."""

    indent: int = 0
    """Empty columns before it, always of normal width."""
    text: str
    align: Align = Align.LEFT
    """How the indent came about: who writes in another size places the text anew."""
    bold: bool = False
    size: Size = Size.NORMAL

    @property
    def width(self) -> int:
        """Columns up to the last character."""
        return self.indent + cells(self.text) * self.size.width


Piece = Line | Barcode | Qr | Image | Cut
"""What is left of a document when it has been laid out."""


def lay_out(document: Document, paper: PaperWidth) -> Iterator[Piece]:
    """Yield the document's pieces from top to bottom."""
    for block in document.blocks:
        for piece in _lay_out_block(block, paper):
            assert not isinstance(piece, Line) or piece.width <= paper, "a line fits the paper"
            yield piece


def _lay_out_block(
    block: Text | Columns | Rule | Feed | Barcode | Qr | Image | Cut, paper: PaperWidth
) -> Iterator[Piece]:
    match block:
        case Text():
            for part in wrap(printable(block.text), paper // block.size.width):
                yield _placed(part, block.align, paper, bold=block.bold, size=block.size)
        case Columns():
            yield from _rows(block, paper)
        case Rule(character=character):
            yield Line(text=character * paper)
        case Feed(lines=lines):
            for _ in range(min(lines, FEED_LINES_MAX)):
                yield Line(text="")
        case Image() if block.width > paper.dots:
            yield Line(text=wrap(f"[{printable(block.description)}]", paper)[0])
        case Barcode(content=content) if barcode_module(block, paper) is None:
            # Too long to scan at this width: a QR code says the same in little room.
            yield Qr(content=content)
        case Barcode() | Qr() | Image() | Cut():
            yield block


def barcode_module(barcode: Barcode, paper: PaperWidth) -> int | None:
    """Return the widest module in dots at which the symbol fits the paper; None when none does."""
    modules = sum(bar_widths(barcode.symbology, barcode.content)) + 2 * QUIET_ZONE
    return next((dots for dots in _MODULES if modules * dots <= paper.dots), None)


def wrap(text: str, width: int) -> list[str]:
    """Break a printable text into lines of at most `width` columns.

    At a space where there is one, else between characters; a wide character is never split.
    Returns at least one line.
    """
    assert width >= 2, "a wide character needs two columns"
    lines, line, used = [], "", 0
    for character in text.rstrip():
        size = cell_width(character)
        if used + size > width:
            head, space, tail = line.rpartition(" ")
            if character == " ":
                lines.append(line.rstrip())
                line, used = "", 0
                continue
            if space and head.strip():
                lines.append(head.rstrip())
                line, used = tail, cells(tail)
            else:
                lines.append(line)
                line, used = "", 0
        if character == " " and not line and lines:
            continue
        line += character
        used += size
    return [*lines, line]


def _placed(text: str, align: Align, paper: PaperWidth, *, bold: bool, size: Size) -> Line:
    indent = indent_of(text, align, paper, size)
    return Line(indent=indent, text=text, align=align, bold=bold, size=size)


def indent_of(text: str, align: Align, paper: PaperWidth, size: Size) -> int:
    """Return the columns before a text of this size so that it stands as it is aligned."""
    free = paper - cells(text) * size.width
    return {Align.LEFT: 0, Align.CENTRE: free // 2, Align.RIGHT: free}[align] if text else 0


def _rows(row: Columns, paper: PaperWidth) -> Iterator[Line]:
    """Yield a row: on one line if it fits, else its flexible cell above, else each cell alone."""
    width = paper // row.size.width
    texts = [printable(column.text) for column in row.columns]
    fixed = [
        0 if column.width is None else max(column.width, cells(text))
        for column, text in zip(row.columns, texts, strict=True)
    ]
    spare = width - sum(fixed) - _GAP * (len(fixed) - 1)
    flexible = next((i for i, column in enumerate(row.columns) if column.width is None), None)
    if spare < 0 or (spare < 1 and flexible is not None):
        yield from _stacked(row, texts, paper)
        return
    if flexible is not None:
        if cells(texts[flexible]) > spare:
            for part in wrap(texts[flexible], width):
                yield Line(text=part, bold=row.bold, size=row.size)
            texts[flexible] = ""
        fixed[flexible] = spare
    text = (" " * _GAP).join(
        _padded(text, column.align, size)
        for text, column, size in zip(texts, row.columns, fixed, strict=True)
    )
    yield _trimmed(text, row)


def _stacked(row: Columns, texts: list[str], paper: PaperWidth) -> Iterator[Line]:
    for text, column in zip(texts, row.columns, strict=True):
        if text:
            for part in wrap(text, paper // row.size.width):
                yield _placed(part, column.align, paper, bold=row.bold, size=row.size)


def _trimmed(text: str, row: Columns) -> Line:
    """Return the line with its leading spaces as an indent, none trailing."""
    body = text.strip(" ")
    indent = (len(text) - len(text.lstrip(" "))) * row.size.width
    return Line(indent=indent if body else 0, text=body, bold=row.bold, size=row.size)


def _padded(text: str, align: Align, width: int) -> str:
    free = width - cells(text)
    match align:
        case Align.LEFT:
            return text + " " * free
        case Align.CENTRE:
            return " " * (free // 2) + text + " " * (free - free // 2)
        case Align.RIGHT:
            return " " * free + text
