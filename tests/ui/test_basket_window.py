"""The basket's window: the selected line is always in sight, and a scan turns half a page at most."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pos.ui.drawing.basket import draw_basket, window_top
from pos.ui.grid import row_cells
from tests.ui.scripted_till import sold_view

HEIGHT = 16


def test_window_turns_by_half_a_page_as_lines_are_added() -> None:
    """Between two turns nothing moves: most scans change two rows."""
    top, turns = 0, []
    for lines in range(1, 301):
        after = window_top(top, lines, lines - 1, HEIGHT)
        if after != top:
            turns.append(after - top)
        top = after

    assert set(turns) == {HEIGHT // 2}
    assert len(turns) == (300 - HEIGHT - 1) // (HEIGHT // 2) + 1


@settings(max_examples=200)
@given(st.data())
def test_selected_line_is_in_sight_wherever_the_window_was(data: st.DataObject) -> None:
    """Any old place, any basket, any height."""
    lines = data.draw(st.integers(1, 400))
    selected = data.draw(st.integers(0, lines - 1))
    height = data.draw(st.integers(1, 60))
    before = data.draw(st.integers(0, 500))

    top = window_top(before, lines, selected, height)

    assert 0 <= top <= selected < top + height


@settings(max_examples=50)
@given(lines=st.integers(0, 60), width=st.integers(52, 120), height=st.integers(5, 40))
def test_basket_fills_its_frame_exactly(lines: int, width: int, height: int) -> None:
    """Every row is as wide as the part, and there are as many as it is high."""
    view = sold_view("ko", lines)
    top = window_top(0, lines, view.selected, height - 3)

    rows = draw_basket(view, top, width, height)

    assert len(rows) == height
    assert {row_cells(row) for row in rows} == {width}
