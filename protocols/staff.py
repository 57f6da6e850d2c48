"""The staff of a store: who may work at its tills, how they are told apart, and how a PIN is kept.

    Staff { people: [ Person { number, name, role, badge, pin, language, active } ] }

A person is named by number or by badge first and proves it by a PIN, so two people may have the same
PIN. A PIN is kept only as a salted scrypt hash, written `scrypt:COST:SALT:HASH` (cost is log2 of N;
r 8, p 1; salt and hash in hexadecimal). Four to eight digits are few: the cost makes a copied list slow
to search, not safe, and at the till wrong PINs are counted and locked.
Source: RFC 7914 (scrypt); clerk-and-courier.md 1.2 (Roles), 1.3 (Supervisor override).
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final

import msgspec

PEOPLE_MAX: Final = 1_000
NUMBER_MAX: Final = 9_999
NAME_CHARACTERS_MAX: Final = 20
BADGE_CHARACTERS_MAX: Final = 64
PIN_DIGITS: Final = range(4, 9)
SALT_BYTES: Final = 16
COST: Final = 14
"""16 MiB and about 50 ms for one PIN."""
_COSTS: Final = range(12, 17)
_HASH_BYTES: Final = 32
_STRAIGHT: Final = "01234567890123456789"

ROLES: Final = ("clerk", "supervisor", "manager", "trainer", "courier")
LANGUAGES: Final = ("", "ko", "en")


class StaffError(ValueError):
    """A staff list or a PIN that cannot be used; the message says which person and what is wrong."""


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One who works at the store's tills."""

    number: int
    """1 to 9999; never given to somebody else."""
    name: str
    """As colleagues and customers see it."""
    role: str
    """One of ROLES."""
    badge: str = ""
    """What the badge's barcode says; empty: no badge."""
    pin: str = ""
    """The hash (`hash_pin`); empty: this person cannot sign on or approve."""
    language: str = ""
    """ko, en, or empty for the till's."""
    active: bool = True
    """False: dismissed or away; the number and the badge stay known, and open nothing."""

    @property
    def id(self) -> str:
        """Return the person as journal records name them."""
        return str(self.number)

    def __repr__(self) -> str:
        """Return the person without badge and hash, fit for any log."""
        return f"Person({self.number}, {self.name!r}, {self.role})"


class Staff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everybody, dismissed people included."""

    people: list[Person] = []

    def by_number(self, number: int) -> Person | None:
        """Return the person of a number."""
        return next((person for person in self.people if person.number == number), None)

    def by_badge(self, code: str) -> Person | None:
        """Return the person of a badge."""
        return next((person for person in self.people if code and person.badge == code), None)

    def by_id(self, identity: str) -> Person | None:
        """Return the person that a journal record names."""
        return next((person for person in self.people if person.id == identity), None)


def check_staff(staff: Staff) -> None:
    """Refuse a list that would lock everybody out or cannot tell two people apart. Raises: StaffError."""
    if len(staff.people) > PEOPLE_MAX:
        raise StaffError(f"{len(staff.people)} people, at most {PEOPLE_MAX}")
    numbers: set[int] = set()
    badges: dict[str, int] = {}
    for place, person in enumerate(staff.people, 1):
        who = f"person {place} ({person.number})"
        for fits, wrong in _FAULTS:
            if not fits(person):
                raise StaffError(f"{who}: {wrong}")
        if person.number in numbers:
            raise StaffError(f"{who}: number {person.number} is also somebody else's")
        numbers.add(person.number)
        if person.badge:
            if person.badge in badges:
                raise StaffError(f"{who}: its badge is also that of {badges[person.badge]}")
            badges[person.badge] = person.number
    if not any(person.active and person.pin for person in staff.people):
        raise StaffError("nobody in it could sign on: at least one active person needs a pin")


def hash_pin(pin: str, salt: bytes, *, cost: int = COST) -> str:
    """Return what is kept of a PIN. Raises: StaffError for a PIN that is not fit to be one."""
    assert len(salt) == SALT_BYTES and cost in _COSTS
    check_pin(pin)
    return f"scrypt:{cost}:{salt.hex()}:{_stretched(pin, salt, cost).hex()}"


def pin_matches(pin: str, kept: str) -> bool:
    """Tell whether a PIN is the one that was kept; takes as long whatever is wrong with it."""
    match = _KEPT.fullmatch(kept)
    cost, salt, expected = (
        (int(match[1]), bytes.fromhex(match[2]), bytes.fromhex(match[3]))
        if match is not None
        else (COST, bytes(SALT_BYTES), b"")
    )
    return hmac.compare_digest(_stretched(pin, salt, cost), expected)


def check_pin(pin: str) -> None:
    """Refuse what is no PIN, or one that everybody tries first. Raises: StaffError."""
    if not (pin.isascii() and pin.isdecimal() and len(pin) in PIN_DIGITS):
        raise StaffError(f"a PIN is {PIN_DIGITS[0]} to {PIN_DIGITS[-1]} digits")
    if len(set(pin)) == 1 or pin in _STRAIGHT or pin[::-1] in _STRAIGHT:
        raise StaffError("a PIN of one digit repeated, or of digits in a row, is tried first")


def _stretched(pin: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        pin.encode("utf-8", "replace"),
        salt=salt,
        n=1 << cost,
        r=8,
        p=1,
        maxmem=256 * 1024 * 1024,
        dklen=_HASH_BYTES,
    )


_KEPT: Final = re.compile(r"scrypt:(1[2-6]):([0-9a-f]{32}):([0-9a-f]{64})")
_BADGE: Final = re.compile(r"[\x21-\x7e]*")

_FAULTS: Final[tuple[tuple[Callable[[Person], bool], str], ...]] = (
    (lambda p: 1 <= p.number <= NUMBER_MAX, f"number is 1 to {NUMBER_MAX}"),
    (
        lambda p: 1 <= len(p.name.strip()) <= NAME_CHARACTERS_MAX and p.name.isprintable(),
        f"name is 1 to {NAME_CHARACTERS_MAX} letters that can be printed",
    ),
    (lambda p: p.role in ROLES, f"role is one of {', '.join(ROLES)}"),
    (lambda p: p.language in LANGUAGES, "language is ko, en or nothing"),
    (
        lambda p: len(p.badge) <= BADGE_CHARACTERS_MAX and bool(_BADGE.fullmatch(p.badge)),
        f"badge is at most {BADGE_CHARACTERS_MAX} letters of ASCII, without blanks",
    ),
    (
        lambda p: not p.pin or bool(_KEPT.fullmatch(p.pin)),
        "pin is what `ips-pos staff pin` or `ips-broker staff pin` prints, never the PIN itself",
    ),
)
