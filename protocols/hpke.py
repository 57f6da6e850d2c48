"""Sealing a short text for the holder of a P-256 key: HPKE, base mode, one message.

    sealed   ephemeral public key 65 | cipher text, as long as the plain text | tag 16

    KEM    0010  DHKEM(P-256, HKDF-SHA256)        the shared secret binds both public keys
    KDF    0001  HKDF-SHA256                      the key binds `info`: whatever both ends know
    AEAD   0001  AES-128-GCM                      one key, one message, so one nonce

The ephemeral key is an argument, because it is random: whoever seals twice with one key gives both
texts away. No sender is proved; whoever needs one signs.
Source: RFC 9180, sections 4.1, 5.1.1 and 6.1.
"""

import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ENCAPSULATED_BYTES: Final = 65
TAG_BYTES: Final = 16
_KEM: Final = b"KEM\x00\x10"
_SUITE: Final = b"HPKE\x00\x10\x00\x01\x00\x01"
_BASE: Final = b"\0"
_SHARED_BYTES: Final = 32
_KEY_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_CURVE: Final = ec.SECP256R1()


class SealError(ValueError):
    """This was not sealed for this key, under this info; or it was changed on its way."""


def seal(text: bytes, *, to: bytes, info: bytes, ephemeral: int) -> bytes:
    """Seal a text for a public key, in any form of SEC 1; `ephemeral` is a fresh secret key.

    Raises: SealError where `to` is no point of the curve.
    """
    own = ec.derive_private_key(ephemeral, _CURVE)
    theirs = _point(to)
    encapsulated = _encoded(own.public_key())
    shared = own.exchange(ec.ECDH(), theirs)
    key, nonce = _schedule(shared, encapsulated + _encoded(theirs), info)
    return encapsulated + AESGCM(key).encrypt(nonce, text, None)


def unseal(sealed: bytes, *, secret: int, info: bytes) -> bytes:
    """Open what was sealed for the public key of `secret`. Raises: SealError."""
    if len(sealed) < ENCAPSULATED_BYTES + TAG_BYTES:
        raise SealError(f"{len(sealed)} bytes hold no sealed text")
    encapsulated, cipher_text = sealed[:ENCAPSULATED_BYTES], sealed[ENCAPSULATED_BYTES:]
    own = ec.derive_private_key(secret, _CURVE)
    shared = own.exchange(ec.ECDH(), _point(encapsulated))
    key, nonce = _schedule(shared, encapsulated + _encoded(own.public_key()), info)
    try:
        return AESGCM(key).decrypt(nonce, cipher_text, None)
    except InvalidTag as error:
        raise SealError("the tag is wrong") from error


def _schedule(shared: bytes, kem_context: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Return key and nonce of the one message (RFC 9180: ExtractAndExpand, KeySchedule)."""
    extracted = _extract(_KEM, b"", b"eae_prk", shared)
    secret = _expand(_KEM, extracted, b"shared_secret", kem_context, _SHARED_BYTES)
    context = (
        _BASE
        + _extract(_SUITE, b"", b"psk_id_hash", b"")
        + _extract(_SUITE, b"", b"info_hash", info)
    )
    key_source = _extract(_SUITE, secret, b"secret", b"")
    key = _expand(_SUITE, key_source, b"key", context, _KEY_BYTES)
    return key, _expand(_SUITE, key_source, b"base_nonce", context, _NONCE_BYTES)


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + material, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    assert size <= _SHARED_BYTES, "one block of HMAC-SHA256 is enough for all that is derived here"
    text = size.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, text + b"\x01", "sha256")[:size]


def _point(data: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, data)
    except ValueError as error:
        raise SealError("no point of P-256") from error


def _encoded(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
