"""Field 90, original data elements: which message a reversal is about.

type 4 | STAN 6 | transmission date and time 10 | acquirer 11 | forwarder 11    digits, zeros before
"""

from dataclasses import dataclass
from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583.message import MalformedError, Message

DIGITS: Final = 42


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What field 90 says of the message that was sent first."""

    mti: str
    stan: str
    transmitted_at: str
    """MMDDhhmmss, UTC."""
    acquirer: str = ""
    forwarder: str = ""

    def digits(self) -> str:
        """Return field 90."""
        acquirer, forwarder = self.acquirer.zfill(11), self.forwarder.zfill(11)
        return f"{self.mti}{self.stan}{self.transmitted_at}{acquirer}{forwarder}"


def original_of(message: Message) -> Original:
    """Return what a reversal of this message has to say."""
    return Original(
        mti=message.mti,
        stan=message.text(de.STAN),
        transmitted_at=message.text(de.TRANSMITTED_AT),
        acquirer=message.text(de.ACQUIRER),
        forwarder=message.text(de.FORWARDER),
    )


def read_original(digits: str) -> Original:
    """Read field 90. Raises: MalformedError."""
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise MalformedError(f"has {DIGITS} digits", field=de.ORIGINAL)
    return Original(
        mti=digits[:4],
        stan=digits[4:10],
        transmitted_at=digits[10:20],
        acquirer=digits[20:31].lstrip("0"),
        forwarder=digits[31:].lstrip("0"),
    )
