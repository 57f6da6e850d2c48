"""Passbooks for tests: cards of the virtual banks' accounts, and what they sign."""

from protocols.iso7816 import Command, parse_response
from protocols.passbook.card import AID
from protocols.passbook.order import Holder, Order
from protocols.purse.details import order_reference
from sim.cards.answers import Transmission
from sim.cards.passbook import PassbookCard, personalise
from sim.cards.passbook_issue import PassbookWish, make_passbook
from sim.cards.slots import SlotMemory
from sim.entropy import SeededEntropy

ACCOUNT, PAYEE = "110220330440", "2201102203301"


def passbook(transmission: Transmission = Transmission.T1, **changes: object) -> PassbookCard:
    """A card; `changes` are fields of its wish."""
    wish = PassbookWish(**({"account": ACCOUNT} | changes))  # type: ignore[arg-type]
    personality, image = make_passbook(wish, 20301231, SeededEntropy(1))
    slots = SlotMemory()
    personalise(slots, image)
    return PassbookCard(
        label="book", personality=personality, slots=slots, transmission=transmission
    )


def signed_order(card: PassbookCard, key: str, amount: int, **changes: object) -> str:
    """What a till sends of a card's order for a payment: order, signature, certificate."""
    wish = {
        "account": card.chip.personality.account, "payee": PAYEE, "amount": amount, "currency": 410,
        "reference": order_reference(key), "day": 20260417, "counter": 1, "holder": Holder.BANK,
    }  # fmt: skip
    order = Order(**(wish | changes))  # type: ignore[arg-type]
    card.power_on()
    card.handle(Command(0x00, 0xA4, 4, 0, AID, 256).encode())
    answer = card.handle(Command(0x90, 0x54, 0, 0, order.request(), 256).encode())
    certificate = card.chip.personality.certificate
    return (parse_response(answer).data + certificate).hex().upper()
