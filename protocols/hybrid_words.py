"""What a hybrid reader is told, and what it says: the words inside the texts of protocols.hybrid_reader.

    C00 reset   C10 status   C:0 let a card in   C30 give it back   C61 C62 C63 read a track
    CC0 press the contacts   CC2 cold reset: ATR   CC3 take the power   CF0 T=0 APDU   CF1 T=1 APDU

    P cc rr data    rr  00 no card  01 at the mouth  02 inside  10 contacts pressed  11 chip on  20 whole
    N cc ee         ee  Refusal

Source: OMRON 3S4YR series, interface specification rev. A0 to A4 (1997-1999), commands and error codes.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.magnetic_stripe import Fault, Track

STATUS: Final = b"C10"
PERMIT: Final = b"C:0"
PRESS: Final = b"CC0"
COLD_RESET: Final = b"CC2"
POWER_OFF: Final = b"CC3"
APDU_T0: Final = b"CF0"
APDU_T1: Final = b"CF1"
READ: Final = {Track.ONE: b"C61", Track.TWO: b"C62", Track.THREE: b"C63"}


class Where(Enum):
    """Where the card is, and how far the chip has come."""

    NO_CARD = b"00"
    MOUTH = b"01"
    INSIDE = b"02"
    PRESSED = b"10"
    ACTIVE = b"11"
    WHOLE = b"20"
    """A chip's answer, all of it."""


class Refusal(Enum):
    """Why something was not done."""

    UNDEFINED = b"00"
    SEQUENCE = b"01"
    DATA = b"02"
    JAM = b"10"
    SHUTTER = b"11"
    SENSOR = b"12"
    MOTOR = b"13"
    DRAWN_OUT = b"14"
    POWER_DOWN = b"18"
    WANTS_RESET = b"19"
    NO_START = b"40"
    NO_END = b"41"
    PARITY = b"42"
    LRC = b"43"
    NOT_ENCODED = b"44"
    NO_DATA = b"45"
    JITTER = b"46"
    CHIP_SILENT = b"80"
    CHIP_SHORTED = b"82"
    CHIP_GARBLED = b"84"
    CHIP_ABORTED = b"85"
    MOVED = b"88"


FAULTS: Final = {
    Refusal.NO_START: Fault.START,
    Refusal.NO_END: Fault.END,
    Refusal.PARITY: Fault.UNREADABLE,
    Refusal.JITTER: Fault.UNREADABLE,
    Refusal.LRC: Fault.LRC,
    Refusal.NOT_ENCODED: Fault.BLANK,
    Refusal.NO_DATA: Fault.BLANK,
}
"""What a refused track is to whoever swiped it."""
CHIP_FAILED: Final = frozenset(
    {Refusal.CHIP_SILENT, Refusal.CHIP_SHORTED, Refusal.CHIP_GARBLED, Refusal.CHIP_ABORTED}
)
"""After these a card may be taken by its stripe (protocols.stripe_rules)."""


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""

    where: Where
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not; None for a reason that the specification does not have."""

    why: Refusal | None


def read_answer(text: bytes) -> Done | Refused | None:
    """Return what an answer says; None where it is none."""
    kind, code, rest = text[:1], text[3:5], text[5:]
    if len(text) < 5 or kind not in (b"P", b"N"):
        return None
    if kind == b"N":
        return Refused(Refusal(code) if code in {each.value for each in Refusal} else None)
    return Done(Where(code), rest) if code in {each.value for each in Where} else None


def write_answer(command: bytes, answer: Done | Refused) -> bytes:
    """Return an answer to a command as it is said."""
    match answer:
        case Done(where=where, data=data):
            return b"P" + command[1:3] + where.value + data
        case Refused(why=why):
            return b"N" + command[1:3] + (why or Refusal.UNDEFINED).value
