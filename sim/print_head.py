"""The head of a virtual printer: commands to strips of paper, dot for dot.

    PrintText ... LineFeed   ->  the line buffer, set in the alignment, sizes mixed on one base line
    RasterImage, PrintBarcode, PrintQr  ->  a strip of their own

The head knows neither time nor paper: whether a strip comes out, the printer decides.
Source: protocols/escpos (commands, bars, qr); Epson command reference for the measures.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, NamedTuple

from protocols.escpos.bars import QUIET_ZONE as BAR_QUIET_ZONE
from protocols.escpos.bars import bar_widths
from protocols.escpos.codes import Align, Caption, Correction, Scale
from protocols.escpos.commands import (
    Command,
    FeedDots,
    FeedLines,
    Initialise,
    LineFeed,
    PrintBarcode,
    PrintQr,
    PrintText,
    RasterImage,
    SetAlign,
    SetBarcodeCaption,
    SetBarcodeHeight,
    SetBarcodeModule,
    SetBold,
    SetInverse,
    SetLineSpacing,
    SetMode,
    SetQrCorrection,
    SetQrModule,
    SetSize,
    SetUnderline,
    StoreQr,
    Tab,
)
from protocols.escpos.qr import qr_matrix, qr_size
from protocols.ports import Typeface
from sim.paper_roll import Strip

CELL: Final = 12
"""Width of a narrow character of font A."""
LINE_SPACING: Final = 30
TAB_CELLS: Final = 8
_FONT_B: Final = (9, 17)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How characters are printed now."""

    font_b: bool = False
    bold: bool = False
    underline: int = 0
    inverse: bool = False
    width: int = 1
    height: int = 1
    align: Align = Align.LEFT
    line_spacing: int = LINE_SPACING
    bar_height: int = 162
    bar_module: int = 3
    bar_caption: Caption = Caption.NONE
    qr_module: int = 3
    qr_correction: Correction = Correction.L


class _Glyph(NamedTuple):
    """A character as it was set; the dots follow from these."""

    character: str
    style: Style
    width: int
    height: int


@dataclass(slots=True)
class _Line:
    """The line buffer."""

    glyphs: list[_Glyph] = field(default_factory=list)
    text: str = ""
    width: int = 0


class PrintHead:
    """Turns commands into strips."""

    def __init__(self, typeface: Typeface, width: int) -> None:
        assert width % 8 == 0
        self._typeface = typeface
        self._width = width
        self._style = Style()
        self._line = _Line()
        self._glyphs: dict[Style, dict[str, _Glyph]] = {}
        """Characters that were set before, by style."""
        self._qr = b""

    def clear(self) -> None:
        """Forget the line buffer."""
        self._line = _Line()

    def obey(self, command: Command) -> list[Strip]:
        """Take a command; return what it brings to paper."""
        match command:
            case PrintText(text=text):
                return self._print(text)
            case Tab():
                return self._print(" " * (TAB_CELLS - self._line.width // CELL % TAB_CELLS))
            case LineFeed():
                return [self._end_line(None)]
            case FeedDots(dots=dots):
                return [self._end_line(dots)]
            case FeedLines(lines=lines):
                return self._feed_lines(lines)
            case RasterImage():
                return [*self._flush(), self._image(command)]
            case PrintBarcode():
                return self._flush() + self._barcode(command)
            case PrintQr():
                return self._flush() + self._draw_qr()
            case StoreQr(content=content):
                self._qr = content
            case Initialise():
                self._style = Style()
                self._line = _Line()
            case _:
                self._style = _styled(self._style, command, at_line_start=not self._line.glyphs)
        return []

    def _print(self, text: str) -> list[Strip]:
        strips: list[Strip] = []
        known = self._glyphs.setdefault(self._style, {})
        glyphs = [
            known.get(character) or known.setdefault(character, self._glyph(character))
            for character in text
        ]
        width = self._line.width + sum(glyph.width for glyph in glyphs)
        if width <= self._width:
            self._line.glyphs += glyphs
            self._line.text += text
            self._line.width = width
            return strips
        for character, glyph in zip(text, glyphs, strict=True):
            if self._line.width + glyph.width > self._width:
                strips.append(self._end_line(None))
            self._line.glyphs.append(glyph)
            self._line.text += character
            self._line.width += glyph.width
        return strips

    def _glyph(self, character: str) -> _Glyph:
        """Return a character in the style of now."""
        style = self._style
        width, height = self._typeface.cell(character)
        if style.font_b:
            width, height = width * _FONT_B[0] // CELL, _FONT_B[1]
        return _Glyph(character, style, width * style.width, height * style.height)

    def _rows(self, glyph: _Glyph) -> tuple[int, ...]:
        """Draw a character."""
        style = glyph.style
        width, _ = self._typeface.cell(glyph.character)
        rows = self._typeface.rows(glyph.character)
        if style.font_b:
            narrow = width * _FONT_B[0] // CELL
            rows = tuple(
                _squeeze(rows[y * len(rows) // _FONT_B[1]], width, narrow)
                for y in range(_FONT_B[1])
            )
            width = narrow
        if style.bold:
            rows = tuple(row | row >> 1 for row in rows)
        if style.underline:
            keep = len(rows) - style.underline
            rows = rows[:keep] + ((1 << width) - 1,) * style.underline
        if style.inverse:
            rows = tuple(row ^ (1 << width) - 1 for row in rows)
        if style.width > 1:
            rows = tuple(_stretch(row, width, style.width) for row in rows)
        return tuple(row for row in rows for _ in range(style.height))

    def _flush(self) -> list[Strip]:
        return [self._end_line(None)] if self._line.glyphs else []

    def _end_line(self, feed: int | None) -> Strip:
        """Print the line buffer and feed: by the line spacing, or by so many dots."""
        line, self._line = self._line, _Line()
        height = max((glyph.height for glyph in line.glyphs), default=0)
        fed = self._style.line_spacing if feed is None else feed
        at = self._left(line.width)
        spoken = bool(line.glyphs) or feed is None
        indent = " " * (at // CELL) if line.text.strip() else ""
        return Strip(
            max(fed, height),
            (indent + line.text,) if spoken else (),
            partial(self._draw_line, line.glyphs, height, max(fed, height), at),
        )

    def _draw_line(self, glyphs: list[_Glyph], height: int, fed: int, at: int) -> list[int]:
        """Draw a line, and the white below it."""
        band = [0] * fed
        for glyph in glyphs:
            shift = self._width - at - glyph.width
            rows = self._rows(glyph)
            for y, row in enumerate(rows):
                # Characters of different height stand on one line.
                band[height - len(rows) + y] |= row << shift
            at += glyph.width
        return band

    def _feed_lines(self, lines: int) -> list[Strip]:
        if lines == 0:
            return self._flush()
        return [self._end_line(None) for _ in range(lines)]

    def _left(self, width: int) -> int:
        free = max(0, self._width - width)
        return {Align.LEFT: 0, Align.CENTRE: free // 2, Align.RIGHT: free}[self._style.align]

    def _place(self, rows: Iterable[int], width: int, left: int) -> tuple[int, ...]:
        """Set an image so many dots from the left; what is too wide is cut off on the right."""
        shift = self._width - left - width
        paper = (1 << self._width) - 1
        return tuple((row << shift if shift >= 0 else row >> -shift) & paper for row in rows)

    def _image(self, image: RasterImage) -> Strip:
        across = 2 if image.scale in (Scale.WIDE, Scale.QUADRUPLE) else 1
        down = 2 if image.scale in (Scale.TALL, Scale.QUADRUPLE) else 1
        size = image.width_bytes
        left = self._left(size * 8 * across)

        def draw() -> tuple[int, ...]:
            rows = []
            for y in range(image.height):
                row = int.from_bytes(image.dots[y * size : (y + 1) * size], "big")
                rows += [_stretch(row, size * 8, across)] * down
            return self._place(rows, size * 8 * across, left)

        text = f"[image {size * 8} x {image.height}]"
        return Strip(image.height * down, (text,), draw)

    def _barcode(self, command: PrintBarcode) -> list[Strip]:
        style = self._style
        text = f"[{command.symbology.name} {command.content}]"
        try:
            widths = bar_widths(command.symbology, command.content)
        except ValueError:
            # A printer prints nothing for a content it cannot bar.
            return [Strip(0, (f"{text[:-1]}: cannot be printed]",))]
        module = style.bar_module
        row, dots = 0, 0
        for place, width in enumerate(widths):
            size = width * module
            row = row << size | (((1 << size) - 1) if place % 2 == 0 else 0)
            dots += size
        if dots + 2 * BAR_QUIET_ZONE * module > self._width:
            return [Strip(0, (f"{text[:-1]}: too wide]",))]
        left = self._left(dots)
        bars = Strip(
            style.bar_height,
            (text,),
            lambda: self._place([row] * style.bar_height, dots, left),
        )
        above = style.bar_caption in (Caption.ABOVE, Caption.BOTH)
        below = style.bar_caption in (Caption.BELOW, Caption.BOTH)
        caption = self._caption(command.content)
        return [caption] * above + [bars] + [caption] * below

    def _caption(self, content: str) -> Strip:
        kept, self._style = (
            self._style,
            replace(
                self._style, font_b=False, bold=False, underline=0, inverse=False, width=1, height=1
            ),
        )
        self._print(content[: self._width // CELL])
        strip = self._end_line(24)
        self._style = kept
        # The text of the paper has named the content already.
        return Strip(strip.height, draw=lambda: strip.rows)

    def _draw_qr(self) -> list[Strip]:
        stored, correction = self._qr, self._style.qr_correction
        content = stored.decode("utf-8", "replace")
        try:
            size = qr_size(stored, correction)
        except ValueError:
            return [Strip(0, (f"[QR {content}: cannot be printed]",))]
        module = self._style.qr_module
        left = self._left(size * module)

        def draw() -> tuple[int, ...]:
            rows = []
            for line in qr_matrix(stored, correction):
                row = 0
                for dark in line:
                    row = row << module | (((1 << module) - 1) if dark else 0)
                rows += [row] * module
            return self._place(rows, size * module, left)

        return [Strip(size * module, (f"[QR {content}]",), draw)]


def _styled(style: Style, command: Command, *, at_line_start: bool) -> Style:
    match command:
        case SetMode():
            return replace(
                style,
                font_b=command.font_b,
                bold=command.bold,
                underline=int(command.underline),
                width=1 + command.wide,
                height=1 + command.tall,
            )
        case SetSize(width=width, height=height):
            return replace(style, width=width, height=height)
        case SetBold(on=on):
            return replace(style, bold=on)
        case SetUnderline(dots=dots):
            return replace(style, underline=dots)
        case SetInverse(on=on):
            return replace(style, inverse=on)
        case SetAlign(align=align):
            return replace(style, align=align) if at_line_start else style
        case SetLineSpacing(dots=dots):
            return replace(style, line_spacing=LINE_SPACING if dots is None else dots)
        case SetBarcodeHeight(dots=dots):
            return replace(style, bar_height=dots)
        case SetBarcodeModule(dots=dots):
            return replace(style, bar_module=dots)
        case SetBarcodeCaption(caption=caption):
            return replace(style, bar_caption=caption)
        case SetQrModule(dots=dots):
            return replace(style, qr_module=dots)
        case SetQrCorrection(correction=correction):
            return replace(style, qr_correction=correction)
        case _:
            return style


def _stretch(row: int, width: int, times: int) -> int:
    """Return a dot row with each dot repeated."""
    if times == 1 or not row:
        return row
    wide, dot = 0, (1 << times) - 1
    for place in range(width):
        if row >> place & 1:
            wide |= dot << place * times
    return wide


def _squeeze(row: int, width: int, narrow: int) -> int:
    """Return a dot row of another width; a dot that meets any black one is black."""
    thin = 0
    for place in range(width):
        if row >> place & 1:
            thin |= 1 << place * narrow // width
    return thin
