"""The shop that is soaked: tills with all equipment, each with the shop's purse in it, and customers' cards."""

from typing import Final

from msgspec.structs import replace

from sim.bank.people import People, read_people
from sim.cards.issue import CardSet, CardWish
from sim.stage.kinds import KINDS
from sim.stage.world.equipment import (
    BYTES,
    CUSTOMER,
    PAYMENT_TERMINAL,
    PIN_PAD,
    SHOP,
    TwinWish,
    wish,
)
from sim.stage.world.given import Given, TillWish

MEMBERS: Final = ("M123456782", "M000000018", "M000000026")
"""The cards of those who collect points: few, so that they meet at every till."""
CHIPS: Final = ("sign", "credit-1", "credit-2", "debit-1")
"""Customers' chip cards of the banks."""
BOOKS: Final = ("passbook-1",)
"""Passbooks of customers."""
FLOAT: Final = 200_000
"""What a drawer begins with."""
CUSTOMERS_A_TILL: Final = 5
BALANCE: Final = 200_000_000
"""Of a customer's card: enough for a thousand hours."""
CEILING: Final = 4_000_000_000
LOG_SLOTS: Final = 250
NARRATIVE_SLOTS: Final = 60


def terminals(tills: int) -> list[str]:
    """Return the names of so many tills."""
    return [f"{number:02d}" for number in range(1, tills + 1)]


def shop_card(terminal: str) -> str:
    """Return the label of a till's own purse."""
    return f"shop-{terminal}"


def customers(tills: int) -> list[str]:
    """Return the labels of the customers' cards."""
    return [f"customer-{number}" for number in range(1, tills * CUSTOMERS_A_TILL + 1)]


def given(tills: int) -> Given:
    """Return a shop with so many tills."""
    names = terminals(tills)
    cards = {
        label: CardWish(name=f"CARD{number:04d}", balance=BALANCE, narrative_slots=NARRATIVE_SLOTS)
        for number, label in enumerate(customers(tills))
    }
    cards |= {
        shop_card(name): CardWish(
            name=f"TILL{name:>4}".replace(" ", "0"),
            purse_class="merchant",
            log_slots=LOG_SLOTS,
            narrative_slots=NARRATIVE_SLOTS,
        )
        for name in names
    }
    return Given(
        tills=tuple(
            TillWish(terminal=name, float_amount=None, equipment=_equipment(name)) for name in names
        ),
        banks=True,
        terminal_bank=True,
        bank_cards=(*CHIPS, *BOOKS),
        people=_people(),
        members=dict.fromkeys(MEMBERS, 0),
        cards=CardSet(day=20260101, expiry=20991231, ceiling=CEILING, cards=cards),
    )


def _people() -> People:
    """Return the banks' customers, with enough for a thousand hours."""
    market = read_people()
    return replace(
        market,
        accounts={
            number: replace(each, balance=CEILING) for number, each in market.accounts.items()
        },
        cards={
            number: replace(each, credit=CEILING if each.credit else 0)
            for number, each in market.cards.items()
        },
    )


def _equipment(terminal: str) -> dict[str, TwinWish]:
    inserted = KINDS["smart_card"].options(inserted=shop_card(terminal))
    return {name: wish(name) for name in (*BYTES, PIN_PAD, CUSTOMER, PAYMENT_TERMINAL)} | {
        SHOP: TwinWish(options=inserted)
    }
