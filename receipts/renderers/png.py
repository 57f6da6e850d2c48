"""A document as a picture of the paper: PNG, dot for dot as a receipt printer would print it.

Drawn with the receipt font at 12 x 24 and 24 x 24 dots, magnified by whole dots, bold struck twice:
what a thermal head does. Paper and ink are the colours of thermal paper.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Final

from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from protocols.escpos.bars import bar_widths
from protocols.escpos.codes import Correction
from protocols.escpos.qr import QUIET_ZONE, qr_matrix
from protocols.ports import Typeface
from receipts.document import Barcode, Cut, Document, Image, PaperWidth, Qr, Size
from receipts.fonts import load_typeface
from receipts.layout import Line, Piece, barcode_module, lay_out
from receipts.renderers.escpos import BARCODE_HEIGHT, LINE_DOTS, QR_MODULE

MARGIN: Final = 24
"""Unprintable dots at every edge."""
HEIGHT_MAX: Final = 120_000
"""Dots, 15 m of paper; a picture of more ends with the last line that fits. Paper itself has no end."""
PAPER_COLOUR: Final = (252, 250, 244)
INK_COLOUR: Final = (40, 38, 46)
CUT_COLOUR: Final = (176, 172, 164)
_INK: Final = 1
_CUT: Final = 2
_CUT_HEIGHT: Final = 40


def render(document: Document, paper: PaperWidth, typeface: Typeface | None = None) -> bytes:
    """Return the PNG. Without a typeface the receipt font is loaded."""
    pen = _Pen(paper, load_typeface() if typeface is None else typeface)
    strips, height = [], 2 * MARGIN
    for piece in lay_out(document, paper):
        strip = pen.draw(piece)
        if height + strip.height > HEIGHT_MAX:
            break
        strips.append(strip)
        height += strip.height
    page = Picture.new("P", (paper.dots + 2 * MARGIN, height), 0)
    page.putpalette([*PAPER_COLOUR, *INK_COLOUR, *CUT_COLOUR])
    top = MARGIN
    for strip in strips:
        page.paste(strip, (MARGIN, top))
        top += strip.height
    told = PngInfo()
    told.add_itxt("Title", document.title, lang=document.language)
    stream = BytesIO()
    page.save(stream, "PNG", optimize=True, pnginfo=told, dpi=(203, 203))
    return stream.getvalue()


class _Pen:
    """Draws pieces as strips of the paper's width."""

    def __init__(self, paper: PaperWidth, typeface: Typeface) -> None:
        self._paper = paper
        self._typeface = typeface
        self._glyphs: dict[str, Picture.Image] = {}

    def draw(self, piece: Piece) -> Picture.Image:
        match piece:
            case Line():
                return self._line(piece)
            case Barcode():
                return self._barcode(piece)
            case Qr(content=content):
                matrix = qr_matrix(content.encode(), Correction.M)
                symbol = _mask(len(matrix), len(matrix), lambda x, y: matrix[y][x])
                return self._symbol(symbol, QR_MODULE, quiet=QUIET_ZONE * QR_MODULE)
            case Image(width=width, height=height, dots=dots):
                raw = Picture.frombytes("1", (piece.row_bytes * 8, height), dots)
                return self._symbol(raw.crop((0, 0, width, height)), 1, quiet=0)
            case Cut():
                strip = self._strip(_CUT_HEIGHT)
                for x in range(0, self._paper.dots, 12):
                    strip.paste(_CUT, (x, _CUT_HEIGHT // 2, x + 7, _CUT_HEIGHT // 2 + 2))
                return strip

    def _strip(self, height: int) -> Picture.Image:
        return Picture.new("P", (self._paper.dots, height), 0)

    def _line(self, line: Line) -> Picture.Image:
        strip = self._strip(LINE_DOTS * line.size.height)
        x = line.indent * 12
        for character in line.text:
            glyph = self._glyph(character, line.size)
            strip.paste(_INK, (x, 0), glyph)
            if line.bold:
                strip.paste(_INK, (x + 1, 0), glyph)
            x += glyph.width
        return strip

    def _glyph(self, character: str, size: Size) -> Picture.Image:
        glyph = self._glyphs.get(character)
        if glyph is None:
            width, height = self._typeface.cell(character)
            row_bytes = -(-width // 8)
            shift = row_bytes * 8 - width
            dots = b"".join(
                (row << shift).to_bytes(row_bytes, "big") for row in self._typeface.rows(character)
            )
            glyph = Picture.frombytes("1", (width, height), dots)
            self._glyphs[character] = glyph
        if size is Size.NORMAL:
            return glyph
        wide, high = glyph.width * size.width, glyph.height * size.height
        return glyph.resize((wide, high), Picture.Resampling.NEAREST)

    def _barcode(self, barcode: Barcode) -> Picture.Image:
        module = barcode_module(barcode, self._paper)
        assert module is not None, "layout keeps only what fits"
        widths = bar_widths(barcode.symbology, barcode.content)
        bars = [place % 2 == 0 for place, width in enumerate(widths) for _ in range(width)]
        symbol = _mask(len(bars), 1, lambda x, _: bars[x])
        symbol = symbol.resize((len(bars), BARCODE_HEIGHT // module), Picture.Resampling.NEAREST)
        above = self._symbol(symbol, module, quiet=8)
        caption = self._line(_caption(barcode.content, self._paper))
        strip = self._strip(above.height + caption.height)
        strip.paste(above, (0, 0))
        strip.paste(caption, (0, above.height))
        return strip

    def _symbol(self, symbol: Picture.Image, module: int, *, quiet: int) -> Picture.Image:
        """Return a strip with a symbol in the middle, `quiet` dots above and below."""
        size = (symbol.width * module, symbol.height * module)
        inked = symbol.resize(size, Picture.Resampling.NEAREST)
        strip = self._strip(inked.height + 2 * quiet)
        strip.paste(_INK, ((self._paper.dots - inked.width) // 2, quiet), inked)
        return strip


def _caption(content: str, paper: PaperWidth) -> Line:
    return Line(indent=max(0, paper - len(content)) // 2, text=content[:paper])


def _mask(width: int, height: int, dark: Callable[[int, int], bool]) -> Picture.Image:
    mask = Picture.new("1", (width, height), 0)
    for y in range(height):
        for x in range(width):
            if dark(x, y):
                mask.putpixel((x, y), 1)
    return mask
