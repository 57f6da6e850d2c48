"""What a swiped card is to the till: given to the payment that waits for one, else told to the clerk.

A payment by card takes the next swipe (Stripes.swipe); without one the clerk hears what it was, by its last
four digits, and how to pay with it:

    cannot be read          MSR-03 swipe again; MSR-04 turn it
    worn, or two cards      MSR-05
    no payment card         MSR-06; a date that never is MSR-07
    expired, cash only      MSR-08, MSR-11
    has a chip              MSR-09 insert it
    fit to be taken         MSR-10: key the card first, then swipe; PAY-01 where there is nothing to pay

Nothing of a card is stored here, and no more of its number is shown than its last four digits.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from devices.stripe_reader import NOISE_IN_A_ROW_MAX, BadSwipe, Swipe
from pos.messages import Language, notice
from pos.view import Notice
from protocols.magnetic_stripe import Fault
from protocols.stripe_rules import Chip, Verdict, judge_swiped

CODES: Final = {
    Fault.BLANK: "MSR-04",
    Fault.LRC: "MSR-05",
    Fault.LUHN: "MSR-05",
    Fault.DIFFER: "MSR-05",
    Fault.FORMAT: "MSR-06",
    Fault.NUMBER: "MSR-06",
    Fault.NAME: "MSR-06",
    Fault.SERVICE: "MSR-06",
    Fault.EXPIRY: "MSR-07",
}
"""What is said to each fault; to the others MSR-03: a better swipe may do."""


class Stripes:
    """The till's stripe reader, to whoever waits for a swipe. Implements pos.tenders.agreement.Stripes."""

    def __init__(self, *, configured: bool) -> None:
        self.configured = configured
        """Whether there is such a reader."""
        self._waiting: asyncio.Future[Swipe] | None = None

    async def swipe(self) -> Swipe:
        """Wait for the next swipe, for as long as the caller likes. One waits at a time."""
        assert self._waiting is None, "one payment runs at a time"
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            return await self._waiting
        finally:
            self._waiting = None

    def give(self, swipe: Swipe) -> bool:
        """Hand a swipe over; no, where nobody waits for it."""
        if self._waiting is None or self._waiting.done():
            return False
        self._waiting.set_result(swipe)
        return True


class SwipeTaker(Protocol):
    """Who is told: the till."""

    def tell(self, notice: Notice) -> None:
        """Show a message that no command asked for."""


class Swiping:
    """Says to the clerk what a swipe was."""

    def __init__(
        self,
        till: SwipeTaker,
        language: Language,
        *,
        today: Callable[[], str],
        stripes: Stripes,
        due: Callable[[], bool] = lambda: True,
    ) -> None:
        """`today` returns the date in the store, YYYYMMDD; `due` says whether there is something to pay."""
        self._due = due
        self._till = till
        self._stripes = stripes
        self._today = today
        self._language = language

    def swiped(self, swipe: Swipe, chip: Chip = Chip.NOT_TRIED) -> None:
        """Give a swipe to the payment that waits for it, or tell what came of it.

        `chip` is what the reader found of the card's chip before."""
        if not self._stripes.give(swipe):
            self._till.tell(self._notice(swipe, chip))

    def noise(self, in_a_row: int) -> None:
        """Tell of what was no swipe; `in_a_row` is how many pieces, this one included."""
        # More in a row is a line set wrong: the reader's health says that, once.
        if in_a_row < NOISE_IN_A_ROW_MAX:
            self._till.tell(notice("MSR-03", self._language))

    def _notice(self, swipe: Swipe, chip: Chip) -> Notice:
        if isinstance(swipe, BadSwipe):
            return notice(CODES.get(swipe.fault, "MSR-03"), self._language)
        card, day = swipe.card, self._today()
        last4 = card.number.last4
        match judge_swiped(card, year=int(day[:4]), month=int(day[4:6]), chip=chip):
            case Verdict.EXPIRED:
                return notice("MSR-08", self._language, last4=last4, expiry=str(card.expiry))
            case Verdict.INSERT:
                return notice("MSR-09", self._language, last4=last4)
            case Verdict.NO_GOODS:
                return notice("MSR-11", self._language, last4=last4)
            case Verdict.TAKE if not self._due():
                return notice("PAY-01", self._language)
            case Verdict.TAKE:
                return notice("MSR-10", self._language, last4=last4)
