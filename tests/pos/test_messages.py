"""The message table: every text fits its place, in both languages, whatever fills its blanks."""

import string
import unicodedata
from itertools import product

import pytest

from pos import messages
from pos.messages import Language, Message, Money, cells, clip, notice

LANGUAGES: tuple[Language, ...] = ("ko", "en")
CASES = list(product(messages.messages().values(), LANGUAGES))


def case_id(value: object) -> str:
    return value.code if isinstance(value, Message) else str(value)


@pytest.mark.parametrize(("message", "language"), CASES, ids=case_id)
def test_text_fits_its_place_with_the_longest_blanks(message: Message, language: Language) -> None:
    """Nothing runs over its cells, so no row of any screen is ever pushed. Filled without the guard
    that would cut it: a text that needs cutting is a text to rewrite."""
    filled = {name: messages._Blank(value) for name, value in message.blanks.items()}
    wording = message.wordings[language]
    widths = {
        "banner": (wording.banner, messages.BANNER_CELLS),
        "short": (wording.short, messages.SHORT_CELLS),
        "display": (wording.display, messages.DISPLAY_CELLS),
        "keys": (wording.keys, messages.KEYS_CELLS),
    }
    for column, (text, limit) in widths.items():
        assert cells(text.format_map(filled)) <= limit, (column, text)


@pytest.mark.parametrize(("message", "language"), CASES, ids=case_id)
def test_glyphs_have_one_width_on_every_terminal(message: Message, language: Language) -> None:
    """East Asian Ambiguous glyphs are one cell here and two there: none in any text."""
    wording = message.wordings[language]
    for text in (wording.banner, wording.short, wording.display, wording.keys):
        wrong = [c for c in text if unicodedata.east_asian_width(c) == "A"]
        assert not wrong, (text, wrong)
        assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize(("message", "language"), CASES, ids=case_id)
def test_every_column_of_a_row_is_filled(message: Message, language: Language) -> None:
    """A stop (B) or a takeover (C) says what happened, where the money is and what to do."""
    wording = message.wordings[language]
    assert wording.banner and wording.short
    if message.level in "BC":
        assert message.money is not Money.NOWHERE
        assert wording.keys
    if message.level == "C":
        assert wording.display, "the customer is told too"


@pytest.mark.parametrize("message", messages.messages().values(), ids=case_id)
def test_blanks_are_the_same_in_both_languages(message: Message) -> None:
    """Every blank in a text is declared, every declared blank is used in each language."""
    for language in LANGUAGES:
        wording = message.wordings[language]
        used = {
            name
            for text in (wording.banner, wording.short, wording.display, wording.keys)
            for _, name, _, _ in string.Formatter().parse(text)
            if name is not None
        }
        assert used == set(message.blanks), language


@pytest.mark.parametrize("message", messages.messages().values(), ids=case_id)
def test_customer_display_never_says_offline(message: Message) -> None:
    """A customer must not be alarmed by the shop's network (clerk-and-courier.md 5.4)."""
    for wording in message.wordings.values():
        assert "오프라인" not in wording.display
        assert "offline" not in wording.display.lower()


def test_notice_fills_numbers_with_thousands_separators() -> None:
    """Amounts read as amounts."""
    filled = notice("PUR-01", "en", balance=8200, short=7190)

    assert filled.banner == "Purse short (balance 8,200, short by 7,190)"
    assert filled.money == "not moved"
    assert (filled.code, filled.level) == ("PUR-01", "B")


def test_notice_shows_the_tail_of_a_long_code_where_room_is_short() -> None:
    """SCN-01 at 40 columns keeps the digits a clerk compares."""
    filled = notice("SCN-01", "ko", code="8801234567890")

    assert filled.banner.endswith("8801234567890")
    assert filled.short == "없는 바코드 ..567890"


def test_notice_of_a_plain_hint_has_no_code() -> None:
    """A hint is no error; nothing to look up is shown."""
    assert notice("x_printed", "ko").code == ""


def test_notice_is_cut_when_a_blank_is_longer_than_foreseen() -> None:
    """The screen holds, whatever a device says."""
    filled = notice("JNL-01", "ko", reason="가" * 200)

    assert cells(filled.banner) <= messages.BANNER_CELLS
    assert filled.banner.endswith("..")


def test_notice_shows_no_control_characters_of_a_garbled_scan() -> None:
    """An escape sequence in a barcode must not reach the terminal."""
    assert "\x1b" not in notice("SCN-01", "en", code="88\x1b[2J").banner


@pytest.mark.parametrize("blanks", [{}, {"code": "1", "more": 1}, {"kode": "1"}])
def test_notice_refuses_wrong_blanks(blanks: dict[str, str | int]) -> None:
    """A misspelt blank is a programming error, found by whoever runs that line first."""
    with pytest.raises(KeyError, match="SCN-01 has the blanks"):
        notice("SCN-01", "ko", **blanks)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("가나다", 6, "가나다"),
        ("가나다라", 6, "가나.."),
        ("abcdef", 5, "abc.."),
        ("가나다", 5, "가.."),
    ],
)
def test_clip_counts_cells_and_never_halves_a_syllable(
    text: str, width: int, expected: str
) -> None:
    """A Hangul syllable is two cells; half of one would shift the row."""
    assert clip(text, width) == expected


def test_cells_agrees_with_rich_on_hangul_and_decomposed_names() -> None:
    """Cross-check with the library that draws the screen."""
    from rich.cells import cell_len

    for text in (
        "서울우유 1L",
        "ㅅㅇㅇㅇ",
        unicodedata.normalize("NFC", "서울"),
        "₩1,000",
        "abc",
        "",
    ):
        assert cells(text) == cell_len(text), text


def test_table_refuses_an_unknown_column_by_name() -> None:
    """A typing error in the table is found when the table is read."""
    with pytest.raises(messages.MessageTableError, match="ABC-01: unknown column 'levl'"):
        messages._message("ABC-01", {"levl": "A"})
