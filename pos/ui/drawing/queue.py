"""The queue page: what is on its way to the broker, in four words, and the newest entries.

The broker's own four inquiries are about money and are never mixed with these (decisions.md "Facts").
"""

from pos.messages import Language, clip
from pos.ui.drawing.devices import wrapped
from pos.ui.grid import BLANK, Ink, Row, pair, row
from pos.ui.labels import has_label, label
from pos.view import TillView


def draw_queue(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return the queue page."""
    queue, language = view.queue, view.language
    rows = [
        pair(
            label("queue.title", language), label(f"link.{queue.link}", language), width, Ink.STRONG
        )
    ]
    if queue.link == "alone":
        rows.append(row(clip(label("queue.alone", language), width)))
    rows.append(BLANK)
    for name, count in (
        ("sent", queue.sent),
        ("waiting", queue.waiting),
        ("in_doubt", queue.in_doubt),
        ("questioned", queue.questioned),
    ):
        troubled = count and name in ("in_doubt", "questioned")
        ink = Ink.ALERT if troubled else Ink.PLAIN
        rows.append(pair(label(f"queue.{name}", language), f"{count:,}", width, ink))
    if queue.owed:
        rows.append(pair(label("queue.owed", language), f"{queue.owed:,}", width, Ink.ALERT))
    rows.append(BLANK)
    for state, what, sentence in queue.rows:
        if len(rows) + 2 > height - 1:
            break
        rows.append(pair(what, state_word(state, language), width))
        rows.extend(row(f"  {line}", Ink.WARN) for line in wrapped(sentence, width - 2))
    rows = rows[: height - 1]
    rows.extend(BLANK for _ in range(height - 1 - len(rows)))
    open_ends = "queue.ask" if queue.in_doubt or queue.owed else "back"
    rows.append(row(clip(label(open_ends, language), width), Ink.DIM))
    return tuple(rows[:height])


def state_word(state: str, language: Language) -> str:
    """Return the word for an entry's state; one without a word stays as it is."""
    name = f"queue.{state}"
    return label(name, language) if has_label(name) else state
