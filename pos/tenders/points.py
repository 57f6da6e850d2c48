"""Points: a member pays with what earlier sales have earned; the broker keeps them (ips flow points).

    take      intent -> POST /v1/payments -> the member's account holds the amount, or has not so much
    resume    the same request under the same key: it answers what happened, and moves nothing twice
    give_back  by the record alone: the broker credits the member when it comes, offline too

What is held for a sale that goes another way is the member's again by itself, as its record arrives; so
an attempt that nobody wants any more has nothing left to find out. Without the broker no points are spent.
Source: clerk-and-courier.md 2.3 rules 2, 5 and 8.
"""

from dataclasses import dataclass
from typing import Final

from pos.club import IN_DOUBT
from pos.messages import Language
from pos.rights import Right
from pos.tenders.agreement import Ask, Desk, Membership, Mover, OverTender, Paid
from protocols.outcome import Approved, Declined, NotSent, Outcome, Unknown
from protocols.points import POINTS, spendable

_FIELD: Final = "member"
"""What an intent calls whose points they are, as name=value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Points of the sale's member."""

    name: str = POINTS
    verb: str = "PT"
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE

    def label(self, language: Language) -> str:
        """Return what the screen and the receipt call it."""
        return {"ko": "포인트", "en": "POINTS"}[language]

    def most(self, due: int, member: Membership | None) -> int:
        """Return how many points pay for so much where nobody names an amount."""
        if member is None or member.points is None:
            return 0
        return spendable(member.rule, member.points, due)

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        """Have the broker hold the points for this sale."""
        member = desk.member
        refused = _refused(ask.amount.minor, member)
        if refused is not None:
            return refused
        assert member is not None, "a sale without a member is refused"
        desk.say("points_asked", points=ask.amount.minor)
        key = await desk.intend(f"{_FIELD}={member.number}")
        return await desk.club.spend(key=key, member=member.number, amount=ask.amount)

    async def resume(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Ask again under the same key; where nobody wants the points any more, they are not spent."""
        if not desk.wanted:
            return Declined(code="PTS-10", reason="its sale goes on without it")
        number = peer.removeprefix(f"{_FIELD}=")
        outcome = await desk.club.spend(key=desk.key, member=number, amount=ask.amount)
        if isinstance(outcome, NotSent):
            # This question did not arrive; the one before it may have.
            return Unknown(case_id=desk.key, reason=outcome.reason, code=IN_DOUBT)
        return outcome

    async def give_back(self, ask: Ask, paid: Paid, desk: Desk) -> Outcome:
        """Let the record of it alone give the points back: there is nothing to ask, nor to intend."""
        return Approved(amount=ask.amount, reference="")

    async def resume_back(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Say the same: what the record says, has happened."""
        return Approved(amount=ask.amount, reference="")


def _refused(amount: int, member: Membership | None) -> NotSent | None:
    """Return why so many points cannot be asked for; None where they can."""
    if member is None:
        return NotSent(code="PTS-05", reason="the sale is nobody's")
    if member.stopped:
        return NotSent(code="PTS-04", reason="the member is stopped")
    rule, has = member.rule, member.points
    if has is not None and has < amount:
        blanks = {"points": max(has, 0), "short": amount - max(has, 0)}
        return NotSent(code="PTS-01", reason="too few points", blanks=blanks)
    if amount < rule.spend_from or amount % max(1, rule.spend_step):
        blanks = {"least": rule.spend_from, "step": max(1, rule.spend_step)}
        return NotSent(code="PTS-06", reason="not so few, or not such a sum", blanks=blanks)
    return None


TENDER: Final = Points()
