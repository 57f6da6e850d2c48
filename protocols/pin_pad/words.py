"""What till and PIN pad say to each other, as values; how it is written stands in codec.

The amount is a value, not a text of the till's: the pad writes it itself, so that nothing else can stand
where it asks for a PIN.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from protocols.money import Money

TURNS: Final = 100
SECONDS_MAX: Final = 250
LINE_CELLS: Final = 20
"""Cells of one line; a Hangul syllable takes two."""
LINE_CHARACTERS_MAX: Final = 40


class Language(Enum):
    """What the pad speaks to the customer."""

    KO = "ko"
    EN = "en"


class Reason(Enum):
    """Why something is not done."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    """No such word."""
    PURPOSE = "purpose"
    """It seals no PIN for that."""
    KEYS = "keys"
    """It has no key for the bank, or has used up all it had."""
    BUSY = "busy"
    CERTIFICATE = "certificate"
    """The card's certificate is not by an issuer that this pad knows."""
    OPENED = "opened"
    """Somebody opened the pad: it takes no PIN any more."""


# Commands


@dataclass(frozen=True, slots=True)
class Identify:
    """Who are you?"""


@dataclass(frozen=True, slots=True)
class AskStatus:
    """How are you?"""


@dataclass(frozen=True, slots=True)
class Show:
    """Show two lines; both empty, be idle."""

    language: Language
    upper: str
    lower: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Have the customer confirm an amount with the enter key."""

    language: Language
    amount: Money
    seconds: int


@dataclass(frozen=True, slots=True)
class SealForCard:
    """Seal the PIN for this card and its challenge; the purpose `verify`."""

    challenge: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True)
class EncipherForBank:
    """Encipher the PIN for the bank, bound to this card's number; the purpose `online`."""

    pan: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EncipherForChip:
    """Encipher the PIN for this chip, whose PIN key the pad checks itself; the purpose `chip`.

    protocols.emv.steps.PinKeys has all of it.
    """

    pan: str = field(repr=False)
    authority: tuple[bytes, int]
    """RID and index."""
    challenge: bytes
    issuer: tuple[bytes, bytes, bytes]
    """Certificate, remainder, exponent: 90, 92, 9F32."""
    card: tuple[bytes, bytes, bytes]
    """The same of its PIN key: 9F2D, 9F2F, 9F2E."""


Purpose: TypeAlias = SealForCard | EncipherForBank | EncipherForChip
"""For whom a PIN is sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterPin:
    """Have the customer enter the PIN, with the amount before their eyes."""

    language: Language
    amount: Money
    seconds: int
    digits_min: int
    digits_max: int
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Cancel:
    """End what runs under this turn; answered by its command's answer, if at all."""


Command: TypeAlias = Identify | AskStatus | Show | Confirm | EnterPin | Cancel


# Answers


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the pad is, and whose cards it knows."""

    model: str
    serial: str
    version: str
    issuer_keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """How the pad is."""

    opened: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """Both lines are on the display."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The customer pressed enter."""


@dataclass(frozen=True, slots=True)
class Digits:
    """So many digits are entered by now. Not the answer yet."""

    count: int


@dataclass(frozen=True, slots=True)
class Entered:
    """A PIN, sealed."""

    body: bytes


class PinBlockFormat(Enum):
    """Which block of ISO 9564 it is, and so under which kind of key."""

    FORMAT_0 = "0"
    """Triple DES DUKPT; the KSN has 10 bytes, the block 8."""
    FORMAT_4 = "4"
    """AES DUKPT; the KSN has 12 bytes, the block 16."""


KSN_AND_BLOCK_BYTES: Final = {PinBlockFormat.FORMAT_0: (10, 8), PinBlockFormat.FORMAT_4: (12, 16)}


@dataclass(frozen=True, slots=True)
class EnteredForBank:
    """A PIN, enciphered under a key that is used for nothing else."""

    form: PinBlockFormat
    ksn: bytes
    """Which key: of the pad's base key, the pad, and the transaction."""
    block: bytes


@dataclass(frozen=True, slots=True)
class EnteredForChip:
    """A PIN, enciphered for a chip: the body of VERIFY 00 20 00 88."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The customer pressed cancel."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The time is up."""


@dataclass(frozen=True, slots=True)
class TooShort:
    """Enter was pressed before there were enough digits."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """The till ended it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done."""

    reason: Reason


Ending: TypeAlias = (
    Identity
    | Status
    | Shown
    | Confirmed
    | Entered
    | EnteredForBank
    | EnteredForChip
    | Cancelled
    | TimedOut
    | TooShort
    | Aborted
    | Refused
)
Answer: TypeAlias = Ending | Digits
