"""Menu, help, forms, the count and the training panel: what the right pane shows beside the basket."""

from pos.keymap import Binding, Keymap
from pos.messages import Language, clip
from pos.ui.answering import Answering
from pos.ui.desk import difference, reason_field
from pos.ui.drawing.devices import wrapped
from pos.ui.drawing.money import amount_text
from pos.ui.forms import Field, FieldKind, Form
from pos.ui.grid import BLANK, Ink, Row, fit, pair, row
from pos.ui.labels import label
from pos.ui.menu import MENU, usable
from pos.ui.training import PAGE_CHOICES, TrainingPage
from pos.view import AskingView, Purpose, Stage, TillView


def draw_menu(view: TillView, keymap: Keymap, width: int, height: int) -> tuple[Row, ...]:
    """Return the menu; entries that cannot be chosen now are dim."""
    rows: list[Row] = [row(label("menu", view.language), Ink.STRONG)]
    for entry in MENU:
        ink = Ink.PLAIN if usable(entry, view) else Ink.DIM
        rows.append(row(f" {entry.key}  {label(entry.name, view.language)}", ink))
    for binding, name in ((Binding.MENU, "menu.help"), (Binding.TRAINING, "menu.training")):
        rows.append(row(f" {keymap.label(binding)}  {label(name, view.language)}"))
    if len(rows) == height:
        # Full; the hint line tells the way back as well.
        return tuple(rows)
    return _footed(rows, view, width, height)


def draw_help(view: TillView, keymap: Keymap, width: int, height: int) -> tuple[Row, ...]:
    """Return every key with what it does, the second key of those that terminals take away too."""
    rows: list[Row] = [row(label("help", view.language), Ink.STRONG)]
    for binding, name in _HELP:
        keys = " ".join(keymap.labels(binding))
        rows.append(pair(clip(keys, width - 12), label(name, view.language), width))
    rows.append(pair("3*", label("key.times", view.language), width))
    return _footed(rows, view, width, height)


_HELP = (
    (Binding.CASH, "key.cash"),
    (Binding.CARD, "key.card"),
    (Binding.ECASH, "key.ecash"),
    (Binding.TRANSFER, "key.transfer"),
    (Binding.SUBTOTAL, "key.subtotal"),
    (Binding.QUANTITY, "key.quantity"),
    (Binding.DISCOUNT, "key.discount"),
    (Binding.PRICE, "key.price"),
    (Binding.HOLD, "key.hold"),
    (Binding.VOID_LINE, "key.void_line"),
    (Binding.VOID_LAST, "key.void_last"),
    (Binding.FIND, "key.find"),
    (Binding.DRAWER, "key.drawer"),
    (Binding.REPRINT, "key.reprint"),
    (Binding.LOCK, "key.lock"),
    (Binding.MENU, "key.menu"),
    (Binding.CLEAR, "key.clear"),
    (Binding.TRAINING, "key.training"),
    (Binding.LEAVE, "key.leave"),
)


def draw_asking(
    view: TillView, asking: AskingView, answer: Answering, width: int, height: int
) -> tuple[Row, ...]:
    """Return who is asked for, and for what; the PIN is stars."""
    pin = answer.wants_pin(asking)
    who = asking.who or answer.who
    rows: list[Row] = [
        row(label(f"asking.{asking.purpose.value}", view.language), Ink.STRONG),
        BLANK,
        row(clip(f"  {asking.what}", width), Ink.STRONG),
        BLANK,
        _asked("field.who", who if pin else answer.text, width, view.language, asked=not pin),
        _asked("field.pin", answer.shown(asking) * pin, width, view.language, asked=pin),
        BLANK,
    ]
    rows.extend(row(line, Ink.WARN) for line in wrapped(asking.said.short, width))
    leaves = asking.purpose in (Purpose.APPROVE, Purpose.HAND_OVER)
    return _footed(rows, view, width, height) if leaves else _filled(rows, height)


def _asked(name: str, answer: str, width: int, language: Language, *, asked: bool) -> Row:
    head = f"{'>' if asked else ' '} {label(name, language)}"
    return row(fit(head, width - 12) + fit(answer, 12, "right"), Ink.STRONG if asked else Ink.PLAIN)


def draw_form(view: TillView, form: Form, width: int, height: int) -> tuple[Row, ...]:
    """Return a form: answers so far, the present question, the reasons to choose from."""
    rows: list[Row] = [row(label(form.title, view.language), Ink.STRONG)]
    if form.title == "form.count":
        rows.append(row(clip(label("count.hidden", view.language), width), Ink.DIM))
    rows.append(BLANK)
    for index, field in enumerate(form.fields):
        rows.append(_question(view, form, index, field, width))
    if form.title == "form.count":
        rows.extend((BLANK, _counted_so_far(view, form, width)))
    if form.field.reasons:
        rows.append(BLANK)
        rows.extend(_reasons(view, form.field, width))
    return _footed(rows, view, width, height)


def draw_counted(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return what was counted beside what was expected, seen only now."""
    off = difference(view)
    rows: list[Row] = [row(label("form.close", view.language), Ink.STRONG), BLANK]
    for name, minor in (("counted", view.counted or 0), ("expected", view.expected or 0)):
        word = label("count.sum" if name == "counted" else "count.expected", view.language)
        rows.append(pair(word, amount_text(view, minor), width))
    word = label("count.difference", view.language)
    rows.append(pair(word, amount_text(view, off), width, Ink.ALERT if off else Ink.STRONG))
    rows.append(BLANK)
    if off and chooses_reason(view):
        rows.append(row(label("count.reason", view.language)))
        rows.extend(_reasons(view, reason_field(), width))
    else:
        rows.append(row(label("count.enter", view.language), Ink.STRONG))
    return _footed(rows, view, width, height)


def chooses_reason(view: TillView) -> bool:
    """Tell whether the count wants a reason before the shift can close."""
    return view.stage is Stage.COUNTED and difference(view) != 0


def draw_training(view: TillView, page: TrainingPage, width: int, height: int) -> tuple[Row, ...]:
    """Return the training panel: the sections, or what can be done in the open one."""
    shown = page.shown()
    rows: list[Row] = [pair(_heading(page, view.language), _place(page), width, Ink.STRONG), BLANK]
    if not shown:
        nothing = "training.none" if page.answered else "training.asking"
        rows.append(row(clip(label(nothing, view.language), width)))
    for choice, act in enumerate(shown, start=1):
        ink = Ink.STRONG if act == page.asking else Ink.PLAIN
        rows.append(row(clip(f"{choice} {page.title(act, view.language)}", width), ink))
    if page.asking is not None and page.asking.asked is not None:
        rows.append(BLANK)
        rows.append(row(clip(page.asking.help.arguments[page.asking.asked], width), Ink.WARN))
    if page.outcome:
        rows.extend((BLANK, row(clip(page.outcome, width))))
    if len(page.choices()) > len(shown):
        rows = rows[: height - 2]
        rows.extend(BLANK for _ in range(height - 2 - len(rows)))
        rows.append(row(label("training.more", view.language), Ink.DIM))
    return _footed(rows, view, width, height)


def _heading(page: TrainingPage, language: Language) -> str:
    if page.section is None:
        return label("training.title", language)
    return page.title(page.section, language)


def _place(page: TrainingPage) -> str:
    count = len(page.choices())
    if count <= PAGE_CHOICES:
        return ""
    return f"{page.offset + 1}-{page.offset + len(page.shown())}/{count}"


def _question(view: TillView, form: Form, index: int, field: Field, width: int) -> Row:
    asked = index == len(form.answers)
    answer = form.answers[index] if index < len(form.answers) else ""
    if field.kind is FieldKind.PIECES:
        word = f"{amount_text(view, field.face)} x"
    else:
        word = label(field.name, view.language)
        answer = f"{int(answer):,}" if answer.isascii() and answer.isdecimal() else answer
    text = fit(f"{'>' if asked else ' '} {word}", width - 11) + fit(answer, 11, "right")
    return row(text, Ink.STRONG if asked else Ink.PLAIN)


def _counted_so_far(view: TillView, form: Form, width: int) -> Row:
    answers = zip(form.fields, form.answers, strict=False)
    counted = sum((field.face or 1) * int(answer) for field, answer in answers)
    return pair(label("count.sum", view.language), amount_text(view, counted), width, Ink.STRONG)


def _reasons(view: TillView, field: Field, width: int) -> list[Row]:
    words = (*(label(name, view.language) for name in field.reasons), *field.more)
    return [row(clip(f" {choice} {word}", width)) for choice, word in enumerate(words, start=1)]


def _filled(rows: list[Row], height: int) -> tuple[Row, ...]:
    """Return the rows cut or filled to the pane; there is no way back from it."""
    rows = rows[:height]
    return (*rows, *(BLANK for _ in range(height - len(rows))))


def _footed(rows: list[Row], view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return the rows cut or filled to the pane, with the way back as the last one."""
    rows = rows[: height - 1]
    rows.extend(BLANK for _ in range(height - 1 - len(rows)))
    rows.append(row(clip(label("back", view.language), width), Ink.DIM))
    return tuple(rows)
