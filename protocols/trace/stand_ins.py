"""Test values in the place of card numbers, tracks and PINs: of the same length, and valid like them.

    card number   first six digits as they were, a running number, a check digit after Luhn
    track 1, 2    card number as above, expiry and service code as they were, name and the rest replaced
    track 3       card number as above, format and separators as they were, the rest replaced
    PIN           1234 1234 1234, as many digits as there were

So a trace can be replayed: lengths, prefixes and check digits are what a program looks at. One card's
number is replaced by the same one wherever it stands in a trace. Six digits in clear are what PCI DSS
allows of a number (requirement 3.4.1). Source: ISO/IEC 7813, ISO/IEC 4909.
"""

import re
from collections.abc import Iterator
from typing import Final

from protocols.card_number import has_good_luhn, luhn
from protocols.magnetic_stripe import StripeError, Track, lrc

PAN_DIGITS_MIN: Final = 14
"""Shorter ones have died out; thirteen digits are a barcode."""
PAN_DIGITS_MAX: Final = 19
PAN_CLEAR_DIGITS: Final = 6
_TEST_PIN: Final = "123412341234"
NAME: Final = "TEST/CARD"
_DIGITS: Final = b"0123456789"

_SINGLE: Final = rb"[2-69]\d{13,18}"
"""1 begins no card but every time in nanoseconds, 7 and 8 none that is carried in a shop."""
_GROUPED: Final = (
    rb"[2-69]\d{3}(?P<by4>[ -])\d{4}(?P=by4)\d{4}(?P=by4)\d{1,4}(?:(?P=by4)\d{1,3})?"
    rb"|3\d{3}(?P<by6>[ -])\d{6}(?P=by6)\d{4,5}"
)
_NUMBER: Final = rb"(?<!\d)(?:" + _SINGLE + rb"|" + _GROUPED + rb")(?!\d)"
_TRACK_2: Final = (
    rb";(?P<pan2>\d{12,19})=(?P<dates2>(?:\d{4}|=)(?:\d{3}|=)?)(?P<rest2>[0-9:;<=>]{0,24})\?"
)
_TRACK_3: Final = rb"[;+!](?P<format3>\d\d)(?P<pan3>\d{12,19})=(?P<rest3>[0-9:;<=>]{0,90})\?"
_TRACK_1: Final = (
    rb"%B(?P<pan1>\d{12,19})\^(?P<name1>[^^?]{2,26})\^(?P<dates1>(?:\d{4}|\^)(?:\d{3}|\^)?)"
    rb"(?P<rest1>[^?\r\n]{0,90})\?"
)
_SECRET: Final = re.compile(
    rb"(?P<track2>"
    + _TRACK_2
    + rb")|(?P<track3>"
    + _TRACK_3
    + rb")|(?P<track1>"
    + _TRACK_1
    + rb")|(?P<number>"
    + _NUMBER
    + rb")"
)


def is_pan(digits: str) -> bool:
    """Say whether digits can be a card's number: the length and the check digit fit."""
    fits = PAN_DIGITS_MIN <= len(digits) <= PAN_DIGITS_MAX
    return fits and digits[0] not in "0178" and has_good_luhn(digits)


class StandIns:
    """The test values of one trace."""

    def __init__(self) -> None:
        self._pans: dict[str, str] = {}

    def pan(self, digits: str) -> str:
        """Return the number that stands for this card's."""
        if digits not in self._pans and digits not in self._pans.values():
            room = len(digits) - PAN_CLEAR_DIGITS - 1
            body = digits[:PAN_CLEAR_DIGITS] + str(len(self._pans)).zfill(room)[-room:]
            self._pans[digits] = body + luhn(body)
        return self._pans.get(digits, digits)

    def pin(self, digits: str) -> str:
        """Return the PIN that stands for any of this length."""
        return (_TEST_PIN * 2)[: len(digits)]

    def text(self, data: bytes, start: int = 0, end: int | None = None) -> bytes:
        """Return text with every track and card number in it replaced; the length stays.

        Only what begins from `start` on and before `end`: the rest is context.
        """
        pieces: list[bytes] = []
        place = 0
        for found in _secrets(data):
            if end is not None and found.start() >= end:
                break
            if found.start() < start:
                continue
            instead = self._instead(found)
            pieces += (data[place : found.start()], instead)
            place = found.end()
            # The byte behind a track is its check byte when it fits; else it is something else.
            for check in (_lrc, xor) if found["number"] is None else ():
                if data[place : place + 1] == check(found[0]):
                    pieces.append(check(instead) or b"")
                    place += 1
                    break
        return b"".join(pieces) + data[place:]

    def _instead(self, found: re.Match[bytes]) -> bytes:
        match found.lastgroup:
            case "track2":
                text = b";%s=" % self.pan(found["pan2"].decode()).encode() + found["dates2"]
                return text + re.sub(rb"\d", b"0", found["rest2"]) + b"?"
            case "track3":
                text = found[0][:1] + found["format3"] + self.pan(found["pan3"].decode()).encode()
                return text + b"=" + re.sub(rb"\d", b"0", found["rest3"]) + b"?"
            case "track1":
                text = b"%%B%s^" % self.pan(found["pan1"].decode()).encode()
                text += NAME[: len(found["name1"])].ljust(len(found["name1"])).encode()
                text += b"^" + found["dates1"]
                return text + re.sub(rb"[0-9A-Z]", b"0", found["rest1"]) + b"?"
            case _:
                other = iter(self.pan(_digits(found[0])).encode())
                return bytes(next(other) if byte in _DIGITS else byte for byte in found[0])


def spans(data: bytes) -> list[tuple[int, int]]:
    """Return where tracks and card numbers stand in text: first byte, and the one behind the last.

    A track's check byte belongs to it, whether it is there or not.
    """
    return [(found.start(), found.end() + (found["number"] is None)) for found in _secrets(data)]


def _secrets(data: bytes) -> Iterator[re.Match[bytes]]:
    place = 0
    while found := _SECRET.search(data, place):
        if found["number"] is not None and not is_pan(_digits(found[0])):
            place = found.start() + 1
            continue
        yield found
        place = found.end()


def _digits(number: bytes) -> str:
    return re.sub(rb"\D", b"", number).decode()


def _lrc(track: bytes) -> bytes | None:
    """Return the check character that a card has behind this track; None where it could have none."""
    numbered = {b"%": Track.ONE, b";": Track.TWO}.get(track[:1], Track.THREE)
    start = b"%" if numbered is Track.ONE else b";"
    try:
        return lrc((start + track[1:]).decode("latin-1"), numbered).encode("latin-1")
    except StripeError:
        return None


def xor(data: bytes) -> bytes:
    """Return the exclusive-or of all bytes, as one: LRC and BCC of tracks and serial frames."""
    result = 0
    for byte in data:
        result ^= byte
    return bytes((result,))
