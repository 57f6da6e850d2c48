"""How a serial line is set: rate, data bits, parity, stop bits, flow control.

One character on the wire, least significant bit first:

    start | 5-8 data bits | parity, if any | 1, 1.5 or 2 stop bits

Both ends must be set alike: a wrong rate turns characters into others, a wrong parity loses them.
Source: ITU-T V.24/V.28 (EIA-232-F) as used by every asynchronous port.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from protocols.address import Address, AddressError
from protocols.ports import NANOSECONDS_PER_SECOND

C = TypeVar("C", bound=Enum)

BAUD_MAX: Final = 4_000_000

LINE_OPTIONS: Final = ("baud", "bytesize", "parity", "stop", "flow")
"""The options of an address that say how the line is set."""


class Parity(Enum):
    """The check bit after the data bits."""

    NONE = "none"
    ODD = "odd"
    EVEN = "even"
    MARK = "mark"
    SPACE = "space"


class StopBits(Enum):
    """The pause after a character, in bits."""

    ONE = "1"
    ONE_AND_A_HALF = "1.5"
    TWO = "2"


class Flow(Enum):
    """Who may stop the sender, and how."""

    NONE = "none"
    XON_XOFF = "xonxoff"
    """By the characters DC1 and DC3 in the stream: not for binary data."""
    RTS_CTS = "rtscts"
    """By the lines RTS and CTS."""
    DTR_DSR = "dsrdtr"
    """By the lines DTR and DSR, as many receipt printers do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """How one end of a serial line is set; the defaults are what most equipment leaves the factory with."""

    baud: int = 9_600
    data_bits: int = 8
    parity: Parity = Parity.NONE
    stop_bits: StopBits = StopBits.ONE
    flow: Flow = Flow.NONE

    def __post_init__(self) -> None:
        assert 0 < self.baud <= BAUD_MAX, "a line has a rate"
        assert 5 <= self.data_bits <= 8, "a character has 5 to 8 data bits"

    def __str__(self) -> str:
        """Return the customary short form: 9600 8N1."""
        letter = self.parity.value[0].upper()
        return f"{self.baud} {self.data_bits}{letter}{self.stop_bits.value}"

    def character_ns(self) -> int:
        """Return how long one character takes on the wire, in nanoseconds, rounded up."""
        halves = 2 * (1 + self.data_bits) + int(2 * float(self.stop_bits.value))
        halves += 0 if self.parity is Parity.NONE else 2
        return -(-halves * NANOSECONDS_PER_SECOND // (2 * self.baud))

    def understands(self, other: "LineSettings") -> bool:
        """Say whether two ends set so can read each other; flow control is another matter."""
        return (self.baud, self.data_bits, self.parity) == (
            other.baud,
            other.data_bits,
            other.parity,
        )


def line_settings(address: Address) -> LineSettings:
    """Read the line's settings from an address's options. Raises: AddressError."""
    return LineSettings(
        baud=_number(address, "baud", 9_600, 50, BAUD_MAX),
        data_bits=_number(address, "bytesize", 8, 5, 8),
        parity=_choice(address, "parity", Parity.NONE),
        stop_bits=_choice(address, "stop", StopBits.ONE),
        flow=_choice(address, "flow", Flow.NONE),
    )


def _number(address: Address, name: str, otherwise: int, least: int, most: int) -> int:
    text = address.options.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise AddressError(f"{address}: {name}={text}: expected a number from {least} to {most}")
    return int(text)


def _choice(address: Address, name: str, otherwise: C) -> C:
    text = address.options.get(name, otherwise.value)
    for choice in type(otherwise):
        if choice.value == text:
            return choice
    names = ", ".join(choice.value for choice in type(otherwise))
    raise AddressError(f"{address}: {name}={text}: expected one of {names}")
