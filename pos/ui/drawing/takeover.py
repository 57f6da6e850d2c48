"""The takeover: a C message over the whole screen, because money is unknown or the journal is broken.

In this order, always: what happened, where the money is, what to tell the customer, which keys. Esc
does nothing; status line and key strip stay.
"""

from pos.messages import clip
from pos.ui.answering import Answering
from pos.ui.drawing.devices import wrapped
from pos.ui.drawing.money import amount_text
from pos.ui.grid import BLANK, Ink, Row, row
from pos.ui.labels import label
from pos.view import AskingView, Notice, TillView


def draw_takeover(
    view: TillView, note: Notice, answer: Answering, width: int, height: int
) -> tuple[Row, ...]:
    """Return the takeover's rows between status line and entry."""
    language = view.language
    bar = row("=" * width, Ink.ALERT)
    rows: list[Row] = [
        bar,
        row(clip(f"  {label('takeover.title', language)}  {note.code}", width), Ink.ALERT),
        row(clip(f"  {note.banner}", width), Ink.STRONG),
        bar,
        BLANK,
        _fact(label("takeover.amount", language), amount_text(view, view.total), width),
        _fact(label("takeover.sale", language), f"#{view.sale}", width),
        _fact(label("takeover.money", language), f"[ {note.money} ]", width, Ink.STRONG),
        BLANK,
    ]
    if note.display:
        rows.append(row(f"  {label('takeover.tell', language)}"))
        rows.append(row(clip(f'     "{note.display}"', width), Ink.STRONG))
        rows.append(BLANK)
    if view.asking is None:
        rows.append(row(f"  {label('takeover.keys', language)}"))
        rows.extend(row(clip(f"     {key}", width), Ink.STRONG) for key in note.keys.split("  "))
        rows.append(BLANK)
        rows.append(row(clip(f"  {label('takeover.esc', language)}", width), Ink.DIM))
    else:
        rows += asked_rows(view, view.asking, answer, width)
    return tuple(rows[:height])


def asked_rows(view: TillView, asking: AskingView, answer: Answering, width: int) -> list[Row]:
    """Return what is asked of somebody before the till goes on; the entry row takes the answer."""
    who = asking.who or answer.who
    return [
        row(clip(f"  {label(f'asking.{asking.purpose.value}', view.language)}", width)),
        row(clip(f"     {asking.what}  {who}".rstrip(), width), Ink.STRONG),
        *(row(f"     {line}", Ink.WARN) for line in wrapped(asking.said.short, width - 5)),
        BLANK,
        row(clip(f"  {label('back', view.language)}", width), Ink.DIM),
    ]


def _fact(name: str, value: str, width: int, ink: Ink = Ink.PLAIN) -> Row:
    return row(clip(f"     {name}  {value}", width), ink)
