"""Makes a purse of a key that its holder has made: certified, entered, its terms signed.

The shop's purse in a file comes to be so (protocols.purse.personalising): the request carries only a
public key, what the purse is and holds at first is decided here. What it holds at first is value
created, so it is owed from now on, as for every purse that is entered.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import msgspec

from protocols.money import CURRENCIES
from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.purse.details import NAME_BYTES, PurseClass
from protocols.purse.image import POCKETS, Parameters
from protocols.purse.issuing import Issuer, Profile
from protocols.purse.personalising import Terms, terms_for

LIFE_YEARS: Final = 5
LOG_SLOTS: Final = 40
NARRATIVE_SLOTS: Final = 250
"""A shop's purse remembers more than a customer's card: it is the one that says who has paid."""
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PREFIX: Final = {
    PurseClass.CONSUMER: "CU",
    PurseClass.MERCHANT: "SH",
    PurseClass.COURIER: "CO",
    PurseClass.TELLER: "TE",
    PurseClass.ORIGINATOR: "OR",
}


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a purse shall be."""

    name: str = ""
    """Eight letters and digits; empty: one made of the key."""
    purse_class: int = PurseClass.MERCHANT
    currency: str = "KRW"
    ceiling: int = 0xFFFF_FFFF
    first: int = 0
    """Minor units that it holds at first."""
    expiry: int = 0
    """YYYYMMDD; 0 is five years from today."""


def today(now_ns: int) -> int:
    """Return the day, UTC, as YYYYMMDD: a purse takes it for the earliest today there is."""
    return int(f"{datetime.fromtimestamp(now_ns // NANOSECONDS_PER_SECOND, UTC):%Y%m%d}")


def odd(wishes: Wishes, day: int) -> str:
    """Name what cannot be in them; nothing when all can."""
    name = wishes.name
    if name and (len(name) != NAME_BYTES or not name.isascii() or not name.isalnum()):
        return f"a purse's name is {NAME_BYTES} letters and digits, not {name!r}"
    if wishes.currency not in CURRENCIES:
        return f"{wishes.currency!r} is no currency of ISO 4217"
    if not 0 <= wishes.first <= wishes.ceiling <= 0xFFFF_FFFF or not wishes.ceiling:
        return f"it cannot hold {wishes.first} under a ceiling of {wishes.ceiling}"
    if wishes.expiry and (wishes.expiry <= day or not _is_date(wishes.expiry)):
        return f"{wishes.expiry} is no day after {day}, as YYYYMMDD"
    return ""


def certify(
    issuer: Issuer, wishes: Wishes, card_key: bytes, *, day: int, stopped: tuple[bytes, ...]
) -> Terms:
    """Return the purse. `stopped` is the hotlist that it begins with."""
    profile = Profile(
        name=(wishes.name or _name(wishes.purse_class, card_key)).encode("ascii"),
        purse_class=wishes.purse_class,
        expiry=wishes.expiry or day + LIFE_YEARS * 10_000,
        currencies=_first(CURRENCIES[wishes.currency].number),
        ceilings=_first(wishes.ceiling),
        balances=_first(wishes.first),
        parameters=Parameters(hotlist=stopped),
        log_slots=LOG_SLOTS,
        narrative_slots=NARRATIVE_SLOTS,
    )
    return terms_for(issuer, profile, card_key, day)


def _name(purse_class: int, card_key: bytes) -> str:
    """Return a name that nobody chose: two letters for the class, six out of the key."""
    number = int.from_bytes(sha256(card_key).digest()[:8])
    letters = []
    for _ in range(NAME_BYTES - 2):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return _PREFIX[PurseClass(purse_class)] + "".join(letters)


def _is_date(number: int) -> bool:
    try:
        datetime.strptime(str(number), "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _first(value: int) -> tuple[int, ...]:
    return (value,) + (0,) * (POCKETS - 1)
