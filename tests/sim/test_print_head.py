"""The head: sizes, alignment, wrapping, styles, bar codes and QR codes, dot for dot."""

import pytest

from protocols.escpos.bars import bar_widths
from protocols.escpos.codes import Align, Caption, Correction, Scale, Symbology
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
from protocols.escpos.qr import qr_matrix
from receipts.fonts import load_typeface
from sim.paper_roll import Strip
from sim.print_head import PrintHead

TYPEFACE = load_typeface()
WIDTH = 576


def printed(*commands: Command) -> list[Strip]:
    head = PrintHead(TYPEFACE, WIDTH)
    return [strip for command in commands for strip in head.obey(command)]


def ink(strip: Strip) -> tuple[int, int]:
    """Return the first and last black column of a strip."""
    black = 0
    for row in strip.rows:
        black |= row
    return WIDTH - black.bit_length(), WIDTH - 1 - ((black & -black).bit_length() - 1)


def test_line_is_thirty_dots_and_text_reads() -> None:
    [strip] = printed(PrintText("합계 1"), LineFeed())

    assert len(strip.rows) == 30
    assert strip.text == ("합계 1",)
    assert strip.rows[0] >> (WIDTH - 24) == TYPEFACE.rows("합")[0]


@pytest.mark.parametrize(
    ("align", "first"), [(Align.LEFT, 0), (Align.CENTRE, 276), (Align.RIGHT, 552)]
)
def test_alignment_places_the_line(align: Align, first: int) -> None:
    [strip] = printed(SetAlign(align), SetInverse(True), PrintText(" 1"), LineFeed())

    assert ink(strip)[0] == first
    assert strip.text[0].index(" 1") >= first // 12 - 1


def test_alignment_in_the_middle_of_a_line_is_ignored() -> None:
    [strip] = printed(SetInverse(True), PrintText(" "), SetAlign(Align.RIGHT), LineFeed())

    assert ink(strip)[0] == 0


def test_line_wraps_at_the_width_of_the_paper() -> None:
    strips = printed(PrintText("가" * 25), LineFeed())

    assert [strip.text for strip in strips] == [("가" * 24,), ("가",)]


def test_sizes_stretch_each_dot_and_stand_on_one_line() -> None:
    [small] = printed(PrintText("1"), LineFeed())
    [large] = printed(SetSize(width=2, height=3), PrintText("1"), LineFeed())
    assert len(large.rows) == 72
    for y in range(24):
        for x in range(12):
            dot = small.rows[y] >> (WIDTH - 1 - x) & 1
            assert large.rows[3 * y] >> (WIDTH - 1 - 2 * x) & 1 == dot
            assert large.rows[3 * y + 2] >> (WIDTH - 2 - 2 * x) & 1 == dot

    [mixed] = printed(
        SetSize(width=1, height=2), PrintText("1"), SetSize(width=1, height=1), PrintText("1"),
        LineFeed(),
    )  # fmt: skip
    right = [row >> (WIDTH - 24) & 0xFFF for row in mixed.rows]
    assert right[:24] == [0] * 24
    assert right[24:48] == [row >> (WIDTH - 12) for row in small.rows[:24]]


def test_styles_change_the_dots_as_named() -> None:
    plain = TYPEFACE.rows("A")
    [bold] = printed(SetBold(True), PrintText("A"), LineFeed())
    assert bold.rows[12] >> (WIDTH - 12) == plain[12] | plain[12] >> 1
    [inverse] = printed(SetInverse(True), PrintText("A"), LineFeed())
    assert inverse.rows[12] >> (WIDTH - 12) == plain[12] ^ 0xFFF
    [under] = printed(SetUnderline(2), PrintText("A"), LineFeed())
    assert [row >> (WIDTH - 12) for row in under.rows[22:24]] == [0xFFF, 0xFFF]
    [mode] = printed(SetMode(wide=True, tall=True, underline=True), PrintText("A"), LineFeed())
    assert len(mode.rows) == 48 and ink(mode)[1] == 23
    [small] = printed(SetMode(font_b=True), PrintText("A" * 64), LineFeed())
    assert ink(small)[1] < WIDTH
    [again] = printed(SetBold(True), Initialise(), PrintText("A"), LineFeed())
    assert again.rows[12] >> (WIDTH - 12) == plain[12]


def test_spacing_feeds_and_tabs() -> None:
    assert len(printed(SetLineSpacing(50), LineFeed())[0].rows) == 50
    assert len(printed(SetLineSpacing(0), PrintText("A"), LineFeed())[0].rows) == 24
    assert len(printed(SetLineSpacing(5), SetLineSpacing(None), LineFeed())[0].rows) == 30
    assert sum(len(strip.rows) for strip in printed(PrintText("A"), FeedLines(3))) == 90
    assert len(printed(FeedDots(200))[0].rows) == 200
    assert printed(FeedLines(0)) == []
    assert printed(PrintText("ab"), Tab(), PrintText("c"), LineFeed())[0].text == ("ab      c",)


@pytest.mark.parametrize(
    ("scale", "wide", "tall"),
    [(Scale.NORMAL, 1, 1), (Scale.WIDE, 2, 1), (Scale.TALL, 1, 2), (Scale.QUADRUPLE, 2, 2)],
)
def test_images_are_drawn_to_scale(scale: Scale, wide: int, tall: int) -> None:
    [strip] = printed(RasterImage(width_bytes=1, height=2, dots=b"\x80\x01", scale=scale))

    assert len(strip.rows) == 2 * tall
    assert strip.rows[0] >> (WIDTH - 8 * wide) == ((1 << wide) - 1) << 7 * wide
    assert ink(strip)[1] == 8 * wide - 1


def test_image_wider_than_the_paper_is_cut_off() -> None:
    [strip] = printed(RasterImage(width_bytes=100, height=1, dots=b"\xff" * 100))

    assert strip.rows == ((1 << WIDTH) - 1,)


def test_text_before_an_image_comes_out_first() -> None:
    strips = printed(PrintText("A"), RasterImage(width_bytes=1, height=1, dots=b"\xff"))

    assert [strip.text for strip in strips] == [("A",), ("[image 8 x 1]",)]


def test_bar_code_has_the_bars_of_the_standard_with_its_caption() -> None:
    code = PrintBarcode(Symbology.EAN13, "8801234567893")
    above, bars, below = printed(
        SetBarcodeHeight(40), SetBarcodeModule(2), SetBarcodeCaption(Caption.BOTH), code
    )

    assert len(bars.rows) == 40
    assert bars.text == ("[EAN13 8801234567893]",)
    assert ink(bars) == (0, 95 * 2 - 1)
    row, runs = format(bars.rows[0], f"0{WIDTH}b")[: 95 * 2 : 2], []
    for place, bit in enumerate(row):
        if place and bit == row[place - 1]:
            runs[-1] += 1
        else:
            runs.append(1)
    assert tuple(runs) == bar_widths(Symbology.EAN13, "8801234567893")
    assert above.rows == below.rows != ()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (PrintBarcode(Symbology.EAN13, "8801234567890"), "cannot be printed"),
        (PrintBarcode(Symbology.CODABAR, "A1A"), "cannot be printed"),
        (PrintBarcode(Symbology.CODE39, "A" * 60), "too wide"),
    ],
)
def test_bar_code_that_cannot_be_leaves_a_word_and_no_bars(code: Command, words: str) -> None:
    [strip] = printed(code)

    assert strip.rows == ()
    assert words in strip.text[0]


def test_qr_code_has_the_modules_of_the_standard() -> None:
    content = b"S1-01-20260417-0128-A"
    [strip] = printed(SetQrModule(4), SetQrCorrection(Correction.M), StoreQr(content), PrintQr())

    matrix = qr_matrix(content, Correction.M)
    assert len(strip.rows) == 4 * len(matrix)
    for y, line in enumerate(matrix):
        row = format(strip.rows[4 * y], f"0{WIDTH}b")
        assert [row[4 * x] == "1" for x in range(len(matrix))] == list(line)


def test_qr_code_that_is_too_long_leaves_a_word() -> None:
    [strip] = printed(StoreQr(b"x" * 512), SetQrCorrection(Correction.H), PrintQr())

    assert "cannot be printed" in strip.text[0]


def test_cleared_line_buffer_is_gone() -> None:
    head = PrintHead(TYPEFACE, WIDTH)
    head.obey(PrintText("lost"))
    head.clear()

    assert head.obey(LineFeed())[0].text == ("",)
