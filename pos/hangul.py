"""Hangul as a searching clerk types it: initial consonants, half-typed syllables, split clusters.

    ㅅㅇㅇㅇ   the initials of 서울우유
    서ㅇㅇㅇ   syllables and initials mixed
    서우       a last syllable without a final also stands for those with one (서울)
    ㄳ         what an input method makes of ㄱ and ㅅ typed one after the other

A folded text has one character for each character of the text it came from, so a place in the one is
the same place in the other.
Source: The Unicode Standard 16, 3.12 (arithmetic of Hangul syllables).
"""

import re
import unicodedata
from typing import Final

_FIRST: Final = 0xAC00
_LAST: Final = 0xD7A3
_PER_INITIAL: Final = 588
_PER_VOWEL: Final = 28
_INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_PLAIN: Final = str.maketrans("ㄲㄸㅃㅆㅉ", "ㄱㄷㅂㅅㅈ")
"""Tense consonants need the shift key: ㄱ finds 깻잎 too."""
_CLUSTERS: Final = str.maketrans(
    dict(
        pair.split(":")
        for pair in [
            "ㄳ:ㄱㅅ",
            "ㄵ:ㄴㅈ",
            "ㄶ:ㄴㅎ",
            "ㄺ:ㄹㄱ",
            "ㄻ:ㄹㅁ",
            "ㄼ:ㄹㅂ",
            "ㄽ:ㄹㅅ",
            "ㄾ:ㄹㅌ",
            "ㄿ:ㄹㅍ",
            "ㅀ:ㄹㅎ",
            "ㅄ:ㅂㅅ",
        ]
    )
    # A Macintosh sends conjoining letters, which have their own places in Unicode.
    | {chr(0x1100 + index): letter for index, letter in enumerate(_INITIALS)}
)
_SYLLABLE_TO_INITIAL: Final = {
    code: ord(_INITIALS[(code - _FIRST) // _PER_INITIAL].translate(_PLAIN))
    for code in range(_FIRST, _LAST + 1)
}


def fold(text: str) -> str:
    """Return the text as it is searched: composed, lower case, its blanks single."""
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


def split_clusters(text: str) -> str:
    """Return a folded query with clusters of consonants taken apart again."""
    return text.translate(_CLUSTERS)


def initials(text: str) -> str:
    """Return the text with each syllable as its initial consonant, tense ones as plain."""
    return text.translate(_SYLLABLE_TO_INITIAL).translate(_PLAIN)


def is_initial(character: str) -> bool:
    """Tell whether this is a consonant that can begin a syllable, standing alone."""
    return character in _INITIALS


def pattern(query: str) -> re.Pattern[str]:
    """Return what a query of syllables and initials stands for, to be matched at a place."""
    last = len(query) - 1
    return re.compile("".join(_class(c, is_last=i == last) for i, c in enumerate(query)))


def needs_pattern(query: str) -> bool:
    """Tell whether the query may stand for other characters than its own."""
    return any(map(is_initial, query)) or (bool(query) and _is_open(query[-1]))


def _class(character: str, *, is_last: bool) -> str:
    if is_initial(character):
        plain = character.translate(_PLAIN)
        ranges = "".join(
            f"{_at(index)}-{_at(index + 1, -1)}"
            for index, letter in enumerate(_INITIALS)
            if letter.translate(_PLAIN) == plain
        )
        return f"[{ranges}{character}]"
    if is_last and _is_open(character):
        return f"[{character}-{chr(ord(character) + _PER_VOWEL - 1)}]"
    return re.escape(character)


def _at(index: int, shift: int = 0) -> str:
    return chr(_FIRST + index * _PER_INITIAL + shift)


def _is_open(character: str) -> bool:
    """Tell whether this is a syllable without a final."""
    return _FIRST <= ord(character) <= _LAST and (ord(character) - _FIRST) % _PER_VOWEL == 0
