"""A terminal joins a broker: a one-time code, keys made on the terminal, a certificate back.

The manager makes a place (`ips-broker terminal add 01`) and reads out a code such as
`01-7F3K-9QMW`: the terminal's id and eight Crockford characters (40 bits, ten minutes, five tries).
The code never crosses the wire. Both sides stretch it with scrypt to a key:

    terminal -> broker   Request { terminal, identity key, nonce, proof = HMAC(key, "T" | ...) }
    broker  -> terminal  Certificate signed by the broker, proof = HMAC(key, "B" | ...)

So the broker knows that the terminal was given the code, and the terminal knows that this broker
gave it; a listener would have to search 2^40 scrypt evaluations while the code lives.
Source: broker.md 5.1.
"""

import hashlib
import hmac
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocols.malformed import MALFORMED

CODE_LIFETIME_NS: Final = 600 * 1_000_000_000
CODE_TRIES_MAX: Final = 5
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford base 32: no I, L, O, U."""


class EnrolmentError(ValueError):
    """The code, the proof or the certificate is not right."""


class EnrolmentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/enrolments"""

    terminal: str
    identity: bytes
    """The terminal's Ed25519 public key, 32 bytes."""
    nonce: bytes
    """16 random bytes of the terminal."""
    program: str
    """Name and version, for the terminal list."""
    proof: bytes


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What makes this key that terminal. Signed by the broker's identity key."""

    v: int = 1
    organisation: str
    store: str
    store_name_ko: str = ""
    store_name_en: str = ""
    business_number: str = ""
    """The store's registration number (사업자등록번호), printed on receipts."""
    terminal: str
    epoch: int
    identity: bytes
    broker: bytes
    """The broker's Ed25519 public key: what documents and certificates are verified with."""
    issued_ns: int
    expires_ns: int
    currency: str = "KRW"
    zone: str = "Asia/Seoul"


class EnrolmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """200; any other status carries `{"error": ..., "reason": ...}`."""

    certificate: bytes
    """MessagePack of Certificate, exactly as signed."""
    signature: bytes
    proof: bytes


def make_code(terminal: str, random: bytes) -> str:
    """Return a code for the terminal from five random bytes."""
    assert len(random) == 5, "40 bits make eight characters"
    number = int.from_bytes(random)
    letters = "".join(ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{terminal}-{letters[:4]}-{letters[4:]}"


def split_code(code: str) -> tuple[str, str]:
    """Return (terminal, secret letters) of a code as typed. Raises: EnrolmentError.

    Case and blanks do not matter; O is read as 0, I and L as 1.
    """
    parts = code.strip().upper().replace(" ", "").split("-")
    secret = "".join(parts[-2:]).translate(str.maketrans("OIL", "011"))
    if len(parts) < 3 or len(secret) != 8 or any(letter not in ALPHABET for letter in secret):
        raise EnrolmentError(f"{code!r} is not an enrolment code; it reads like 01-7F3K-9QMW")
    return "-".join(parts[:-2]), secret


def stretch(terminal: str, secret: str) -> bytes:
    """Return the key that both sides make from the code."""
    return hashlib.scrypt(
        secret.encode(), salt=f"enrol/{terminal}".encode(), n=2**14, r=8, p=1, dklen=32
    )


def terminal_proof(key: bytes, *, terminal: str, identity: bytes, nonce: bytes) -> bytes:
    """Return the terminal's proof that it was given the code."""
    message = b"T|" + terminal.encode() + b"|" + identity + nonce
    return hmac.digest(key, message, "sha256")


def broker_proof(key: bytes, *, certificate: bytes, nonce: bytes) -> bytes:
    """Return the broker's proof that it gave the code."""
    return hmac.digest(key, b"B|" + nonce + certificate, "sha256")


def sign_certificate(certificate: Certificate, key: Ed25519PrivateKey) -> tuple[bytes, bytes]:
    """Return (bytes, signature)."""
    data = msgspec.msgpack.encode(certificate)
    return data, key.sign(b"certificate|" + data)


def open_certificate(data: bytes, signature: bytes) -> Certificate:
    """Verify a certificate against the broker key inside it. Raises: EnrolmentError.

    Whose broker that is, the code's proof tells at enrolment; from then on the key is pinned.
    """
    try:
        certificate = msgspec.msgpack.decode(data, type=Certificate)
        Ed25519PublicKey.from_public_bytes(certificate.broker).verify(
            signature, b"certificate|" + data
        )
    except (*MALFORMED, ValueError, InvalidSignature) as error:
        raise EnrolmentError(f"not a certificate: {error}") from error
    return certificate
