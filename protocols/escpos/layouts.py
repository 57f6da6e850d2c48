"""How long each command is, and how its bytes become a command: the table the decoder walks.

A layout answers "how many bytes in all?" from a beginning, or None for "tell me more"; every length
is found within the first bytes of a command, so nothing is read twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from protocols.escpos import codes
from protocols.escpos.commands import (
    AskIdentity,
    AskPrinted,
    AskStatus,
    Command,
    Cut,
    FeedDots,
    FeedLines,
    Initialise,
    KickDrawer,
    PrintBarcode,
    PrintQr,
    RasterImage,
    SetAlign,
    SetBarcodeCaption,
    SetBarcodeHeight,
    SetBarcodeModule,
    SetBold,
    SetCodePage,
    SetCountry,
    SetHangul,
    SetInverse,
    SetLineSpacing,
    SetMode,
    SetQrCorrection,
    SetQrModel,
    SetQrModule,
    SetRealtime,
    SetSize,
    SetStatusBack,
    SetUnderline,
    StoreQr,
    Unknown,
    Unsupported,
)
from protocols.escpos.symbol_content import read_barcode_content

Reader = Callable[[bytes], Command]
"""Takes the bytes behind the prefix; raises ValueError for what no printer understands."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One command's shape."""

    length: Callable[[bytes | bytearray], int | None]
    """Bytes in all, from a beginning that starts with the prefix; None when more is needed."""
    read: Reader


def _fixed(size: int, read: Reader) -> Layout:
    return Layout(lambda _: 2 + size, read)


def _unsupported(prefix: bytes, body: bytes) -> Command:
    return Unsupported(prefix + body)


def _mode(body: bytes) -> Command:
    bits = body[0]
    return SetMode(
        font_b=bool(bits & codes.MODE_FONT_B),
        bold=bool(bits & codes.MODE_BOLD),
        tall=bool(bits & codes.MODE_TALL),
        wide=bool(bits & codes.MODE_WIDE),
        underline=bool(bits & codes.MODE_UNDERLINE),
    )


def _digit(byte: int) -> int:
    """Return a parameter that may be given as a number or as its ASCII digit (0 or 48)."""
    return byte - 48 if 48 <= byte <= 57 else byte


def _within(value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise ValueError(f"{value} is not within {least} to {most}")
    return value


def _size(body: bytes) -> Command:
    if body[0] & 0x88:
        raise ValueError("magnification is 1 to 8")
    return SetSize(width=(body[0] >> 4) + 1, height=(body[0] & 7) + 1)


def _underline(body: bytes) -> Command:
    return SetUnderline(_within(_digit(body[0]), 0, 2))


def _module(body: bytes) -> Command:
    return SetBarcodeModule(_within(body[0], 2, 6))


def _kick(body: bytes) -> Command:
    pin, on, off = body
    unit = codes.PULSE_UNIT_MS
    return KickDrawer(pin=codes.DrawerPin(_digit(pin)), on_ms=on * unit, off_ms=off * unit)


_AT_ONCE: Final = {number: kind for kind, number in codes.CUT_AT_ONCE.items()}
_AFTER_FEED: Final = {number: kind for kind, number in codes.CUT_AFTER_FEED.items()}
_CUT_OTHER: Final = frozenset((97, 98, 103, 104))
"""GS V functions C and D: cut positions, which need a printer with a second feed."""


def _cut_length(data: bytes | bytearray) -> int | None:
    if len(data) < 3:
        return None
    return 4 if data[2] in _AFTER_FEED or data[2] in _CUT_OTHER else 3


def _cut(body: bytes) -> Command:
    if len(body) == 1:
        return Cut(kind=_AT_ONCE[_digit(body[0])])
    if body[0] in _CUT_OTHER:
        return Unsupported(codes.CUT + body)
    return Cut(kind=_AFTER_FEED[body[0]], feed_dots=body[1])


def _raster_length(data: bytes | bytearray) -> int | None:
    if len(data) < 3:
        return None
    if data[2] != codes.RASTER_NORMAL:
        return 3
    if len(data) < 8:
        return None
    return 8 + (data[4] + 256 * data[5]) * (data[6] + 256 * data[7])


def _raster(body: bytes) -> Command:
    if body[0] != codes.RASTER_NORMAL:
        raise ValueError("GS v knows only 0")
    return RasterImage(
        scale=codes.Scale(_digit(body[1])),
        width_bytes=body[2] + 256 * body[3],
        height=body[4] + 256 * body[5],
        dots=body[6:],
    )


_FUNCTION_A_LAST: Final = 6
_FUNCTION_B: Final = 65


def _barcode_length(data: bytes | bytearray) -> int | None:
    if len(data) < 4:
        return None
    if data[2] >= _FUNCTION_B:
        return 4 + data[3]
    if data[2] > _FUNCTION_A_LAST:
        return 3
    # Function A ends with NUL; what never ends is given up at the limit.
    end = data.find(codes.NUL, 3, 3 + codes.BARCODE_BYTES_MAX + 1)
    if end >= 0:
        return end + 1
    longest = 3 + codes.BARCODE_BYTES_MAX + 1
    return longest if len(data) >= longest else None


def _barcode(body: bytes) -> Command:
    if body[0] >= _FUNCTION_B:
        symbology, content = codes.Symbology(body[0]), body[2:]
    else:
        symbology, content = codes.Symbology(body[0] + _FUNCTION_B), body[1:]
        if content[-1] != codes.NUL:
            raise ValueError("function A ends with NUL")
        content = content[:-1]
    return PrintBarcode(symbology, read_barcode_content(symbology, content))


def _extended_length(data: bytes | bytearray) -> int | None:
    return None if len(data) < 5 else 5 + data[3] + 256 * data[4]


def _extended(body: bytes) -> Command:
    arguments = body[3:]
    match body[0]:
        case codes.EXTENDED_SYMBOL:
            command = _symbol(arguments)
        case codes.EXTENDED_RESPONSE:
            command = _response(arguments)
        case codes.EXTENDED_REALTIME:
            command = _realtime_mode(arguments)
        case _:
            command = None
    return Unsupported(codes.EXTENDED + body) if command is None else command


def _symbol(arguments: bytes) -> Command | None:
    if arguments[:1] != bytes((codes.SYMBOL_QR,)):
        return None
    function, values = arguments[1], arguments[2:]
    match function:
        case codes.QR_MODEL:
            return SetQrModel(_within(_digit(values[0]), 1, 3))
        case codes.QR_MODULE:
            return SetQrModule(_within(values[0], 1, 16))
        case codes.QR_CORRECTION:
            return SetQrCorrection(codes.Correction(values[0]))
        case codes.QR_STORE:
            return StoreQr(values[1:])
        case codes.QR_PRINT:
            return PrintQr()
        case _:
            return None


def _response(arguments: bytes) -> Command | None:
    function, token = arguments[0], arguments[2:]
    if function != codes.RESPONSE_PROCESS:
        return None
    if len(token) != 4 or not all(32 <= byte <= 126 for byte in token):
        raise ValueError("a process id is four printable bytes")
    return AskPrinted(token)


def _realtime_mode(arguments: bytes) -> Command | None:
    if arguments[0] != codes.REALTIME_MODE:
        return None
    pairs = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    states = {which: bool(_digit(value)) for which, value in pairs.items()}
    return SetRealtime(
        kick=states.get(codes.REALTIME_KICK), power_off=states.get(codes.REALTIME_POWER_OFF)
    )


def _bit_image_length(data: bytes | bytearray) -> int | None:
    if len(data) < 5:
        return None
    bytes_a_column = 3 if data[2] in (32, 33) else 1
    return 5 + (data[3] + 256 * data[4]) * bytes_a_column


def _tabs_length(data: bytes | bytearray) -> int | None:
    longest = 2 + codes.TAB_STOPS_MAX + 1
    end = data.find(codes.NUL, 2, longest)
    if end >= 0:
        return end + 1
    return longest if len(data) >= longest else None


def _graphics_length(data: bytes | bytearray) -> int | None:
    return None if len(data) < 7 else 7 + int.from_bytes(data[3:7], "little")


_SPOKEN: Final[dict[bytes, Layout]] = {
    codes.INITIALISE: _fixed(0, lambda _: Initialise()),
    codes.MODE: _fixed(1, _mode),
    codes.BOLD: _fixed(1, lambda body: SetBold(bool(body[0] & 1))),
    codes.DOUBLE_STRIKE: _fixed(1, lambda body: SetBold(bool(body[0] & 1))),
    codes.UNDERLINE: _fixed(1, _underline),
    codes.ALIGN: _fixed(1, lambda body: SetAlign(codes.Align(_digit(body[0])))),
    codes.FEED_LINES: _fixed(1, lambda body: FeedLines(body[0])),
    codes.FEED_DOTS: _fixed(1, lambda body: FeedDots(body[0])),
    codes.LINE_SPACING_DEFAULT: _fixed(0, lambda _: SetLineSpacing(None)),
    codes.LINE_SPACING: _fixed(1, lambda body: SetLineSpacing(body[0])),
    codes.CODE_PAGE: _fixed(1, lambda body: SetCodePage(body[0])),
    codes.COUNTRY: _fixed(1, lambda body: SetCountry(body[0])),
    codes.KICK: _fixed(3, _kick),
    codes.CUT_ONE_POINT: _fixed(0, lambda _: Cut(kind=codes.CutKind.PARTIAL)),
    codes.CUT_THREE_POINTS: _fixed(0, lambda _: Cut(kind=codes.CutKind.PARTIAL)),
    codes.HANGUL_ON: _fixed(0, lambda _: SetHangul(on=True)),
    codes.HANGUL_OFF: _fixed(0, lambda _: SetHangul(on=False)),
    codes.SIZE: _fixed(1, _size),
    codes.INVERSE: _fixed(1, lambda body: SetInverse(bool(body[0] & 1))),
    codes.CUT: Layout(_cut_length, _cut),
    codes.RASTER: Layout(_raster_length, _raster),
    codes.BARCODE: Layout(_barcode_length, _barcode),
    codes.BARCODE_HEIGHT: _fixed(1, lambda body: SetBarcodeHeight(_within(body[0], 1, 255))),
    codes.BARCODE_MODULE: _fixed(1, _module),
    codes.BARCODE_CAPTION: _fixed(
        1, lambda body: SetBarcodeCaption(codes.Caption(_digit(body[0])))
    ),
    codes.STATUS_BACK: _fixed(
        1, lambda body: SetStatusBack(codes.StatusGroup(body[0]) & codes.StatusGroup.ALL)
    ),
    codes.ASK_STATUS: _fixed(1, lambda body: AskStatus(codes.StatusQuestion(_digit(body[0])))),
    codes.ASK_IDENTITY: _fixed(
        1, lambda body: AskIdentity(codes.IdentityQuestion(_digit(body[0])))
    ),
    codes.EXTENDED: Layout(_extended_length, _extended),
}

# Known by their length only, so that their arguments do not come out as text.
_SILENT_SIZES: Final = {
    b"\x1b": {
        0: "<LS",
        1: "% =?MTV{eru",
        2: "$\\c",
        8: "W",
    },
    b"\x1c": {1: "!-CW", 2: "Sp"},
    b"\x1d": {0: ":", 1: "/TbfgE", 2: "LPW$\\", 3: "^"},
}


def _silent(prefix: bytes, length: Callable[[bytes | bytearray], int | None]) -> Layout:
    return Layout(length, partial(_unsupported, prefix))


def _silent_layouts() -> dict[bytes, Layout]:
    layouts = {
        codes.BIT_IMAGE: _silent(codes.BIT_IMAGE, _bit_image_length),
        codes.TAB_STOPS: _silent(codes.TAB_STOPS, _tabs_length),
        codes.GRAPHICS_LARGE: _silent(codes.GRAPHICS_LARGE, _graphics_length),
    }
    for lead, sizes in _SILENT_SIZES.items():
        for size, names in sizes.items():
            for name in names:
                prefix = lead + name.encode()
                layouts[prefix] = _fixed(size, partial(_unsupported, prefix))
    return layouts


LAYOUTS: Final[dict[bytes, Layout]] = _silent_layouts() | _SPOKEN
"""Every known command by its first two bytes."""


def read_command(layout: Layout, raw: bytes) -> Command:
    """Return the command these complete bytes are; Unknown when a value is out of range."""
    kept = codes.UNKNOWN_BYTES_KEPT_MAX
    try:
        command = layout.read(raw[2:])
    except (ValueError, KeyError, IndexError):
        return Unknown(raw[:kept])
    return Unsupported(command.raw[:kept]) if isinstance(command, Unsupported) else command
