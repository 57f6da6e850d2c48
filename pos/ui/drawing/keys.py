"""The key strip: two rows that never change their places; what is not usable now is dim."""

from typing import Final

from pos.keymap import Binding, Keymap
from pos.messages import cells
from pos.ui.desk import Desk, takeover
from pos.ui.grid import Ink, Row, Span, fit
from pos.ui.labels import label
from pos.view import Stage, TillView

_ROWS: Final = (
    (
        (Binding.QUANTITY, "key.quantity"),
        (Binding.FIND, "key.find"),
        None,
        (Binding.CASH, "key.cash"),
        None,
        (Binding.DRAWER, "key.drawer"),
        (Binding.REPRINT, "key.reprint"),
        None,
        (Binding.TRAINING, "key.training"),
        (Binding.LEAVE, "key.leave"),
    ),
    (
        ("*", "key.times"),
        (Binding.SUBTOTAL, "key.subtotal"),
        (Binding.VOID_LINE, "key.void_line"),
        (".", "key.thousands"),
        (Binding.VOID_LAST, "key.void_last"),
        (Binding.CLEAR, "key.clear"),
        None,
        (Binding.MENU, "key.menu"),
    ),
)
"""None is a bar between groups; * and . are text of the entry and have no binding."""


def draw_keys(view: TillView, desk: Desk, keymap: Keymap, width: int) -> tuple[Row, ...]:
    """Return the key strip."""
    return tuple(_row(places, view, desk, keymap, width) for places in _ROWS)


def usable(binding: Binding, view: TillView, desk: Desk) -> bool:
    """Tell whether a key does something useful now. The till has the last word."""
    if takeover(view) is not None:
        return binding is Binding.LEAVE
    if desk.form is not None:
        return binding in (Binding.CLEAR,)
    selling = view.stage in (Stage.ENTRY, Stage.SUBTOTAL, Stage.FIND)
    match binding:
        case Binding.CASH | Binding.SUBTOTAL | Binding.QUANTITY:
            return selling and bool(view.lines)
        case Binding.VOID_LINE | Binding.VOID_LAST:
            return selling and bool(view.lines)
        case Binding.FIND | Binding.DRAWER | Binding.REPRINT:
            return selling
        case Binding.LEAVE:
            return view.stage is not Stage.TENDER
        case _:
            return True


def _row(
    places: tuple[tuple[Binding | str, str] | None, ...],
    view: TillView,
    desk: Desk,
    keymap: Keymap,
    width: int,
) -> Row:
    spans: list[Span] = [(" ", Ink.PLAIN)]
    for place in places:
        if place is None:
            spans.append(("| ", Ink.PLAIN))
            continue
        binding, name = place
        word = label(name, view.language)
        if isinstance(binding, Binding):
            ink = Ink.PLAIN if usable(binding, view, desk) else Ink.DIM
            key = keymap.label(binding)
        else:
            ink, key = Ink.PLAIN, binding
        spans.append((_joined(key, word) + "  ", ink))
    spans = [span for span in spans if span[0]]
    used = sum(cells(text) for text, _ in spans)
    assert used <= width, f"the key strip is {used} cells wide"
    spans.append((fit("", width - used), Ink.PLAIN))
    return tuple(spans)


def _joined(key: str, word: str) -> str:
    """Return key and word; two letters that meet are kept apart by an equals sign."""
    key = key.replace("Ctrl+", "^")
    meet = key[-1].isalpha() and word[0].isascii() and word[0].isalpha()
    return f"{key}={word}" if meet else f"{key}{word}"
