"""The banks of a demonstration shop: what their hosts are started with, and what its broker knows of them.

Two banks with a card issuer behind them, on ports that they choose at each opening; their books outlive
them. A broker's key with them is the virtual banks' own test key (sim.bank.keys).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

KEY_FILE: Final = "bank.key"
MODULES: Final = ("card", "transfer")
"""The payment modules whose payments go to banks."""


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
