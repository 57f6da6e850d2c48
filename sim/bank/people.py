"""Who has which account and card: a TOML table, read once into a bank's books.

[banks.hanbit]              prefixes of its cards, first digits of its accounts
[accounts.110220330440]     holder, balance, pin (for transfers by its passbook card)
[cards.9900110000000017]    account, or credit; pin, expiry, and what it may
"""

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec

MARKET: Final = Path(__file__).parent / "sets" / "market.toml"
Pin = Annotated[str, msgspec.Meta(pattern="^([0-9]{4,12})?$")]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Status = Literal["good", "lost", "stolen", "restricted"]
S = TypeVar("S")


class PeopleError(ValueError):
    """A set cannot be used; the message names file and place."""


class BankWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bank or issuer."""

    ko: str
    prefixes: list[str] = []
    accounts: list[str] = []


class AccountWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's account."""

    holder: str
    balance: Amount = 0
    pin: Pin = ""
    currency: str = "KRW"


class CardWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card; limits of 0 are none."""

    expiry: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}$")]
    pin: Pin = ""
    account: str = ""
    credit: Amount = 0
    """What may be owed on it, where no account is behind it."""
    status: Status = "good"
    pin_needed: bool = False
    refund_only: bool = False
    sale_limit: Amount = 0
    day_limit: Amount = 0
    day_count: Amount = 0


class People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole set."""

    banks: dict[str, BankWish]
    accounts: dict[str, AccountWish] = {}
    cards: dict[str, CardWish] = {}

    def bank_of_card(self, pan: str) -> str:
        """Return who issued a card; nothing where nobody has its prefix."""
        return _longest(pan, {name: bank.prefixes for name, bank in self.banks.items()})

    def bank_of_account(self, number: str) -> str:
        """Return whose account this is; nothing where it is nobody's."""
        return _longest(number, {name: bank.accounts for name, bank in self.banks.items()})


def _longest(number: str, prefixes: dict[str, list[str]]) -> str:
    fits = [(len(p), name) for name, each in prefixes.items() for p in each if number.startswith(p)]
    return max(fits)[1] if fits else ""


def read_people(file: Path = MARKET) -> People:
    """Read a set. Raises: PeopleError."""
    try:
        people = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), People)
    except OSError as error:
        raise PeopleError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise PeopleError(f"{file}: {error}") from error
    for pan, card in people.cards.items():
        if not people.bank_of_card(pan):
            raise PeopleError(f"{file}: cards.{pan}: no bank has its prefix")
        if bool(card.account) is bool(card.credit):
            raise PeopleError(f"{file}: cards.{pan}: either an account or a credit is behind it")
        if card.account and card.account not in people.accounts:
            raise PeopleError(f"{file}: cards.{pan}: there is no account {card.account}")
    for number in people.accounts:
        if not people.bank_of_account(number):
            raise PeopleError(f"{file}: accounts.{number}: no bank has numbers like it")
    return people
