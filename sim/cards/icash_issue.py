"""Makes ICash cards and security modules under an issuer of our own: the part [icash] of a set.

    [icash.cards.icash-1]         # the label: names the card's files, and the card at a bench
    name = "ICUS0001"             # eight characters, unique among cards
    balance = 30_000
    purchase_max = 100_000        # the most in one purchase
    ceiling = 100_000             # left out, the set's
    expiry = 20301231             # left out, the set's
    record_slots = 16             # how many debits and loads it remembers

    [icash.modules.icash-module]  # what stands in a shop's terminal
    name = "ISHP0001"             # eight characters, unique among modules
    open_slots = 16               # purchases that were given up and not settled
    credited_slots = 200          # past purchases that it still knows

FOLDER/icash-issuer.toml has the masters; a folder that has one already is added to under the same.
"""

from pathlib import Path
from typing import Annotated, Final

import msgspec

from protocols.icash.image import CardPersonality, ModulePersonality
from protocols.icash.keys import KEY_BYTES, Masters
from protocols.ports import Entropy
from sim.cards.answers import Transmission
from sim.cards.file import ICASH_ISSUER_FILE
from sim.cards.icash import personalise_card, personalise_module
from sim.cards.icash_file import read_masters, write_card, write_masters, write_module
from sim.cards.slots import SlotFiles

KEY_VERSION: Final = 1
Money = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
Day = Annotated[int, msgspec.Meta(ge=2000_01_01, le=9999_12_31)]
Name = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{8}$")]
Slots = Annotated[int, msgspec.Meta(ge=1, le=255)]


class IcashCardWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One card of a set."""

    name: Name
    balance: Money = 0
    purchase_max: Money = 0xFFFF_FFFF
    expiry: Day | None = None
    ceiling: Money | None = None
    record_slots: Slots = 16
    transmission: Transmission = Transmission.T1


class IcashModuleWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One security module of a set."""

    name: Name
    open_slots: Slots = 16
    credited_slots: Slots = 200
    transmission: Transmission = Transmission.T1


class IcashSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The part [icash] of a set."""

    cards: dict[str, IcashCardWish] = {}
    modules: dict[str, IcashModuleWish] = {}

    def labels(self) -> list[str]:
        """Return the labels of everything in it."""
        return [*self.cards, *self.modules]

    def named_twice(self) -> str:
        """Return the label of a card or module whose name stands twice; nothing when none does."""
        for wishes in (self.cards, self.modules):
            names = [wish.name for wish in wishes.values()]
            for label, wish in wishes.items():
                if names.count(wish.name) > 1:
                    return label
        return ""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a set says for all its cards."""

    expiry: int
    ceiling: int
    currency: int


def open_masters(folder: Path, entropy: Entropy) -> Masters:
    """Return the folder's masters, made where there are none. Raises: OSError, ValueError."""
    file = folder / ICASH_ISSUER_FILE
    try:
        return read_masters(file)
    except FileNotFoundError:
        keys = [entropy.token(KEY_BYTES) for _ in range(4)]
        made = Masters(purchase=keys[0], load=keys[1], claim=keys[2], collection=keys[3])
        write_masters(file, made)
        return made


def make_icash(folder: Path, wishes: IcashSet, terms: Terms, masters: Masters) -> None:
    """Make every card and module. Raises: FileExistsError, OSError."""
    for label, wish in wishes.cards.items():
        name = wish.name.encode("ascii")
        # The memory first: a card's file without memory would be a dead card.
        personalise_card(SlotFiles(folder / label), wish.balance)
        card = CardPersonality(
            card=name,
            key_version=KEY_VERSION,
            keys=masters.card_keys(name, KEY_VERSION),
            currency=terms.currency,
            ceiling=terms.ceiling if wish.ceiling is None else wish.ceiling,
            purchase_max=wish.purchase_max,
            expiry=wish.expiry or terms.expiry,
            record_slots=wish.record_slots,
        )
        write_card(folder / f"{label}.toml", card, wish.transmission)
    for label, each in wishes.modules.items():
        name = each.name.encode("ascii")
        personalise_module(SlotFiles(folder / label))
        module = ModulePersonality(
            module=name,
            key_version=KEY_VERSION,
            purchase_master=masters.purchase,
            collection_key=masters.collection_key(name, KEY_VERSION),
            currency=terms.currency,
            open_slots=each.open_slots,
            credited_slots=each.credited_slots,
        )
        write_module(folder / f"{label}.toml", module, each.transmission)
