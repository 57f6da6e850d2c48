"""A document as plain text: exact columns, one line a paper line, for a screen, a log or a mail.

A wide character takes two columns, as on a terminal. Magnified text stands in normal size, aligned
as it was. A bar code or QR code is named with its content, a cut is a line of hyphens.
"""

from protocols.escpos.codes import Align, CutKind
from receipts.document import Barcode, Cut, Document, Image, PaperWidth, Qr, Size
from receipts.layout import Line, Piece, indent_of, lay_out, wrap
from receipts.repertoire import printable


def render(document: Document, paper: PaperWidth) -> str:
    """Return the whole text; each line ends with a line feed and is never wider than the paper."""
    lines = [line for piece in lay_out(document, paper) for line in piece_lines(piece, paper)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def piece_lines(piece: Piece, paper: PaperWidth) -> list[str]:
    """Return what stands for one piece."""
    match piece:
        case Line(text=text, align=align) if align is not Align.LEFT:
            return [" " * indent_of(text, align, paper, Size.NORMAL) + text]
        case Line(indent=indent, text=text):
            return [" " * indent + text]
        case Barcode(symbology=symbology, content=content):
            return wrap(f"[{symbology.name} {printable(content)}]", paper)
        case Qr(content=content):
            return wrap(f"[QR {printable(content)}]", paper)
        case Image(description=description):
            return wrap(f"[{printable(description)}]", paper)
        case Cut(kind=CutKind.FULL):
            return ["- " * (paper // 2)]
        case Cut():
            return ["-  " * (paper // 3)]
