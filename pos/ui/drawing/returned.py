"""The lines of an earlier sale, of which goods come back: a digit or Enter takes one.

반품                     #0128
>1 서울우유 1L
   2/3                   5,960        so much of it comes back, worth so much
 2 신라면 5입
   -/1                   4,100

돌려줄 돈                5,960
Esc 돌아가기
"""

from pos.messages import clip
from pos.ui.drawing.money import amount_text
from pos.ui.grid import BLANK, Ink, Row, pair, row
from pos.ui.labels import label
from pos.view import ReturnView, TillView

_FOOT_ROWS = 3
"""A blank, what goes back, and the way out."""


def draw_returned(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return the list, as much of it as fits around the selected line."""
    number = f"#{view.returning_of.rpartition('-')[2]}" if view.returning_of else "-"
    rows: list[Row] = [pair(label("return.title", view.language), number, width, Ink.STRONG)]
    room = (height - 1 - _FOOT_ROWS) // 2
    top = max(0, min(view.returned_at - room // 2, len(view.returning) - room))
    for index, line in enumerate(view.returning[top : top + room], start=top):
        rows.extend(_line(line, width, selected=index == view.returned_at))
    rows.extend(BLANK for _ in range(height - len(rows) - 2))
    rows.append(_money(view, width))
    rows.append(row(label("back", view.language), Ink.DIM))
    return tuple(rows[:height])


def _line(line: ReturnView, width: int, *, selected: bool) -> list[Row]:
    mark = ">" if selected else " "
    ink = Ink.STRONG if selected else Ink.PLAIN
    comes = Ink.STRONG if line.taken else Ink.DIM
    return [
        row(clip(f"{mark}{line.choice} {line.name}", width), ink),
        pair(f"   {line.taken or '-'}/{line.quantity}", line.amount, width, comes),
    ]


def _money(view: TillView, width: int) -> Row:
    name, amount = ("due", view.due) if view.due > 0 else ("return.back", -view.due)
    return pair(label(name, view.language), amount_text(view, amount), width, Ink.STRONG)
