"""Books points: earned by a sale, taken back by a return.

    earned       points/MEMBER <- expense/points; what the member owes is paid first
    taken back   expense/points <- points/MEMBER; what the member has spent already is owed from then on

Points are a debt of the shop's to its members, so a member's account is bounded: it never holds less
than nothing. What a return takes back of spent points stands in points-owed/MEMBER until it is earned.
Spending is a payment like any other (flow points). Source: clerk-and-courier.md 1.2 (Customer).
"""

from collections.abc import Callable
from typing import Final

from ips.entry import Entry
from ips.ledger import UNMATCHED
from protocols.facts import RefundClosed, SaleClosed
from protocols.points import earned as earned_by

EXPENSE: Final = "expense/points"
Move = Callable[[str, str, int, str], None]
"""Posts one transfer: debit, credit, amount, memo; nothing for zero."""


def account_of(member: str) -> str:
    """Return the account of what the shop owes a member."""
    return f"points/{member}"


def owed_by(member: str) -> str:
    """Return the account of what a member owes the shop, of points that were taken back too late."""
    return f"points-owed/{member}"


def earned(entry: Entry, fact: SaleClosed, order: str) -> None:
    """Credit a member with what a sale earned."""
    if not fact.customer or fact.points is None or not fact.points.amount:
        return
    points = fact.points.amount
    rule = entry.books.policy(entry.occasion.store).points
    due = 0 if rule is None else earned_by(rule, fact.lines, fact.tenders)
    if points > due:
        entry.ask("points-above-rule", about=order, amount=points - due)
    if not entry.books.member_state(fact.customer):
        entry.ask("unknown-member", about=fact.customer, amount=points)
        entry.move(EXPENSE, UNMATCHED, points, "points-earned")
        return
    owed = entry.books.balance(owed_by(fact.customer), entry.occasion.currency)
    credit(entry.move, fact.customer, points, owed=owed, memo="points-earned")


def taken_back(entry: Entry, fact: RefundClosed) -> None:
    """Take back what the goods that came back had earned."""
    if not fact.customer or fact.points is None or not fact.points.amount:
        return
    points = fact.points.amount
    if not entry.books.member_state(fact.customer):
        entry.ask("unknown-member", about=fact.customer, amount=points)
        entry.move(UNMATCHED, EXPENSE, points, "points-back")
        return
    # What this very refund gives back of spent points is not in the account yet, and may be taken.
    account = account_of(fact.customer)
    coming = sum(each.amount for each in entry.booking.transfers if each.credit == account)
    has = entry.books.available(account, entry.occasion.currency) + coming
    now = min(points, max(0, has))
    entry.move(account, EXPENSE, now, "points-back")
    entry.move(owed_by(fact.customer), EXPENSE, points - now, "points-owed")


def credit(move: Move, member: str, points: int, *, owed: int, memo: str) -> None:
    """Give a member points; what he owes takes the first of them."""
    paid = min(points, owed)
    move(EXPENSE, owed_by(member), paid, memo)
    move(EXPENSE, account_of(member), points - paid, memo)
