"""All renderers show the same: what the printer decodes, the picture shows and the page says.

Method: hypothesis draws documents of wild text; the escpos job is read by the printer's decoder, the
picture is read back glyph by glyph, the page by an HTML parser; each must agree with the text form.
"""

import io
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Picture

from protocols.escpos import commands
from protocols.escpos.codes import IMAGE_BYTES_MAX, Align, CutKind, Symbology
from protocols.escpos.decode import Decoder
from receipts.document import (
    Barcode,
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
from receipts.fonts import load_typeface
from receipts.layout import Line, lay_out
from receipts.renderers import escpos, html, png, text
from receipts.repertoire import cells, printable

KEY = "S001-01-20260417-0128-a"
PAPERS = list(PaperWidth)

_words = st.one_of(
    st.text(max_size=30),
    st.text("가나다라마바사 abc 0123,.-*", max_size=80),
    st.sampled_from(
        ["서울우유 1L", "15,390", "1,000,000,000,000", "", "👍🏽", "\x1b@\x10\x04\x01"]
    ),
)
_style = {"bold": st.booleans(), "size": st.sampled_from(Size)}
_texts = st.builds(Text, text=_words, align=st.sampled_from(Align), **_style)
_column = st.builds(
    Column,
    text=_words,
    width=st.one_of(st.none(), st.integers(1, 60)),
    align=st.sampled_from(Align),
)
_rows = st.lists(_column, min_size=1, max_size=5).filter(
    lambda row: sum(column.width is None for column in row) <= 1
)
_columns = st.builds(Columns, columns=_rows.map(tuple), **_style)
_lines = st.one_of(
    _texts, _columns, st.builds(Rule, character=st.sampled_from("-=")), st.builds(Feed)
)
_symbols = st.sampled_from(
    [
        Barcode(symbology=Symbology.EAN13, content="8801234567893"),
        Barcode(symbology=Symbology.CODE128, content=KEY),
        Qr(content=KEY),
        Image(width=20, height=300, dots=bytes(range(256)) * 3 + bytes(132), description="로고"),
        Cut(),
        Cut(kind=CutKind.FULL),
    ]
)


def _document(blocks: list[object]) -> Document:
    return Document(title="시험 <&>", language="ko", blocks=tuple(blocks))  # type: ignore[arg-type]


documents = st.lists(st.one_of(_lines, _symbols), max_size=12).map(_document)
papers = st.sampled_from(PAPERS)


class Paper(HTMLParser):
    """Collects what a page says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[str] = []
        self.labels: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.labels += [value or "" for name, value in attrs if name == "aria-label"]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] not in ("title", "style"):
            self.said.append(data)


def printed(job: bytes) -> list[tuple[str, bool]]:
    """Return what a printer's paper holds: lines of text and whether they stand in wide letters."""
    lines: list[tuple[str, bool]] = []
    line, wide, stored = "", False, b""
    for command in Decoder().receive(job):
        match command:
            case commands.PrintText(text=run):
                line += run
            case commands.LineFeed():
                lines.append((line.rstrip(), wide))
                line = ""
            case commands.SetSize(width=width):
                wide = width > 1
            case commands.StoreQr(content=content):
                stored = content
            case commands.PrintQr():
                lines.append((f"[QR {stored.decode()}]", False))
            case commands.PrintBarcode(symbology=symbology, content=said):
                lines.append((f"[{symbology.name} {said}]", False))
            case commands.Cut(kind=kind):
                lines.append((f"cut {kind.value}", False))
            case commands.Unknown() | commands.Unsupported():
                raise AssertionError(f"a printer would not understand {command}")
            case _:
                pass
    return lines


@settings(max_examples=150, deadline=None)
@given(documents, papers)
def test_printer_decodes_what_the_text_shows(document: Document, paper: PaperWidth) -> None:
    """Line by line; wide letters stand elsewhere on paper, so of those only the words count."""
    shown = text.render(document, paper).splitlines()
    on_paper = printed(escpos.render(document, paper))

    shown = [line for line in shown if line != "[로고]"]
    assert len(on_paper) == len(shown)
    for (line, wide), expected in zip(on_paper, shown, strict=True):
        if line.startswith("cut "):
            assert set(expected) <= {"-", " "}
        elif wide:
            assert line.strip() == expected.strip()
        else:
            assert line == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(_lines, max_size=10).map(_document), papers)
def test_printer_sets_and_drops_each_style(document: Document, paper: PaperWidth) -> None:
    """The weight and size in force when each line's ink arrives are that line's, no line's before."""
    seen, bold, size = [], False, (1, 1)
    for command in Decoder().receive(escpos.render(document, paper)):
        match command:
            case commands.SetBold(on=on):
                bold = on
            case commands.SetSize(width=width, height=height):
                size = (width, height)
            case commands.PrintText(text=run) if run.strip():
                seen.append((run.strip(), bold, size))
            case _:
                pass

    assert seen == [
        (piece.text.strip(), piece.bold, piece.size.value)
        for piece in lay_out(document, paper)
        if isinstance(piece, Line) and piece.text.strip()
    ]
    assert (bold, size) == (False, (1, 1)), "the printer is left in its defaults"


@settings(max_examples=100, deadline=None)
@given(documents, papers)
def test_no_line_is_wider_than_the_paper(document: Document, paper: PaperWidth) -> None:
    """Whatever the texts and widths, in letters of any size."""
    assert all(
        piece.width <= paper for piece in lay_out(document, paper) if isinstance(piece, Line)
    )
    assert all(cells(line) <= paper for line in text.render(document, paper).splitlines())


@settings(max_examples=100, deadline=None)
@given(st.lists(_lines, max_size=8).map(_document), papers)
def test_no_character_is_lost(document: Document, paper: PaperWidth) -> None:
    """Wrapping and stacking move ink, they never drop it: a figure is whole on every width."""
    wanted = sorted(
        character
        for block in document.blocks
        for part in (
            [block.text]
            if isinstance(block, Text)
            else [column.text for column in block.columns]
            if isinstance(block, Columns)
            else [block.character * paper]
            if isinstance(block, Rule)
            else []
        )
        for character in printable(part).replace(" ", "")
    )
    shown = text.render(document, paper)

    assert sorted(shown.replace(" ", "").replace("\n", "")) == wanted


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(_texts, _columns), max_size=8).map(_document), papers)
def test_page_says_what_the_text_shows(document: Document, paper: PaperWidth) -> None:
    """The page keeps rows whole, so only the order of characters is compared, without spaces."""
    page = Paper()
    page.feed(html.render(document, paper))

    said = "".join("".join(page.said).split())
    assert sorted(said) == sorted("".join(text.render(document, paper).split()))
    assert set(page.tags) <= {
        "html", "head", "meta", "title", "style", "body", "main", "p", "div", "span",
    }  # fmt: skip


def test_page_escapes_and_fetches_nothing() -> None:
    """An item's name cannot become markup; no address stands in the page but a name space."""
    name = "<script>alert('x')</script> & \"co\""
    page = html.render(_document([Text(text=name), Qr(content=KEY)]), PaperWidth.STANDARD)

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "시험 &lt;&amp;&gt;" in page
    assert page.replace("http://www.w3.org/2000/svg", "").count("http") == 0


def test_page_names_its_symbols_for_a_screen_reader() -> None:
    """A code is a picture with a label; the language of the page is said."""
    page = Paper()
    document = _document(
        [Qr(content=KEY), Barcode(symbology=Symbology.EAN13, content="8801234567893")]
    )
    page.feed(html.render(document, PaperWidth.WIDE))

    assert page.labels == [f"QR {KEY}", "EAN13 8801234567893"]
    assert '<html lang="ko">' in html.render(document, PaperWidth.WIDE)


def _read_line(page: Picture.Image, top: int, paper: PaperWidth) -> str:
    """Read one line of normal letters back from the picture, by comparing glyphs."""
    face = load_typeface()
    line, x = "", png.MARGIN
    candidates = {"서", "울", "우", "유", "뷁", "₩", *map(chr, range(32, 127))}
    while x < png.MARGIN + paper.dots:
        for character in candidates:
            width, height = face.cell(character)
            if x + width > png.MARGIN + paper.dots:
                continue
            seen = tuple(
                sum(
                    (page.getpixel((x + column, top + row)) == 1) << (width - 1 - column)
                    for column in range(width)
                )
                for row in range(height)
            )
            if seen == face.rows(character):
                line += character
                x += width
                break
        else:
            raise AssertionError(f"no glyph at {x}, {top} behind {line!r}")
    return line.rstrip()


def test_picture_shows_what_the_text_shows() -> None:
    """Glyph by glyph: the picture is the text, dot for dot in the receipt font."""
    document = _document(
        [
            Text(text="서울우유 ₩2,980 \\ Café", align=Align.CENTRE),
            Columns(columns=(Column(text="뷁", align=Align.LEFT), Column(text="15,390", width=9))),
            Rule(character="="),
        ]
    )
    page = Picture.open(io.BytesIO(png.render(document, PaperWidth.NARROW)))
    lines = text.render(document, PaperWidth.NARROW).splitlines()

    for index, line in enumerate(lines):
        assert _read_line(page, png.MARGIN + index * escpos.LINE_DOTS, PaperWidth.NARROW) == line


@settings(max_examples=30, deadline=None)
@given(documents, papers)
def test_picture_is_as_wide_as_the_paper(document: Document, paper: PaperWidth) -> None:
    """Any document becomes a picture of the paper's width and the same one each time."""
    data = png.render(document, paper)
    page = Picture.open(io.BytesIO(data))

    assert page.width == paper.dots + 2 * png.MARGIN
    assert png.render(document, paper) == data


def test_magnified_and_bold_letters_have_more_ink() -> None:
    """Double size has four times the ink, bold more than normal."""

    def ink(**style: object) -> int:
        document = _document([Text(text="한", **style)])  # type: ignore[arg-type]
        page = Picture.open(io.BytesIO(png.render(document, PaperWidth.NARROW)))
        return page.tobytes().count(1)

    assert ink(size=Size.LARGE) == 4 * ink()
    assert ink(size=Size.TALL) == 2 * ink() == ink(size=Size.WIDE)
    assert ink() < ink(bold=True) < 2 * ink()


def test_picture_of_endless_paper_ends() -> None:
    """A picture has a greatest height and ends with a whole line."""
    document = _document([Text(text="가", size=Size.LARGE)] * 3_000)
    page = Picture.open(io.BytesIO(png.render(document, PaperWidth.NARROW)))

    assert png.HEIGHT_MAX - 60 < page.height <= png.HEIGHT_MAX
    assert (page.height - 2 * png.MARGIN) % 60 == 0


def test_tall_picture_goes_in_bands_and_comes_out_whole() -> None:
    """A small printer's buffer never holds a whole logo; joined, the bands are the logo."""
    dots = bytes(range(256)) * 8
    document = _document([Image(width=64, height=256, dots=dots, description="로고")])
    read = Decoder().receive(escpos.render(document, PaperWidth.NARROW))
    bands = [command for command in read if isinstance(command, commands.RasterImage)]

    assert [band.height for band in bands] == [128, 128]
    assert b"".join(band.dots for band in bands) == dots
    assert escpos.BAND_ROWS * PaperWidth.WIDE.dots // 8 < IMAGE_BYTES_MAX


def test_picture_wider_than_the_paper_is_named() -> None:
    """A logo for wide paper on a belt printer: its name, not half of it."""
    image = Image(width=576, height=1, dots=bytes(72), description="한빛 로고")

    assert text.render(_document([image]), PaperWidth.NARROW) == "[한빛 로고]\n"
    assert printed(escpos.render(_document([image]), PaperWidth.NARROW))[0][0] == "[한빛 로고]"


@pytest.mark.parametrize(
    ("paper", "module"),
    [(PaperWidth.NARROW, None), (PaperWidth.STANDARD, None), (PaperWidth.WIDE, 2)],
)
def test_long_bar_code_becomes_a_qr_code_where_it_would_not_scan(
    paper: PaperWidth, module: int | None
) -> None:
    """A symbol is never squeezed or cut: narrow paper carries the same content as a QR code."""
    document = _document([Barcode(symbology=Symbology.CODE128, content="S001-01-20260417-0128")])
    read = Decoder().receive(escpos.render(document, paper))

    assert (commands.PrintQr() in read) == (module is None)
    assert [c.dots for c in read if isinstance(c, commands.SetBarcodeModule)] == (
        [] if module is None else [module]
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: Qr(content=""),
        lambda: Qr(content="a\nb"),
        lambda: Qr(content="x" * 513),
        lambda: Barcode(symbology=Symbology.EAN13, content="8801234567890"),
        lambda: Columns(columns=(Column(text="a"), Column(text="b"))),
        lambda: Image(width=9, height=1, dots=b"\x00"),
        lambda: Image(width=8, height=0, dots=b""),
    ],
)
def test_block_that_cannot_be_drawn_is_refused_when_made(make: object) -> None:
    """Not when the paper is already moving."""
    with pytest.raises(ValueError, match=r"\w"):
        make()  # type: ignore[operator]


def test_job_begins_from_a_known_state() -> None:
    """Whatever the printer was left in: initialised, Hangul on, Korea for the won sign."""
    job = escpos.render(_document([Text(text="₩")]), PaperWidth.WIDE)

    assert job.startswith(b"\x1b@\x1c&\x1bR\x0d")
    assert b"\x5c\n" in job
