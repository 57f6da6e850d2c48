"""What a swiped card is to the till: told to the clerk, by its last four digits, with another way to pay.

    cannot be read          MSR-03 swipe again; MSR-04 turn it
    worn, or two cards      MSR-05
    no payment card         MSR-06; a date that never is MSR-07
    expired, cash only      MSR-08, MSR-11
    has a chip              MSR-09 insert it
    fit to be taken         MSR-10: this till has no tender for it

Nothing of a card is stored here, and no more of its number is shown than its last four digits.
"""

from collections.abc import Callable
from typing import Final, Protocol

from devices.stripe_reader import NOISE_IN_A_ROW_MAX, BadSwipe, Swipe
from pos.messages import Language, notice
from pos.view import Notice
from protocols.magnetic_stripe import Fault
from protocols.stripe_rules import Chip, Verdict, judge_swiped

_CODES: Final = {
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


class SwipeTaker(Protocol):
    """Who is told: the till."""

    def tell(self, notice: Notice) -> None:
        """Show a message that no command asked for."""


class Swiping:
    """Says to the clerk what a swipe was."""

    def __init__(self, till: SwipeTaker, language: Language, *, today: Callable[[], str]) -> None:
        """`today` returns the date in the store, YYYYMMDD."""
        self._till = till
        self._today = today
        self._language = language

    def swiped(self, swipe: Swipe) -> None:
        """Tell what came of a swipe."""
        self._till.tell(self._notice(swipe))

    def noise(self, in_a_row: int) -> None:
        """Tell of what was no swipe; `in_a_row` is how many pieces, this one included."""
        # More in a row is a line set wrong: the reader's health says that, once.
        if in_a_row < NOISE_IN_A_ROW_MAX:
            self._till.tell(notice("MSR-03", self._language))

    def _notice(self, swipe: Swipe) -> Notice:
        if isinstance(swipe, BadSwipe):
            return notice(_CODES.get(swipe.fault, "MSR-03"), self._language)
        card, day = swipe.card, self._today()
        last4 = card.number.last4
        match judge_swiped(card, year=int(day[:4]), month=int(day[4:6]), chip=Chip.NOT_TRIED):
            case Verdict.EXPIRED:
                return notice("MSR-08", self._language, last4=last4, expiry=str(card.expiry))
            case Verdict.INSERT:
                return notice("MSR-09", self._language, last4=last4)
            case Verdict.NO_GOODS:
                return notice("MSR-11", self._language, last4=last4)
            case Verdict.TAKE:
                return notice("MSR-10", self._language, last4=last4)
