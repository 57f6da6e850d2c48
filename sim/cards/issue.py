"""Makes a set of cards under issuers of our own, from a TOML file.

    day = 20260417                # what the cards take for today, YYYYMMDD
    expiry = 20301231             # the last day; a card may have its own
    ceiling = 200_000             # likewise
    currency = 410                # ISO 4217 number of the one pocket

    [cards.customer-1]            # the label: names the card's files, and the card at a bench
    name = "CUST0001"             # eight characters, unique under an issuer
    class = "consumer"            # consumer, merchant, courier, teller, originator
    balance = 50_000
    pin = "1234"                  # 4 to 12 digits
    pin_above = 30_000            # a payment above this wants the PIN
    locked = false                # deactivated: receives, cannot pay
    hotlisted = false             # every other card of the set refuses this one
    transmission = "t1"           # or t0

    [icash.cards.icash-1]         # a second scheme: sim.cards.icash_issue
    [emv.cards.credit-1]          # payment cards: sim.cards.emv_issue
    [passbook.cards.passbook-1]   # passbooks: sim.cards.passbook_issue

Keys come from the injected entropy, so one seed makes the same cards. FOLDER/issuer.toml is the issuer's
key: whoever has it makes money. A folder that has one already is added to under the same issuer.
"""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import msgspec

from protocols.ports import Entropy
from protocols.purse.details import NAME_BYTES, PurseClass
from protocols.purse.image import (
    POCKETS,
    Image,
    Life,
    Parameters,
    decode_image,
    encode_image,
)
from protocols.purse.issuing import Card, Issuer, Profile, make_card
from protocols.purse.suite import Suite, public_key, secret_from
from protocols.secure_pin import DIGITS_MAX, DIGITS_MIN, pin_block
from sim.cards.answers import Transmission
from sim.cards.emv_issue import EmvSet, make_emv
from sim.cards.emv_issue import open_issuer as open_emv_issuer
from sim.cards.file import ISSUER_FILE
from sim.cards.icash_issue import IcashSet, Terms, make_icash, open_masters
from sim.cards.passbook_issue import PassbookSet, make_passbooks
from sim.cards.private import write_private
from sim.cards.purse import personalise
from sim.cards.purse_file import write_card
from sim.cards.slots import SlotFiles

SECRET_BYTES: Final = 40
ISSUER_KEY: Final = 1
_SETS: Final = Path(__file__).parent / "sets"
Money = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
Day = Annotated[int, msgspec.Meta(ge=2000_01_01, le=9999_12_31)]
Slots = Annotated[int, msgspec.Meta(ge=1, le=255)]


class CardSetError(ValueError):
    """A set cannot be made. The message names the file, the card, and what is wrong."""


class CardWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One card of a set."""

    name: str
    purse_class: str = msgspec.field(name="class", default="consumer")
    balance: Money = 0
    pin: str = "0000"
    pin_above: Money = 0xFFFF_FFFF
    expiry: Day | None = None
    ceiling: Money | None = None
    locked: bool = False
    hotlisted: bool = False
    log_slots: Slots = 10
    narrative_slots: Slots = 10
    transmission: Transmission = Transmission.T1


class CardSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A set of cards to be made."""

    day: Day
    expiry: Day
    ceiling: Money
    cards: dict[str, CardWish] = {}
    icash: IcashSet = IcashSet()
    emv: EmvSet = EmvSet()
    passbook: PassbookSet = PassbookSet()
    currency: Annotated[int, msgspec.Meta(ge=1, le=999)] = 410

    def labels(self) -> list[str]:
        """Return the labels of all cards; the same one may stand twice."""
        parts = (self.icash, self.emv, self.passbook)
        return [*self.cards, *(label for part in parts for label in part.labels())]


def sets() -> list[str]:
    """Return the names of the sets that come with the program."""
    return sorted(file.stem for file in _SETS.glob("*.toml"))


def set_file(name: str) -> Path:
    """Return the file of a set that comes with the program."""
    return _SETS / f"{name}.toml"


def read_set(file: Path) -> CardSet:
    """Read a set. Raises: CardSetError."""
    try:
        wishes = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), CardSet)
    except (OSError, ValueError) as error:
        raise CardSetError(f"{file}: {error}") from error
    return checked(wishes, f"{file}")


def checked(wishes: CardSet, where: str) -> CardSet:
    """Return a set whose cards can be made. Raises: CardSetError that begins with `where`."""
    names = [wish.name for wish in wishes.cards.values()]
    for label, wish in wishes.cards.items():
        wrong = _wrong(wish)
        if wrong or names.count(wish.name) > 1:
            raise CardSetError(f"{where}: cards.{label}: {wrong or 'its name stands twice'}")
    if twice := wishes.icash.named_twice():
        raise CardSetError(f"{where}: icash: {twice}: its name stands twice")
    if wrong := wishes.emv.wrong():
        raise CardSetError(f"{where}: emv.cards.{wrong}")
    labels = wishes.labels()
    if not labels:
        raise CardSetError(f"{where}: there is no card in it")
    if same := [label for label in labels if labels.count(label) > 1]:
        raise CardSetError(f"{where}: {same[0]}: a label names one card only")
    return wishes


def open_issuer(folder: Path, entropy: Entropy, suite: Suite) -> Issuer:
    """Return the folder's issuer, made where there is none. Raises: OSError, CardSetError."""
    file = folder / ISSUER_FILE
    try:
        secret = int(tomllib.loads(file.read_text(encoding="utf-8"))["secret"], 16)
    except FileNotFoundError:
        secret = secret_from(entropy.token(SECRET_BYTES))
        public = public_key(secret).hex()
        write_private(
            file, f'key_id = {ISSUER_KEY}\nsecret = "{secret:064x}"\npublic = "{public}"\n'
        )
    except (KeyError, ValueError) as error:
        raise CardSetError(f"{file}: this is no issuer's key: {error}") from error
    return Issuer(key_id=ISSUER_KEY, secret=secret, suite=suite)


def make_set(folder: Path, wishes: CardSet, *, suite: Suite, entropy: Entropy) -> None:
    """Make every card of a set. Raises: FileExistsError where one is there already, OSError,
    CardSetError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for label in wishes.labels():
        if (folder / f"{label}.toml").exists():
            raise FileExistsError(f"{folder / label}.toml is a card already: choose another folder")
    if wishes.icash.labels():
        _make_icash(folder, wishes, entropy)
    if wishes.emv.labels():
        _make_emv(folder, wishes, entropy)
    make_passbooks(folder, wishes.passbook, wishes.expiry, entropy)
    if not wishes.cards:
        return
    issuer = open_issuer(folder, entropy, suite)
    for label, wish in wishes.cards.items():
        made = make_one(issuer, wishes, label, entropy=entropy)
        # The memory first: a card's file without memory would be a dead card.
        personalise(SlotFiles(folder / label), decode_image(made.image))
        write_card(folder / f"{label}.toml", made.personality, wish.transmission)


def _make_icash(folder: Path, wishes: CardSet, entropy: Entropy) -> None:
    terms = Terms(expiry=wishes.expiry, ceiling=wishes.ceiling, currency=wishes.currency)
    try:
        masters = open_masters(folder, entropy)
    except ValueError as error:
        raise CardSetError(str(error)) from error
    make_icash(folder, wishes.icash, terms, masters)


def _make_emv(folder: Path, wishes: CardSet, entropy: Entropy) -> None:
    try:
        issuer = open_emv_issuer(folder, entropy)
    except ValueError as error:
        raise CardSetError(str(error)) from error
    make_emv(folder, wishes.emv, wishes.expiry, wishes.currency, issuer, entropy)


def make_one(issuer: Issuer, wishes: CardSet, label: str, *, entropy: Entropy) -> Card:
    """Make one card of a set, and keep it nowhere."""
    wish = wishes.cards[label]
    secret = secret_from(entropy.token(SECRET_BYTES))
    made = make_card(issuer, _profile(wish, wishes), secret=secret, day=wishes.day)
    return replace(made, image=encode_image(_memory(made, wish)))


def _profile(wish: CardWish, wishes: CardSet) -> Profile:
    others = (each for each in wishes.cards.values() if each.hotlisted and each is not wish)
    return Profile(
        name=wish.name.encode("ascii"),
        purse_class=PurseClass[wish.purse_class.upper()],
        expiry=wish.expiry or wishes.expiry,
        currencies=_first(wishes.currency),
        ceilings=_first(wishes.ceiling if wish.ceiling is None else wish.ceiling),
        balances=_first(wish.balance),
        pin=pin_block(wish.pin),
        parameters=Parameters(
            pin_above=wish.pin_above,
            hotlist=tuple(sorted(each.name.encode("ascii") for each in others)),
        ),
        log_slots=wish.log_slots,
        narrative_slots=wish.narrative_slots,
    )


def _memory(made: Card, wish: CardWish) -> Image:
    image = decode_image(made.image)
    return image._replace(life=Life.LOCKED) if wish.locked else image


def _first(value: int) -> tuple[int, ...]:
    return (value,) + (0,) * (POCKETS - 1)


def _wrong(wish: CardWish) -> str:
    if len(wish.name) != NAME_BYTES or not wish.name.isascii() or not wish.name.isalnum():
        return f"name: {wish.name!r} is not {NAME_BYTES} letters and digits"
    if wish.purse_class.upper() not in PurseClass.__members__:
        known = ", ".join(each.name.lower() for each in PurseClass)
        return f"class: {wish.purse_class!r} is none of {known}"
    if not (
        wish.pin.isascii() and wish.pin.isdigit() and DIGITS_MIN <= len(wish.pin) <= DIGITS_MAX
    ):
        return f"pin: {DIGITS_MIN} to {DIGITS_MAX} digits"
    return ""
