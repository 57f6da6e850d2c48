"""Every command, written by the host's end and read back by the printer's end.

Method: a table with one example of each command and hypothesis over their ranges; both ends share
only the numbers in `codes`, so the numbers are pinned against the standard in their own table.
"""

import typing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocols.escpos import codes, commands
from protocols.escpos.charset import Charset
from protocols.escpos.codes import (
    Align,
    Caption,
    Correction,
    CutKind,
    DrawerPin,
    IdentityQuestion,
    RealtimeQuestion,
    Recovery,
    Scale,
    StatusGroup,
    StatusQuestion,
    Symbology,
)
from protocols.escpos.decode import Decoder
from protocols.escpos.encode import KOREAN, begin_korean, encode, encode_all
from protocols.escpos.realtime import holds_realtime, without_realtime

WIRE = [
    (commands.Initialise(), "1b 40"),
    (commands.PrintText("A~"), "41 7e"),
    (commands.LineFeed(), "0a"),
    (commands.CarriageReturn(), "0d"),
    (commands.Tab(), "09"),
    (commands.FeedLines(3), "1b 64 03"),
    (commands.FeedDots(200), "1b 4a c8"),
    (commands.SetLineSpacing(None), "1b 32"),
    (commands.SetLineSpacing(24), "1b 33 18"),
    (commands.SetMode(bold=True, tall=True, wide=True, underline=True), "1b 21 b8"),
    (commands.SetMode(font_b=True), "1b 21 01"),
    (commands.SetSize(width=2, height=8), "1d 21 17"),
    (commands.SetBold(on=True), "1b 45 01"),
    (commands.SetUnderline(2), "1b 2d 02"),
    (commands.SetInverse(on=True), "1d 42 01"),
    (commands.SetAlign(Align.CENTRE), "1b 61 01"),
    (commands.SetHangul(on=True), "1c 26"),
    (commands.SetHangul(on=False), "1c 2e"),
    (commands.SetCodePage(16), "1b 74 10"),
    (commands.SetCountry(13), "1b 52 0d"),
    (
        commands.RasterImage(width_bytes=2, height=2, dots=b"\xf0\x0f\x81\x18"),
        "1d 76 30 00 02 00 02 00 f0 0f 81 18",
    ),
    (commands.SetBarcodeHeight(80), "1d 68 50"),
    (commands.SetBarcodeModule(2), "1d 77 02"),
    (commands.SetBarcodeCaption(Caption.BELOW), "1d 48 02"),
    (
        commands.PrintBarcode(Symbology.EAN13, "8801234567893"),
        "1d 6b 43 0d 38 38 30 31 32 33 34 35 36 37 38 39 33",
    ),
    (
        commands.PrintBarcode(Symbology.CODE128, "S1-202604-a"),
        "1d 6b 49 0e 7b 42 53 31 2d 7b 43 14 1a 04 7b 42 2d 61",
    ),
    (commands.SetQrModel(2), "1d 28 6b 04 00 31 41 32 00"),
    (commands.SetQrModule(4), "1d 28 6b 03 00 31 43 04"),
    (commands.SetQrCorrection(Correction.M), "1d 28 6b 03 00 31 45 31"),
    (commands.StoreQr(b"k"), "1d 28 6b 04 00 31 50 30 6b"),
    (commands.PrintQr(), "1d 28 6b 03 00 31 51 30"),
    (commands.Cut(kind=CutKind.FULL), "1d 56 00"),
    (commands.Cut(kind=CutKind.PARTIAL), "1d 56 01"),
    (commands.Cut(kind=CutKind.PARTIAL, feed_dots=5), "1d 56 42 05"),
    (commands.KickDrawer(pin=DrawerPin.FIVE, on_ms=100, off_ms=500), "1b 70 01 32 fa"),
    (commands.SetStatusBack(StatusGroup.ALL), "1d 61 4f"),
    (commands.AskStatus(StatusQuestion.PAPER), "1d 72 01"),
    (commands.AskIdentity(IdentityQuestion.MODEL), "1d 49 43"),
    (commands.AskPrinted(b"0001"), "1d 28 48 06 00 30 30 30 30 30 31"),
    (commands.SetRealtime(kick=False, power_off=False), "1d 28 44 05 00 14 01 00 02 00"),
    (commands.AskRealtime(RealtimeQuestion.PAPER), "10 04 04"),
    (commands.Recover(Recovery.CLEAR), "10 05 02"),
    (commands.KickNow(pin=DrawerPin.TWO, on_ms=200), "10 14 01 00 02"),
    (commands.ClearBuffers(), "10 14 08 01 03 14 01 06 02 08"),
    (commands.Unsupported(b"\x1bM\x01"), "1b 4d 01"),
    (commands.Unknown(b"\x07"), "07"),
]


def read_all(data: bytes, power_on: Charset | None = None) -> list[commands.Command]:
    """Read a whole job; a mark ends a text that nothing ends."""
    return Decoder(power_on).receive(data + b"\n")[:-1]


@pytest.mark.parametrize(("command", "wire"), WIRE, ids=lambda value: str(value)[:40])
def test_command_has_the_standards_bytes_and_reads_back(
    command: commands.Command, wire: str
) -> None:
    """One example of each command, as the command reference writes it."""
    assert encode(command) == bytes.fromhex(wire)
    assert read_all(encode(command)) == [command]


def test_the_table_has_every_command() -> None:
    """A command added without an example here is noticed."""
    tried = {type(command) for command, _ in WIRE}

    assert tried == set(typing.get_args(commands.Command))


_digits = st.text("0123456789", min_size=12, max_size=12)
_printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
_byte = st.integers(0, 255)
_image = st.tuples(st.integers(1, 16), st.integers(1, 20)).flatmap(
    lambda size: st.binary(min_size=size[0] * size[1], max_size=size[0] * size[1]).map(
        lambda dots: commands.RasterImage(width_bytes=size[0], height=size[1], dots=dots)
    )
)
any_command: st.SearchStrategy[commands.Command] = st.one_of(
    st.sampled_from([command for command, _ in WIRE if not isinstance(command, commands.Unknown)]),
    st.builds(commands.FeedLines, _byte),
    st.builds(commands.FeedDots, _byte),
    st.builds(commands.SetLineSpacing, _byte),
    st.builds(commands.SetSize, width=st.integers(1, 8), height=st.integers(1, 8)),
    st.builds(
        commands.SetMode,
        font_b=st.booleans(),
        bold=st.booleans(),
        tall=st.booleans(),
        wide=st.booleans(),
        underline=st.booleans(),
    ),
    _image.filter(lambda image: without_realtime(image.dots) == image.dots),
    st.builds(commands.PrintBarcode, st.just(Symbology.EAN13), _digits),
    st.builds(commands.PrintBarcode, st.just(Symbology.CODE128), _printable),
    st.builds(commands.StoreQr, st.text(min_size=1, max_size=60).map(str.encode)).filter(
        lambda qr: not holds_realtime(qr.content)
    ),
    st.builds(commands.Cut, kind=st.sampled_from(CutKind), feed_dots=st.one_of(st.none(), _byte)),
    st.builds(
        commands.KickNow,
        pin=st.sampled_from(DrawerPin),
        on_ms=st.integers(1, 8).map(lambda time: time * 100),
    ),
)


@settings(max_examples=200)
@given(any_command)
@example(commands.RasterImage(width_bytes=1, height=2, dots=b"\x10\x03"))
def test_any_command_reads_back(command: commands.Command) -> None:
    """Ranges, not only examples. Text is tried on its own."""
    assert read_all(encode(command)) == [command]


_KOREAN_LETTERS = st.one_of(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\"),
    st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),
    st.sampled_from("₩￦㎏漢字あＡ"),
)


@given(st.text(_KOREAN_LETTERS, min_size=1, max_size=codes.TEXT_RUN_MAX))
def test_korean_text_reads_back(text: str) -> None:
    """All 11,172 syllables, ASCII, the won sign and wide signs pass through CP949."""
    job = encode_all([*begin_korean(), commands.PrintText(text)])

    assert read_all(job)[3:] == [commands.PrintText(text)]


def test_every_hangul_syllable_reads_back() -> None:
    """The whole of Unicode's block, syllable by syllable, in runs as long as a run may be."""
    syllables = "".join(map(chr, range(0xAC00, 0xD7A4)))

    read = read_all(encode(commands.PrintText(syllables), KOREAN), KOREAN)

    assert "".join(run.text for run in read if isinstance(run, commands.PrintText)) == syllables
    assert max(len(run.text) for run in read if isinstance(run, commands.PrintText)) <= 256


@pytest.mark.parametrize(
    ("text", "charset", "wire"),
    [
        ("₩", KOREAN, b"\x5c"),
        ("\\", KOREAN, b"?"),
        ("\\", Charset(), b"\x5c"),
        ("₩", Charset(), b"?"),
        ("한", KOREAN, b"\xc7\xd1"),
        ("뷁", KOREAN, b"\x94\xee"),
        ("한", Charset(), b"?"),
        ("é", KOREAN, b"?"),
        ("é", Charset(), b"\x82"),
        ("é", Charset(code_page=16), b"\xe9"),
        ("€", Charset(code_page=19), b"\xd5"),
        ("\U0001f600", KOREAN, b"?"),
        ("é", Charset(code_page=200), b"?"),
    ],
)
def test_text_is_encoded_by_the_state_that_stands(text: str, charset: Charset, wire: bytes) -> None:
    """The won sign is 5C in Korea (KS X 1003); what a state cannot print is a question mark."""
    assert encode(commands.PrintText(text), charset) == wire


@pytest.mark.parametrize("text", ["\n", "\x1b@", "\x10\x04\x01", "\x7f"])
def test_text_with_a_control_character_is_refused(text: str) -> None:
    """An item's name can never become a command."""
    with pytest.raises(ValueError, match="control character"):
        encode(commands.PrintText(text))


@pytest.mark.parametrize(
    "command",
    [
        commands.FeedLines(256),
        commands.FeedDots(-1),
        commands.SetSize(width=9, height=1),
        commands.SetUnderline(3),
        commands.SetBarcodeModule(7),
        commands.SetQrModule(0),
        commands.StoreQr(b""),
        commands.StoreQr(b"x" * 513),
        commands.StoreQr(b"paid\x10\x14\x01\x00\x01"),
        commands.AskPrinted(b"abc"),
        commands.AskPrinted(b"ab\x00c"),
        commands.KickNow(pin=DrawerPin.TWO, on_ms=150),
        commands.KickDrawer(pin=DrawerPin.TWO, on_ms=512, off_ms=0),
        commands.PrintBarcode(Symbology.EAN13, "12345"),
        commands.PrintBarcode(Symbology.EAN8, "한글"),
        commands.PrintBarcode(Symbology.CODE128, "A" * 300),
        commands.RasterImage(width_bytes=1, height=256, dots=bytes(256)),
        commands.RasterImage(width_bytes=2, height=2, dots=b"123"),
    ],
    ids=str,
)
def test_value_out_of_range_is_refused(command: commands.Command) -> None:
    """A wrong number is found when it is written, not on paper."""
    with pytest.raises(ValueError, match=r"\w"):
        encode(command)


@settings(max_examples=200)
@given(_image)
def test_no_picture_holds_a_real_time_command(image: commands.RasterImage) -> None:
    """A picture that happens to hold DLE DC4 1 0 1 must not open the drawer."""
    assert not holds_realtime(encode(image))


def test_dangerous_picture_is_softened_by_one_dot() -> None:
    """DLE before EOT, ENQ, DC4 gains its lowest dot; nothing else changes."""
    dots = bytes.fromhex("10 04 01 10 05 10 14 10 10 04")
    image = commands.RasterImage(width_bytes=10, height=1, dots=dots, scale=Scale.TALL)

    (read,) = read_all(encode(image))

    assert isinstance(read, commands.RasterImage)
    assert read.dots == bytes.fromhex("11 04 01 11 05 11 14 10 11 04")


@pytest.mark.parametrize("off_ms", [8, 10, 40])
def test_pulse_times_never_look_like_a_real_time_command(off_ms: int) -> None:
    """32 ms on is the byte DLE, and 8, 10, 40 ms off are EOT, ENQ, DC4."""
    kick = encode(commands.KickDrawer(pin=DrawerPin.TWO, on_ms=32, off_ms=off_ms))

    assert read_all(kick) == [commands.KickDrawer(pin=DrawerPin.TWO, on_ms=34, off_ms=off_ms)]
