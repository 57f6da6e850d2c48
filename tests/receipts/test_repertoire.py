"""What a receipt is made of: every character that comes out is printable and has a known width."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.escpos.encode import KOREAN
from receipts.layout import wrap
from receipts.repertoire import cells, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("서울우유 1L", "서울우유 1L"),
        (unicodedata.normalize("NFD", "서울우유"), "서울우유"),
        ("뷁쀍힣", "뷁쀍힣"),
        ("₩15,390", "₩15,390"),
        ("￦15,390", "₩15,390"),
        ("C:\\won", "C:/won"),
        ("Café Crème Dvořák", "Cafe Creme Dvorak"),
        ("“quoted” – it’s 2×3…", '"quoted" - it\'s 2x3...'),
        ("쌀 20㎏", "쌀 20㎏"),
        ("①②", "(1)(2)"),
        ("우유😀2", "우유?2"),
        ("👨‍👩‍👧 가족", "??? 가족"),
        ("a\u200bb\ufe0fc\u0301", "abc"),
        ("tab\tline\nend\x1b@", "tab line end @"),
        ("한\u3000글", "한 글"),
        ("漢字 あいう", "漢字 あいう"),
        ("Привет", "??????"),
        ("½", "1/2"),
    ],
)
def test_text_is_shown_so(text: str, shown: str) -> None:
    """The table of the module's docstring, by example."""
    assert printable(text) == shown


@given(st.text(max_size=60))
def test_whatever_comes_a_korean_printer_prints_it(text: str) -> None:
    """The printer's bytes are as many as the columns: no character changes width or is lost."""
    shown = printable(text)

    assert len(KOREAN.encode(shown)) == cells(shown)
    assert all(KOREAN.can_print(character) for character in shown)
    assert printable(shown) == shown


@given(st.text(max_size=120), st.integers(2, 48))
def test_wrapping_loses_no_ink_and_never_overflows(text: str, width: int) -> None:
    """Every line fits, and only spaces go."""
    shown = printable(text)
    lines = wrap(shown, width)

    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("가나다라마", 5, ["가나", "다라", "마"]),
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 8, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("ab cdefghij", 4, ["ab", "cdef", "ghij"]),
        ("  indented text", 10, ["  indented", "text"]),
        ("가 나 다", 4, ["가", "나", "다"]),
        ("a가", 2, ["a", "가"]),
    ],
)
def test_wrapping_by_example(text: str, width: int, lines: list[str]) -> None:
    """At spaces where there are, else between characters; a wide one is never split."""
    assert wrap(text, width) == lines
