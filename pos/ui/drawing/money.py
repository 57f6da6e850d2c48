"""The money pane: always the same rows, so that eyes find the total without looking.

row 0  total            pieces
    1  what the sale earns its member, where it has one
    2  *  15,390 *                 or, where there is room, large figures over three rows
    3  the member: masked name, points
    4  discount, taxable, VAT, exempt
    8  quick cash while a subtotal is shown
   12  tendered, change or what is still due
   15  how the sale before ended, and its change
"""

from typing import Final

from pos.messages import clip
from pos.ui.drawing.members import earning_row, member_row
from pos.ui.grid import BLANK, Ink, Row, pair, row
from pos.ui.labels import label
from pos.view import Stage, TillView
from protocols.money import Money

QUICK_MAX: Final = 4
_LARGE_FROM: Final = (31, 20)
"""Width and height from which the total is drawn in large figures."""

# Seven segments of ASCII: the box drawings that other large figures use are two cells wide on many
# Korean terminals.
_FIGURES: Final[dict[str, tuple[str, str, str]]] = {
    "0": (" _ ", "| |", "|_|"),
    "1": ("   ", "  |", "  |"),
    "2": (" _ ", " _|", "|_ "),
    "3": (" _ ", " _|", " _|"),
    "4": ("   ", "|_|", "  |"),
    "5": (" _ ", "|_ ", " _|"),
    "6": (" _ ", "|_ ", "|_|"),
    "7": (" _ ", "  |", "  |"),
    "8": (" _ ", "|_|", "|_|"),
    "9": (" _ ", "|_|", " _|"),
    "-": ("   ", " _ ", "   "),
    ",": ("  ", "  ", " ,"),
    ".": ("  ", "  ", " ."),
}


def amount_text(view: TillView, minor: int) -> str:
    """Return an amount of the till's currency, grouped, without its code."""
    return Money(minor, view.currency).format()


def draw_money(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return the pane's content: at most `height` rows of `width` cells."""
    large = (width, height) >= _LARGE_FROM and height >= _LARGE_FROM[1]
    rows = [
        _title(view, width),
        earning_row(view, width),
        *(_large_total(view, width) if large else [_total(view, width)]),
        member_row(view, width),
        *_parts(view, width),
        *([BLANK] if large else []),
        *_quick(view, width),
        _money(view, "tendered", view.tendered, width),
        _change(view, width),
        _waiting(view),
        *_last(view, width),
    ]
    return tuple(rows[:height])


def _title(view: TillView, width: int) -> Row:
    name = "back.title" if view.due < 0 else "due.title" if _is_due(view) else "total"
    title = label(name, view.language)
    return pair(title, label("pieces", view.language, view.pieces), width)


def _is_due(view: TillView) -> bool:
    """Tell whether part of the total is settled: paid, or worth what came back."""
    return 0 < view.tendered < view.total or view.returned > 0


def _outstanding(view: TillView) -> int:
    """Return what stands out: what is due, either way, or the total."""
    return abs(view.due) if _is_due(view) else view.total


def _total(view: TillView, width: int) -> Row:
    return pair("", f"*  {amount_text(view, _outstanding(view))} *", width, Ink.STRONG)


def _large_total(view: TillView, width: int) -> list[Row]:
    figures = [_FIGURES[character] for character in amount_text(view, _outstanding(view))]
    lines = ["".join(figure[line] + " " for figure in figures) for line in range(3)]
    if len(lines[0]) > width:
        return [BLANK, _total(view, width), BLANK]
    return [pair("", line, width, Ink.STRONG) for line in lines]


def _money(view: TillView, name: str, minor: int, width: int, ink: Ink = Ink.PLAIN) -> Row:
    return pair(label(name, view.language), amount_text(view, minor), width, ink)


def _parts(view: TillView, width: int) -> list[Row]:
    return [
        _money(view, "discount", -view.discount, width),
        _money(view, "net", view.net, width),
        _money(view, "vat", view.vat, width),
        _money(view, "exempt", view.exempt, width),
    ]


def _quick(view: TillView, width: int) -> list[Row]:
    """Return the quick amounts in rows that are blank while there is no subtotal."""
    rows: list[Row] = []
    if view.stage is Stage.SUBTOTAL:
        for choice, minor in enumerate(view.quick_cash[:QUICK_MAX], start=1):
            word = label("exact", view.language) if minor == view.due else ""
            rows.append(pair(f" {choice} {word}", amount_text(view, minor), width, Ink.STRONG))
    rows.extend(BLANK for _ in range(QUICK_MAX - len(rows)))
    return rows


def _change(view: TillView, width: int) -> Row:
    if 0 < view.tendered < view.total:
        return _money(view, "due", view.due, width, Ink.STRONG)
    return _money(view, "change", view.change, width)


def _waiting(view: TillView) -> Row:
    if not view.paper_waiting:
        return BLANK
    return row(label("paper_waiting", view.language, view.paper_waiting), Ink.WARN)


def _last(view: TillView, width: int) -> list[Row]:
    if not view.last_sale:
        return []
    # Until the next item is taken, the change is what the clerk counts out: it stands out.
    ink = Ink.PLAIN if view.lines else Ink.STRONG
    word, minor = "last_change", view.last_change
    if view.last_balance is not None:
        word, minor = "last_balance", view.last_balance
    return [
        row(clip(f"{label('last', view.language)} {view.last_sale}", width)),
        _money(view, word, minor, width, ink),
    ]
