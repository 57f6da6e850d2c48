"""A document as ESC/POS bytes: one job for a Korean receipt printer.

    begin_korean | lines in CP949 | GS k | GS ( k | GS v 0 in bands | GS V after feeding

Placed with spaces, not ESC a, which printers of other widths read differently; only symbols and
pictures, which have no columns, are centred by the printer. Every character is in CP949 or is the won
sign (`repertoire` has seen to it).
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from protocols.escpos import commands
from protocols.escpos.codes import Align, Caption, Correction
from protocols.escpos.encode import begin_korean, encode_all
from protocols.escpos.qr import qr_matrix
from receipts.document import Barcode, Cut, Document, Image, PaperWidth, Qr, Size
from receipts.layout import Line, Piece, barcode_module, lay_out

LINE_DOTS: Final = 30
"""From line to line; 24 of them are the character. The default of most printers, said all the same."""
BAND_ROWS: Final = 128
"""Rows of one GS v 0: a printer with a small buffer prints band by band."""
BARCODE_HEIGHT: Final = 72
QR_MODULE: Final = 5


class QrDrawn(Enum):
    """Who draws a QR code."""

    PRINTER = "printer"
    """GS ( k: 100 bytes."""
    PICTURE = "picture"
    """Dots of ours, for printers that have no QR codes: 2 to 5 kB, 3 s at 9,600 baud."""


def render(document: Document, paper: PaperWidth, qr: QrDrawn = QrDrawn.PRINTER) -> bytes:
    """Return the job; it begins from a known state and leaves the printer in its defaults."""
    return encode_all(_commands(document, paper, qr))


def _commands(document: Document, paper: PaperWidth, qr: QrDrawn) -> Iterator[commands.Command]:
    yield from begin_korean()
    yield commands.SetLineSpacing(LINE_DOTS)
    for piece in lay_out(document, paper):
        if isinstance(piece, Qr) and qr is QrDrawn.PICTURE:
            yield from _piece(_picture(piece, paper), paper)
        else:
            yield from _piece(piece, paper)


def _piece(piece: Piece, paper: PaperWidth) -> Iterator[commands.Command]:
    match piece:
        case Line():
            yield from _line(piece)
        case Barcode():
            yield from _barcode(piece, paper)
        case Qr(content=content):
            yield from _centred(
                commands.SetQrModel(2),
                commands.SetQrModule(QR_MODULE),
                commands.SetQrCorrection(Correction.M),
                commands.StoreQr(content.encode()),
                commands.PrintQr(),
            )
        case Image():
            yield from _centred(*_bands(piece))
        case Cut(kind=kind):
            yield commands.Cut(kind=kind, feed_dots=0)


def _line(line: Line) -> Iterator[commands.Command]:
    if line.indent:
        yield commands.PrintText(" " * line.indent)
    if line.bold:
        yield commands.SetBold(on=True)
    if line.size is not Size.NORMAL:
        yield commands.SetSize(width=line.size.width, height=line.size.height)
        # Lines touch at double height unless the paper moves on further.
        yield commands.SetLineSpacing(LINE_DOTS * line.size.height)
    if line.text:
        yield commands.PrintText(line.text)
    yield commands.LineFeed()
    if line.size is not Size.NORMAL:
        yield commands.SetSize(width=1, height=1)
        yield commands.SetLineSpacing(LINE_DOTS)
    if line.bold:
        yield commands.SetBold(on=False)


def _barcode(barcode: Barcode, paper: PaperWidth) -> Iterator[commands.Command]:
    module = barcode_module(barcode, paper)
    assert module is not None, "layout keeps only what fits"
    yield from _centred(
        commands.SetBarcodeHeight(BARCODE_HEIGHT),
        commands.SetBarcodeModule(module),
        commands.SetBarcodeCaption(Caption.BELOW),
        commands.PrintBarcode(barcode.symbology, barcode.content),
    )


def _picture(code: Qr, paper: PaperWidth) -> Image:
    """Return a code as dots, its modules as large as those of the printer as far as the paper goes."""
    matrix = qr_matrix(code.content.encode(), Correction.M)
    module = min(QR_MODULE, paper.dots // len(matrix))
    assert module, "the longest code has fewer modules than the narrowest paper has dots"
    width = len(matrix) * module
    padding = -width % 8
    rows = bytearray()
    for line in matrix:
        dots = 0
        for dark in line:
            dots = dots << module | (((1 << module) - 1) if dark else 0)
        rows += (dots << padding).to_bytes((width + padding) // 8) * module
    return Image(width=width, height=width, dots=bytes(rows), description=f"QR {code.content}")


def _bands(image: Image) -> Iterator[commands.Command]:
    for top in range(0, image.height, BAND_ROWS):
        rows = min(BAND_ROWS, image.height - top)
        start, end = top * image.row_bytes, (top + rows) * image.row_bytes
        yield commands.RasterImage(
            width_bytes=image.row_bytes, height=rows, dots=image.dots[start:end]
        )


def _centred(*body: commands.Command) -> Iterator[commands.Command]:
    yield commands.SetAlign(Align.CENTRE)
    yield from body
    yield commands.SetAlign(Align.LEFT)
