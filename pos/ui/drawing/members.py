"""Members on the screen: whose sale it is, in two rows of the money pane; a list, where digits fit several.

Nothing here is more than what the broker gives: a masked name, four digits, points.
Source: clerk-and-courier.md 5.1, 5.2.
"""

from pos.messages import Language, cells, clip
from pos.ui.grid import BLANK, Ink, Row, pair, row
from pos.ui.labels import label
from pos.view import MemberView, TillView


def member_row(view: TillView, width: int) -> Row:
    """Return whose sale it is, and the points; blank for nobody's."""
    member = view.member
    if member is None:
        return BLANK
    return _named(member, view.language, "", width)


def earning_row(view: TillView, width: int) -> Row:
    """Return what the sale earns as it stands; blank where there is nobody to earn it."""
    if view.member is None:
        return BLANK
    points = label("member.points", view.language, f"{view.member.earns:,}")
    return pair(label("member.earns", view.language), points, width, Ink.DIM)


def draw_members(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return those whom the digits fit: a digit chooses one."""
    title = label("member.title", view.language)
    rows: list[Row] = [pair(title, str(len(view.members)), width, Ink.STRONG)]
    for choice, member in enumerate(view.members[: height - 2], 1):
        rows.append(_named(member, view.language, f"{choice} ", width))
    rows.extend(BLANK for _ in range(height - 1 - len(rows)))
    rows.append(row(label("back", view.language), Ink.DIM))
    return tuple(rows[:height])


def _named(member: MemberView, language: Language, before: str, width: int) -> Row:
    points = "" if member.points is None else f"{member.points:,}"
    value = label("member.points", language, points) if points else "-"
    if member.stopped:
        value = label("member.stopped", language)
    name = clip(f"{before}{member.shown}", width - cells(value) - 1)
    return pair(name, value, width, Ink.STRONG)
