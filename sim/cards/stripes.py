"""Cards with a magnetic stripe, from a TOML file: fields that make tracks, or tracks word for word.

[credit]
number = "9410110000000013"      # 8 to 19 digits, the last one after Luhn
name = "KIM/YEONGHUI"            # left out: none
expires = "12/49"                # MM/YY; left out: a separator instead
service = "101"                  # three digits; left out: a separator instead
third = true                     # a track 3 too

[odd]
track_2 = ";9410110000000070=4913101?"       # track_1 to track_3: sentinels, no LRC; whatever is in them
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from protocols.card_number import CardNumber
from protocols.magnetic_stripe import Expiry, ServiceCode, StripeError, Track, lrc, write_track

SHIPPED: Final = Path(__file__).with_name("stripes.toml")
OWN_DATA: Final = "00000000"
"""Discretionary data, where a bank keeps what proves the card."""

Stripe = Mapping[Track, str]
"""The tracks of a card that are written, each with its LRC."""


@runtime_checkable
class Striped(Protocol):
    """A card that has a stripe, too."""

    @property
    def stripe(self) -> Stripe:
        """Return its tracks."""
        ...


class StripeCard:
    """A card that has a stripe and no chip: nothing answers at its contacts; satisfies Card, Striped."""

    atr = b""

    def __init__(self, label: str, stripe: Stripe) -> None:
        self.label = label
        self.stripe = stripe

    def power_on(self) -> None:
        """Have nothing to power."""

    def handle(self, apdu: bytes) -> bytes:
        """Say nothing."""
        return b""

    def tear_after(self, size: int) -> None:
        """Write to no memory."""

    def visible(self) -> dict[str, Any]:
        """Return what a tester may see of it."""
        return {"tracks": " ".join(str(track.value) for track in self.stripe) or "none"}


class StripeFileError(ValueError):
    """The file is none of cards. The message names it, the card, and what is wrong."""


class _Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    number: str = ""
    name: str = ""
    expires: str = ""
    service: str = ""
    third: bool = False
    track_1: str = ""
    track_2: str = ""
    track_3: str = ""


@cache
def read_stripes(file: Path = SHIPPED) -> Mapping[str, Stripe]:
    """Return the cards of a file by name. Raises: StripeFileError."""
    try:
        wishes = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), dict[str, _Wish])
    except (OSError, ValueError) as error:
        raise StripeFileError(f"{file}: {error}") from error
    stripes: dict[str, Stripe] = {}
    for name, wish in wishes.items():
        try:
            stripes[name] = _stripe(wish)
        except (StripeError, ValueError) as error:
            raise StripeFileError(f"{file}: {name}: {error}") from error
    return stripes


def _stripe(wish: _Wish) -> Stripe:
    """Raises: StripeError, ValueError."""
    written = {Track.ONE: wish.track_1, Track.TWO: wish.track_2, Track.THREE: wish.track_3}
    stripe = {track: text + lrc(text, track) for track, text in written.items() if text}
    if wish.number:
        number, expiry = CardNumber(wish.number), _expiry(wish.expires)
        service = ServiceCode(wish.service) if wish.service else None
        for track in (Track.ONE, Track.TWO, Track.THREE)[: 3 if wish.third else 2]:
            name = wish.name if track is Track.ONE else ""
            stripe[track] = write_track(
                track, number, name=name, expiry=expiry, service=service, discretionary=OWN_DATA
            )
    return stripe


def _expiry(text: str) -> Expiry | None:
    """Raises: ValueError."""
    if not text:
        return None
    month, found, year = text.partition("/")
    if not (found and month.isdigit() and year.isdigit() and len(month) == len(year) == 2):
        raise ValueError(f"expires = {text!r}: expected MM/YY")
    century = 2000 if int(year) < 50 else 1900
    return Expiry(century + int(year), int(month))
