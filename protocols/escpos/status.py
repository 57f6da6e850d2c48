"""What is known of a printer, and the bytes that say so.

    DLE EOT 1    0 feed wait 1 offline drawer 1 0      bits 7..0; drawer is the level of pin 3
    DLE EOT 2    0 error end feed... 1 feed cover 1 0
    DLE EOT 3    0 auto unrec x 1 cutter recov 1 0
    DLE EOT 4    0 end end 1 near near 1 0
    ASB          0 feed cover 1 offline drawer 0 0 | 0 auto unrec 0 cutter recov btn wait |
                 0 x x 0 end end near near | 0 x x 0 x x x x
    GS r         0 x x 0 ....

The bits marked 0 and 1 never change; a byte without them is not a status, and is never taken for one.
Silence is its own value: what was not said is UNKNOWN, never "fine".
Source: Epson DLE EOT, GS a, GS r; devices.md 1.5.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from protocols.escpos.codes import RealtimeQuestion


class StatusError(ValueError):
    """These bytes are not the status they should be; the message shows them."""


class Online(Enum):
    """Whether the printer takes commands."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class Paper(Enum):
    """The paper roll."""

    OK = "ok"
    NEAR_END = "near_end"
    OUT = "out"
    UNKNOWN = "unknown"


class Cover(Enum):
    """The cover over the paper roll."""

    CLOSED = "closed"
    OPEN = "open"
    UNKNOWN = "unknown"


class Cutter(Enum):
    """The automatic cutter."""

    OK = "ok"
    JAMMED = "jammed"
    UNKNOWN = "unknown"


class Fault(Enum):
    """What else keeps the printer from printing."""

    NONE = "none"
    RECOVERABLE = "recoverable"
    """Goes away by DLE ENQ or by itself (a hot head cools)."""
    UNRECOVERABLE = "unrecoverable"
    """Switch off and on; then service."""
    UNKNOWN = "unknown"


class DrawerSense(Enum):
    """The level of pin 3 of the drawer connector; most drawers pull it low when closed."""

    LOW = "low"
    HIGH = "high"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterStatus:
    """Everything a printer can say about itself; UNKNOWN until it has said it."""

    online: Online = Online.UNKNOWN
    paper: Paper = Paper.UNKNOWN
    cover: Cover = Cover.UNKNOWN
    cutter: Cutter = Cutter.UNKNOWN
    fault: Fault = Fault.UNKNOWN
    drawer: DrawerSense = DrawerSense.UNKNOWN

    @property
    def known(self) -> bool:
        """Tell whether every part has been said."""
        return (
            self.online is not Online.UNKNOWN
            and self.paper is not Paper.UNKNOWN
            and self.cover is not Cover.UNKNOWN
            and self.cutter is not Cutter.UNKNOWN
            and self.fault is not Fault.UNKNOWN
            and self.drawer is not DrawerSense.UNKNOWN
        )


SILENT: Final = PrinterStatus()
"""A printer that has not answered."""
READY: Final = PrinterStatus(
    online=Online.ONLINE,
    paper=Paper.OK,
    cover=Cover.CLOSED,
    cutter=Cutter.OK,
    fault=Fault.NONE,
    drawer=DrawerSense.LOW,
)
"""A printer in good order with its drawer shut."""

_REALTIME_MASK: Final = 0x93
_REALTIME_FIXED: Final = 0x12
_BACK_MASKS: Final = (0x93, 0x90, 0x90, 0x90)
_BACK_FIXED: Final = (0x10, 0x00, 0x00, 0x00)
_QUEUED_MASK: Final = 0x90
_DRAWER: Final = 0x04
_OFFLINE: Final = 0x08
_COVER: Final = 0x04
_PAPER_STOP: Final = 0x20
_ERROR: Final = 0x40
_RECOVERABLE: Final = 0x04
_CUTTER: Final = 0x08
_UNRECOVERABLE: Final = 0x20
_AUTO_RECOVERABLE: Final = 0x40
_NEAR_END: Final = 0x0C
_END: Final = 0x60
_BACK_COVER: Final = 0x20
_BACK_NEAR_END: Final = 0x03
_BACK_END: Final = 0x0C
_BACK_RESERVED: Final = 0x0F
"""The fourth byte as TM printers send it."""
STATUS_BACK_BYTES: Final = 4


def is_realtime_status(byte: int) -> bool:
    """Tell whether a byte has the fixed bits of an answer to DLE EOT."""
    return byte & _REALTIME_MASK == _REALTIME_FIXED


def is_status_back(data: bytes) -> bool:
    """Tell whether bytes can be (the beginning of) a 4-byte automatic status."""
    return len(data) <= STATUS_BACK_BYTES and all(
        byte & mask == fixed
        for byte, mask, fixed in zip(data, _BACK_MASKS, _BACK_FIXED, strict=False)
    )


def is_queued_status(byte: int) -> bool:
    """Tell whether a byte has the fixed bits of an answer to GS r or a one-byte GS I."""
    return byte & _QUEUED_MASK == 0


def with_realtime(status: PrinterStatus, question: RealtimeQuestion, byte: int) -> PrinterStatus:
    """Return what is known after an answer to DLE EOT. Raises: StatusError."""
    if not is_realtime_status(byte):
        raise StatusError(f"{byte:#04x} is no answer to DLE EOT {question}: fixed bits are wrong")
    match question:
        case RealtimeQuestion.PRINTER:
            online, drawer = _online(byte & _OFFLINE), _drawer(byte & _DRAWER)
            if status.online is online and status.drawer is drawer:
                return status
            return replace(status, online=online, drawer=drawer)
        case RealtimeQuestion.OFFLINE_CAUSE:
            return _with_offline_cause(status, byte)
        case RealtimeQuestion.ERROR_CAUSE:
            return replace(status, cutter=_cutter(byte & _CUTTER), fault=_fault(byte))
        case RealtimeQuestion.PAPER:
            return replace(status, paper=_paper(byte & _NEAR_END, byte & _END))


def realtime_byte(status: PrinterStatus, question: RealtimeQuestion) -> int:
    """Return a printer's answer to DLE EOT; the status is the printer's own, so all is known."""
    assert status.known, "a printer knows itself"
    byte = _REALTIME_FIXED
    match question:
        case RealtimeQuestion.PRINTER:
            byte |= _OFFLINE * (status.online is Online.OFFLINE)
            byte |= _DRAWER * (status.drawer is DrawerSense.HIGH)
        case RealtimeQuestion.OFFLINE_CAUSE:
            byte |= _COVER * (status.cover is Cover.OPEN)
            byte |= _PAPER_STOP * (status.paper is Paper.OUT)
            byte |= _ERROR * (status.fault is not Fault.NONE or status.cutter is Cutter.JAMMED)
        case RealtimeQuestion.ERROR_CAUSE:
            byte |= _error_bits(status)
        case RealtimeQuestion.PAPER:
            byte |= _NEAR_END * (status.paper in (Paper.NEAR_END, Paper.OUT))
            byte |= _END * (status.paper is Paper.OUT)
    assert is_realtime_status(byte), "an answer has the fixed bits"
    return byte


def status_from_back(data: bytes) -> PrinterStatus:
    """Return what a 4-byte automatic status says: everything. Raises: StatusError."""
    if len(data) != STATUS_BACK_BYTES or not is_status_back(data):
        raise StatusError(f"{data.hex(' ')} is no automatic status: fixed bits are wrong")
    first, second, third, _ = data
    return PrinterStatus(
        online=_online(first & _OFFLINE),
        drawer=_drawer(first & _DRAWER),
        cover=Cover.OPEN if first & _BACK_COVER else Cover.CLOSED,
        cutter=_cutter(second & _CUTTER),
        fault=_fault(second),
        paper=_paper(third & _BACK_NEAR_END, third & _BACK_END),
    )


def back_bytes(status: PrinterStatus) -> bytes:
    """Return a printer's 4-byte automatic status."""
    assert status.known, "a printer knows itself"
    first = _BACK_FIXED[0]
    first |= _OFFLINE * (status.online is Online.OFFLINE)
    first |= _DRAWER * (status.drawer is DrawerSense.HIGH)
    first |= _BACK_COVER * (status.cover is Cover.OPEN)
    third = _BACK_NEAR_END * (status.paper in (Paper.NEAR_END, Paper.OUT))
    third |= _BACK_END * (status.paper is Paper.OUT)
    data = bytes((first, _error_bits(status), third, _BACK_RESERVED))
    assert is_status_back(data), "an automatic status has the fixed bits"
    return data


def paper_byte(status: PrinterStatus) -> int:
    """Return a printer's answer to GS r 1."""
    assert status.known, "a printer knows itself"
    return back_bytes(status)[2]


def paper_from_byte(byte: int) -> Paper:
    """Return what the answer to GS r 1 says. Raises: StatusError."""
    if byte & _QUEUED_MASK:
        raise StatusError(f"{byte:#04x} is no answer to GS r: fixed bits are wrong")
    return _paper(byte & _BACK_NEAR_END, byte & _BACK_END)


def drawer_byte(status: PrinterStatus) -> int:
    """Return a printer's answer to GS r 2."""
    assert status.known, "a printer knows itself"
    return int(status.drawer is DrawerSense.HIGH)


def drawer_from_byte(byte: int) -> DrawerSense:
    """Return what the answer to GS r 2 says. Raises: StatusError."""
    if byte & _QUEUED_MASK:
        raise StatusError(f"{byte:#04x} is no answer to GS r: fixed bits are wrong")
    return _drawer(byte & 1)


def _with_offline_cause(status: PrinterStatus, byte: int) -> PrinterStatus:
    cover = Cover.OPEN if byte & _COVER else Cover.CLOSED
    # This byte says that paper stopped the printer, but nothing of a roll that is only near its end.
    paper = Paper.OUT if byte & _PAPER_STOP else status.paper
    if not byte & _ERROR:
        return replace(status, cover=cover, paper=paper, cutter=Cutter.OK, fault=Fault.NONE)
    # Some error: which one DLE EOT 3 tells. What said "none" before is no longer true.
    if status.fault in (Fault.NONE, Fault.UNKNOWN) and status.cutter is not Cutter.JAMMED:
        return replace(status, cover=cover, paper=paper, cutter=Cutter.UNKNOWN, fault=Fault.UNKNOWN)
    return replace(status, cover=cover, paper=paper)


def _error_bits(status: PrinterStatus) -> int:
    bits = _CUTTER * (status.cutter is Cutter.JAMMED)
    bits |= _AUTO_RECOVERABLE * (status.fault is Fault.RECOVERABLE)
    bits |= _UNRECOVERABLE * (status.fault is Fault.UNRECOVERABLE)
    return bits


def _online(offline_bit: int) -> Online:
    return Online.OFFLINE if offline_bit else Online.ONLINE


def _drawer(level_bit: int) -> DrawerSense:
    return DrawerSense.HIGH if level_bit else DrawerSense.LOW


def _cutter(bit: int) -> Cutter:
    return Cutter.JAMMED if bit else Cutter.OK


def _fault(byte: int) -> Fault:
    if byte & _UNRECOVERABLE:
        return Fault.UNRECOVERABLE
    return Fault.RECOVERABLE if byte & (_RECOVERABLE | _AUTO_RECOVERABLE) else Fault.NONE


def _paper(near_bits: int, end_bits: int) -> Paper:
    # One of two sensor bits is enough: a doubtful end of paper is an end of paper.
    if end_bits:
        return Paper.OUT
    return Paper.NEAR_END if near_bits else Paper.OK
