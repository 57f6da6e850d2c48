"""What a host may ask of a printer: one frozen class per command, the same in both directions.

`encode` turns one into bytes, `decode.Decoder` turns bytes into these. Ranges are checked by
`encode`; a decoder gives only what stood on the wire.
"""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Initialise:
    """ESC @: clear the line buffer, all modes as at power-on. Status-back (GS a) stays."""


@dataclass(frozen=True, slots=True)
class PrintText:
    """Characters into the line buffer; they reach paper with a line feed."""

    text: str


@dataclass(frozen=True, slots=True)
class LineFeed:
    """LF: print the line buffer and feed one line."""


@dataclass(frozen=True, slots=True)
class CarriageReturn:
    """CR: ignored by a printer on a serial line."""


@dataclass(frozen=True, slots=True)
class Tab:
    """HT: to the next tab stop, every 8 columns at power-on."""


@dataclass(frozen=True, slots=True)
class FeedLines:
    """ESC d: print the line buffer and feed `lines` lines, 0 to 255."""

    lines: int


@dataclass(frozen=True, slots=True)
class FeedDots:
    """ESC J: print the line buffer and feed `dots` dots, 0 to 255."""

    dots: int


@dataclass(frozen=True, slots=True)
class SetLineSpacing:
    """ESC 2, ESC 3: dots from line to line, 0 to 255; None is the printer's default of 30."""

    dots: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode:
    """ESC !: font, weight, size and underline in one byte."""

    font_b: bool = False
    bold: bool = False
    tall: bool = False
    wide: bool = False
    underline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSize:
    """GS !: character magnification, 1 to 8 each way."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SetBold:
    """ESC E, ESC G."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetUnderline:
    """ESC -: thickness in dots, 0 to 2; 0 is none."""

    dots: int


@dataclass(frozen=True, slots=True)
class SetInverse:
    """GS B: white on black."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetAlign:
    """ESC a: obeyed at the beginning of a line only."""

    align: Align


@dataclass(frozen=True, slots=True)
class SetHangul:
    """FS & and FS .: whether a byte from 81 on begins a two-byte CP949 character."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetCodePage:
    """ESC t: what the bytes from 80 on mean outside Hangul mode, 0 to 255."""

    page: int


@dataclass(frozen=True, slots=True)
class SetCountry:
    """ESC R: which national characters stand among ASCII, 0 to 255; 13 is Korea."""

    country: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterImage:
    """GS v 0: rows of dots, most significant bit leftmost, 1 is black."""

    width_bytes: int
    height: int
    dots: bytes
    """width_bytes x height."""
    scale: Scale = Scale.NORMAL


@dataclass(frozen=True, slots=True)
class SetBarcodeHeight:
    """GS h: dots, 1 to 255."""

    dots: int


@dataclass(frozen=True, slots=True)
class SetBarcodeModule:
    """GS w: width of the narrowest bar in dots, 2 to 6."""

    dots: int


@dataclass(frozen=True, slots=True)
class SetBarcodeCaption:
    """GS H."""

    caption: Caption


@dataclass(frozen=True, slots=True)
class PrintBarcode:
    """GS k: the content as a scanner reads it; code sets of CODE128 are the encoder's business."""

    symbology: Symbology
    content: str


@dataclass(frozen=True, slots=True)
class SetQrModel:
    """GS ( k function 165: 1, 2, or 3 for micro."""

    model: int


@dataclass(frozen=True, slots=True)
class SetQrModule:
    """GS ( k function 167: dots of one module, 1 to 16."""

    dots: int


@dataclass(frozen=True, slots=True)
class SetQrCorrection:
    """GS ( k function 169."""

    correction: Correction


@dataclass(frozen=True, slots=True)
class StoreQr:
    """GS ( k function 180: the content, kept until the next one."""

    content: bytes


@dataclass(frozen=True, slots=True)
class PrintQr:
    """GS ( k function 181: print what was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """GS V: cut here, or after feeding to the cutter and `feed_dots` (0 to 255) more."""

    kind: CutKind
    feed_dots: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KickDrawer:
    """ESC p: a pulse in its turn among the other commands; steps of 2 ms, 0 to 510."""

    pin: DrawerPin
    on_ms: int
    off_ms: int


@dataclass(frozen=True, slots=True)
class SetStatusBack:
    """GS a: automatic status back (ASB) on a change in these groups; and once at once."""

    groups: StatusGroup


@dataclass(frozen=True, slots=True)
class AskStatus:
    """GS r: a status byte in its turn."""

    question: StatusQuestion


@dataclass(frozen=True, slots=True)
class AskIdentity:
    """GS I: who are you."""

    question: IdentityQuestion


@dataclass(frozen=True, slots=True)
class AskPrinted:
    """GS ( H function 48: answer `token` when everything before this is on paper.

    The only proof that a receipt came out. Four bytes from 20 to 7E.
    """

    token: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRealtime:
    """GS ( D: whether DLE DC4 1 (kick) and 2 (power off) are obeyed; None leaves as it is."""

    kick: bool | None = None
    power_off: bool | None = None


@dataclass(frozen=True, slots=True)
class AskRealtime:
    """DLE EOT: a status byte at once, offline or with a full buffer too."""

    question: RealtimeQuestion


@dataclass(frozen=True, slots=True)
class Recover:
    """DLE ENQ."""

    recovery: Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class KickNow:
    """DLE DC4 1: a drawer pulse at once; steps of 100 ms, 100 to 800."""

    pin: DrawerPin
    on_ms: int


@dataclass(frozen=True, slots=True)
class ClearBuffers:
    """DLE DC4 8: forget what has not been printed."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A well-formed command that has no effect here; the bytes are consumed."""

    raw: bytes
    """Its beginning, at most UNKNOWN_BYTES_KEPT_MAX bytes."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes that are no command; reading goes on behind them."""

    raw: bytes


RealtimeCommand = AskRealtime | Recover | KickNow | ClearBuffers
Command = (
    Initialise
    | PrintText
    | LineFeed
    | CarriageReturn
    | Tab
    | FeedLines
    | FeedDots
    | SetLineSpacing
    | SetMode
    | SetSize
    | SetBold
    | SetUnderline
    | SetInverse
    | SetAlign
    | SetHangul
    | SetCodePage
    | SetCountry
    | RasterImage
    | SetBarcodeHeight
    | SetBarcodeModule
    | SetBarcodeCaption
    | PrintBarcode
    | SetQrModel
    | SetQrModule
    | SetQrCorrection
    | StoreQr
    | PrintQr
    | Cut
    | KickDrawer
    | SetStatusBack
    | AskStatus
    | AskIdentity
    | AskPrinted
    | SetRealtime
    | RealtimeCommand
    | Unsupported
    | Unknown
)
