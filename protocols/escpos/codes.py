"""Every number of ESC/POS that stands on the wire, once, for both directions.

Source: Epson, ESC/POS Application Programming Guide; the command's own name stands beside each.
"""

from enum import Enum, IntEnum, IntFlag
from typing import Final

NUL: Final = 0x00
EOT: Final = 0x04
ENQ: Final = 0x05
HT: Final = 0x09
LF: Final = 0x0A
FF: Final = 0x0C
CR: Final = 0x0D
DLE: Final = 0x10
XON: Final = 0x11
XOFF: Final = 0x13
DC4: Final = 0x14
CAN: Final = 0x18
ESC: Final = 0x1B
FS: Final = 0x1C
GS: Final = 0x1D
SPACE: Final = 0x20
DEL: Final = 0x7F

INITIALISE: Final = b"\x1b@"
MODE: Final = b"\x1b!"
BOLD: Final = b"\x1bE"
DOUBLE_STRIKE: Final = b"\x1bG"
UNDERLINE: Final = b"\x1b-"
ALIGN: Final = b"\x1ba"
FEED_LINES: Final = b"\x1bd"
FEED_DOTS: Final = b"\x1bJ"
LINE_SPACING_DEFAULT: Final = b"\x1b2"
LINE_SPACING: Final = b"\x1b3"
CODE_PAGE: Final = b"\x1bt"
COUNTRY: Final = b"\x1bR"
KICK: Final = b"\x1bp"
CUT_ONE_POINT: Final = b"\x1bi"
CUT_THREE_POINTS: Final = b"\x1bm"
BIT_IMAGE: Final = b"\x1b*"
TAB_STOPS: Final = b"\x1bD"

HANGUL_ON: Final = b"\x1c&"
HANGUL_OFF: Final = b"\x1c."

SIZE: Final = b"\x1d!"
INVERSE: Final = b"\x1dB"
CUT: Final = b"\x1dV"
RASTER: Final = b"\x1dv"
RASTER_NORMAL: Final = ord("0")
BARCODE: Final = b"\x1dk"
BARCODE_HEIGHT: Final = b"\x1dh"
BARCODE_MODULE: Final = b"\x1dw"
BARCODE_CAPTION: Final = b"\x1dH"
STATUS_BACK: Final = b"\x1da"
ASK_STATUS: Final = b"\x1dr"
ASK_IDENTITY: Final = b"\x1dI"
EXTENDED: Final = b"\x1d("
"""GS ( c pL pH: the family whose length stands in the command."""
GRAPHICS_LARGE: Final = b"\x1d8"
"""GS 8 L p1 p2 p3 p4: its sister with four length bytes."""

EXTENDED_REALTIME: Final = ord("D")
"""GS ( D: which real-time commands are obeyed."""
EXTENDED_RESPONSE: Final = ord("H")
"""GS ( H: process id response, the print-done receipt."""
EXTENDED_SYMBOL: Final = ord("k")
"""GS ( k: two-dimensional codes."""

RESPONSE_PROCESS: Final = 48
"""GS ( H function 48: answer when everything before has been printed."""
REALTIME_MODE: Final = 20
"""GS ( D m."""
REALTIME_KICK: Final = 1
REALTIME_POWER_OFF: Final = 2
SYMBOL_QR: Final = 49
"""GS ( k cn of QR codes."""
QR_MODEL: Final = 65
QR_MODULE: Final = 67
QR_CORRECTION: Final = 69
QR_STORE: Final = 80
QR_PRINT: Final = 81
QR_FIXED: Final = 48

PULSE_KICK: Final = 1
"""DLE DC4 1 m t: drawer pulse in real time."""
PULSE_CLEAR: Final = 8
"""DLE DC4 8 ...: clear the buffers."""
CLEAR_GUARD: Final = bytes((1, 3, 20, 1, 6, 2, 8))
"""The seven bytes that must follow DLE DC4 8, so that chance clears nothing."""

MODE_FONT_B: Final = 0x01
MODE_BOLD: Final = 0x08
MODE_TALL: Final = 0x10
MODE_WIDE: Final = 0x20
MODE_UNDERLINE: Final = 0x80

COUNTRY_USA: Final = 0
COUNTRY_KOREA: Final = 13
"""ESC R 13: the byte 5C prints as the won sign (KS X 1003)."""

IMAGE_BYTES_MAX: Final = 1 << 20
"""A raster image beyond this is skipped, not kept: 576 dots x 14,563 rows, 1.8 m of paper."""
TEXT_RUN_MAX: Final = 256
"""Characters of one PrintText at most; a longer run becomes several."""
BARCODE_BYTES_MAX: Final = 255
QR_BYTES_MAX: Final = 512
"""Of a QR code's content here; the largest symbol of `qr` holds less at its strongest level."""
TAB_STOPS_MAX: Final = 32
UNKNOWN_BYTES_KEPT_MAX: Final = 16
"""How much of a command that is not understood is shown."""

PULSE_UNIT_MS: Final = 2
"""ESC p counts in 2 ms."""
PULSE_REALTIME_UNIT_MS: Final = 100
"""DLE DC4 1 counts in 100 ms, 1 to 8."""


class Align(IntEnum):
    """ESC a."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2


class DrawerPin(IntEnum):
    """Which pin of the drawer connector gets the pulse."""

    TWO = 0
    FIVE = 1


class CutKind(Enum):
    """How the paper is cut."""

    FULL = "full"
    PARTIAL = "partial"
    """A point is left, so that the receipt does not fall."""


CUT_AT_ONCE: Final = {CutKind.FULL: 0, CutKind.PARTIAL: 1}
"""GS V m; 48 and 49 mean the same."""
CUT_AFTER_FEED: Final = {CutKind.FULL: 65, CutKind.PARTIAL: 66}
"""GS V m n: feed to the cutter plus n dots, then cut."""


class Scale(IntEnum):
    """GS v 0 m."""

    NORMAL = 0
    WIDE = 1
    TALL = 2
    QUADRUPLE = 3


class Symbology(IntEnum):
    """GS k m, function B; function A uses m - 65."""

    UPC_A = 65
    UPC_E = 66
    EAN13 = 67
    EAN8 = 68
    CODE39 = 69
    ITF = 70
    CODABAR = 71
    CODE93 = 72
    CODE128 = 73


class Caption(IntEnum):
    """GS H: where the readable characters of a bar code stand."""

    NONE = 0
    ABOVE = 1
    BELOW = 2
    BOTH = 3


class Correction(IntEnum):
    """GS ( k function 169: how much of a QR code may be lost."""

    L = 48
    """7 %."""
    M = 49
    """15 %."""
    Q = 50
    """25 %."""
    H = 51
    """30 %."""


class RealtimeQuestion(IntEnum):
    """DLE EOT n."""

    PRINTER = 1
    OFFLINE_CAUSE = 2
    ERROR_CAUSE = 3
    PAPER = 4


class Recovery(IntEnum):
    """DLE ENQ n."""

    FEED_BUTTON = 0
    """As if the feed button were pressed, while the printer waits for it."""
    RESTART_LINE = 1
    """Recover from an error and print again from the line it stopped at."""
    CLEAR = 2
    """Recover from an error after clearing both buffers."""


class StatusQuestion(IntEnum):
    """GS r n; 49 and 50 mean the same."""

    PAPER = 1
    DRAWER = 2


class IdentityQuestion(IntEnum):
    """GS I n."""

    MODEL_ID = 1
    TYPE_ID = 2
    ROM_VERSION = 3
    FIRMWARE = 65
    MAKER = 66
    MODEL = 67
    SERIAL_NUMBER = 68
    LANGUAGE = 69


class StatusGroup(IntFlag):
    """GS a n: a change in which of these makes the printer send its 4-byte status unasked."""

    NONE = 0
    DRAWER = 0x01
    ONLINE = 0x02
    ERROR = 0x04
    PAPER = 0x08
    PANEL = 0x40
    ALL = 0x4F
