"""What a scanner's word is to the till: sold in order, or told to the clerk, and never swallowed.

    read well               sold
    read again at once      sold, and SCN-06 says so
    misread                 SCN-03, not sold
    torn, garbage           SCN-07; again and again SCN-05, as the scanner's health says it
    too many under way      SCN-08 at once, and once more when the others are through

Some scanners send one piece twice; a clerk with a fast hand sends two pieces of the same. Nobody here
can tell them apart, so both are sold: a second bottle that was swallowed is lost for the shop and
unseen, a line too many stands on screen and display, is named by SCN-06 and voided by one key.
"""

import asyncio
from typing import Final, Protocol

from devices.scanner import NOISE_IN_A_ROW_MAX, Scan
from pos import commands
from pos.commands import Command, Reading
from pos.messages import Language, notice
from pos.view import Notice
from protocols.barcode import Check

SCANS_RUNNING_MAX: Final = 1_024
DROPPED: Final = "SCN-08"


class ScanTaker(Protocol):
    """Who sells what was scanned: the till."""

    async def execute(self, command: Command) -> Notice | None:
        """Carry out one command, after those before it."""

    def tell(self, notice: Notice) -> None:
        """Show a message that no command asked for."""


def reading_of(scan: Scan) -> Reading:
    """Return how sure a scan is.

    A bad check digit counts only where the scanner named the kind of code: eight or thirteen digits
    without a name may be the shop's own, and the catalogue decides.
    """
    barcode = scan.barcode
    if barcode.identified and barcode.check is Check.BAD:
        return Reading.MISREAD
    return Reading.FIRST if scan.again_after_ns is None else Reading.AGAIN


class Scanning:
    """Hands scans to the till in the order in which they came."""

    def __init__(self, till: ScanTaker, language: Language) -> None:
        self._till = till
        self._language = language
        self._running: set[asyncio.Task[Notice | None]] = set()
        self._dropped = 0
        self._last_dropped = ""

    def scanned(self, scan: Scan) -> None:
        """Sell what was scanned, or tell that it was not."""
        code = scan.barcode.text
        if len(self._running) >= SCANS_RUNNING_MAX:
            self._drop(code)
            return
        command = commands.Scan(code, reading=reading_of(scan))
        task = asyncio.get_running_loop().create_task(self._till.execute(command), name="scan")
        self._running.add(task)
        task.add_done_callback(lambda done: self._ended(done, code))

    def noise(self, in_a_row: int) -> None:
        """Tell of what was no code; `in_a_row` is how many pieces, this one included."""
        # More in a row is no torn code but a line set wrong. The scanner's health says that, once: a
        # stream of garbage must not hide every other message.
        if in_a_row < NOISE_IN_A_ROW_MAX:
            self._till.tell(notice("SCN-07", self._language))

    def _ended(self, task: asyncio.Task[Notice | None], code: str) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        answer = task.result()
        if answer is not None and answer.code == DROPPED:
            self._drop(code)
        if self._dropped and not self._running:
            # The scans that were taken have each replaced the message since.
            self._tell_dropped()
            self._dropped = 0

    def _drop(self, code: str) -> None:
        self._dropped += 1
        self._last_dropped = code
        self._tell_dropped()

    def _tell_dropped(self) -> None:
        told = notice(DROPPED, self._language, count=self._dropped, code=self._last_dropped)
        self._till.tell(told)
