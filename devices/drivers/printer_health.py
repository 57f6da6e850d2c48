"""What is the matter with a printer or its drawer, and what to do, in both languages.

The gravest thing first: silence, then what a hand can help (cover, paper, cutter), then the rest, then
what is only coming (paper near its end).
"""

from typing import Final

from devices.drivers.drawer import DrawerState
from devices.drivers.printer_watch import Presence, PrinterWatch
from devices.health import (
    NOT_OPENED,
    WORKING,
    WORKS,
    ControlState,
    Health,
    Level,
    PowerState,
    ResultCode,
    Role,
    cannot_work,
    silent,
    warns,
    write_only,
)
from protocols.escpos.status import Cover, Cutter, Fault, Online, Paper, PrinterStatus
from protocols.ports import NANOSECONDS_PER_SECOND

DRAWER_OPEN_MAX_NS: Final = 30 * NANOSECONDS_PER_SECOND
"""A drawer open for longer is told."""

_COVER_OPEN: Final = cannot_work(
    "PRN-02",
    ko="프린터 뚜껑이 열렸습니다. 닫으면 이어서 출력합니다",
    en="Printer cover open. Close it; printing goes on",
)
_NO_PAPER: Final = cannot_work(
    "PRN-01",
    ko="프린터 용지가 없습니다. 새 용지를 넣으면 이어서 출력합니다",
    en="Printer out of paper. Put a roll in; printing goes on",
)
_CUTTER: Final = cannot_work(
    "PRN-04",
    ko="프린터 절단기가 걸렸습니다. 뚜껑을 열어 종이를 빼고 다시 닫으세요",
    en="Printer cutter is jammed. Open the cover, take the paper out, close it",
)
_FAULT: Final = cannot_work(
    "PRN-04",
    ko="프린터 오류입니다. 잠시 기다리거나 전원을 껐다 켜세요",
    en="Printer error. Wait a moment, or switch it off and on",
)
_OFFLINE: Final = cannot_work(
    "PRN-04",
    ko="프린터가 쉬고 있습니다. 프린터의 버튼을 확인하세요",
    en="Printer is offline. Look at the buttons on it",
)
_NEAR_END: Final = warns(
    "PRN-07",
    ko="프린터 용지가 거의 떨어졌습니다. 손님이 없을 때 바꾸세요",
    en="Printer paper is nearly out. Change the roll when it is quiet",
)
_DRAWER_LONG_OPEN: Final = warns(
    "DRW-01",
    ko="돈통이 오래 열려 있습니다. 닫으세요",
    en="The drawer has been open for long. Close it",
)
DRAWER_UNKNOWN: Final = Health(
    level=Level.UNKNOWN,
    state=ControlState.IDLE,
    power=PowerState.UNKNOWN,
    result=ResultCode.SUCCESS,
)
"""No contact, or a printer that says nothing: whether it is open, a person sees."""


def printer_health(watch: PrinterWatch, address: str, *, one_way: bool, busy: bool) -> Health:
    """Return the printer's health while its link is open."""
    match watch.presence:
        case Presence.CLOSED:
            return NOT_OPENED
        case _ if watch.garbled:
            return _garbled(address)
        case Presence.ASKING:
            return write_only() if one_way else NOT_OPENED
        case Presence.SILENT:
            return silent(Role.PRINTER, address)
        case Presence.ANSWERING:
            trouble = _trouble(watch.status)
            if trouble is not None:
                return trouble
            return WORKING if busy else WORKS


def drawer_health(state: DrawerState, open_ns: int) -> Health:
    """Return the drawer's health."""
    if state is DrawerState.UNKNOWN:
        return DRAWER_UNKNOWN
    return _DRAWER_LONG_OPEN if open_ns >= DRAWER_OPEN_MAX_NS else WORKS


def _trouble(status: PrinterStatus) -> Health | None:
    if status.cover is Cover.OPEN:
        return _COVER_OPEN
    if status.paper is Paper.OUT:
        return _NO_PAPER
    if status.cutter is Cutter.JAMMED:
        return _CUTTER
    if status.fault in (Fault.RECOVERABLE, Fault.UNRECOVERABLE):
        return _FAULT
    if status.online is Online.OFFLINE:
        return _OFFLINE
    return _NEAR_END if status.paper is Paper.NEAR_END else None


def _garbled(address: str) -> Health:
    return Health(
        level=Level.UNKNOWN,
        state=ControlState.ERROR,
        power=PowerState.UNKNOWN,
        result=ResultCode.FAILURE,
        code="PRN-05",
        ko=f"프린터가 알 수 없는 답을 보냅니다. 통신 속도와 패리티를 확인하세요 ({address})",
        en=f"Printer sends garbage. Check its baud rate and parity ({address})",
    )
