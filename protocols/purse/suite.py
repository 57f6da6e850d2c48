"""The signature suite: ECDSA on P-256 with SHA-256, deterministic, raw r | s, 64 bytes.

Deterministic (RFC 6979), so that a repeated message is the same bytes and a search meets finitely
many states. Public keys are compressed points, 33 bytes. Source: purse.md 3.1; FIPS 186-5; RFC 6979.
"""

from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SIGNATURE_BYTES: Final = 64
PUBLIC_KEY_BYTES: Final = 33
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (SEC 2 v2, 2.4.2)."""


class Suite(Protocol):
    """Signs and verifies; the search remembers answers, a card computes them."""

    def sign(self, secret: int, text: bytes) -> bytes:
        """Return r | s."""
        ...

    def verify(self, public_key: bytes, text: bytes, signature: bytes) -> bool:
        """Return whether the signature is by that key over that text."""
        ...


class P256:
    """The suite itself."""

    def sign(self, secret: int, text: bytes) -> bytes:
        """Return r | s, 64 bytes."""
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(_private(secret).sign(text, algorithm))
        return r.to_bytes(32) + s.to_bytes(32)

    def verify(self, public_key: bytes, text: bytes, signature: bytes) -> bool:
        """Return whether the signature is by that key; False too for what is no point at all."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        try:
            _public(public_key).verify(encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


class RememberingP256(P256):
    """The same suite with a memory: equal questions are computed once. For searches only."""

    def __init__(self) -> None:
        self._signed: dict[tuple[int, bytes], bytes] = {}
        self._verified: dict[tuple[bytes, bytes, bytes], bool] = {}

    def sign(self, secret: int, text: bytes) -> bytes:
        """Return r | s, from memory where possible."""
        signature = self._signed.get((secret, text))
        if signature is None:
            signature = self._signed[secret, text] = super().sign(secret, text)
        return signature

    def verify(self, public_key: bytes, text: bytes, signature: bytes) -> bool:
        """Return whether the signature is by that key, from memory where possible."""
        question = (public_key, text, signature)
        answer = self._verified.get(question)
        if answer is None:
            answer = self._verified[question] = super().verify(*question)
        return answer


def secret_from(random: bytes) -> int:
    """Return a secret key from 40 or more random bytes (FIPS 186-5 A.2.1, extra random bits)."""
    assert len(random) >= 40, "64 extra bits keep the key unbiased"
    return int.from_bytes(random) % (_ORDER - 1) + 1


def public_key(secret: int) -> bytes:
    """Return the compressed point of a secret key."""
    point = _private(secret).public_key()
    return point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


@lru_cache(maxsize=64)
def _private(secret: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(secret, ec.SECP256R1())


@lru_cache(maxsize=256)
def _public(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
