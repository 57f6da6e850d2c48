"""What the terminal's side is told: the terminal, the applications it takes, one payment.

Policy as data: floor limits, action codes, the authorities' keys. Nothing here is asked of a card.
Source: EMV 4.4 book 4, annex A; book 3, 10.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from protocols.emv.bits import Capability, Tvr
from protocols.emv.rsa import PublicKey

RID: Final = bytes.fromhex("F049505301")
"""Ours; F begins what is registered by nobody (ISO/IEC 7816-5)."""
RID_BYTES: Final = 5
CREDIT_AID: Final = RID + bytes.fromhex("1010")
DEBIT_AID: Final = RID + bytes.fromhex("2010")
REFUND: Final = 0x20
"""Transaction type: goods come back."""
PURCHASE: Final = 0x00
ATTENDED_ONLINE_WITH_OFFLINE: Final = 0x22
ATTENDED_ONLINE_ONLY: Final = 0x21
CAUTIOUS: Final = Tvr(0xFC_F8FC_F8F0)
"""Whatever is odd is asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application that the terminal takes."""

    aid: bytes
    """A card's name may be longer, and begins with it."""
    label: str
    version: int = 1
    floor_limit: int = 0
    """Above it the issuer is asked; minor units."""
    random_percent: int = 0
    """Of the payments under the floor limit, so many in a hundred are sent to the issuer by chance."""
    denial: Tvr = Tvr.NONE
    online: Tvr = CAUTIOUS
    default: Tvr = CAUTIOUS
    """When the issuer should be asked and cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """One terminal."""

    applications: tuple[Application, ...]
    authorities: Mapping[tuple[bytes, int], PublicKey] = field(default_factory=dict)
    """By RID and index."""
    capabilities: Capability
    country: int = 410
    kind: int = ATTENDED_ONLINE_WITH_OFFLINE
    more_capabilities: bytes = bytes.fromhex("6000B0A001")
    serial: str = "IPS00001"
    """Eight characters."""
    hotlist: frozenset[str] = field(default=frozenset(), repr=False)
    """Numbers of cards that are to be refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What is to be paid, or paid back."""

    amount: int
    """Minor units."""
    currency: int
    """ISO 4217 number."""
    exponent: int
    """How many digits of it stand behind the point."""
    date: int
    """The store's date, YYYYMMDD."""
    time: int
    """HHMMSS."""
    number: int
    """Of the transaction at this terminal: its STAN."""
    unpredictable: bytes
    """Four random bytes that nobody could have known."""
    draw: int = 0
    """A random number from 0 to 99: who is sent to the issuer by chance."""
    kind: int = PURCHASE
    forced_online: bool = False
