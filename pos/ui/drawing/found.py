"""The list of found items: a digit picks one. Two rows an item: name; code and price."""

from pos.messages import clip
from pos.ui.grid import BLANK, Ink, Row, pair, row
from pos.ui.labels import label
from pos.view import TillView


def draw_found(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return what was found; one row an item where two do not fit."""
    title = label("found.title", view.language)
    rows: list[Row] = [pair(title, str(len(view.found)), width, Ink.STRONG)]
    if not view.found:
        rows.append(row(label("found.none", view.language)))
    two = 1 + 2 * len(view.found) <= height - 1
    for item in view.found[: height - 2]:
        head = f"{item.choice} {item.name}"
        if two:
            rows.append(row(clip(head, width), Ink.STRONG))
            rows.append(pair(f"  {item.code}", item.price, width))
        else:
            rows.append(pair(clip(head, width - len(item.price) - 1), item.price, width))
    rows.extend(BLANK for _ in range(height - 1 - len(rows)))
    rows.append(row(label("back", view.language), Ink.DIM))
    return tuple(rows[:height])
