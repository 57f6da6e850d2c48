"""Another implementation's bytes: python-escpos writes, our decoder reads; and its numbers are ours.

It shares no code with ours. It writes to standard output on bar codes and knows no Hangul, so only
what it does know is asked of it.
"""

import pytest
from escpos import constants as theirs
from escpos.printer import Dummy
from PIL import Image

from protocols.escpos import codes, commands
from protocols.escpos.answers import AnswerDecoder, RealtimeStatus
from protocols.escpos.codes import Align, CutKind, DrawerPin, Scale, Symbology
from protocols.escpos.decode import Decoder
from protocols.escpos.encode import encode
from protocols.escpos.status import SILENT, Paper, with_realtime


@pytest.fixture
def peer() -> Dummy:
    """Their printer that only remembers."""
    return Dummy()


def heard(peer: Dummy) -> list[commands.Command]:
    """Read what the peer wrote."""
    return Decoder().receive(peer.output + b"\n")[:-1]


def test_their_text_is_read(peer: Dummy) -> None:
    """Text in their default code page."""
    peer.text("Total 15,390\n")

    assert [c for c in heard(peer) if isinstance(c, commands.PrintText | commands.LineFeed)] == [
        commands.PrintText("Total 15,390"),
        commands.LineFeed(),
    ]


def test_their_accents_come_through_the_code_page(peer: Dummy) -> None:
    """They choose a code page with ESC t by themselves; we decode by it."""
    peer.text("Café crème €2\n")

    assert "".join(c.text for c in heard(peer) if isinstance(c, commands.PrintText)) == (
        "Café crème €2"
    )


def test_their_styles_are_read(peer: Dummy) -> None:
    """Bold, underline, centre, double size, inverse."""
    peer.set(
        align="center", bold=True, underline=2, width=2, height=2, custom_size=True, invert=True
    )

    read = heard(peer)

    for expected in (
        commands.SetAlign(Align.CENTRE),
        commands.SetBold(on=True),
        commands.SetUnderline(2),
        commands.SetSize(width=2, height=2),
        commands.SetInverse(on=True),
    ):
        assert expected in read


def test_their_machine_commands_are_read(peer: Dummy) -> None:
    """Cut, drawer, feed, initialise."""
    peer.hw("INIT")
    peer.cashdraw(2)
    peer.print_and_feed(3)
    peer.cut(mode="PART", feed=False)

    read = heard(peer)

    assert read[0] == commands.Initialise()
    assert commands.KickDrawer(pin=DrawerPin.TWO, on_ms=100, off_ms=100) in read
    assert commands.FeedLines(3) in read
    assert commands.Cut(kind=CutKind.PARTIAL, feed_dots=0) in read


@pytest.mark.parametrize("function", ["A", "B"])
def test_their_bar_code_is_read(
    peer: Dummy, function: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """EAN-13 by both functions of GS k."""
    peer.barcode("8801234567893", "EAN13", function_type=function, height=80, width=3)
    capsys.readouterr()

    read = heard(peer)

    assert commands.PrintBarcode(Symbology.EAN13, "8801234567893") in read
    assert commands.SetBarcodeHeight(80) in read
    assert commands.SetBarcodeModule(3) in read


def test_their_code128_is_read(peer: Dummy, capsys: pytest.CaptureFixture[str]) -> None:
    """Code set B as they write it."""
    peer.barcode("{BS001-01-20260417", "CODE128", function_type="B")
    capsys.readouterr()

    assert commands.PrintBarcode(Symbology.CODE128, "S001-01-20260417") in heard(peer)


def test_their_native_qr_is_read(peer: Dummy) -> None:
    """Store and print."""
    peer.qr("S001-01-20260417-0128-a", native=True, size=4)

    read = heard(peer)

    assert commands.StoreQr(b"S001-01-20260417-0128-a") in read
    assert commands.SetQrModule(4) in read
    assert commands.SetQrModel(2) in read
    assert read[-1] == commands.PrintQr() or commands.PrintQr() in read


def test_their_picture_is_read_dot_by_dot(peer: Dummy) -> None:
    """A raster image keeps every dot."""
    picture = Image.new("1", (16, 3), 1)
    for x in range(0, 16, 3):
        picture.putpixel((x, 1), 0)
    peer.image(picture, impl="bitImageRaster")

    (image,) = [c for c in heard(peer) if isinstance(c, commands.RasterImage)]

    assert (image.width_bytes, image.height, image.scale) == (2, 3, Scale.NORMAL)
    assert image.dots == b"\x00\x00" + bytes((0b10010010, 0b01001001)) + b"\x00\x00"


@pytest.mark.parametrize(
    ("ours", "their_bytes"),
    [
        (commands.Initialise(), theirs.HW_INIT),
        (commands.SetBold(on=True), theirs.TXT_STYLE["bold"][True]),
        (commands.SetUnderline(2), theirs.TXT_STYLE["underline"][2]),
        (commands.SetAlign(Align.RIGHT), theirs.TXT_STYLE["align"]["right"]),
        (commands.SetInverse(on=True), theirs.TXT_STYLE["invert"][True]),
        (commands.SetMode(tall=True, wide=True), theirs.TXT_STYLE["size"]["2x"][3:]),
        (commands.Cut(kind=CutKind.FULL), theirs.PAPER_FULL_CUT),
        (commands.Cut(kind=CutKind.PARTIAL), theirs.PAPER_PART_CUT),
        (commands.SetLineSpacing(None), theirs.LINESPACING_RESET),
        (commands.SetLineSpacing(30), theirs.LINESPACING_FUNCS[180] + b"\x1e"),
        (commands.SetBarcodeCaption(codes.Caption.BELOW), theirs.BARCODE_TXT_BLW),
        (commands.AskRealtime(codes.RealtimeQuestion.PRINTER), theirs.RT_STATUS_ONLINE),
        (commands.AskRealtime(codes.RealtimeQuestion.PAPER), theirs.RT_STATUS_PAPER),
    ],
    ids=str,
)
def test_their_numbers_are_ours(ours: commands.Command, their_bytes: bytes) -> None:
    """Two tables written by different people agree."""
    assert encode(ours) == their_bytes


@pytest.mark.parametrize("symbology", list(Symbology))
def test_their_bar_code_numbers_are_ours(symbology: Symbology) -> None:
    """GS k, function B."""
    name = symbology.name.replace("_", "-")

    assert theirs.BARCODE_TYPE_B[name] == codes.BARCODE + bytes((symbology,))


def test_we_hear_silence_where_they_hear_paper() -> None:
    """Their reading of no answer is "adequate paper"; ours is UNKNOWN (house.md)."""
    assert AnswerDecoder().receive(b"") == []
    assert SILENT.paper is Paper.UNKNOWN

    decoder = AnswerDecoder()
    decoder.expect_realtime()
    (answer,) = decoder.receive(bytes((theirs.RT_MASK_NOPAPER | 0x0C,)))
    assert isinstance(answer, RealtimeStatus)
    assert with_realtime(SILENT, codes.RealtimeQuestion.PAPER, answer.byte).paper is Paper.OUT
