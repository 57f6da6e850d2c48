"""Payment cards and passbooks of a world, and the PIN pad that knows them: of the virtual banks.

Their keys are the same in every world of a program: making one takes longer than a whole sale. What a card
remembers is its world's own. Labels are those of the set `payment`; balances are the banks' business (sim/bank/sets).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from protocols.card_rules import CardKey, CardRules
from protocols.emv.terminal import RID
from protocols.passbook.card import Image, Personality
from protocols.passbook.rule import TransferRule
from protocols.pin_pad.words import PinBlockFormat
from protocols.purse.memory import TwoSlotMemory
from sim.bank.pins import PinKeys
from sim.cards.card import Card
from sim.cards.emv import EmvCard, EmvImage, EmvPersonality, personalise_emv
from sim.cards.emv_file import EmvIssuer
from sim.cards.emv_issue import EmvCardWish, make_card, new_issuer
from sim.cards.issue import CardSet, read_set, set_file
from sim.cards.passbook import PassbookCard, personalise
from sim.cards.passbook_issue import ISSUER_KEYS, PassbookWish, make_passbook
from sim.cards.slots import SlotMemory
from sim.entropy import SeededEntropy
from sim.pin_pad_keys import initial_key_of, load_pad

TRANSFERS: Final = TransferRule(
    payee="110990001234",
    passbook_keys={str(number): key.hex() for number, key in ISSUER_KEYS.items()},
)
"""What the office publishes: the shop's account, and the virtual banks' key."""
_SEED: Final = 1
Wish = EmvCardWish | PassbookWish


@cache
def shipped() -> CardSet:
    """Return the set `payment`."""
    return read_set(set_file("payment"))


def payment_set(labels: Iterable[str]) -> dict[str, Wish]:
    """Return cards of that set. Raises: KeyError for one that it has not."""
    known: dict[str, Wish] = {**shipped().emv.cards, **shipped().passbook.cards}
    return {label: known[label] for label in labels}


@cache
def issuer() -> EmvIssuer:
    """Return who makes the payment cards of every world of this program."""
    return new_issuer(SeededEntropy(_SEED))


def bank_cards(wishes: Mapping[str, Wish], entropy: SeededEntropy) -> dict[str, Card]:
    """Return new cards by their labels."""
    return {
        label: _chip(label, wish, entropy.fork(label))
        if isinstance(wish, EmvCardWish)
        else _book(label, wish)
        for label, wish in wishes.items()
    }


def card_rules(made: EmvIssuer) -> CardRules:
    """Return what a till is told of an issuer's cards: its authority's key."""
    return CardRules(
        keys=[
            CardKey(rid=rid.hex().upper(), index=index, modulus=f"{key.modulus:x}")
            for (rid, index), key in made.authorities(RID).items()
        ]
    )


def pad_keys(entropy: SeededEntropy) -> dict[str, Any]:
    """Return what a PIN pad of a world was loaded with: under whom chips are, and a key for the banks."""
    slots, form = SlotMemory(), PinBlockFormat.FORMAT_4
    load_pad(slots, form, *initial_key_of(form, PinKeys().aes_base, entropy.token(4)))
    return {"authorities": issuer().authorities(RID), "bank_memory": TwoSlotMemory(slots)}


def _chip(label: str, wish: EmvCardWish, entropy: SeededEntropy) -> EmvCard:
    personality, image = _made(wish)
    slots = SlotMemory()
    personalise_emv(slots, image)
    card = EmvCard(
        label=label, personality=personality, slots=slots, transmission=wish.transmission
    )
    # What the chip makes its challenges of.
    card.chip.entropy = entropy
    return card


def _book(label: str, wish: PassbookWish) -> PassbookCard:
    personality, image = _made_book(label, wish)
    slots = SlotMemory()
    personalise(slots, image)
    return PassbookCard(
        label=label, personality=personality, slots=slots, transmission=wish.transmission
    )


@cache
def _made(wish: EmvCardWish) -> tuple[EmvPersonality, EmvImage]:
    entropy = SeededEntropy(_SEED).fork(f"{wish.pan} {wish.sequence}")
    return make_card(issuer(), wish, shipped().expiry, shipped().currency, entropy)


@cache
def _made_book(label: str, wish: PassbookWish) -> tuple[Personality, Image]:
    return make_passbook(wish, shipped().expiry, SeededEntropy(_SEED).fork(label))
