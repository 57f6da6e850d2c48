"""Which payment applications a shop takes, and under whose keys: part of its policy.

    [cards]
    country = 410
    [[cards.applications]]         left out: the two of our own private RID
    aid = "F0495053011010"
    label = "IPS CREDIT"
    denial = "7C70000000"          TVR bits, ten hexadecimal digits
    [[cards.keys]]                 certification authorities' public keys
    rid = "F049505301"
    index = 1
    modulus = "..."

Every payment is asked of its bank: a card is never taken offline by the till's own decision. What the
broker stands in for while a bank is away is its own policy (ips/bank).
Source: EMV 4.4 book 3, 10.7 (action codes); book 2, 11.2 (authorities' keys).
"""

from typing import Annotated, Final

import msgspec

_Aid = Annotated[str, msgspec.Meta(pattern="^([0-9A-Fa-f]{2}){5,16}$")]
_Tvr = Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{10}$")]
REFUSED: Final = "7C70000000"
"""Cards that have expired or are not valid yet, whose service is not allowed, and copies."""
CAUTIOUS: Final = "FCF8FCF8F0"


class CardApplication(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An application that the shop takes."""

    aid: _Aid
    label: Annotated[str, msgspec.Meta(max_length=16)]
    denial: _Tvr = REFUSED
    """What is declined without asking anybody."""
    default: _Tvr = CAUTIOUS
    """What is declined when the bank cannot be asked."""


class CardKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The public key of a certification authority."""

    rid: Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{10}$")]
    index: Annotated[int, msgspec.Meta(ge=0, le=255)]
    modulus: Annotated[str, msgspec.Meta(pattern="^([0-9A-Fa-f]{2}){64,248}$")]
    exponent: Annotated[int, msgspec.Meta(ge=3, le=65_537)] = 65_537


OURS: Final = (
    CardApplication(aid="F0495053011010", label="IPS CREDIT"),
    CardApplication(aid="F0495053012010", label="IPS DEBIT"),
)


class CardRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a terminal is told of cards."""

    applications: list[CardApplication] = msgspec.field(default_factory=lambda: list(OURS))
    keys: list[CardKey] = []
    country: Annotated[int, msgspec.Meta(ge=1, le=999)] = 410
    """ISO 3166 number."""
