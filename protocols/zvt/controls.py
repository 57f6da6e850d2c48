"""Control fields: class and instruction of a command or an answer, two bytes.

Source: PA00P015 chapters 2 (register to terminal) and 3 (terminal to register).
"""

from enum import IntEnum, unique
from typing import Final


@unique
class Control(IntEnum):
    """Every command of a register and every answer of a terminal that has a name."""

    SET_CLOCK_OF_REGISTER = 0x0401
    STATUS_INFORMATION = 0x040F
    INTERMEDIATE_STATUS = 0x04FF
    STATUS_ENQUIRY = 0x0501
    REGISTRATION = 0x0600
    AUTHORISATION = 0x0601
    LOG_OFF = 0x0602
    ACCOUNT_BALANCE = 0x0603
    ACTIVATE_CARD = 0x0604
    TIP = 0x060C
    COMPLETION = 0x060F
    SEND_TOTALS = 0x0610
    PRINT_TURNOVER = 0x0612
    RESET = 0x0618
    PRINT_CONFIGURATION = 0x061A
    SET_TERMINAL_ID = 0x061B
    ABORTED = 0x061E
    REPEAT_RECEIPT = 0x0620
    TELEPHONIC_AUTHORISATION = 0x0621
    PRE_AUTHORISATION = 0x0622
    PARTIAL_REVERSAL = 0x0623
    BOOK_TOTAL = 0x0624
    PRE_AUTHORISATION_REVERSAL = 0x0625
    REVERSAL = 0x0630
    REFUND = 0x0631
    END_OF_DAY = 0x0650
    SEND_OFFLINE = 0x0651
    DIAGNOSIS = 0x0670
    SELF_TEST = 0x0679
    SET_CLOCK_OF_TERMINAL = 0x0691
    INITIALISATION = 0x0693
    CHANGE_PASSWORD = 0x0695
    ABORT = 0x06B0
    READ_CARD = 0x06C0
    CLOSE_CARD = 0x06C5
    PRINT_LINE = 0x06D1
    PRINT_TEXT = 0x06D3
    DISPLAY_TEXT = 0x06E0
    BLOCKED_LIST = 0x06E4
    SERVICE_MODE = 0x0801
    SOFTWARE_UPDATE = 0x0810
    CHANGE_CONFIGURATION = 0x0813
    SELECT_LANGUAGE = 0x0830


TAKEN: Final = 0x8000
"""The other end has understood."""
REFUSED_CLASS: Final = 0x84
"""The other end will not; the second byte says why (results)."""


def is_answer(control: int) -> bool:
    """Say whether it is 80 00 or 84 xx, which is not answered itself."""
    return control == TAKEN or control >> 8 == REFUSED_CLASS
