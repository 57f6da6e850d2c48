"""Transaction details and the texts that are signed (protocols.icash has the layouts)."""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

ID_BYTES: Final = 8
DETAILS_BYTES: Final = 39
NUMBER_MAX: Final = 0xFFFF_FFFF
NO_DETAILS: Final = bytes(DETAILS_BYTES)

_DETAILS: Final = struct.Struct(">8sB8sIHII8s")
assert _DETAILS.size == DETAILS_BYTES


class Kind(IntEnum):
    """What a card's record is of."""

    DEBIT = 1
    LOAD = 2


class Details(NamedTuple):
    """One purchase, or one load, named by both sides' numbers."""

    card: bytes
    key_version: int
    module: bytes
    """The security module; for a load, the host."""
    amount: int
    """Minor units, 1 to 2^32 - 1."""
    currency: int
    """ISO 4217 number."""
    card_number: int
    module_number: int
    reference: bytes
    """First 8 bytes of SHA-256 of the order id."""

    def encode(self) -> bytes:
        """Return the 39 bytes."""
        return _DETAILS.pack(*self)


def decode_details(data: bytes) -> Details:
    """Decode 39 bytes."""
    return Details(*_DETAILS.unpack(data))


def opening_text(kind: Kind, details: bytes, balance: int, expiry: int) -> bytes:
    """Return what a card signs at INITIALIZE: S1 of a purchase, L1 of a load."""
    tag = b"IC1" if kind is Kind.DEBIT else b"ICa"
    return tag + details + balance.to_bytes(4) + expiry.to_bytes(4)


def order_text(kind: Kind, details: bytes) -> bytes:
    """Return what gives the right to debit (S2) or to load (L2)."""
    return (b"IC2" if kind is Kind.DEBIT else b"ICb") + details


def receipt_text(kind: Kind, details: bytes) -> bytes:
    """Return what a card signs when it has paid (S3) or was loaded (L3)."""
    return (b"IC3" if kind is Kind.DEBIT else b"ICc") + details


def claim_text(details: bytes) -> bytes:
    """Return what a card signs for its issuer about a debit (SI)."""
    return b"ICI" + details


def clear_text(details: bytes) -> bytes:
    """Return what the collector signs to have a module forget an open purchase (SC)."""
    return b"ICC" + details


def statement_text(nonce: bytes, statement: bytes) -> bytes:
    """Return what a module signs about its total and its open purchases (ST)."""
    return b"ICT" + nonce + statement
