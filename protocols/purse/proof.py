"""Evidence of a transfer: a signed VAL or ACK, checked by anybody, offline, long afterwards (T16).

    VAL + CERT  215 bytes   the payer gave this value to this payee for this order
    ACK + CERT  215 bytes   the payee has it

The signer is the one of the two purses whose word it is; its certificate is under a key of the
issuer. Expiry and hotlist do not matter here: they are asked before value moves, never after.
A transfer's short name, for receipts and references, is its payer with the payer's sequence number,
because that pair never comes twice from an honest card (PRG-126, p. 24).
Source: purse.md 3.2, 3.4 T16.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from protocols.purse.details import (
    CERTIFICATE_BYTES,
    DETAILS_BYTES,
    MESSAGE_BYTES,
    SIGNED_BYTES,
    Certificate,
    MessageType,
    PaymentDetails,
    certificate_text,
    decode_certificate,
    decode_details,
    message_text,
)
from protocols.purse.suite import Suite

CERTIFICATE_VERSION: Final = 1
CERTIFICATES_REMEMBERED: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A message that was signed by the purse whose word it is."""

    kind: MessageType
    details: PaymentDetails
    certificate: Certificate
    """Of the signer: the payer for a VAL, the payee for an ACK."""


class ProofError(ValueError):
    """This proves nothing. The message says why: length, kind, issuer, certificate or signature."""


class Prover:
    """Checks messages and certificates under known issuer keys; remembers certificates it knows."""

    def __init__(self, suite: Suite, issuer_keys: Mapping[int, bytes]) -> None:
        self._suite = suite
        self._keys = dict(issuer_keys)
        self._certificate = lru_cache(maxsize=CERTIFICATES_REMEMBERED)(self._open)

    def certificate(self, data: bytes) -> Certificate:
        """Return a certificate that one of the issuer's keys signed. Raises: ProofError."""
        return self._certificate(data)

    def message(self, data: bytes) -> Proof:
        """Return what a VAL or ACK with its certificate proves. Raises: ProofError."""
        if len(data) != SIGNED_BYTES:
            raise ProofError(f"a message with its certificate has {SIGNED_BYTES} bytes")
        if data[0] not in (MessageType.VAL, MessageType.ACK):
            raise ProofError(f"a message of type {data[0]:02X} proves no transfer")
        kind = MessageType(data[0])
        encoded = data[1 : 1 + DETAILS_BYTES]
        details = decode_details(encoded)
        certificate = self.certificate(data[MESSAGE_BYTES:])
        signer = details.payer if kind is MessageType.VAL else details.payee
        if certificate.name != signer:
            raise ProofError(f"{kind.name} is the word of purse {signer.hex()}, not of its signer")
        signature = data[1 + DETAILS_BYTES : MESSAGE_BYTES]
        if not self._suite.verify(certificate.public_key, message_text(kind, encoded), signature):
            raise ProofError(f"the signature is not by purse {signer.hex()} over these details")
        return Proof(kind=kind, details=details, certificate=certificate)

    def _open(self, data: bytes) -> Certificate:
        if len(data) != CERTIFICATE_BYTES:
            raise ProofError(f"a certificate has {CERTIFICATE_BYTES} bytes, not {len(data)}")
        certificate = decode_certificate(data)
        key = self._keys.get(certificate.issuer_key)
        if key is None or certificate.version != CERTIFICATE_VERSION:
            raise ProofError(f"issuer key {certificate.issuer_key} is not known here")
        if not self._suite.verify(key, certificate_text(certificate), certificate.signature):
            raise ProofError("the certificate is not signed by the issuer")
        return certificate


def transfer_reference(details: PaymentDetails) -> str:
    """Return a transfer's short name: the payer and its sequence number, at most 27 characters."""
    return f"{details.payer.hex()}-{details.payer_sequence}"
