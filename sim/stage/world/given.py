"""What a world begins with: a shop with a till, equipment, cards and money; each part may be said otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from protocols.purse.rules import Rules
from sim.bank.people import People
from sim.cards.issue import CardSet, CardWish
from sim.stage.world.equipment import DEVICES, TwinWish, wish

STORE: Final = "S01"
TERMINAL: Final = "01"
FLOAT: Final = 100_000
_CARDS: Final = {
    "customer-1": CardWish(name="CUST0001", balance=50_000, pin="1234", narrative_slots=40),
    "customer-2": CardWish(name="CUST0002", balance=8_200, pin="2345", narrative_slots=40),
    "shop": CardWish(
        name="SHOP0001",
        purse_class="merchant",
        ceiling=100_000_000,
        log_slots=200,
        narrative_slots=200,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TillWish:
    """How one till is to be."""

    terminal: str = TERMINAL
    language: Literal["ko", "en"] = "en"
    devices: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the table [devices] of its configuration, beside the addresses."""
    joined: bool = True
    """Whether it has joined the broker."""
    equipment: Mapping[str, TwinWish] = field(
        default_factory=lambda: {name: wish(name) for name in DEVICES}
    )
    float_amount: int | None = FLOAT
    """What the shift is opened with; None leaves it closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The whole of it."""

    tills: tuple[TillWish, ...] = (TillWish(),)
    cards: CardSet = field(
        default_factory=lambda: CardSet(
            day=20260101, expiry=20991231, ceiling=1_000_000, cards=dict(_CARDS)
        )
    )
    foreign: frozenset[str] = frozenset()
    """Labels of cards that another issuer made."""
    banks: Mapping[str, Mapping[str, Any]] | bool = False
    """What stands under [banks] of the broker's configuration, but for addresses; True: one bank for every
    card and account of the virtual ones."""
    people: People | None = None
    """Who has accounts and cards at the banks; None: those of sim/bank/sets/market.toml."""
    bank_cards: tuple[str, ...] = ()
    """Payment cards and passbooks beside the slots, by their labels in the set `payment`; those that are
    otherwise stand in `cards`."""
    terminal_bank: bool = False
    """Whether stand-alone payment terminals ask a bank of their own; else they decide by themselves."""
    agent: bool = False
    """Whether the broker has an agent of the tax office, who gives Korean cash receipts."""
    members: Mapping[str, int] = field(default_factory=dict)
    """What members have at first, by the number of their card; without any there are no points."""
    purse_rules: Rules | None = None
    """Of the cards, where one is to be broken."""
