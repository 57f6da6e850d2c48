"""What a payment by chip asks of whoever carries it out, and how it can end.

    step                         answered by
    Ask(apdu)                    the card's response, or None: it left, or says nothing
    Choose(applications)         which of them; None: the customer wants none
    EnterPin(way, ...)           OFFLINE, ENCIPHERED: the card's answer to VERIFY, or a keypad's own word
                                 (protocols.secure_pin.PinSW; 6982 where there is no keypad); None as above
                                 ONLINE: what the bank is given (pin_pad.words.EnteredForBank), or as above
    Intend(asked)                anything: the payment is durable now, and may be sent to the issuer
    GoOnline(asked, pin)         what the issuer said, or None: it cannot be reached, or did not answer; what was
                                 sent is then for whoever sent it to take back

Each generator of steps ends with one `Finished`. Money moves at the issuer alone: a payment that the
issuer has approved and that ends otherwise is to be reversed there, and `reverse` says so.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from protocols.emv.bits import Tvr
from protocols.iso7816 import Response
from protocols.pin_pad.words import EnteredForBank


class Stage(Enum):
    """Where in a payment by chip something is."""

    SELECTING = "selecting"
    READING = "reading"
    AUTHENTICATING = "authenticating"
    VERIFYING_HOLDER = "verifying the holder"
    DECIDING = "deciding"
    ASKING_ISSUER = "asking the issuer"
    COMPLETING = "completing"


class Ending(Enum):
    """How a payment by chip ends."""

    APPROVED_ONLINE = "approved by the issuer"
    APPROVED_OFFLINE = "approved by the card"
    DECLINED_ONLINE = "declined by the issuer"
    DECLINED_OFFLINE = "declined by card or terminal"
    REFUSED_BY_CARD = "approved by the issuer, refused by the card"
    NO_APPLICATION = "no application that is taken here"
    APPLICATION_BLOCKED = "its applications are blocked"
    CARD_BLOCKED = "the card is blocked"
    CANCELLED = "the customer wants no more"
    CARD_LEFT = "the card left"
    CARD_SILENT = "the chip says nothing: another way may be used"
    CARD_GARBLED = "the card says what makes no sense"


class PinWay(Enum):
    """How a PIN is verified."""

    OFFLINE = "by the card, in clear from the reader's own keypad"
    ENCIPHERED = "by the card, enciphered for it"
    ONLINE = "by the issuer"


@dataclass(frozen=True, slots=True)
class PinKeys:
    """What a PIN pad needs to encipher a PIN for a chip, and to check for whom."""

    authority: tuple[bytes, int]
    """RID and index."""
    card: Mapping[int, bytes] = field(repr=False)
    """Issuer's and PIN certificates with what belongs to them, and the number that they are for."""
    challenge: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this command to the card."""

    apdu: bytes


@dataclass(frozen=True, slots=True)
class Choose:
    """Have the customer choose."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnterPin:
    """Have the PIN entered."""

    way: PinWay
    tries: int | None
    """How often it may still be wrong; None where only the issuer knows."""
    said: int
    """What came of the entry before; 0 at the first."""
    pan: str = field(repr=False)
    keys: PinKeys | None = None
    """For ENCIPHERED."""


@dataclass(frozen=True, slots=True)
class Intend:
    """Make the payment durable; nothing that can move value has been sent yet."""

    asked: "Asked"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the issuer is told, whatever message carries it."""

    field_55: bytes = field(repr=False)
    pan: str = field(repr=False)
    sequence: int
    track_2: str = field(repr=False)
    """As in field 35: digits and `=`; empty where the card has none."""
    expiry: str
    """YYMM."""
    aid: bytes
    label: str


@dataclass(frozen=True, slots=True)
class GoOnline:
    """Ask the issuer."""

    asked: Asked
    pin: EnteredForBank | None


@dataclass(frozen=True, slots=True)
class Said:
    """What the issuer said."""

    code: str
    """Response code, two characters (field 39, tag 8A)."""
    approved: bool
    field_55: bytes = b""


@dataclass(frozen=True, slots=True)
class Finished:
    """The end."""

    ending: Ending
    stage: Stage
    reason: str = ""
    """For whoever looks into it; no number, no PIN."""
    found: Tvr = Tvr.NONE
    """What the terminal found; why it was declined."""
    asked: Asked | None = None
    """With the last cryptogram; None where none was given."""
    reverse: bool = False
    """The issuer has approved, or may have: it is to be told that nothing came of it."""
    signature: bool = False
    """The slip is to be signed."""
    scripts: bytes = b""
    """Results of the issuer's scripts, five bytes each."""

    @property
    def approved(self) -> bool:
        """Say whether it is paid."""
        return self.ending in (Ending.APPROVED_ONLINE, Ending.APPROVED_OFFLINE)


Step: TypeAlias = Ask | Choose | EnterPin | Intend | GoOnline
Answer: TypeAlias = Response | EnteredForBank | Said | int | None
Dialogue: TypeAlias = Generator[Step, Answer, Finished]


class EndedError(Exception):
    """The payment ends here."""

    def __init__(self, ending: Ending, stage: Stage, reason: str = "") -> None:
        super().__init__(reason or ending.value)
        self.ending = ending
        self.stage = stage
        self.reason = reason


Asking: TypeAlias = Generator[Step, Answer, Response]


def ask(stage: Stage, command: bytes) -> Asking:
    """Send a command. Raises: EndedError where the card has left."""
    answer = yield Ask(command)
    if not isinstance(answer, Response):
        raise EndedError(Ending.CARD_LEFT, stage, "no answer")
    return answer


def garbled(stage: Stage, reason: str) -> EndedError:
    """Return the end of a payment with a card that makes no sense."""
    return EndedError(Ending.CARD_GARBLED, stage, reason)
