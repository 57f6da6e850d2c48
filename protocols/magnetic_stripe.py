"""What stands on the magnetic stripe of a payment card: three tracks of text, strictly read.

    track 1   %B NUMBER ^ NAME ^ YYMM SSS discretionary ? LRC        6 bits and parity, 79 at most
    track 2   ; NUMBER = YYMM SSS discretionary ? LRC                4 bits and parity, 40 at most
    track 3   ; FF NUMBER = the rest of ISO/IEC 4909 ? LRC           4 bits and parity, 107 at most

    SSS       service code; a separator stands for a date or code that is not there
    LRC       the exclusive-or of every character's value, sentinels included; parity is apart
    59...     a number that begins so has a country of three digits behind its separator

Characters are written here as readers send them: value + 20h on track 1, value + 30h on tracks 2 and 3.
The parity of each character is checked in the reader and never leaves it.

A track that is not exactly this is refused with a StripeError that names what is wrong (`fault`) and holds
no digit. Number, discretionary data and the track as a whole are masked (protocols.card_number).

Source: ISO/IEC 7811-2:2018 and 7811-6 (characters, sentinels, LRC); ISO/IEC 7813:2006 5-7 (tracks 1 and 2,
service code); ISO/IEC 4909:2006 (track 3); EMV 4.3 Book 4 6.7.3 (centuries).
"""

import re
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Final

from protocols.card_number import CardNumber, Masked

NAME_MIN: Final = 2
NAME_MAX: Final = 26
NO_NAME: Final = "/"
_THIS_CENTURY_BELOW: Final = 50
_MONTHS: Final = 12


class Track(IntEnum):
    """Which of the three."""

    ONE = 1
    TWO = 2
    THREE = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """What every character of a track is made of."""

    start: str
    separator: str
    lowest: str
    """The character of value 0."""
    bits: int
    """Of a character, its parity not counted."""
    characters_max: int
    """With sentinels and LRC."""


SHAPES: Final = {
    Track.ONE: Shape(start="%", separator="^", lowest=" ", bits=6, characters_max=79),
    Track.TWO: Shape(start=";", separator="=", lowest="0", bits=4, characters_max=40),
    Track.THREE: Shape(start=";", separator="=", lowest="0", bits=4, characters_max=107),
}
END: Final = "?"


class Fault(Enum):
    """What is wrong with a track, or with a swipe."""

    START = "no start sentinel"
    END = "no end sentinel"
    CHARACTER = "a character that this track cannot hold"
    LONG = "longer than the track"
    LRC = "the check character is wrong"
    FORMAT = "no format of a payment card"
    NUMBER = "no card number"
    LUHN = "the card number's check digit is wrong"
    NAME = "the name is too short or too long"
    EXPIRY = "the expiry is no month"
    SERVICE = "the service code is no three digits"
    TRUNCATED = "it ends in the middle"
    DIFFER = "the tracks are of two cards"
    UNREADABLE = "the reader could not make it out"
    BLANK = "there is nothing on it"


class StripeError(ValueError):
    """A track is not what it should be; `fault` is what. Holds no digit of it."""

    def __init__(self, fault: Fault, track: Track) -> None:
        super().__init__(f"track {track}: {fault.value}")
        self.fault = fault
        self.track = track


@dataclass(frozen=True, slots=True, order=True)
class Expiry:
    """The last month in which a card is good."""

    year: int
    month: int

    def is_past(self, year: int, month: int) -> bool:
        """Say whether the card is expired in this month: it is good to the last day of its own."""
        return (self.year, self.month) < (year, month)

    def __str__(self) -> str:
        """Return it as it is embossed: MM/YY."""
        return f"{self.month:02}/{self.year % 100:02}"


@dataclass(frozen=True, slots=True)
class ServiceCode:
    """Where a card may be used and how; digits that ISO has not given a meaning yet are kept."""

    digits: str

    @property
    def has_chip(self) -> bool:
        """Say whether the chip is to be used where there is a reader for it."""
        return self.digits[0] in "26"

    @property
    def is_national(self) -> bool:
        """Say whether it is for its own country only."""
        return self.digits[0] in "56"

    @property
    def is_test(self) -> bool:
        """Say whether it is no real card."""
        return self.digits[0] == "9"

    @property
    def always_online(self) -> bool:
        """Say whether its issuer wants to be asked each time."""
        return self.digits[1] in "24"

    @property
    def wants_pin(self) -> bool:
        """Say whether nothing is paid without a PIN."""
        return self.digits[2] in "035"

    @property
    def pays_goods(self) -> bool:
        """Say whether goods can be paid with it; not with one for cash only."""
        return self.digits[2] not in "34"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackData:
    """One track, read."""

    track: Track
    text: Masked
    """With its sentinels, without LRC."""
    number: CardNumber
    name: str = ""
    """Of track 1, as it stands there: FAMILY/GIVEN.TITLE; empty where there is none."""
    country: str = ""
    """Of a number that begins with 59: ISO 3166 numeric."""
    expiry: Expiry | None = None
    service: ServiceCode | None = None
    format: str = "B"
    """Of track 3 its two digits."""
    discretionary: Masked = field(default_factory=lambda: Masked(""))


def lrc(text: str, track: Track) -> str:
    """Return the check character of a track's text, sentinels included. Raises: StripeError."""
    shape, check = SHAPES[track], 0
    for character in text:
        check ^= _value(character, shape, track)
    return chr(ord(shape.lowest) + check)


def read_track(text: str, track: Track) -> TrackData:
    """Read a track from start to end sentinel, its LRC taken off. Raises: StripeError."""
    shape = SHAPES[track]
    if len(text) + 1 > shape.characters_max:
        raise StripeError(Fault.LONG, track)
    if not text.startswith(shape.start):
        raise StripeError(Fault.START, track)
    for character in text:
        _value(character, shape, track)
    if not text.endswith(END) or len(text) < len(shape.start + END):
        raise StripeError(Fault.END, track)
    inside = text[1:-1]
    if END in inside or shape.start in inside:
        raise StripeError(Fault.FORMAT, track)
    match track:
        case Track.ONE:
            return _track_1(inside, text)
        case Track.TWO:
            number, rest = _number(inside, "=", track)
            country, expiry, service, own = _rest(rest, number, track)
            return TrackData(
                track=track, text=Masked(text), number=number, country=country,
                expiry=expiry, service=service, discretionary=own,
            )  # fmt: skip
        case Track.THREE:
            code, body = inside[:2], inside[2:]
            if not re.fullmatch(r"\d\d", code):
                raise StripeError(Fault.FORMAT, track)
            number, rest = _number(body, "=", track)
            return TrackData(
                track=track, text=Masked(text), number=number, format=code,
                discretionary=Masked(rest),
            )  # fmt: skip


def write_track(
    track: Track,
    number: CardNumber,
    *,
    name: str = "",
    country: str = "",
    expiry: Expiry | None = None,
    service: ServiceCode | None = None,
    discretionary: str = "",
) -> str:
    """Return a track as it is written, sentinels and LRC included. Raises: StripeError."""
    shape = SHAPES[track]
    gap = shape.separator
    dates = f"{expiry.year % 100:02}{expiry.month:02}" if expiry else gap
    codes = service.digits if service else gap
    begin = number.reveal()
    if track is Track.ONE:
        begin = f"B{begin}^{name or NO_NAME.ljust(NAME_MIN)}"
    if track is Track.THREE:
        begin, country, dates, codes = f"01{begin}", "", "", ""
    text = f"{shape.start}{begin}{gap}{country}{dates}{codes}{discretionary}{END}"
    read_track(text, track)
    return text + lrc(text, track)


def _track_1(inside: str, text: str) -> TrackData:
    if inside[:1] != "B":
        raise StripeError(Fault.FORMAT, Track.ONE)
    number, behind = _number(inside[1:], "^", Track.ONE)
    name, found, rest = behind.partition("^")
    if not found:
        raise StripeError(Fault.TRUNCATED, Track.ONE)
    if not NAME_MIN <= len(name) <= NAME_MAX:
        raise StripeError(Fault.NAME, Track.ONE)
    country, expiry, service, own = _rest(rest, number, Track.ONE)
    return TrackData(
        track=Track.ONE, text=Masked(text), number=number, name=name.strip(f"{NO_NAME} "),
        country=country, expiry=expiry, service=service, discretionary=own,
    )  # fmt: skip


def _number(inside: str, separator: str, track: Track) -> tuple[CardNumber, str]:
    """Return the number and what stands behind its separator. Raises: StripeError."""
    digits, found, rest = inside.partition(separator)
    if not found:
        raise StripeError(Fault.TRUNCATED if digits.isdigit() else Fault.FORMAT, track)
    if not re.fullmatch(r"[0-9]{8,19}", digits):
        raise StripeError(Fault.NUMBER, track)
    try:
        return CardNumber(digits), rest
    except ValueError:
        raise StripeError(Fault.LUHN, track) from None


def _rest(
    rest: str, number: CardNumber, track: Track
) -> tuple[str, Expiry | None, ServiceCode | None, Masked]:
    """Return country, expiry, service code and discretionary data. Raises: StripeError."""
    gap, country = SHAPES[track].separator, ""
    if number.reveal().startswith("59"):
        country, rest = _field(rest, 3, track)
        if not re.fullmatch(r"[0-9]{3}", country):
            raise StripeError(Fault.FORMAT, track)
    expiry, service = None, None
    if rest.startswith(gap):
        rest = rest[1:]
    else:
        digits, rest = _field(rest, 4, track)
        expiry = _expiry(digits, track)
    if rest.startswith(gap):
        rest = rest[1:]
    else:
        digits, rest = _field(rest, 3, track)
        if not re.fullmatch(r"[0-9]{3}", digits):
            raise StripeError(Fault.SERVICE, track)
        service = ServiceCode(digits)
    return country, expiry, service, Masked(rest)


def _field(rest: str, size: int, track: Track) -> tuple[str, str]:
    if len(rest) < size:
        raise StripeError(Fault.TRUNCATED, track)
    return rest[:size], rest[size:]


def _expiry(digits: str, track: Track) -> Expiry:
    if not re.fullmatch(r"[0-9]{4}", digits) or not 1 <= int(digits[2:]) <= _MONTHS:
        raise StripeError(Fault.EXPIRY, track)
    year = int(digits[:2])
    return Expiry((2000 if year < _THIS_CENTURY_BELOW else 1900) + year, int(digits[2:]))


def _value(character: str, shape: Shape, track: Track) -> int:
    value = ord(character) - ord(shape.lowest)
    if not 0 <= value < 1 << shape.bits:
        raise StripeError(Fault.CHARACTER, track)
    return value
