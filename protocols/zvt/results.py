"""Result codes and intermediate states: what they are called, and in the words of a clerk.

Source: PA00P015 chapters 3 (04 FF) and 9 (error messages).
"""

from enum import IntEnum, unique
from typing import Final


@unique
class Result(IntEnum):
    """Why something did not come about; 0 where it did."""

    SUCCESS = 0x00
    CARD_UNREADABLE = 0x64
    NO_CARD_DATA = 0x65
    PROCESSING_ERROR = 0x66
    NOT_FOR_DEBIT = 0x67
    NOT_FOR_CREDIT = 0x68
    JOURNAL_FULL = 0x6A
    NOT_REGISTERED = 0x6B
    ABORTED = 0x6C
    """Time was up, or somebody pressed the abort key."""
    BLOCKED_CARD = 0x6E
    WRONG_CURRENCY = 0x6F
    TOO_LITTLE = 0x71
    CHIP_ERROR = 0x72
    CARD_DATA_WRONG = 0x73
    END_OF_DAY_IMPOSSIBLE = 0x77
    CARD_EXPIRED = 0x78
    CARD_NOT_YET_VALID = 0x79
    CARD_UNKNOWN = 0x7A
    NO_FALLBACK = 0x7C
    COMMUNICATION_ERROR = 0x7D
    NOT_POSSIBLE = 0x83
    KEY_MISSING = 0x85
    PIN_PAD_DEFECTIVE = 0x89
    PROTOCOL_ERROR = 0x9A
    DIAL_ERROR = 0x9B
    PLEASE_WAIT = 0x9C
    NOT_READY = 0xA0
    HOST_SILENT = 0xA1
    NO_CONNECTION = 0xA3
    MEMORY_FULL = 0xB1
    ALREADY_REVERSED = 0xB4
    REVERSAL_IMPOSSIBLE = 0xB5
    PRE_AUTHORISATION_WRONG = 0xB7
    DIAGNOSIS_REQUIRED = 0xC2
    AMOUNT_TOO_LARGE = 0xC3
    CURRENCY_NOT_APPLICABLE = 0xC6
    AMOUNT_TOO_SMALL = 0xC8
    PRINTER_NOT_READY = 0xCC
    CARD_INSERTED = 0xDC
    READER_DEFECTIVE = 0xE2
    PIN_IMPOSSIBLE = 0xEC
    OPEN_BATCH = 0xF0
    SYSTEM_ERROR = 0xFF


def result_name(code: int) -> str:
    """Return a code as a journal writes it: 6C aborted."""
    known = code in {each.value for each in Result}
    return f"{code:02X} {Result(code).name.lower().replace('_', ' ')}" if known else f"{code:02X}"


def is_declined_by_bank(code: int) -> bool:
    """Say whether a result is an answer of the bank's: 01 to 63 are its own codes."""
    return 0x01 <= code <= 0x63


@unique
class State(IntEnum):
    """What a terminal is doing (04 FF)."""

    CONFIRM_AMOUNT = 0x00
    WATCH_PIN_PAD = 0x01
    NOT_ACCEPTED = 0x03
    WAITING_FOR_BANK = 0x04
    AUTO_REVERSAL = 0x05
    INSERT_CARD = 0x0A
    REMOVE_CARD = 0x0B
    CARD_UNREADABLE = 0x0C
    PLEASE_WAIT = 0x0E
    AUTO_END_OF_DAY = 0x0F
    WRONG_PIN = 0x15
    PIN_BLOCKED = 0x18
    APPROVED = 0x1C
    DECLINED = 0x1D
    WAITING_FOR_CASHIER = 0xC8
    CONNECTING = 0xD2


REMOVE_TOO: Final = 0x40
"""Added to a state: and the card is to be taken out."""


def state_of(code: int) -> State | None:
    """Return what a state means, whether or not the card is to be taken out; None: nothing known here."""
    values = {each.value for each in State}
    for each in (code, code & ~REMOVE_TOO if 0x40 <= code < 0x80 else code):
        if each in values:
            return State(each)
    return None
