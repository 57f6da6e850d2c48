"""What a till keeps of a bank's card: never its number, and enough for a slip.

    entry=stripe;card=990033******0011;by=signature
    entry=chip;card=990033******1019;by=online_pin;label=IPS CREDIT;aid=F0495053011010

It stands in the attempt's intent, as name=value: what a slip or a recovery needs after a crash comes from
there, and from the broker.
"""

from dataclasses import dataclass
from typing import Final, Literal

Entry = Literal["chip", "stripe", "fallback"]
"""How a card was read; fallback: its stripe, because its chip had failed here."""
By = Literal["none", "online_pin", "chip_pin", "signature"]
"""How it was verified that the card is its holder's."""
_NAMES: Final = {"entry": "entry", "card": "shown", "by": "by", "label": "label", "aid": "aid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSeen:
    """One card, as it may be kept and shown."""

    entry: Entry
    shown: str
    """Its number, masked."""
    by: By = "none"
    label: str = ""
    """Of the application that paid."""
    aid: str = ""
    """The same, hexadecimal."""

    def peer(self) -> str:
        """Return it as an intent has it."""
        values = {name: getattr(self, field) for name, field in _NAMES.items()}
        kept = {name: _plain(value) for name, value in values.items() if value}
        return ";".join(f"{name}={value}" for name, value in kept.items())


def seen_in(peer: str) -> CardSeen:
    """Return what an intent says of its card; one that says nothing was swiped."""
    values = dict(pair.split("=", 1) for pair in peer.split(";") if "=" in pair)
    found = {field: values[name] for name, field in _NAMES.items() if name in values}
    return CardSeen(**({"entry": "stripe", "shown": ""} | found))  # type: ignore[arg-type]


def _plain(value: str) -> str:
    """Return it without what would end it: a card's label is whatever its issuer wrote."""
    return value.replace(";", ",").replace("=", "-")
