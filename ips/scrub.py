"""Masks what must never be written down: card numbers, tracks, PIN blocks (broker.md 5.3).

A number of 13 to 19 digits that passes the Luhn check is taken for a PAN and keeps its first six and
last four digits; a track loses everything but that; what stands after a PIN's own field name goes.
Modules mask their own protocol's secrets first and then use this as the net below.
"""

import re
from typing import Final

_TRACK: Final = re.compile(r"%?B?(\d{12,19})[=^D][^\s?]{4,}\??")
_DIGITS: Final = re.compile(r"(?<!\d)(\d[ -]?){12,18}\d(?!\d)")
_PIN: Final = re.compile(r"(?i)\b(pin[_ -]?(?:block)?|cvv2?|cvc2?)(\s*[=:]\s*)\S+")


def mask_secrets(text: str) -> str:
    """Return the text with PAN, track and PIN fields masked."""
    text = _TRACK.sub(lambda found: f"{_masked(found[1])}=[track]", text)
    text = _DIGITS.sub(_mask_pan, text)
    return _PIN.sub(lambda found: f"{found[1]}{found[2]}[masked]", text)


def is_luhn_valid(digits: str) -> bool:
    """Return whether a row of digits passes the Luhn check. Source: ISO/IEC 7812-1, annex B."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _mask_pan(found: re.Match[str]) -> str:
    digits = re.sub(r"[ -]", "", found[0])
    return _masked(digits) if is_luhn_valid(digits) else found[0]


def _masked(digits: str) -> str:
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"
