"""The e-cash of a demonstration shop: its customers' cards and its own purse, under its broker's key.

    customer   50,000
    pin        50,000, wants its PIN 1234 above 5,000
    short       3,000
    locked     50,000, deactivated by its holder
    stranger   a card of another issuer

Each card makes its key itself and the broker certifies it, as a till's own purse comes to be: nobody
but the broker ever has the issuer's key, and what the cards hold joins its float.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocols.ports import Entropy
from protocols.purse.image import Life, Parameters, decode_image, encode_image, first_image
from protocols.purse.issuing import Card, Issuer, Profile, make_card
from protocols.purse.personalising import card_of, make_request, open_answer
from protocols.purse.suite import P256, public_key, secret_from
from protocols.secure_pin import pin_block
from sim.cards.answers import Transmission
from sim.cards.purse import personalise
from sim.cards.purse_file import write_card
from sim.cards.slots import SlotFiles

FOLDER: Final = "cards"
PIN: Final = "1234"
SECRET_BYTES: Final = 40
CEILING: Final = 200_000
STRANGER: Final = "stranger"
STRANGE_KEY: Final = 9
Certify = Callable[..., str]
"""Runs `ips-broker` with these arguments and returns what it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A customer's card."""

    name: str
    first: int = 50_000
    pin_above: int = 0xFFFF_FFFF
    locked: bool = False


CUSTOMERS: Final = {
    "customer": Wish(name="CUST0001"),
    "pin": Wish(name="CUST0002", pin_above=5_000),
    "short": Wish(name="CUST0003", first=3_000),
    "locked": Wish(name="CUST0004", locked=True),
}


def make_customers(folder: Path, broker: Certify, entropy: Entropy) -> None:
    """Make the cards in a folder, once. Raises: ChildError, OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for label, wish in CUSTOMERS.items():
        _keep(folder, label, _certified(wish, broker, entropy))
    # Under a number of its own: whoever knows both issuers, such as the PIN pad, keeps them apart.
    other = Issuer(
        key_id=STRANGE_KEY, secret=secret_from(entropy.token(SECRET_BYTES)), suite=P256()
    )
    profile = Profile(
        name=b"STRANGER",
        purse_class=0,
        expiry=20991231,
        currencies=(410, 0, 0, 0, 0),
        ceilings=(CEILING, 0, 0, 0, 0),
        balances=(50_000, 0, 0, 0, 0),
    )
    secret = secret_from(entropy.token(SECRET_BYTES))
    _keep(folder, STRANGER, make_card(other, profile, secret=secret))


def _certified(wish: Wish, broker: Certify, entropy: Entropy) -> Card:
    secret = secret_from(entropy.token(SECRET_BYTES))
    told = broker(
        *("purse", "certify", make_request(secret, P256()).hex(), "--class", "consumer"),
        *("--name", wish.name, "--ceiling", str(CEILING), "--first", f"KRW={wish.first}", "--json"),
    )
    answer = bytes.fromhex(json.loads(told)["answer"])
    terms = open_answer(answer, public_key(secret), P256())
    image = first_image(
        balances=terms.balances,
        pin=pin_block(PIN),
        parameters=Parameters(pin_above=wish.pin_above),
        date=terms.day,
    )
    if wish.locked:
        image = image._replace(life=Life.LOCKED)
    return Card(personality=card_of(terms, secret).personality, image=encode_image(image))


def _keep(folder: Path, label: str, card: Card) -> None:
    # The memory first: a card's file without memory would be a dead card.
    personalise(SlotFiles(folder / label), decode_image(card.image))
    write_card(folder / f"{label}.toml", card.personality, Transmission.T1)
