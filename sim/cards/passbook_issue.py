"""Makes passbooks of the virtual banks: the part [passbook] of a set.

[passbook.cards.passbook-1]   # the label: names the card's files, and the card at a bench
account = "110220330440"      # 10 to 19 digits; of a virtual bank (sim/bank/sets)
pin = "1234"                  # 4 to 12 digits, for a reader's own keypad; the bank has its own
tries = 3                     # left, of 3
expiry = 20301231             # left out, the set's
blocked = false
foreign = false               # certified by nobody that is known here
transmission = "t1"           # or t0
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import msgspec

from protocols.passbook.card import Image, Personality, first_image
from protocols.passbook.order import Certificate, certificate_text
from protocols.ports import Entropy
from protocols.purse.suite import P256, public_key, secret_from
from protocols.secure_pin import pin_block
from sim.cards.answers import Transmission
from sim.cards.passbook import personalise
from sim.cards.passbook_file import write_card
from sim.cards.slots import SlotFiles

ISSUER_KEY: Final = 1
TRIES_MAX: Final = 3
SECRET_BYTES: Final = 40
TEST_SECRET: Final = secret_from(hashlib.sha512(b"the virtual banks certify passbooks").digest())
"""Of the virtual banks, and no secret at all: so a virtual bank knows the cards of any bench."""
ISSUER_KEYS: Final = {ISSUER_KEY: public_key(TEST_SECRET)}
"""What a bank or a terminal is given."""
Day = Annotated[int, msgspec.Meta(ge=2000_01_01, le=9999_12_31)]


class PassbookWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One card of a set."""

    account: Annotated[str, msgspec.Meta(pattern="^[0-9]{10,19}$")]
    pin: Annotated[str, msgspec.Meta(pattern="^[0-9]{4,12}$")] = "1234"
    tries: Annotated[int, msgspec.Meta(ge=0, le=TRIES_MAX)] = TRIES_MAX
    expiry: Day | None = None
    blocked: bool = False
    foreign: bool = False
    transmission: Transmission = Transmission.T1


class PassbookSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The part [passbook] of a set."""

    cards: dict[str, PassbookWish] = {}

    def labels(self) -> list[str]:
        """Return the labels of its cards."""
        return [*self.cards]


def make_passbooks(folder: Path, wishes: PassbookSet, expiry: int, entropy: Entropy) -> None:
    """Make every card. Raises: FileExistsError, OSError."""
    for label, wish in wishes.cards.items():
        personality, image = make_passbook(wish, expiry, entropy)
        # The memory first: a card's file without memory would be a dead card.
        personalise(SlotFiles(folder / label), image)
        write_card(folder / f"{label}.toml", personality, wish.transmission)


def make_passbook(wish: PassbookWish, expiry: int, entropy: Entropy) -> tuple[Personality, Image]:
    """Make one card of a set, and keep it nowhere."""
    secret = secret_from(entropy.token(SECRET_BYTES))
    issuer = secret_from(entropy.token(SECRET_BYTES)) if wish.foreign else TEST_SECRET
    certificate = Certificate(
        issuer_key=ISSUER_KEY,
        account=wish.account,
        expiry=wish.expiry or expiry,
        public_key=public_key(secret),
    )
    signature = P256().sign(issuer, certificate_text(certificate))
    personality = Personality(
        account=wish.account,
        secret=secret,
        certificate=replace(certificate, signature=signature).encode(),
    )
    image = first_image(
        pin_block(wish.pin), tries=wish.tries, tries_max=TRIES_MAX, blocked=wish.blocked
    )
    return personality, image
