"""The bit fields of EMV, as flags; the leftmost bit of the leftmost byte is the highest.

Source: EMV 4.4 book 3, annex C.
"""

from enum import IntEnum, IntFlag
from typing import Final

TVR_BYTES: Final = 5


class Aip(IntFlag):
    """What the card can do (C1)."""

    SDA = 0x4000
    DDA = 0x2000
    CVM = 0x1000
    RISK_MANAGEMENT = 0x0800
    ISSUER_AUTHENTICATION = 0x0400
    """By EXTERNAL AUTHENTICATE."""
    CDA = 0x0100


class Usage(IntFlag):
    """Where the card may be used: application usage control (C2)."""

    DOMESTIC_CASH = 0x8000
    INTERNATIONAL_CASH = 0x4000
    DOMESTIC_GOODS = 0x2000
    INTERNATIONAL_GOODS = 0x1000
    DOMESTIC_SERVICES = 0x0800
    INTERNATIONAL_SERVICES = 0x0400
    ATMS = 0x0200
    OTHER_TERMINALS = 0x0100
    DOMESTIC_CASHBACK = 0x0080
    INTERNATIONAL_CASHBACK = 0x0040


class Tvr(IntFlag):
    """What the terminal found: terminal verification results (C5)."""

    NONE = 0
    NO_AUTHENTICATION = 0x80_0000_0000
    SDA_FAILED = 0x40_0000_0000
    DATA_MISSING = 0x20_0000_0000
    ON_HOTLIST = 0x10_0000_0000
    DDA_FAILED = 0x08_0000_0000
    CDA_FAILED = 0x04_0000_0000
    SDA_SELECTED = 0x02_0000_0000
    OTHER_VERSION = 0x00_8000_0000
    EXPIRED = 0x00_4000_0000
    NOT_YET_EFFECTIVE = 0x00_2000_0000
    SERVICE_NOT_ALLOWED = 0x00_1000_0000
    NEW_CARD = 0x00_0800_0000
    HOLDER_NOT_VERIFIED = 0x00_0080_0000
    CVM_UNKNOWN = 0x00_0040_0000
    PIN_TRIES_EXCEEDED = 0x00_0020_0000
    NO_PIN_PAD = 0x00_0010_0000
    NO_PIN_ENTERED = 0x00_0008_0000
    ONLINE_PIN = 0x00_0004_0000
    OVER_FLOOR = 0x00_0000_8000
    OVER_LOWER_LIMIT = 0x00_0000_4000
    OVER_UPPER_LIMIT = 0x00_0000_2000
    CHOSEN_AT_RANDOM = 0x00_0000_1000
    FORCED_ONLINE = 0x00_0000_0800
    DEFAULT_TDOL = 0x00_0000_0080
    ISSUER_NOT_AUTHENTICATED = 0x00_0000_0040
    SCRIPT_FAILED_BEFORE = 0x00_0000_0020
    SCRIPT_FAILED_AFTER = 0x00_0000_0010

    def encode(self) -> bytes:
        """Return the five bytes."""
        return self.to_bytes(TVR_BYTES)


class Tsi(IntFlag):
    """What the terminal has done: transaction status information (C6)."""

    NONE = 0
    DATA_AUTHENTICATION = 0x8000
    HOLDER_VERIFICATION = 0x4000
    CARD_RISK_MANAGEMENT = 0x2000
    ISSUER_AUTHENTICATION = 0x1000
    TERMINAL_RISK_MANAGEMENT = 0x0800
    SCRIPTS = 0x0400

    def encode(self) -> bytes:
        """Return the two bytes."""
        return self.to_bytes(2)


class Capability(IntFlag):
    """What the terminal can do: terminal capabilities (book 4, A2)."""

    MANUAL = 0x80_0000
    STRIPE = 0x40_0000
    CHIP = 0x20_0000
    PLAINTEXT_PIN = 0x00_8000
    ONLINE_PIN = 0x00_4000
    SIGNATURE = 0x00_2000
    ENCIPHERED_PIN = 0x00_1000
    NO_CVM = 0x00_0800
    SDA = 0x00_0080
    DDA = 0x00_0040
    CDA = 0x00_0008

    def encode(self) -> bytes:
        """Return the three bytes."""
        return self.to_bytes(3)


class Kind(IntEnum):
    """What cryptogram is asked for or given: b8 b7 of P1 and of the cryptogram information."""

    AAC = 0x00
    """Declined."""
    TC = 0x40
    """Approved."""
    ARQC = 0x80
    """Ask the issuer."""


ASK_CDA: Final = 0x10
"""b5 of GENERATE AC's P1: sign it."""
KIND_MASK: Final = 0xC0


class Cvm(IntEnum):
    """How the holder is verified: b6 to b1 of a rule's first byte (C3)."""

    FAIL = 0x00
    PLAINTEXT_PIN = 0x01
    ONLINE_PIN = 0x02
    PLAINTEXT_PIN_AND_SIGNATURE = 0x03
    ENCIPHERED_PIN = 0x04
    ENCIPHERED_PIN_AND_SIGNATURE = 0x05
    SIGNATURE = 0x1E
    NONE = 0x1F


class CvmCondition(IntEnum):
    """When a rule holds: its second byte (C3)."""

    ALWAYS = 0x00
    UNATTENDED_CASH = 0x01
    NOT_CASH = 0x02
    """Neither unattended cash nor manual cash nor cashback."""
    SUPPORTED = 0x03
    MANUAL_CASH = 0x04
    CASHBACK = 0x05
    UNDER_X = 0x06
    OVER_X = 0x07
    UNDER_Y = 0x08
    OVER_Y = 0x09


class CvmResult(IntEnum):
    """Third byte of the CVM results (book 4, A4)."""

    UNKNOWN = 0
    """The terminal cannot know: a signature, an online PIN."""
    FAILED = 1
    SUCCESSFUL = 2
