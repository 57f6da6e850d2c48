"""What purses sign: payment details, the four messages, and the certificate that names a purse.

Big-endian, fixed length (purse.md 3.2):

    PD    38   from 8 | to 8 | value u32 | currency u16 | fromSeq u32 | toSeq u32 | ref 8
    MSG  103   type 1 | PD 38 | signature 64            signed: "IPSVT1" | type | PD
    CERT 112   version 1 | issuer key 1 | name 8 | class 1 | expiry u32 | public key 33 | signature 64
                                                        signed: "IPSVTC" | the first 48 bytes
    MSG + CERT = 215 bytes: one short APDU.

    01 OFFER  by the payer   "I can pay this"                signer = PD.from
    02 REQ    by the payee   "pay me this"                   signer = PD.to
    03 VAL    by the payer   "this is the value"             signer = PD.from
    04 ACK    by the payee   "I have it"                     signer = PD.to

The pair (name, sequence number) of either purse names one transfer, so no nonce is stored; the order
reference makes a VAL a receipt for that very sale.
"""

import hashlib
import struct
from enum import IntEnum
from typing import Final, NamedTuple

DETAILS_BYTES: Final = 38
MESSAGE_BYTES: Final = 103
CERTIFICATE_BYTES: Final = 112
SIGNED_BYTES: Final = MESSAGE_BYTES + CERTIFICATE_BYTES
SEQUENCE_MAX: Final = 0xFFFF_FFFF
NAME_BYTES: Final = 8

_DETAILS: Final = struct.Struct(">8s8sIHII8s")
_CERTIFICATE: Final = struct.Struct(">BB8sBI33s")
assert _DETAILS.size == DETAILS_BYTES


class MessageType(IntEnum):
    """The first byte of a message."""

    OFFER = 1
    REQ = 2
    VAL = 3
    ACK = 4


class PurseClass(IntEnum):
    """Who holds a purse; the matrix of who may pay whom is a parameter of every purse."""

    CONSUMER = 0
    MERCHANT = 1
    COURIER = 2
    TELLER = 3
    """A bank's bulk purse: loads consumers, takes deposits."""
    ORIGINATOR = 4
    """Issues value against cash."""


class PaymentDetails(NamedTuple):
    """One transfer, named by both purses' sequence numbers."""

    payer: bytes
    payee: bytes
    value: int
    """Minor units, 1 to 2^32 - 1."""
    currency: int
    """ISO 4217 number."""
    payer_sequence: int
    payee_sequence: int
    reference: bytes
    """First 8 bytes of SHA-256 of the order id."""

    def encode(self) -> bytes:
        """Return the 38 bytes."""
        return _DETAILS.pack(*self)


def decode_details(data: bytes) -> PaymentDetails:
    """Decode 38 bytes."""
    return PaymentDetails(*_DETAILS.unpack(data))


def order_reference(order: str) -> bytes:
    """Return what binds payment details to an order."""
    return hashlib.sha256(order.encode()).digest()[:8]


class Certificate(NamedTuple):
    """A purse's name, class and public key, as its issuer signed them."""

    version: int
    issuer_key: int
    """Which of the issuer's keys signed; a purse knows several, so that keys can roll."""
    name: bytes
    purse_class: int
    expiry: int
    """YYYYMMDD; the last day on which the purse may begin a transfer."""
    public_key: bytes
    """Compressed P-256 point."""
    signature: bytes

    def encode(self) -> bytes:
        """Return the 112 bytes."""
        return self.signed_part() + self.signature

    def signed_part(self) -> bytes:
        """Return the 48 bytes under the signature."""
        return _CERTIFICATE.pack(*self[:6])


def decode_certificate(data: bytes) -> Certificate:
    """Decode 112 bytes."""
    version, issuer_key, name, purse_class, expiry, public_key = _CERTIFICATE.unpack_from(data)
    signature = data[_CERTIFICATE.size :]
    return Certificate(version, issuer_key, name, purse_class, expiry, public_key, signature)


def certificate_text(certificate: Certificate) -> bytes:
    """Return what the issuer signs."""
    return b"IPSVTC" + certificate.signed_part()


def message_text(kind: MessageType, details: bytes) -> bytes:
    """Return what a purse signs."""
    return b"IPSVT1" + bytes((kind,)) + details


def claim_text(name: bytes, nonce: bytes) -> bytes:
    """Return what the issuer signs to freeze a purse's exception log."""
    return b"IPSVTL" + name + nonce


def claim_answer_text(name: bytes, nonce: bytes, count: int, image: bytes) -> bytes:
    """Return what a purse signs about its frozen log."""
    return b"IPSVTl" + name + nonce + bytes((count,)) + image


def clear_text(name: bytes, image: bytes) -> bytes:
    """Return what the issuer signs to clear exactly this log and no other."""
    return b"IPSVTX" + name + image


def update_text(name: bytes, sequence: int, parameters: bytes) -> bytes:
    """Return what the issuer signs to change a purse's parameters; each sequence number once."""
    return b"IPSVTU" + name + sequence.to_bytes(4) + parameters


def log_image(entries: "tuple[bytes, ...]") -> bytes:
    """Return the clear code of a set of logged payment details: SHA-256 over them, sorted.

    Collision resistance stands in for the injection `image` of the Z specification.
    """
    return hashlib.sha256(b"".join(sorted(entries))).digest()
