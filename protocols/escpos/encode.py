"""Command to bytes: what a host writes.

Checks every range, so that a wrong number is found here and not on paper. Nothing it writes holds a
real-time command by accident: image data is softened (see `realtime.without_realtime`).
"""

from collections.abc import Iterable
from typing import Final

from protocols.escpos import codes
from protocols.escpos.charset import Charset
from protocols.escpos.commands import (
    AskIdentity,
    AskPrinted,
    AskRealtime,
    AskStatus,
    CarriageReturn,
    ClearBuffers,
    Command,
    Cut,
    FeedDots,
    FeedLines,
    Initialise,
    KickDrawer,
    KickNow,
    LineFeed,
    PrintBarcode,
    PrintQr,
    PrintText,
    RasterImage,
    Recover,
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
    Tab,
    Unknown,
    Unsupported,
)
from protocols.escpos.realtime import holds_realtime, realtime_bytes, without_realtime
from protocols.escpos.symbol_content import barcode_content_bytes

KOREAN: Final = Charset(hangul=True, country=codes.COUNTRY_KOREA)
"""What `begin_korean` sets up, and what text is then encoded with."""


def begin_korean() -> list[Command]:
    """Return the commands that every job of ours begins with: known state, Hangul, won sign."""
    return [Initialise(), SetHangul(on=True), SetCountry(codes.COUNTRY_KOREA)]


def encode_all(commands: Iterable[Command], power_on: Charset | None = None) -> bytes:
    """Return the bytes of a job; text is encoded in the character set that stands at its place."""
    start = Charset() if power_on is None else power_on
    charset, pieces = start, []
    for command in commands:
        pieces.append(encode(command, charset))
        charset = charset.after(command, start)
    return b"".join(pieces)


def encode(command: Command, charset: Charset | None = None) -> bytes:
    """Return the bytes of one command. Raises: ValueError for a value that it cannot carry."""
    match command:
        case AskRealtime() | Recover() | KickNow() | ClearBuffers():
            return realtime_bytes(command)
        case Unsupported(raw=raw) | Unknown(raw=raw):
            return raw
        case _:
            data = _encode_buffered(command, Charset() if charset is None else charset)
    if holds_realtime(data):
        raise ValueError(f"the content of {type(command).__name__} would be obeyed in real time")
    return data


def _encode_buffered(command: Command, charset: Charset) -> bytes:
    match command:
        case PrintText(text=text):
            return charset.encode(text)
        case LineFeed():
            return bytes((codes.LF,))
        case CarriageReturn():
            return bytes((codes.CR,))
        case Tab():
            return bytes((codes.HT,))
        case Initialise():
            return codes.INITIALISE
        case FeedLines(lines=lines):
            return codes.FEED_LINES + _byte(lines)
        case FeedDots(dots=dots):
            return codes.FEED_DOTS + _byte(dots)
        case SetLineSpacing(dots=None):
            return codes.LINE_SPACING_DEFAULT
        case SetLineSpacing(dots=int(dots)):
            return codes.LINE_SPACING + _byte(dots)
        case _:
            return _encode_style(command)


def _encode_style(command: Command) -> bytes:
    match command:
        case SetMode():
            return codes.MODE + _byte(_mode_bits(command))
        case SetSize(width=width, height=height):
            _check(width, 1, 8, "a magnification")
            _check(height, 1, 8, "a magnification")
            return codes.SIZE + _byte((width - 1) << 4 | (height - 1))
        case SetBold(on=on):
            return codes.BOLD + _byte(on)
        case SetUnderline(dots=dots):
            return codes.UNDERLINE + _byte(_check(dots, 0, 2, "an underline"))
        case SetInverse(on=on):
            return codes.INVERSE + _byte(on)
        case SetAlign(align=align):
            return codes.ALIGN + _byte(align)
        case SetHangul(on=on):
            return codes.HANGUL_ON if on else codes.HANGUL_OFF
        case SetCodePage(page=page):
            return codes.CODE_PAGE + _byte(page)
        case SetCountry(country=country):
            return codes.COUNTRY + _byte(country)
        case _:
            return _encode_symbol(command)


def _mode_bits(mode: SetMode) -> int:
    return (
        codes.MODE_FONT_B * mode.font_b
        | codes.MODE_BOLD * mode.bold
        | codes.MODE_TALL * mode.tall
        | codes.MODE_WIDE * mode.wide
        | codes.MODE_UNDERLINE * mode.underline
    )


def _encode_symbol(command: Command) -> bytes:
    match command:
        case RasterImage():
            return _raster(command)
        case SetBarcodeHeight(dots=dots):
            return codes.BARCODE_HEIGHT + _byte(_check(dots, 1, 255, "a bar code's height"))
        case SetBarcodeModule(dots=dots):
            return codes.BARCODE_MODULE + _byte(_check(dots, 2, 6, "a bar code's module"))
        case SetBarcodeCaption(caption=caption):
            return codes.BARCODE_CAPTION + _byte(caption)
        case PrintBarcode(symbology=symbology, content=content):
            data = barcode_content_bytes(symbology, content)
            return codes.BARCODE + _byte(symbology) + _byte(len(data)) + data
        case SetQrModel(model=model):
            return _qr(codes.QR_MODEL, bytes((48 + _check(model, 1, 3, "a QR model"), 0)))
        case SetQrModule(dots=dots):
            return _qr(codes.QR_MODULE, _byte(_check(dots, 1, 16, "a QR module")))
        case SetQrCorrection(correction=correction):
            return _qr(codes.QR_CORRECTION, _byte(correction))
        case StoreQr(content=content):
            _check(len(content), 1, codes.QR_BYTES_MAX, "the length of a QR code")
            return _qr(codes.QR_STORE, _byte(codes.QR_FIXED) + content)
        case PrintQr():
            return _qr(codes.QR_PRINT, _byte(codes.QR_FIXED))
        case _:
            return _encode_machine(command)


def _encode_machine(command: Command) -> bytes:
    match command:
        case Cut(kind=kind, feed_dots=None):
            return codes.CUT + _byte(codes.CUT_AT_ONCE[kind])
        case Cut(kind=kind, feed_dots=int(dots)):
            return codes.CUT + _byte(codes.CUT_AFTER_FEED[kind]) + _byte(dots)
        case KickDrawer():
            return _kick(command)
        case SetStatusBack(groups=groups):
            return codes.STATUS_BACK + _byte(groups)
        case AskStatus(question=status):
            return codes.ASK_STATUS + _byte(status)
        case AskIdentity(question=identity):
            return codes.ASK_IDENTITY + _byte(identity)
        case AskPrinted(token=token):
            if len(token) != 4 or not all(32 <= byte <= 126 for byte in token):
                raise ValueError("a process id is four printable bytes")
            body = bytes((codes.RESPONSE_PROCESS, codes.RESPONSE_PROCESS)) + token
            return _extended(codes.EXTENDED_RESPONSE, body)
        case SetRealtime(kick=kick, power_off=power_off):
            body = bytes((codes.REALTIME_MODE,))
            for which, state in (
                (codes.REALTIME_KICK, kick),
                (codes.REALTIME_POWER_OFF, power_off),
            ):
                body += b"" if state is None else bytes((which, state))
            return _extended(codes.EXTENDED_REALTIME, body)
        case _:
            raise AssertionError(f"{type(command).__name__} has no bytes")


def _raster(image: RasterImage) -> bytes:
    _check(image.width_bytes, 1, 255, "an image's width in bytes")
    # Up to 255 rows the header cannot begin a real-time command; taller pictures go in bands.
    _check(image.height, 1, 255, "an image's height")
    if len(image.dots) != image.width_bytes * image.height:
        raise ValueError("an image has width_bytes x height bytes")
    header = bytes((codes.RASTER_NORMAL, image.scale, image.width_bytes, 0, image.height, 0))
    return codes.RASTER + header + without_realtime(image.dots)


def _kick(kick: KickDrawer) -> bytes:
    times = []
    for time_ms in (kick.on_ms, kick.off_ms):
        _check(time_ms, 0, 255 * codes.PULSE_UNIT_MS, "a pulse in ms")
        times.append(time_ms // codes.PULSE_UNIT_MS)
    # 32 ms is the byte DLE; with an unlucky pause behind it a clone may wait for a command.
    on, off = (codes.DLE + 1 if time == codes.DLE else time for time in times)
    return codes.KICK + bytes((kick.pin, on, off))


def _qr(function: int, values: bytes) -> bytes:
    return _extended(codes.EXTENDED_SYMBOL, bytes((codes.SYMBOL_QR, function)) + values)


def _extended(family: int, body: bytes) -> bytes:
    return codes.EXTENDED + bytes((family,)) + len(body).to_bytes(2, "little") + body


def _check(value: int, least: int, most: int, what: str) -> int:
    if not least <= value <= most:
        raise ValueError(f"{what} is {least} to {most}, not {value}")
    return value


def _byte(value: int) -> bytes:
    return bytes((_check(value, 0, 255, "a parameter"),))
