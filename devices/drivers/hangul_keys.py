"""Undo a Hangul input method: the Latin letters of the keys that were pressed.

A scanner that plays a keyboard presses keys; if the till's input method is set to Hangul, the letters
of a code arrive as jamo or as whole syllables. Two-beolsik has one key for each jamo, so the keys can
be told from the text: `EMP` typed with Hangul on is the keys E M P again.

Source: KS X 5002 (two-beolsik); Unicode 15, 3.12 (composition of syllables); clerk-and-courier.md 4.6.
"""

from typing import Final

# Rows of a keyboard table: one key a word.
# ruff: noqa: SIM905
_INITIALS: Final = "r R s e E f a q Q t T d w W c z x v g".split()
_VOWELS: Final = "k o i O j p u P h hk ho hl y n nj np nl b m ml l".split()
_FINALS: Final = " r R rt s sw sg e f fr fa fq ft fx fv fg a q qt t T d w c z x v g".split(" ")
_SINGLE: Final = (
    "r R rt s sw sg e E f fr fa fq ft fx fv fg a q Q qt t T d w W c z x v g "
    "k o i O j p u P h hk ho hl y n nj np nl b m ml l"
).split()
_SYLLABLE_FIRST: Final = 0xAC00
_SYLLABLE_LAST: Final = 0xD7A3
_JAMO_FIRST: Final = 0x3131
_JAMO_LAST: Final = 0x3163


def latin_keys(text: str) -> str:
    """Return the text with each Hangul character replaced by the letters of its keys."""
    return "".join(_keys(character) for character in text)


def _keys(character: str) -> str:
    code = ord(character)
    if _JAMO_FIRST <= code <= _JAMO_LAST:
        return _SINGLE[code - _JAMO_FIRST]
    if _SYLLABLE_FIRST <= code <= _SYLLABLE_LAST:
        rest, final = divmod(code - _SYLLABLE_FIRST, len(_FINALS))
        initial, vowel = divmod(rest, len(_VOWELS))
        return _INITIALS[initial] + _VOWELS[vowel] + _FINALS[final]
    return character
