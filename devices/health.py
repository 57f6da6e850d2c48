"""How a device is, in the words of UnifiedPOS, and what to do about it, in Korean and English.

A device says its health as one frozen value. The till shows the sentence and a lamp; the code leads to
the message table. Not answering is a level of its own, UNKNOWN, and never "fine".

    level    state   power          result
    ok       IDLE    ONLINE         SUCCESS      works
    ok       BUSY    ONLINE         SUCCESS      works at something
    warn     IDLE    ONLINE         EXTENDED     works, soon not: paper near its end
    down     ERROR   ONLINE         EXTENDED     answers, cannot work: no paper, cover open
    ok       IDLE    UNKNOWN        SUCCESS      line open, a device that never answers (display)
    down     CLOSED  OFF_OFFLINE    NOEXIST...   cannot be reached: port busy, missing, cable pulled
    unknown  ERROR   UNKNOWN        TIMEOUT      reached, says nothing

Source: UnifiedPOS 1.14.1, chapter 1 (device state, power reporting, result codes).
"""

import errno
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from protocols.address import AddressError
from protocols.ports import LinkDownError


class ControlState(IntEnum):
    """UnifiedPOS State."""

    CLOSED = 1
    IDLE = 2
    BUSY = 3
    ERROR = 4


class PowerState(IntEnum):
    """UnifiedPOS PowerState."""

    UNKNOWN = 2000
    ONLINE = 2001
    OFF = 2002
    OFFLINE = 2003
    OFF_OFFLINE = 2004


class ResultCode(IntEnum):
    """UnifiedPOS ErrorCode; 0 is success."""

    SUCCESS = 0
    CLOSED = 101
    CLAIMED = 102
    NOTCLAIMED = 103
    NOSERVICE = 104
    DISABLED = 105
    ILLEGAL = 106
    NOHARDWARE = 107
    OFFLINE = 108
    NOEXIST = 109
    EXISTS = 110
    FAILURE = 111
    TIMEOUT = 112
    BUSY = 113
    EXTENDED = 114


class Level(Enum):
    """What the lamp shows."""

    OK = "ok"
    WARN = "warn"
    DOWN = "down"
    UNKNOWN = "unknown"
    """It does not answer."""


class Role(Enum):
    """What a device is for. Members carry their names in both languages."""

    PRINTER = ("printer", "프린터", "Printer", "PRN-03", "PRN-05")
    DRAWER = ("drawer", "돈통", "Drawer", "DRW-02", "DRW-02")
    LINE_DISPLAY = ("line_display", "손님 표시기", "Customer display", "DSP-01", "DSP-01")
    SCANNER = ("scanner", "스캐너", "Scanner", "SCN-02", "SCN-02")
    STRIPE_READER = ("stripe_reader", "마그네틱 리더", "Stripe reader", "MSR-01", "MSR-01")
    HYBRID_READER = ("hybrid_reader", "카드리더", "Card reader", "RDR-01", "RDR-01")
    PIN_PAD = ("pin_pad", "비밀번호 입력기", "PIN pad", "PIN-01", "PIN-02")
    PAYMENT_TERMINAL = ("payment_terminal", "카드단말기", "Payment terminal", "TRM-01", "TRM-02")

    def __init__(self, word: str, ko: str, en: str, lost_code: str, silent_code: str) -> None:
        self.word = word
        """As in the configuration and on the device page."""
        self.ko = ko
        self.en = en
        self.lost_code = lost_code
        """Message code for "cannot be reached"."""
        self.silent_code = silent_code
        """Message code for "reached, says nothing"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one device is at this moment."""

    level: Level
    state: ControlState
    power: PowerState
    result: ResultCode
    code: str = ""
    """Of the message table, such as PRN-01; empty when all is well."""
    ko: str = ""
    """What is the matter and what to do; empty when all is well."""
    en: str = ""

    def sentence(self, language: str) -> str:
        """Return the sentence in "ko" or "en"."""
        return self.ko if language == "ko" else self.en


WORKS: Final = Health(
    level=Level.OK, state=ControlState.IDLE, power=PowerState.ONLINE, result=ResultCode.SUCCESS
)
"""All is well."""
WORKING: Final = Health(
    level=Level.OK, state=ControlState.BUSY, power=PowerState.ONLINE, result=ResultCode.SUCCESS
)
"""All is well, and it is at something."""
NOT_OPENED: Final = Health(
    level=Level.UNKNOWN,
    state=ControlState.CLOSED,
    power=PowerState.UNKNOWN,
    result=ResultCode.CLOSED,
)
"""Nobody has tried yet."""


def warns(code: str, *, ko: str, en: str) -> Health:
    """Return the health of a device that works and soon will not."""
    return Health(
        level=Level.WARN,
        state=ControlState.IDLE,
        power=PowerState.ONLINE,
        result=ResultCode.EXTENDED,
        code=code,
        ko=ko,
        en=en,
    )


def cannot_work(code: str, *, ko: str, en: str) -> Health:
    """Return the health of a device that answers and cannot do its work until somebody helps."""
    return Health(
        level=Level.DOWN,
        state=ControlState.ERROR,
        power=PowerState.ONLINE,
        result=ResultCode.EXTENDED,
        code=code,
        ko=ko,
        en=en,
    )


def silent(role: Role, address: str) -> Health:
    """Return the health of a device whose line is open and that says nothing."""
    return Health(
        level=Level.UNKNOWN,
        state=ControlState.ERROR,
        power=PowerState.UNKNOWN,
        result=ResultCode.TIMEOUT,
        code=role.silent_code,
        ko=f"{role.ko}: 응답이 없습니다. 전원과 통신 속도를 확인하세요 ({address})",
        en=f"{role.en} does not answer. Check its power and baud rate ({address})",
    )


def write_only() -> Health:
    """Return the health of a device whose line is open and that never answers by its nature."""
    return _WRITE_ONLY


_WRITE_ONLY: Final = Health(
    level=Level.OK,
    state=ControlState.IDLE,
    power=PowerState.UNKNOWN,
    result=ResultCode.SUCCESS,
)


def broken(role: Role, address: str, why: str) -> Health:
    """Return the health of a device whose open line has just ended; `why` is the link's sentence."""
    words = why.strip().rstrip(".")
    return Health(
        level=Level.DOWN,
        state=ControlState.CLOSED,
        power=PowerState.OFF_OFFLINE,
        result=ResultCode.OFFLINE,
        code=role.lost_code,
        ko=f"{role.ko}: 연결이 끊겼습니다. 케이블과 전원을 확인하세요. 저절로 다시 잇습니다 ({address}: {words})",
        en=f"{role.en} lost. Check cable and power; it reconnects by itself ({address}: {words})",
    )


def unreachable(role: Role, address: str, error: BaseException) -> Health:
    """Return the health of a device whose line cannot be opened, or broke, with what to do.

    The operating system's error number, found along the chain of causes, decides the sentence. A bus
    names the port and who holds it in English, so its own words stand there.
    """
    result, ko, en = _why(error)
    if isinstance(error, LinkDownError | AddressError):
        en = _words(error)
    return Health(
        level=Level.DOWN,
        state=ControlState.CLOSED,
        power=PowerState.OFF_OFFLINE,
        result=result,
        code=role.lost_code,
        ko=f"{role.ko}: {ko} ({address})",
        en=f"{role.en}: {en} ({address})",
    )


_BUSY: Final = (
    ResultCode.CLAIMED,
    "다른 프로그램이 쓰고 있습니다. 그 프로그램을 닫으세요",
    "another program holds the port. Close that program",
)
_MISSING: Final = (
    ResultCode.NOEXIST,
    "그런 포트가 없습니다. 케이블을 꽂거나 설정의 주소를 고치세요",
    "there is no such port. Plug in its cable, or correct the address in the configuration",
)
_FORBIDDEN: Final = (
    ResultCode.NOSERVICE,
    "포트를 열 권한이 없습니다. 사용자를 dialout 그룹에 넣으세요",
    "this user may not open the port. Add the user to the group dialout",
)
_REFUSED: Final = (
    ResultCode.NOHARDWARE,
    "주소에서 연결을 거절했습니다. 전원과 주소를 확인하세요",
    "nobody listens at the address. Check the power and the address",
)
_TIMEOUT: Final = (
    ResultCode.TIMEOUT,
    "연결 시간이 지났습니다. 전원과 네트워크 선을 확인하세요",
    "it did not answer in time. Check the power and the network cable",
)
_PULLED: Final = (
    ResultCode.OFFLINE,
    "케이블이 빠졌습니다. 다시 꽂으면 저절로 이어집니다",
    "the cable is out. Plug it in; it goes on by itself",
)
_REASONS: Final[dict[int, tuple[ResultCode, str, str]]] = {
    errno.EAGAIN: _BUSY,
    errno.EBUSY: _BUSY,
    errno.EADDRINUSE: _BUSY,
    errno.ENOENT: _MISSING,
    errno.ENODEV: _MISSING,
    errno.ENXIO: _MISSING,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.ECONNREFUSED: _REFUSED,
    errno.EHOSTUNREACH: _REFUSED,
    errno.ENETUNREACH: _REFUSED,
    errno.ETIMEDOUT: _TIMEOUT,
    errno.EIO: _PULLED,
    errno.EPIPE: _PULLED,
    errno.ECONNRESET: _PULLED,
}
_CAUSES_MAX: Final = 8


def _why(error: BaseException) -> tuple[ResultCode, str, str]:
    cause: BaseException | None = error
    for _ in range(_CAUSES_MAX):
        if cause is None:
            break
        if isinstance(cause, TimeoutError):
            return _TIMEOUT
        if isinstance(cause, OSError) and cause.errno in _REASONS:
            return _REASONS[cause.errno]
        cause = cause.__cause__ or cause.__context__
    words = _words(error)
    return ResultCode.FAILURE, f"연결되지 않습니다: {words}", words


def _words(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
