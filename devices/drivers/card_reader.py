"""What a card reader's codes mean, and what to tell a clerk when it does not work, in two languages.

Source: PC/SC part 5, annex A (return codes).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

READER_NAMES_MAX: Final = 8
"""More are not told."""


class Code(IntEnum):
    """The return codes that mean something to somebody; PC/SC part 5, annex A."""

    SUCCESS = 0
    CANCELLED = 0x80100002
    INVALID_HANDLE = 0x80100003
    UNKNOWN_READER = 0x80100009
    TIMEOUT = 0x8010000A
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTO_MISMATCH = 0x8010000F
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    NO_SERVICE = 0x8010001D
    SERVICE_STOPPED = 0x8010001E
    NO_READERS = 0x8010002E
    UNRESPONSIVE_CARD = 0x80100066
    UNPOWERED_CARD = 0x80100067
    REMOVED_CARD = 0x80100069


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages."""

    ko: str
    en: str


NOT_RUNNING: Final = Words(
    "카드 서비스(pcscd)가 실행되고 있지 않습니다. 서비스를 시작하세요. 저절로 다시 잇습니다",
    "the card service (pcscd) is not running. Start it (systemctl start pcscd.socket); "
    "it reconnects by itself",
)
STUCK: Final = Words(
    "카드리더가 아직 앞의 명령을 처리하고 있습니다. 카드를 뺐다가 다시 꽂으세요",
    "the reader is still busy with the command before. Take the card out and insert it again",
)
NO_CARD: Final = Words("카드가 없습니다. 카드를 꽂으세요", "no card is in the reader. Insert it")
MUTE: Final = Words(
    "카드를 읽지 못했습니다. 칩을 닦고 방향을 확인해 다시 꽂아 주세요",
    "the card does not answer. Wipe the chip, check its direction, insert it again",
)
TAKEN: Final = Words(
    "다른 프로그램이 카드를 쓰고 있습니다. 그 프로그램을 닫으세요",
    "another program uses the card. Close that program",
)
OPENING: Final = Words("카드리더를 여는 중입니다", "the reader is being opened")
CLOSED: Final = Words("카드리더를 닫았습니다", "the reader was closed by this program")


def no_reader(prefix: str, names: list[str]) -> Words:
    """Return the sentence for a reader that is not there, with those that are."""
    shown = ", ".join(names[:READER_NAMES_MAX])
    there_en = f"; there is: {shown}" if names else "; there is none"
    there_ko = f" (있는 리더: {shown})" if names else ""
    return Words(
        f"'{prefix}' 카드리더가 없습니다. 케이블을 꽂거나 설정의 이름을 고치세요{there_ko}",
        f"no reader whose name begins with {prefix!r}. Plug it in, or correct the name in the "
        f"configuration{there_en}",
    )


def of_code(code: int, doing: str) -> Words:
    """Return the sentence for a PC/SC code that a connection ended with."""
    match code:
        case Code.NO_SERVICE | Code.SERVICE_STOPPED | Code.INVALID_HANDLE:
            return NOT_RUNNING
        case Code.NO_SMARTCARD | Code.REMOVED_CARD:
            return NO_CARD
        case Code.UNRESPONSIVE_CARD | Code.UNPOWERED_CARD | Code.PROTO_MISMATCH:
            return MUTE
        case Code.SHARING_VIOLATION:
            return TAKEN
        case _:
            return Words(
                f"카드리더 오류: {doing}", f"the reader failed: {doing}. Insert the card again"
            )
