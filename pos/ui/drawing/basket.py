"""The basket: a window of lines that turns by half a page, so that a scan changes two rows.

+----------------------------------------------------+
|   # 상품                    수량    단가      금액 |   header
|   1 서울우유 1L                1   2,980     2,980 |
|>  4 종량제봉투 10L        F    2     350       700 |   > selected, F free of VAT
+--------------------------------------- 아래 3줄 ---+
"""

from pos.messages import cells
from pos.ui.grid import Ink, Row, fit, framed, row
from pos.ui.labels import label
from pos.view import LineView, TillView

FRAME_ROWS = 3
"""Two borders and the header."""
_QUANTITY, _PRICE, _AMOUNT = 5, 9, 11


def window_top(top: int, lines: int, selected: int, height: int) -> int:
    """Return the first line to show so that the selected one is in sight.

    The window stays where it was while it can; when it must move, the selected line lands in its
    middle: half a page is repainted once, and not the whole page on every scan.
    """
    if height <= 0 or lines <= height:
        return 0
    if selected < 0:
        return min(top, lines - 1)
    if not top <= selected < top + height:
        top = selected - height // 2
    return max(0, min(top, lines - 1))


def draw_basket(view: TillView, top: int, width: int, height: int) -> tuple[Row, ...]:
    """Return the basket with its frame: exactly `height` rows of `width` cells."""
    shown = view.lines[top : top + height - FRAME_ROWS]
    rows = [
        _border(label("above", view.language, top) if top else "", width, view),
        framed(_header(view, width - 2), width, "|", "|"),
    ]
    for index, line in enumerate(shown, start=top):
        content = _line(line, view, width - 2, selected=index == view.selected)
        rows.append(framed(content, width, "|", "|"))
    rows.extend(framed((), width) for _ in range(height - len(rows) - 1))
    below = len(view.lines) - top - len(shown)
    rows.append(_border(label("below", view.language, below) if below else "", width, view))
    return tuple(rows)


def _border(note: str, width: int, view: TillView) -> Row:
    """Return a border; a training counter's says what it is from end to end."""
    tail = f" {note} ---+" if note else "+"
    room = width - 1 - cells(tail)
    if not view.training:
        return row("+" + "-" * room + tail)
    mark = f"--- {label('training', view.language)} "
    marks = mark * (room // cells(mark))
    return row("+" + marks + "-" * (room - cells(marks)) + tail, Ink.ALERT)


def _header(view: TillView, width: int) -> Row:
    item, quantity, price, amount = (
        label(name, view.language) for name in ("item", "quantity", "price", "amount")
    )
    return row(_columns("   #", item, " ", quantity, price, amount, width))


def _line(line: LineView, view: TillView, width: int, *, selected: bool) -> Row:
    number = f"{line.number:>3}" if line.number else "   "
    mark = ">" if selected else " "
    amount = label("voided", view.language) if line.voided else line.amount
    free = "F" if line.exempt else " "
    name = line.name if line.number else f"  {line.name}"
    text = _columns(mark + number, name, free, line.quantity, line.price, amount, width)
    ink = Ink.DIM if line.voided else Ink.STRONG if selected else Ink.PLAIN
    return row(text, ink)


def _columns(
    number: str, name: str, free: str, quantity: str, price: str, amount: str, width: int
) -> str:
    name_width = width - 5 - 1 - _QUANTITY - _PRICE - _AMOUNT
    return (
        f"{number} {fit(name, name_width)}{free}"
        f"{fit(quantity, _QUANTITY, 'right')}{_figure(price, _PRICE)}{_figure(amount, _AMOUNT)}"
    )


def _figure(text: str, width: int) -> str:
    """Return a figure with a space before it; one that is too long loses its commas, never a digit."""
    if cells(text) >= width:
        text = text.replace(",", "")
    assert cells(text) <= width, f"{text} is more than a till can take"
    return fit(text, width, "right")
