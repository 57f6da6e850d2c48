"""The entry row and the banner row under it.

     입력> 3*                 다음 상품 3개. 바코드를 읽으세요
     ! SCN-01 등록되지 않은 바코드입니다: 8801234567890

The hint says what the keys do now, or, with a message, where the money is and which keys help. The
banner is a rule of dashes while there is nothing to say.
"""

from typing import Final

from pos.entry import masked
from pos.messages import BANNER_CELLS, cells, clip
from pos.ui.desk import Desk, difference, taken
from pos.ui.drawing.doubt import checking
from pos.ui.forms import Field, FieldKind
from pos.ui.grid import Ink, Row, Span, fit, row
from pos.ui.labels import label
from pos.view import AskingView, Notice, Purpose, Stage, TillView

HINT_COLUMN: Final = 26
"""Where the hint begins; the entry has the cells before it."""
PROMPT_CELLS: Final = 14
"""Of what a verb of the training panel is called, beside what is keyed for it."""


def standing_notice(view: TillView, desk: Desk) -> Notice | None:
    """Return the message to show: the desk's own first, then the till's."""
    if desk.note is not None:
        return desk.note
    return view.notice if view.asking is None else view.asking.said


def prompt(view: TillView, desk: Desk) -> str:
    """Return what stands before the entry."""
    name = "entry"
    if view.asking is not None:
        name = "field.pin" if desk.answer.wants_pin(view.asking) else "field.who"
    elif desk.form is not None:
        field = desk.form.field
        if field.kind is FieldKind.PIECES:
            return f" {field.face:,} x "
        name = field.name
    elif desk.training is not None and desk.training.asking is not None:
        return f" {clip(desk.training.asking.prompt(view.language), PROMPT_CELLS)}> "
    return f" {label(name, view.language)}> "


def entry_text(view: TillView, desk: Desk) -> str:
    """Return prompt and entry, cut from the left so that the end is always in sight."""
    head = prompt(view, desk)
    text = _shown(desk) if view.asking is None else desk.answer.shown(view.asking)
    room = HINT_COLUMN - 1 - cells(head)
    while text and cells(text) > room:
        text = text[1:]
    return head + text


def _shown(desk: Desk) -> str:
    """Return what is keyed, as it may be seen."""
    if desk.form is not None and desk.form.field.kind is FieldKind.NUMBER:
        return masked(f"MB:{desk.text}").removeprefix("MB:")
    return masked(desk.text)


def draw_entry(view: TillView, desk: Desk, width: int, now_ns: int) -> tuple[Row, ...]:
    """Return the entry row."""
    if view.doubt is not None and view.asking is None and taken(desk, view) is not None:
        return (row(fit(f" {checking(view.doubt, view.language, now_ns)}", width), Ink.STRONG),)
    hint, ink = _hint(view, desk)
    left: Span = (fit(entry_text(view, desk), HINT_COLUMN), Ink.STRONG)
    return ((left, (fit(hint, width - HINT_COLUMN), ink)),)


def draw_banner(view: TillView, desk: Desk, width: int) -> tuple[Row, ...]:
    """Return the banner row; dashes where there is no message."""
    note = standing_notice(view, desk)
    if note is None or (note == taken(desk, view) and view.asking is None):
        return (row("-" * width),)
    mark = {"A": " " if not note.code else "*", "B": "!", "C": "!"}[note.level]
    # The code is for whoever helps by telephone: it gives way where the sentence needs the room.
    code = f"{note.code} " if cells(note.banner) + cells(note.code) + 1 <= BANNER_CELLS else ""
    ink = Ink.STRONG if note.level == "A" else Ink.ALERT
    return (row(fit(f" {mark} {code}{note.banner}", width), ink),)


def _hint(view: TillView, desk: Desk) -> tuple[str, Ink]:
    if view.asking is not None:
        return label(_asking_hint(desk, view.asking), view.language), Ink.STRONG
    if taken(desk, view) is not None:
        return label("hint.stopped", view.language), Ink.ALERT
    note = standing_notice(view, desk)
    # In a form or the training panel the keys of a message of the till's do nothing.
    reached = note is desk.note or (desk.form is None and desk.training is None)
    if note is not None and reached and not desk.text and (note.money or note.keys):
        return "  ".join(part for part in (note.money, note.keys) if part), Ink.STRONG
    name = _hint_name(view, desk)
    if name == "hint.times":
        return label(name, view.language, desk.text.rstrip("*")), Ink.PLAIN
    return label(name, view.language), Ink.PLAIN


def _asking_hint(desk: Desk, asking: AskingView) -> str:
    if asking.purpose is Purpose.SIGN_ON or asking.purpose is Purpose.UNLOCK:
        return "hint.own_pin" if desk.answer.wants_pin(asking) else "hint.own_who"
    return "hint.pin" if desk.answer.wants_pin(asking) else "hint.who"


_STAGE_HINTS: Final = {
    Stage.CLOSED: "hint.closed",
    Stage.ENTRY: "hint.scan",
    Stage.SUBTOTAL: "hint.subtotal",
    Stage.TENDER: "hint.scan",
    Stage.DOUBT: "hint.stopped",
    Stage.FIND: "hint.find",
    Stage.RECALL: "hint.find",
    Stage.MEMBER: "hint.find",
    Stage.RETURN: "hint.return",
    Stage.COUNT: "hint.form",
    Stage.COUNTED: "hint.counted",
    Stage.STOPPED: "hint.stopped",
}


def _field_hint(field: Field) -> str:
    if field.kind is FieldKind.CHOICE:
        return "hint.menu"
    hints = {
        "field.receipt": "hint.paid",
        "field.some": "hint.some",
        "field.member": "hint.member",
    }
    return hints.get(field.name, "hint.form")


def _hint_name(view: TillView, desk: Desk) -> str:
    if desk.form is not None:
        return "hint.receipt" if desk.form.title == "form.return" else _field_hint(desk.form.field)
    if desk.training is not None and desk.training.asking is not None:
        return "hint.form"
    if desk.training is not None or view.page == "menu":
        return "hint.menu"
    if view.page == "devices":
        return "hint.devices"
    if view.page != "sale":
        return "back"
    if view.stage is Stage.COUNTED and difference(view):
        return "hint.why"
    if desk.text.endswith("*"):
        return "hint.times"
    if desk.text and view.stage is Stage.ENTRY:
        return "hint.text"
    return _STAGE_HINTS[view.stage]
