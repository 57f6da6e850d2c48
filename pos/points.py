"""Every named place in the till where a test may kill it: before and after all that lasts.

The places are reached through protocols.ports.FaultPoints. In production nothing happens there; under
FAULT=point the host file sends SIGKILL to its own process (pos.host), so that what is tested is the
program, not an exception inside it. A new append, print or upload gets its two points here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Point(StrEnum):
    """A place; the value is what FAULT names."""

    BEFORE_APPEND_BASKET = "before_append_basket"
    AFTER_APPEND_BASKET = "after_append_basket"
    BEFORE_APPEND_ATTEMPT = "before_append_attempt"
    AFTER_APPEND_ATTEMPT = "after_append_attempt"
    BEFORE_APPEND_SALE = "before_append_sale"
    AFTER_APPEND_SALE = "after_append_sale"
    BEFORE_APPEND_VOID = "before_append_void"
    AFTER_APPEND_VOID = "after_append_void"
    BEFORE_APPEND_HOLD = "before_append_hold"
    AFTER_APPEND_HOLD = "after_append_hold"
    BEFORE_APPEND_RECALL = "before_append_recall"
    AFTER_APPEND_RECALL = "after_append_recall"
    BEFORE_KICK_DRAWER = "before_kick_drawer"
    AFTER_KICK_DRAWER = "after_kick_drawer"
    BEFORE_PRINT = "before_print"
    AFTER_PRINT_SENT = "after_print_sent"
    """The paper is marked as being sent; not one byte has left."""
    AFTER_PRINTED = "after_printed"
    """The printer said that it came out; the store does not know yet."""
    BEFORE_UPLOAD = "before_upload"
    AFTER_UPLOAD_SENT = "after_upload_sent"
    AFTER_ACKNOWLEDGE = "after_acknowledge"
    BEFORE_OPEN_SHIFT = "before_open_shift"
    AFTER_OPEN_SHIFT = "after_open_shift"
    BEFORE_COUNT_SHIFT = "before_count_shift"
    AFTER_COUNT_SHIFT = "after_count_shift"
    BEFORE_CLOSE_SHIFT = "before_close_shift"
    AFTER_CLOSE_SHIFT = "after_close_shift"
    BEFORE_MOVE_CASH = "before_move_cash"
    AFTER_MOVE_CASH = "after_move_cash"
    BEFORE_OPEN_DRAWER = "before_open_drawer"
    AFTER_OPEN_DRAWER = "after_open_drawer"
    BEFORE_APPEND_COPY = "before_append_copy"
    AFTER_APPEND_COPY = "after_append_copy"
    BEFORE_SIGN = "before_sign"
    AFTER_SIGN = "after_sign"
    BEFORE_APPEND_NOTE = "before_append_note"
    AFTER_APPEND_NOTE = "after_append_note"


@dataclass(frozen=True, slots=True)
class Around:
    """The two places around something that lasts."""

    before: Point
    after: Point


BASKET: Final = Around(Point.BEFORE_APPEND_BASKET, Point.AFTER_APPEND_BASKET)
ATTEMPT: Final = Around(Point.BEFORE_APPEND_ATTEMPT, Point.AFTER_APPEND_ATTEMPT)
SALE: Final = Around(Point.BEFORE_APPEND_SALE, Point.AFTER_APPEND_SALE)
VOID: Final = Around(Point.BEFORE_APPEND_VOID, Point.AFTER_APPEND_VOID)
HOLD: Final = Around(Point.BEFORE_APPEND_HOLD, Point.AFTER_APPEND_HOLD)
RECALL: Final = Around(Point.BEFORE_APPEND_RECALL, Point.AFTER_APPEND_RECALL)
SHIFT_OPEN: Final = Around(Point.BEFORE_OPEN_SHIFT, Point.AFTER_OPEN_SHIFT)
SHIFT_COUNT: Final = Around(Point.BEFORE_COUNT_SHIFT, Point.AFTER_COUNT_SHIFT)
SHIFT_CLOSE: Final = Around(Point.BEFORE_CLOSE_SHIFT, Point.AFTER_CLOSE_SHIFT)
CASH: Final = Around(Point.BEFORE_MOVE_CASH, Point.AFTER_MOVE_CASH)
DRAWER: Final = Around(Point.BEFORE_OPEN_DRAWER, Point.AFTER_OPEN_DRAWER)
COPY: Final = Around(Point.BEFORE_APPEND_COPY, Point.AFTER_APPEND_COPY)
SIGN: Final = Around(Point.BEFORE_SIGN, Point.AFTER_SIGN)
NOTE: Final = Around(Point.BEFORE_APPEND_NOTE, Point.AFTER_APPEND_NOTE)
