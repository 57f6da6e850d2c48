"""Hangul as clerks type it: initials, mixtures, half-typed syllables, what input methods make of them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos import hangul

SYLLABLES = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)


@pytest.mark.parametrize(
    ("text", "initials"),
    [
        ("서울우유", "ㅅㅇㅇㅇ"),
        ("깻잎 30장", "ㄱㅇ 30ㅈ"),
        ("LED전구", "LEDㅈㄱ"),
        ("빵", "ㅂ"),
        ("", ""),
    ],
)
def test_initials_of_names(text: str, initials: str) -> None:
    """Other characters stay; a tense consonant counts as its plain one."""
    assert hangul.initials(text) == initials


@given(SYLLABLES)
def test_initial_agrees_with_unicodes_own_decomposition(syllable: str) -> None:
    """NFD's first letter, as the Unicode data tables have it, is ours."""
    lead = unicodedata.normalize("NFD", syllable)[0]
    plain = hangul.initials(hangul.split_clusters(lead))
    assert hangul.initials(syllable) == plain


@given(SYLLABLES, SYLLABLES)
def test_a_syllable_is_found_by_itself_and_by_its_initial(one: str, other: str) -> None:
    """A pattern of initials matches exactly the syllables that have them."""
    by_initial = hangul.pattern(hangul.initials(one)).fullmatch(other)
    assert bool(by_initial) == (hangul.initials(one) == hangul.initials(other))
    assert hangul.pattern(one + "!").fullmatch(one + "!")


def test_only_the_last_open_syllable_may_get_a_final() -> None:
    """서우 finds 서울; 서 in the middle does not find 설."""
    assert hangul.pattern("서우").fullmatch("서울")
    assert hangul.pattern("서우").fullmatch("서우")
    assert not hangul.pattern("서우").fullmatch("설우")
    assert not hangul.pattern("서울").fullmatch("서우"), "a final that was typed is meant"


@pytest.mark.parametrize(
    ("typed", "meant"), [("ㄳ", "ㄱㅅ"), ("ㄺㅄ", "ㄹㄱㅂㅅ"), ("ᄉᄋ", "ㅅㅇ")]
)
def test_input_methods_habits_are_undone(typed: str, meant: str) -> None:
    """Two consonants typed in a row come as one cluster; a Macintosh sends conjoining letters."""
    assert hangul.split_clusters(typed) == meant


def test_folding_composes_lowers_and_closes_gaps() -> None:
    """NFD text of a Macintosh is the same text."""
    assert hangul.fold(unicodedata.normalize("NFD", "  서울  Milk ")) == "서울 milk"


@given(st.text(max_size=30))
def test_folding_keeps_places(text: str) -> None:
    """One character of the initials for each of the folded text, whatever was typed."""
    folded = hangul.fold(text)
    assert len(hangul.initials(folded)) == len(folded)
