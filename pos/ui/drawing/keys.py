"""The key strip: two rows that never change their places; what is not usable now is dim."""

from typing import Final

from pos.keymap import Binding, Keymap
from pos.messages import cells
from pos.ui.desk import Desk, chooses_paper, taken, verb_of
from pos.ui.grid import Ink, Row, Span, fit
from pos.ui.labels import label
from pos.view import Stage, TillView

_Row = tuple[tuple[Binding | str, str] | None, ...]
_Places = tuple[_Row, _Row]
_ROWS: Final[_Places] = (
    (
        (Binding.QUANTITY, "key.quantity"),
        (Binding.DISCOUNT, "key.discount"),
        (Binding.PRICE, "key.price"),
        (Binding.HOLD, "key.hold"),
        (Binding.FIND, "key.find"),
        (Binding.RETURN, "key.return"),
        None,
        (Binding.CARD, "key.card"),
        (Binding.ECASH, "key.ecash"),
        (Binding.CASH, "key.cash"),
        None,
        (Binding.LEAVE, "key.leave"),
    ),
    (
        ("*", "key.times"),
        (Binding.SUBTOTAL, "key.subtotal"),
        (Binding.VOID_LINE, "key.void_line"),
        (Binding.MEMBER, "key.member"),
        (".", "key.thousands"),
        (Binding.CLEAR, "key.clear"),
        None,
        (Binding.MENU, "key.menu"),
        (Binding.DRAWER, "key.drawer"),
        (Binding.REPRINT, "key.reprint"),
        (Binding.LOCK, "key.lock"),
    ),
)
"""None is a bar between groups; * and . are text of the entry and have no binding."""
_SELLING: Final = frozenset(
    {
        Stage.ENTRY,
        Stage.SUBTOTAL,
        Stage.FIND,
        Stage.RECALL,
        Stage.MEMBER,
        Stage.RETURN,
    }
)
_IN_DOUBT: Final[_Places] = (
    (
        (Binding.COMMIT, "key.resume"),
        (Binding.CARD, "key.park"),
        (Binding.RETURN, "key.park_void"),
        None,
        (Binding.REPRINT, "key.situation"),
    ),
    ((Binding.TRAINING, "key.training"), (Binding.LEAVE, "key.leave")),
)
_STOPPED: Final[_Places] = (((Binding.COMMIT, "key.again"),), ((Binding.LEAVE, "key.leave"),))
_ASKED: Final[_Places] = (
    ((Binding.COMMIT, "key.confirm"), (Binding.CLEAR, "key.stop")),
    ((Binding.LEAVE, "key.leave"),),
)
"""The keys of a takeover stand alone: no other does anything."""


def draw_keys(view: TillView, desk: Desk, keymap: Keymap, width: int) -> tuple[Row, ...]:
    """Return the key strip."""
    return tuple(_row(places, view, desk, keymap, width) for places in _places(view, desk))


def _places(view: TillView, desk: Desk) -> _Places:
    if taken(desk, view) is None:
        return _ROWS
    if view.asking is not None:
        return _ASKED
    return _STOPPED if view.doubt is None else _IN_DOUBT


def usable(binding: Binding, view: TillView, desk: Desk) -> bool:
    """Tell whether a key does something useful now. The till has the last word."""
    if taken(desk, view) is not None:
        return True
    if view.asking is not None:
        return binding in (Binding.CLEAR, Binding.LEAVE)
    if desk.form is not None:
        return binding in (Binding.CLEAR,)
    if view.stage is Stage.TENDER:
        stoppable = view.payment is not None and view.payment.stoppable
        return binding is Binding.TRAINING or (binding is Binding.CLEAR and stoppable)
    selling = view.stage in _SELLING
    match binding:
        case Binding.CASH | Binding.SUBTOTAL | Binding.QUANTITY:
            return selling and bool(view.lines or view.returned)
        case Binding.CARD:
            return selling and bool(view.lines) and verb_of(binding, view) in view.tenders
        case Binding.ECASH:
            return selling and bool(view.lines) and view.card_slots and "EC" in view.tenders
        case Binding.VOID_LINE | Binding.VOID_LAST | Binding.DISCOUNT | Binding.PRICE:
            return selling and bool(view.lines)
        case Binding.FIND | Binding.HOLD | Binding.RETURN | Binding.DRAWER | Binding.REPRINT:
            return selling
        case Binding.MEMBER:
            return selling
        case Binding.LEAVE:
            return True
        case _:
            return True


def _row(
    places: _Row,
    view: TillView,
    desk: Desk,
    keymap: Keymap,
    width: int,
) -> Row:
    """Return one row of the strip; where two spaces between the keys are too many, there is one."""
    for gap in ("  ", " "):
        spans = [(" ", Ink.PLAIN), *(_key(place, view, desk, keymap, gap) for place in places)]
        last, ink = spans[-1]
        spans[-1] = (last.removesuffix(gap), ink)
        used = sum(cells(text) for text, _ in spans)
        if used <= width:
            return (*spans, (fit("", width - used), Ink.PLAIN))
    raise AssertionError(f"the key strip does not fit into {width} cells")


def _key(
    place: tuple[Binding | str, str] | None, view: TillView, desk: Desk, keymap: Keymap, gap: str
) -> Span:
    if place is None:
        return "| ", Ink.PLAIN
    binding, name = place
    if binding is Binding.REPRINT and chooses_paper(view):
        name = "key.no_paper" if view.paper else "key.paper"
    word = label(name, view.language)
    if isinstance(binding, Binding):
        ink = Ink.PLAIN if usable(binding, view, desk) else Ink.DIM
        return _joined(keymap.label(binding), word) + gap, ink
    return _joined(binding, word) + gap, Ink.PLAIN


def _joined(key: str, word: str) -> str:
    """Return key and word; two letters that meet are kept apart by an equals sign."""
    key = key.replace("Ctrl+", "^")
    meet = key[-1].isalpha() and word[0].isascii() and word[0].isalpha()
    return f"{key}={word}" if meet else f"{key}{word}"
