"""The printer's reading end under every cut of the stream, garbage, and more than it will keep."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.escpos import codes, commands
from protocols.escpos.codes import DrawerPin, RealtimeQuestion, Recovery
from protocols.escpos.decode import Decoder
from protocols.escpos.encode import KOREAN, begin_korean, encode, encode_all
from protocols.escpos.realtime import SEQUENCES, RealtimeScanner

ASK_PAPER = commands.AskRealtime(RealtimeQuestion.PAPER)

RECEIPT = encode_all(
    [
        *begin_korean(),
        commands.SetSize(width=2, height=2),
        commands.PrintText("한빛마트"),
        commands.LineFeed(),
        ASK_PAPER,
        commands.SetSize(width=1, height=1),
        commands.PrintText("서울우유 1L  2,980"),
        commands.LineFeed(),
        commands.PrintBarcode(codes.Symbology.CODE128, "S001-01-20260417-0128-a"),
        commands.StoreQr(b"S001-01-20260417-0128-a"),
        commands.PrintQr(),
        commands.RasterImage(width_bytes=3, height=4, dots=bytes(range(32, 44))),
        commands.Cut(kind=codes.CutKind.PARTIAL, feed_dots=0),
        commands.KickDrawer(pin=DrawerPin.TWO, on_ms=100, off_ms=100),
        commands.AskPrinted(b"0042"),
    ]
)

_WIRE_PIECES = st.one_of(
    st.sampled_from(list(SEQUENCES)),
    st.sampled_from(
        [RECEIPT[:60], b"\x1d(k\x03\x001Q0", b"\x1dv0\x00\x02\x00\x03\x00", b"\x1dk\x49"]
    ),
    st.binary(max_size=12),
    st.sampled_from([b"\x10", b"\x1b", b"\x1d", b"\x1c&", b"\xb0\xa1", b"\xb0", b"\n", b"text"]),
)
any_wire = st.lists(_WIRE_PIECES, max_size=12).map(b"".join)


@settings(max_examples=300)
@given(any_wire, st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_cut_of_the_stream_never_matters(wire: bytes, sizes: list[int]) -> None:
    """All at once, byte at a time and any chunks give the same commands in the same order."""
    whole = Decoder().receive(wire)

    single = Decoder()
    assert [c for byte in wire for c in single.receive(bytes((byte,)))] == whole

    chunked, position, found = Decoder(), 0, []
    while position < len(wire):
        size = sizes[position % len(sizes)]
        found += chunked.receive(wire[position : position + size])
        position += size
    assert found == whole


def test_a_whole_receipt_byte_at_a_time() -> None:
    """The same for a job as we send it, and nothing of it is unknown."""
    decoder = Decoder()
    read = [command for byte in RECEIPT for command in decoder.receive(bytes((byte,)))]

    assert read == Decoder().receive(RECEIPT)
    assert not [c for c in read if isinstance(c, commands.Unknown | commands.Unsupported)]
    assert commands.PrintText("서울우유 1L  2,980") in read


_NOT_CLEARING = [command for command in SEQUENCES.values() if command != commands.ClearBuffers()]


@pytest.mark.parametrize("realtime", _NOT_CLEARING, ids=str)
def test_real_time_command_is_obeyed_inside_image_data(realtime: commands.RealtimeCommand) -> None:
    """It comes out before the picture it stands in, and its bytes stay dots (devices.md 1.5)."""
    sequence = encode(realtime)
    dots = b"\x01\x02" + sequence + bytes(30 - len(sequence))
    wire = b"\x1dv0\x00\x10\x00\x02\x00" + dots

    read = Decoder().receive(wire)

    assert read == [realtime, commands.RasterImage(width_bytes=16, height=2, dots=dots)]


def test_real_time_command_is_obeyed_between_a_commands_bytes() -> None:
    """The printer's interrupt looks at each byte; the command's own reading is the sender's loss."""
    read = Decoder().receive(b"\x1dk\x02123\x10\x04\x04")

    assert read == [ASK_PAPER]


@pytest.mark.parametrize(
    "wire",
    [
        "10 04 05",
        "10 04 00",
        "10 05 03",
        "10 14 01 02 01",
        "10 14 01 00 09",
        "10 14 02 01 08",
        "10 41",
    ],
)
def test_dle_that_leads_nowhere_is_unknown(wire: str) -> None:
    """Only the listed values are commands; power-off by DLE DC4 2 is deliberately none of ours."""
    read = Decoder().receive(bytes.fromhex(wire))

    assert read[0] == commands.Unknown(b"\x10")
    assert not [c for c in read if isinstance(c, commands.RealtimeCommand)]


def test_dle_before_a_real_time_command_does_not_hide_it() -> None:
    """DLE DLE EOT 4 is garbage and then a question."""
    read = Decoder().receive(b"\x10\x10\x04\x04")

    assert ASK_PAPER in read


def test_clear_buffers_guard_must_be_whole() -> None:
    """One wrong byte among the seven and nothing is cleared."""
    right = encode(commands.ClearBuffers())
    wrong = right[:-1] + b"\x09"

    assert commands.ClearBuffers() not in Decoder().receive(wrong)
    assert commands.ClearBuffers() in Decoder().receive(wrong + right)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_garbage_never_raises_and_a_job_behind_it_is_read(noise: bytes) -> None:
    """After noise and a clear (a printer switched off and on) the next job is read as alone."""
    decoder = Decoder()
    decoder.receive(noise)
    decoder.clear()

    assert decoder.receive(RECEIPT)[-13:] == Decoder().receive(RECEIPT)[-13:]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"\x1b\x01", commands.Unknown(b"\x1b\x01")),
        (b"\x07", commands.Unknown(b"\x07")),
        (b"\x00", commands.Unknown(b"\x00")),
        (b"\x1ba\x07", commands.Unknown(b"\x1ba\x07")),
        (b"\x1dV\x09", commands.Unknown(b"\x1dV\x09")),
        (b"\x1dv1", commands.Unknown(b"\x1dv1")),
        (b"\x1d!\xff", commands.Unknown(b"\x1d!\xff")),
        (b"\x1dk\x43\x0212", commands.Unknown(b"\x1dk\x43\x0212")),
        (b"\x1dk\x49\x02{D", commands.Unknown(b"\x1dk\x49\x02{D")),
        (b"\x1dk\x49\x01A", commands.Unknown(b"\x1dk\x49\x01A")),
        (b"\x1d(k\x00\x00", commands.Unsupported(b"\x1d(k\x00\x00")),
        (b"\x1d(k\x01\x001", commands.Unknown(b"\x1d(k\x01\x001")),
        (b"\x1d(k\x03\x000Q0", commands.Unsupported(b"\x1d(k\x03\x000Q0")),
        (b"\x1d(H\x03\x00000", commands.Unknown(b"\x1d(H\x03\x00000")),
        (b"\x1d(A\x02\x00\x00\x02", commands.Unsupported(b"\x1d(A\x02\x00\x00\x02")),
        (b"\x1bM\x01", commands.Unsupported(b"\x1bM\x01")),
        (b"\x1bD\x08\x10\x00", commands.Unsupported(b"\x1bD\x08\x10\x00")),
        (b"\x1b*\x21\x01\x00abc", commands.Unsupported(b"\x1b*\x21\x01\x00abc")),
        (b"\x1b*\x00\x02\x00ab", commands.Unsupported(b"\x1b*\x00\x02\x00ab")),
        (b"\x1bi", commands.Cut(kind=codes.CutKind.PARTIAL)),
        (b"\x1dV1", commands.Cut(kind=codes.CutKind.PARTIAL)),
        (b"\x1dVa\x00", commands.Unsupported(b"\x1dVa\x00")),
        (
            b"\x1dk\x028801234567893\x00",
            commands.PrintBarcode(codes.Symbology.EAN13, "8801234567893"),
        ),
        (b"\x1dk\x49\x04{C\x0c\x22", commands.PrintBarcode(codes.Symbology.CODE128, "1234")),
        (b"\x1dk\x49\x04{B{{", commands.PrintBarcode(codes.Symbology.CODE128, "{")),
        (b"\x1ba1", commands.SetAlign(codes.Align.CENTRE)),
        (b"\x1bG\x01", commands.SetBold(on=True)),
    ],
    ids=repr,
)
def test_odd_command_is_consumed_whole(wire: bytes, expected: commands.Command) -> None:
    """Its arguments never come out as text, and what follows is read."""
    assert Decoder().receive(wire + b"\x1b@") == [expected, commands.Initialise()]


def test_picture_over_the_limit_is_skipped_not_kept() -> None:
    """A header that promises 4 GB takes no memory; reading goes on where the picture ends."""
    rows, width = 3_000, 400
    assert rows * width > codes.IMAGE_BYTES_MAX
    header = b"\x1dv0\x00" + width.to_bytes(2, "little") + rows.to_bytes(2, "little")
    decoder = Decoder()

    read = decoder.receive(header)
    for _ in range(rows):
        read += decoder.receive(bytes(width))
    read += decoder.receive(b"\x1b@")

    assert read == [commands.Unknown(header[:7]), commands.Initialise()]


def test_picture_at_the_limit_is_kept() -> None:
    """Exactly IMAGE_BYTES_MAX with its header is still a picture; one row more is not."""
    width, rows = 64, (codes.IMAGE_BYTES_MAX - 8) // 64
    header = b"\x1dv0\x00" + width.to_bytes(2, "little")

    (kept,) = Decoder().receive(header + rows.to_bytes(2, "little") + bytes(width * rows))
    (skipped,) = Decoder().receive(
        header + (rows + 1).to_bytes(2, "little") + bytes(width * (rows + 1))
    )

    assert isinstance(kept, commands.RasterImage)
    assert isinstance(skipped, commands.Unknown)


def test_bar_code_that_never_ends_is_given_up() -> None:
    """Function A without its NUL: at the limit it is Unknown and the rest is text again."""
    read = Decoder().receive(b"\x1dk\x04" + b"A" * 300 + b"\n")

    assert read[0] == commands.Unknown(b"\x1dk\x04" + b"A" * 13)
    assert read[1] == commands.PrintText("A" * (300 - 256))


def test_text_run_is_bounded() -> None:
    """A line without an end leaves the decoder in runs of TEXT_RUN_MAX."""
    read = Decoder().receive(b"x" * 1_000)

    assert [len(c.text) for c in read if isinstance(c, commands.PrintText)] == [256, 256, 256]


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"\xc7\xd1\xb1\xdb", "한글"),
        (b"\xc7\n", "\ufffd"),
        (b"\xc7\x20", "\ufffd"),
        (b"\x80\xff", "\ufffd\ufffd"),
        (b"a\x5cb", "a₩b"),
    ],
)
def test_broken_hangul_shows_as_replacement(wire: bytes, text: str) -> None:
    """Half a character is visible, and a line feed behind it is still a line feed."""
    read = Decoder(KOREAN).receive(wire + b"\n")

    assert read[0] == commands.PrintText(text)
    assert read[-1] == commands.LineFeed()


def test_initialise_returns_to_the_models_own_character_set() -> None:
    """A Korean model wakes in Hangul mode, another in its code page."""
    korean, western = Decoder(KOREAN), Decoder()
    for decoder in (korean, western):
        decoder.receive(b"\x1c.\x1bR\x00\x1bt\x10\x1c&")
        decoder.receive(b"\x1b@")

    assert korean.charset == KOREAN
    assert western.receive(b"\x82\n")[0] == commands.PrintText("é")


@given(any_wire)
def test_scanner_loses_no_byte(wire: bytes) -> None:
    """The pieces joined are the stream, so the dots of a picture stay whole."""
    assert b"".join(piece for piece, _ in RealtimeScanner().split(wire)) == wire


@pytest.mark.parametrize(
    "torn", [b"\x1dv0\x00\x10\x00\x10\x00abc", b"half a line", b"\x1d(k\xff\xff"]
)
def test_job_after_clearing_is_read_from_its_beginning(torn: bytes) -> None:
    """A driver that gave a job up clears and sends anew: the torn one swallows nothing."""
    decoder = Decoder()
    decoder.receive(torn)

    read = decoder.receive(encode(commands.ClearBuffers()) + RECEIPT)

    cleared = read.index(commands.ClearBuffers())
    assert read[cleared + 1 :] == Decoder().receive(RECEIPT)


def test_recovery_commands_come_out_at_once() -> None:
    """DLE ENQ works while a picture is half sent: that is what it is for."""
    decoder = Decoder()
    decoder.receive(b"\x1dv0\x00\x10\x00\x10\x00" + bytes(9))

    assert decoder.receive(b"\x10\x05\x02") == [commands.Recover(Recovery.CLEAR)]
