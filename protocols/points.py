"""Points: what a sale earns a member, and what a return takes back of it.

A point is worth one minor unit of the store's currency. The till reckons by the policy it works under
and writes the points into its fact; the broker books what the fact says, and asks where it is more than
the rule gives. Pure. Source: clerk-and-courier.md 1.2 (Customer), 2.3 rule 8 (points offline: off).
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from protocols.facts import Line, Tender

POINTS: Final = "points"
"""The tender, and the payment module, by which points are spent."""
_WHOLE: Final = 10_000
"""Hundredths of a per cent."""


class PointsRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How members earn points and spend them."""

    rate: int = 0
    """Points per 10,000 minor units paid: 100 is one per cent; 0: none are earned."""
    groups_out: list[str] = []
    """Item groups that earn nothing, such as tobacco."""
    tenders_out: list[str] = msgspec.field(default_factory=lambda: [POINTS])
    """Ways to pay that earn nothing."""
    spend_from: int = 1
    """A member pays with points from so many on."""
    spend_step: int = 1
    """Points are spent in multiples of it."""


def base(rule: PointsRule, lines: Iterable[Line]) -> int:
    """Return what of these lines' price can earn points."""
    return sum(
        line.amount for line in lines if not line.voided and line.group not in rule.groups_out
    )


def earned(rule: PointsRule, lines: Sequence[Line], tenders: Iterable[Tender]) -> int:
    """Return the points of a sale, rounded down once; what tenders pay that earn nothing is taken
    off in proportion.
    """
    total = sum(line.amount for line in lines if not line.voided)
    out = sum(tender.amount for tender in tenders if tender.method in rule.tenders_out)
    counted = total - out
    if total <= 0 or counted <= 0:
        return 0
    return base(rule, lines) * counted * rule.rate // (total * _WHOLE)


def taken_back(points: int, *, of: int, left: int, before: int) -> int:
    """Return what a return takes back of the points that its sale earned.

    `of` is what could earn in the sale, `left` what of it the customer still keeps, `before` what
    earlier returns took. What is kept earns in proportion, rounded down; when nothing is kept, all
    points are back, whatever came in between.
    """
    kept = points * left // of if of > 0 and left > 0 else 0
    return max(0, points - kept - before)


def spendable(rule: PointsRule, points: int, due: int) -> int:
    """Return how many of a member's points can pay so much; 0 where it is too few."""
    most = min(points, due) // max(1, rule.spend_step) * max(1, rule.spend_step)
    return most if most >= rule.spend_from else 0
