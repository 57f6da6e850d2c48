"""The list of held baskets: a digit goes on with one. Two rows each: what is in it; when, where, total."""

from pos.messages import clip
from pos.ui.grid import BLANK, Ink, Row, pair, row
from pos.ui.labels import label
from pos.view import HeldView, TillView


def draw_held(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return the list; one row each where two do not fit."""
    title = label("held.title", view.language)
    rows: list[Row] = [pair(title, str(len(view.held)), width, Ink.STRONG)]
    two = 1 + 2 * len(view.held) <= height - 1
    for basket in view.held[: height - 2]:
        head = f"{basket.choice} {basket.label}"
        if two:
            rows.append(row(clip(head, width), Ink.STRONG))
            rows.append(pair(f"  {_where(basket, view)}", basket.total, width))
        else:
            room = width - len(basket.total) - 1
            rows.append(pair(clip(head, room), basket.total, width))
    rows.extend(BLANK for _ in range(height - 1 - len(rows)))
    rows.append(row(label("back", view.language), Ink.DIM))
    return tuple(rows[:height])


def _where(basket: HeldView, view: TillView) -> str:
    if not basket.terminal:
        return basket.time
    return f"{basket.time} {label('lane', view.language, basket.terminal)}"
