"""The receipt font: complete for Korean, dots where they belong, a visible box where it has none."""

import zlib

import pytest

from protocols.ports import Typeface
from receipts.fonts import load_typeface
from receipts.fonts.typeface import BitmapTypeface, TypefaceError

FONT = load_typeface()
SYLLABLES = list(map(chr, range(0xAC00, 0xD7A4)))


def ink(character: str, font: Typeface = FONT) -> list[str]:
    """Return the glyph as text rows, for a failing test to show."""
    width, _ = font.cell(character)
    return [f"{row:0{width}b}".replace("0", ".").replace("1", "#") for row in font.rows(character)]


def test_every_syllable_is_there_and_different() -> None:
    """All 11,172 of Unicode, so the 2,350 of KS X 1001 too; no two look alike."""
    assert {FONT.cell(syllable) for syllable in SYLLABLES} == {(24, 24)}
    assert len({FONT.rows(syllable) for syllable in SYLLABLES}) == len(SYLLABLES) == 11_172


def test_ascii_and_won_are_narrow_and_different() -> None:
    """Twelve dots each; only the space is empty."""
    letters = [*map(chr, range(0x20, 0x7F)), "₩"]

    assert {FONT.cell(letter) for letter in letters} == {(12, 24)}
    assert len({FONT.rows(letter) for letter in letters}) == len(letters)
    assert [letter for letter in letters if not any(FONT.rows(letter))] == [" "]


@pytest.mark.parametrize("character", [*"Ag1,₩한뷁힣㎏Ａあ", "é", "─"])
def test_rows_fit_the_cell(character: str) -> None:
    """As many rows as the cell is high, none wider than the cell."""
    width, height = FONT.cell(character)

    assert len(FONT.rows(character)) == height
    assert all(0 <= row < 1 << width for row in FONT.rows(character))


def test_letter_l_stands_upright() -> None:
    """Orientation, by eye: top row first, most significant bit leftmost."""
    rows = [row for row in ink("L") if "#" in row]

    assert rows[0].startswith("..##")
    assert rows[-1].count("#") > 2 * rows[0].count("#")


@pytest.mark.parametrize(("character", "width"), [("\U0001f600", 24), ("\ue000", 12), ("漢", 24)])
def test_missing_glyph_is_a_visible_box(character: str, width: int) -> None:
    """As wide as its kind, so that columns stay."""
    assert FONT.cell(character) == (width, 24)
    rows = [row for row in ink(character) if "#" in row]
    assert rows[0] == rows[-1]
    assert rows[0].strip(".").strip("#") == ""
    assert all(row.count("#") == 2 for row in rows[1:-1])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a font",
        b"RCPT24\x01\nnot deflated",
        b"RCPT24\x01\n" + zlib.compress(b"\x01\x00\x00\x00\x00\x00\x00\x00A\x00short"),
    ],
)
def test_damaged_file_says_so(data: bytes) -> None:
    """One clear error, not a traceback from struct."""
    with pytest.raises(TypefaceError, match="reinstall"):
        BitmapTypeface(data)
