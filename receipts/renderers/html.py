"""A document as one self-contained HTML page: for a mail, a browser, a screen reader, a printer.

Nothing is fetched and nothing runs: style and symbols stand in the page, every text is escaped. No
element has a style of its own, so that a server may allow the one style by its hash and nothing else.
Rows keep their order for whoever listens; at paper width they look as on paper.
"""

from collections.abc import Mapping
from functools import cache
from html import escape
from types import MappingProxyType
from typing import Final

from protocols.escpos.bars import QUIET_ZONE as BAR_QUIET_ZONE
from protocols.escpos.bars import bar_widths
from protocols.escpos.codes import Align, Correction
from protocols.escpos.qr import QUIET_ZONE, qr_matrix
from receipts.document import (
    Barcode,
    Block,
    Column,
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
from receipts.layout import FEED_LINES_MAX
from receipts.repertoire import printable

_PAPER_MM: Final = {PaperWidth.NARROW: 58, PaperWidth.STANDARD: 80, PaperWidth.WIDE: 80}
_ALIGN: Final = {Align.LEFT: "left", Align.CENTRE: "center", Align.RIGHT: "right"}
_BAR_HEIGHT: Final = 40
_STYLE: Final = """\
:root { color-scheme: light; }
body { margin: 0; background: #e8e6e1; color: #28262e; }
main { box-sizing: border-box; width: min(100%%, %(columns)dch + 4ch); margin: 1rem auto;
  padding: 1.5rem 2ch; background: #fcfaf4; font: min(1rem, %(letter).2fvw)/1.35 "D2Coding", "Nanum Gothic Coding",
  "Noto Sans Mono CJK KR", monospace; }
p, div.row { margin: 0; min-height: 1.35em; white-space: pre-wrap; overflow-wrap: anywhere; }
div.row { display: flex; flex-wrap: wrap; justify-content: flex-end; column-gap: 1ch; }
div.row > span.rest { flex: 1 1 auto; }
div.row > span { overflow-wrap: anywhere; }
.bold { font-weight: bold; }
.tall, .large { font-size: 1.5em; }
.wide { letter-spacing: 0.3em; }
.large { font-size: 1.8em; }
hr { border: 0; border-top: 1px dashed currentColor; margin: 0.5em 0; }
hr.double { border-top: 3px double currentColor; }
hr.cut { border-top: 2px dotted #b0aca4; margin: 1.5em -2ch; }
figure { margin: 0.5em 0; text-align: center; }
figure svg, figure img { max-width: 100%%; background: #fff; }
.left { text-align: left; } .center { text-align: center; } .right { text-align: right; }
nav { text-align: center; margin: 1rem; } nav a { color: inherit; margin: 0 1ch; }
@media print { nav { display: none; } }
@media print { @page { size: %(paper)dmm auto; margin: 2mm; } body, main { background: none; }
  main { width: auto; margin: 0; padding: 0; font-size: 9pt; } hr.cut { break-after: page; } }
"""


_NO_LINKS: Final[Mapping[str, str]] = MappingProxyType({})


@cache
def style(paper: PaperWidth) -> str:
    """Return what stands between <style> and </style> on every page of a paper width."""
    widths = "".join(f".w{each} {{ min-width: {each}ch; }}\n" for each in range(1, paper + 1))
    feeds = "".join(
        f".f{each} {{ height: {each * 1.35:g}em; }}\n" for each in range(1, FEED_LINES_MAX + 1)
    )
    # A letter is half as wide as high: so a narrow telephone shows every row whole.
    letter = 200 / (paper + 6)
    return _STYLE % {"columns": paper, "paper": _PAPER_MM[paper], "letter": letter} + widths + feeds


def render(document: Document, paper: PaperWidth, links: Mapping[str, str] = _NO_LINKS) -> str:
    """Return the whole page; `links` stand below the sheet, names to addresses, and are not printed."""
    body = "\n".join(_block(block, paper) for block in document.blocks)
    if links:
        ways = " ".join(
            f'<a href="{escape(address)}">{_text(name)}</a>' for name, address in links.items()
        )
        body += f"\n<nav>{ways}</nav>"
    return (
        f'<!DOCTYPE html>\n<html lang="{document.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(document.title)}</title>\n<style>{style(paper)}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: Block, paper: PaperWidth) -> str:
    match block:
        case Text():
            names = _names(_ALIGN[block.align], bold=block.bold, size=block.size)
            return f"<p{names}>{_text(block.text)}</p>"
        case Columns():
            names = _names("row", bold=block.bold, size=block.size)
            cells = " ".join(_column(column, paper) for column in block.columns)
            return f"<div{names}>{cells}</div>"
        case Rule(character="="):
            return '<hr class="double">'
        case Rule():
            return "<hr>"
        case Feed(lines=lines):
            return f'<div class="f{max(1, min(lines, FEED_LINES_MAX))}"></div>'
        case Barcode():
            return _barcode(block)
        case Qr(content=content):
            return _qr(content)
        case Image():
            return _image(block)
        case Cut():
            return '<hr class="cut">'


def _text(text: str) -> str:
    return escape(printable(text))


def _names(*names: str, bold: bool, size: Size) -> str:
    found = [*names]
    if bold:
        found.append("bold")
    if size is not Size.NORMAL:
        found.append(size.name.lower())
    return f' class="{" ".join(found)}"' if found else ""


def _column(column: Column, paper: PaperWidth) -> str:
    width = "rest" if column.width is None else f"w{min(column.width, paper)}"
    return f'<span class="{width} {_ALIGN[column.align]}">{_text(column.text)}</span>'


def _barcode(barcode: Barcode) -> str:
    widths = bar_widths(barcode.symbology, barcode.content)
    place, bars = BAR_QUIET_ZONE, []
    for index, width in enumerate(widths):
        if index % 2 == 0:
            bars.append(f"M{place} 0h{width}v{_BAR_HEIGHT}h-{width}z")
        place += width
    label = f"{barcode.symbology.name} {barcode.content}"
    symbol = _svg(place + BAR_QUIET_ZONE, _BAR_HEIGHT, "".join(bars), label, scale=2)
    return f"<figure>{symbol}<figcaption>{_text(barcode.content)}</figcaption></figure>"


def _qr(content: str) -> str:
    matrix = qr_matrix(content.encode(), Correction.M)
    modules = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, dark in enumerate(row)
        if dark
    )
    size = len(matrix) + 2 * QUIET_ZONE
    return f"<figure>{_svg(size, size, modules, f'QR {content}', scale=4)}</figure>"


def _image(image: Image) -> str:
    dots = "".join(
        f"M{x} {y}h1v1h-1z"
        for y in range(image.height)
        for x in range(image.width)
        if image.dots[y * image.row_bytes + x // 8] >> (7 - x % 8) & 1
    )
    return f"<figure>{_svg(image.width, image.height, dots, image.description, scale=1)}</figure>"


def _svg(width: int, height: int, path: str, label: str, *, scale: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{_text(label)}" '
        f'width="{width * scale}" height="{height * scale}" viewBox="0 0 {width} {height}" '
        f'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )
