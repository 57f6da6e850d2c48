"""The five answers of anything that moves money: exactly one of them, never an exception or a bool.

Approved   it moved; the reference proves it
Declined   it did not move, and the peer said why
Pending    it was accepted and will move, or not, by a known time
Unknown    it may or may not have moved: ask, never try again under a new key
NotSent    not one byte that could move it has left
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from protocols.money import Money

Blanks = Mapping[str, str | int]
"""What fills the blanks of a message's sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """The money moved."""

    amount: Money
    """What moved; less than what was asked for when a peer approves a part."""
    reference: str
    """The peer's own number for it, printed on paper; empty where there is none (cash)."""
    told: Mapping[str, str] = field(default_factory=dict)
    """What else the peer said, for the device that asked and nobody else: never stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The money did not move."""

    code: str
    """A code of the message table, such as PUR-01; its sentence tells the clerk what to do."""
    reason: str
    """The peer's own words or code, for the journal."""
    blanks: Blanks = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    """As of Approved: a chip wants its issuer's word, whatever it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Accepted, not yet settled: giro, automatic debit, a stored offline authorisation."""

    reference: str
    until_ns: int
    """UTC nanoseconds after which silence is a question to somebody."""


class Missing(Enum):
    """What it takes to find out what became of a payment that nobody knows about."""

    NOTHING = "nothing"
    """Everybody is there, or nobody can tell who is not: ask again."""
    CARD = "card"
    """The card that was paying."""
    ANOTHER_CARD = "another_card"
    """The same; another one is in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """It may have moved. A recovery case is open under the attempt key."""

    case_id: str
    """The attempt key under which the peer is asked."""
    reason: str
    code: str = "CRD-05"
    """A code of the message table; its sentence tells the clerk how to find out."""
    missing: Missing = Missing.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Nothing left; trying again under the same key is safe."""

    code: str
    """A code of the message table, such as RDR-01."""
    reason: str
    blanks: Blanks = field(default_factory=dict)
    instead: str = ""
    """Which other way to pay, of the same kind, takes the card that is there."""


Outcome = Approved | Declined | Pending | Unknown | NotSent
"""What moves money answers exactly one of these."""
