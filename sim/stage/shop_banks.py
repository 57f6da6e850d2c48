"""The banks of a demonstration shop: their hosts, their customers' cards, and what its broker knows of them.

    credit     a chip, its PIN 1234 goes to the bank       passbook        PIN 1234
    debit      a chip that compares its PIN 1234           passbook-poor   PIN 2345, 20,000 won
    sign       a chip whose holder signs
    no-chip    its chip is dead: there is a stripe of it, bank-chip
    expired-card

Two banks with a card issuer behind them, on ports that they choose at each opening; their books outlive
them. A broker's key with them is the virtual banks' own test key (sim.bank.keys). The cards are of the set
`payment`, whose accounts stand in sim/bank/sets/market.toml.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocols.emv.terminal import RID
from protocols.ports import Entropy

KEY_FILE: Final = "bank.key"
MODULES: Final = ("card", "transfer")
"""The payment modules whose payments go to banks."""
CHIPS: Final = {
    "credit": "credit-1",
    "debit": "debit-1",
    "sign": "sign",
    "no-chip": "fallback",
    "expired-card": "expired-card",
}
PASSBOOKS: Final = {"passbook": "passbook-1", "passbook-poor": "passbook-poor"}
"""Customers' cards by their labels here, and what the set calls them."""
PAYEE: Final = "110990001234"
"""The shop's own account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """One bank: how it speaks, and what goes to it."""

    speaks: Mapping[str, str]
    cards: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


BANKS: Final = {
    "hanbit": Bank(
        speaks={"spec": "ascii", "mac": "cmac"}, cards=("990011", "990033"), accounts=("110",)
    ),
    "nuri": Bank(speaks={"spec": "binary", "mac": "retail"}, cards=("990022",), accounts=("220",)),
}
"""One for each variant of the wire, with the people of sim/bank/sets/market.toml; the issuer's cards go to
the first."""


def banks_plan() -> str:
    """Return the bench file that serves them."""
    lines = ["# The banks of the demonstration shop."]
    for name, bank in BANKS.items():
        options = {"bank": name, **bank.speaks}
        told = ", ".join(f"{key} = {json.dumps(value)}" for key, value in options.items())
        lines += [f"[devices.{name}]", 'kind = "bank"', 'wire = "tcp"', f"options = {{ {told} }}"]
    return "\n".join(lines) + "\n"


def banks_table(hosts: Mapping[str, str]) -> str:
    """Return what the broker's file says of them; `hosts` are their addresses, as their bench tells them."""
    lines = []
    for name, bank in BANKS.items():
        lines += [
            f"[banks.{name}]",
            f"address = {json.dumps(hosts[name].removeprefix('tcp://'))}",
            *(f"{key} = {json.dumps(value)}" for key, value in bank.speaks.items()),
            f"cards = {json.dumps(bank.cards)}",
            f"accounts = {json.dumps(bank.accounts)}",
        ]
    return "\n".join(lines) + "\n"


def make_bank_cards(folder: Path, entropy: Entropy) -> None:
    """Make the customers' cards in a folder, once, and the keys they are under. Raises: OSError."""
    # Loaded when they are made: the shop's later openings need no cryptography.
    from sim.cards.emv_issue import EmvSet, make_emv, open_issuer
    from sim.cards.issue import read_set, set_file
    from sim.cards.passbook_issue import PassbookSet, make_passbooks

    shipped = read_set(set_file("payment"))
    chips = EmvSet(cards={mine: shipped.emv.cards[name] for mine, name in CHIPS.items()})
    books = PassbookSet(
        cards={mine: shipped.passbook.cards[name] for mine, name in PASSBOOKS.items()}
    )
    issuer = open_issuer(folder, entropy)
    make_emv(folder, chips, shipped.expiry, shipped.currency, issuer, entropy)
    make_passbooks(folder, books, shipped.expiry, entropy)


def cards_policy(folder: Path) -> str:
    """Return the shop's policy of cards and transfers: whose they are. Raises: OSError, ValueError."""
    from sim.cards.emv_file import read_issuer
    from sim.cards.passbook_issue import ISSUER_KEYS

    lines = []
    for (rid, index), key in read_issuer(folder).authorities(RID).items():
        lines += ["[[cards.keys]]", f'rid = "{rid.hex().upper()}"', f"index = {index}"]
        lines += [f'modulus = "{key.modulus:x}"']
    lines += ["[transfers]", f'payee = "{PAYEE}"', "[transfers.passbook_keys]"]
    lines += [f'{number} = "{key.hex()}"' for number, key in ISSUER_KEYS.items()]
    return "\n".join(lines) + "\n"
