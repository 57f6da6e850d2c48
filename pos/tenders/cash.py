"""Cash: the clerk takes coins and notes, gives change, and the drawer takes the rest (T1).

Money moves by hand, so there is nothing to ask and nothing in doubt: the answer is always Approved,
and the till makes it durable together with the sale before the drawer opens.
"""

from dataclasses import dataclass
from typing import Final

from pos.messages import Language
from pos.rights import Right
from pos.tenders.agreement import Ask, Desk, Mover, OverTender
from protocols.outcome import Approved, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Cash:
    """The one tender that gives change."""

    name: str = "cash"
    verb: str = "CA"
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.CHANGE
    mover: Mover = Mover.HAND

    def label(self, language: Language) -> str:
        """Return what the screen and the receipt call it."""
        return {"ko": "현금", "en": "CASH"}[language]

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        """Approve what was handed over; no peer, so no reference."""
        assert ask.amount.minor > 0
        assert ask.offered >= ask.amount
        return Approved(amount=ask.amount, reference="")


TENDER: Final = Cash()
