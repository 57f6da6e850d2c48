"""The Latin letters behind Hangul: what a scanner typed while the input method was on."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.hangul_keys import latin_keys

KEYS = dict(
    zip(
        "rRseEfaqQtTdwWczxvgkoiOjpuPhynbml",
        "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ",
        strict=True,
    )
)
"""The two-beolsik layout, key to jamo. Source: KS X 5002."""


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("한글", "gksrmf"),
        ("ㄸㅡㅖ-0042", "EmP-0042"),
        ("값", "rkqt"),
        ("왜", "dho"),
        ("ㅢㅘㄳ", "mlhkrt"),
        ("뷁", "qnpfr"),
        ("8801234", "8801234"),
        ("ABC 漢", "ABC 漢"),
    ],
)
def test_hangul_becomes_its_keys(text: str, keys: str) -> None:
    assert latin_keys(text) == keys


@given(st.sampled_from(sorted(KEYS)))
def test_single_jamo_are_their_key(key: str) -> None:
    assert latin_keys(KEYS[key]) == key


@given(st.integers(0xAC00, 0xD7A3))
def test_syllable_has_the_keys_of_its_parts(code: int) -> None:
    """Method: Unicode's own decomposition gives the parts; their names give the compatibility jamo."""
    parts = unicodedata.normalize("NFD", chr(code))
    compatibility = [
        unicodedata.lookup("HANGUL LETTER " + unicodedata.name(part).split(maxsplit=2)[2])
        for part in parts
    ]

    assert latin_keys(chr(code)) == latin_keys("".join(compatibility))
    assert latin_keys(chr(code)).isascii()
