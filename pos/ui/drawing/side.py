"""The third column of the 120-column layout: devices, broker and quick keys, always in sight."""

from pos.messages import clip
from pos.ui.drawing.devices import device_row, wrapped
from pos.ui.drawing.queue import state_word
from pos.ui.grid import BLANK, Ink, Row, pair, row
from pos.ui.labels import label
from pos.view import TillView


def draw_side(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return the side column's content."""
    queue, language = view.queue, view.language
    rows: list[Row] = [row(label("devices.title", language), Ink.STRONG)]
    for device in view.devices:
        rows.append(device_row(device, width))
        rows.extend(row(f"  {line}", Ink.WARN) for line in wrapped(device.sentence, width - 2)[:3])
    if view.paper_waiting:
        rows.append(row(label("paper_waiting", language, view.paper_waiting), Ink.WARN))
    broker = [
        BLANK,
        pair(label("broker", language), label(f"link.{queue.link}", language), width, Ink.STRONG),
        *(
            pair(label(f"queue.{name}", language), f"{count:,}", width)
            for name, count in (
                ("waiting", queue.waiting),
                ("in_doubt", queue.in_doubt),
                ("questioned", queue.questioned),
            )
        ),
        BLANK,
    ]
    rows = rows[: height - len(broker)] + broker
    quick = _quick(view, width)
    for state, what, _ in queue.rows[: max(0, height - len(rows) - len(quick))]:
        rows.append(pair(clip(what, width), state_word(state, language), width, Ink.DIM))
    rows += quick if len(rows) + len(quick) <= height else []
    return tuple(rows[:height])


def _quick(view: TillView, width: int) -> list[Row]:
    """Return what the quick keys sell."""
    if not view.quick:
        return []
    title = row(label("quick.title", view.language), Ink.STRONG)
    items = [
        row(clip(f" {number} {name}", width)) for number, name in enumerate(view.quick, start=1)
    ]
    return [title, *items]
