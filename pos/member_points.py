"""What a sale earns its member, and what a return takes back: the facts' own figures. Pure."""

from collections.abc import Sequence

from msgspec import structs

from pos.returns import Returning
from pos.sale_events import MemberNamed
from protocols.facts import Line, Points, SaleClosed, Tender
from protocols.points import POINTS, PointsRule, base, earned, taken_back


def with_points(
    fact: SaleClosed, member: MemberNamed | None, rule: PointsRule | None
) -> SaleClosed:
    """Return a paid sale with whose it is and what it earns; one of nobody as it is."""
    if member is None or rule is None:
        return fact
    points = earned(rule, fact.lines, fact.tenders)
    left = None if member.points is None else member.points - spent(fact.tenders) + points
    return structs.replace(
        fact,
        customer=member.number,
        points=Points(amount=points, shown=member.shown, balance=left),
    )


def spent(tenders: Sequence[Tender]) -> int:
    """Return the points that pay for a sale."""
    return sum(tender.amount for tender in tenders if tender.method == POINTS)


def back_from(
    returning: Returning, rule: PointsRule | None, lines: Sequence[Line]
) -> Points | None:
    """Return what goods that come back take of the points that their sale earned."""
    of = returning.points
    if of is None:
        return None
    left = of.left - base(rule or PointsRule(), lines)
    points = taken_back(of.earned, of=of.of, left=left, before=of.taken)
    return Points(amount=points, shown=of.shown)
