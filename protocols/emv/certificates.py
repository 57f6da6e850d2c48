"""Who a card says it is: certificates and signatures over RSA with recovery, opened and checked.

    certification authority --- signs ---> issuer's key (90, 92, 9F32)
    issuer's key --- signs ---> static data (93)                          SDA
                  |-- signs ---> card's key (46 9F46 9F47 9F48)           DDA, CDA
                  `-- signs ---> card's PIN key (9F2D, 9F2E, 9F2F)        enciphered PIN
    card's key --- signs ---> what the terminal has just made up (9F4B)

    block   6A | format | ... | BB BB .. | SHA-1 of all from the format on, and of what follows it | BC
              02   issuer 4 | MMYY | serial 3 | 01 01 | size | exponent's size | modulus, its left part
              03   01 | code 2
              04   number 10 | MMYY | serial 3 | 01 01 | size | exponent's size | modulus, its left part
              05   01 | size | dynamic data

Source: EMV 4.4 book 2, 5 to 7. SHA-1 is EMV's: a card of today knows no other.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocols.emv import tags
from protocols.emv.bits import Kind
from protocols.emv.rsa import PublicKey

HASH_BYTES: Final = 20
HEADER: Final = 0x6A
TRAILER: Final = 0xBC
PAD: Final = 0xBB
ISSUER_OVERHEAD: Final = 36
"""Bytes of an issuer's certificate that are not modulus."""
CARD_OVERHEAD: Final = 42
PIN_PREFIX: Final = 0x7F
CHALLENGE_BYTES: Final = 8
KEY_BYTES_MAX: Final = 248
_EXPONENT_BYTES_MAX: Final = 3


class CertificateError(ValueError):
    """Not signed by whom it should be, out of date, or made for something else. Says what, no data."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """The key in a certificate."""

    key: PublicKey
    whose: bytes
    """An issuer's: the first digits of its cards' numbers. A card's: its number."""


@dataclass(frozen=True, slots=True)
class Combined:
    """What a card has signed together with its cryptogram."""

    information: int
    cryptogram: bytes
    number: bytes
    """The card's own random number."""


def issuer_key(authority: PublicKey, card: Mapping[int, bytes], month: int) -> PublicKey:
    """Return the issuer's key out of a card's data. `month`: today, YYYYMM. Raises: CertificateError."""
    found = _certified(
        authority,
        0x02,
        card.get(tags.ISSUER_CERTIFICATE),
        card.get(tags.ISSUER_REMAINDER, b""),
        card.get(tags.ISSUER_EXPONENT),
        b"",
        month,
    )
    digits = found.whose.hex().rstrip("f")
    if not _number(card).startswith(digits):
        raise CertificateError("the issuer's certificate is for other cards")
    return found.key


def card_key(issuer: PublicKey, card: Mapping[int, bytes], static: bytes, month: int) -> PublicKey:
    """Return the card's key out of its data. `static`: what it vouches for. Raises: CertificateError."""
    found = _certified(
        issuer,
        0x04,
        card.get(tags.CARD_CERTIFICATE),
        card.get(tags.CARD_REMAINDER, b""),
        card.get(tags.CARD_EXPONENT),
        static,
        month,
    )
    return _of_this_card(found, card)


def pin_key(issuer: PublicKey, card: Mapping[int, bytes], month: int) -> PublicKey:
    """Return the key for whoever enciphers the PIN for this card. Raises: CertificateError."""
    found = _certified(
        issuer,
        0x04,
        card.get(tags.PIN_CERTIFICATE),
        card.get(tags.PIN_REMAINDER, b""),
        card.get(tags.PIN_EXPONENT),
        b"",
        month,
    )
    return _of_this_card(found, card)


def check_static(issuer: PublicKey, signature: bytes, static: bytes) -> bytes:
    """Return the code of two bytes that the issuer put beside its signature. Raises: CertificateError."""
    body = _opened(issuer, 0x03, signature, static)
    if body[1] != 1:
        raise CertificateError("another hash than SHA-1")
    return body[2:4]


def check_dynamic(key: PublicKey, signature: bytes, told: bytes) -> bytes:
    """Return the card's random number, signed with what it was told. Raises: CertificateError."""
    data = _dynamic(key, signature, told)
    if not data or not 2 <= data[0] <= 8 or len(data) <= data[0]:
        raise CertificateError("no dynamic number")
    return data[1 : 1 + data[0]]


def check_combined(key: PublicKey, signature: bytes, challenge: bytes, passed: bytes) -> Combined:
    """Return cryptogram and kind as the card has signed them. Raises: CertificateError.

    `passed`: every value that went to the card and came back since GET PROCESSING OPTIONS.
    """
    data = _dynamic(key, signature, challenge)
    size = data[0] if data else 0
    if not 2 <= size <= 8 or len(data) < size + 1 + 1 + 8 + HASH_BYTES:
        raise CertificateError("no signed cryptogram")
    number, rest = data[1 : 1 + size], data[1 + size :]
    if not hmac.compare_digest(rest[9 : 9 + HASH_BYTES], _sha1(passed)):
        raise CertificateError("the card has signed another payment")
    return Combined(rest[0], rest[1:9], number)


def combined_data(number: bytes, kind: Kind, cryptogram: bytes, passed: bytes) -> bytes:
    """Return the dynamic data that a card signs with its cryptogram."""
    return bytes((len(number),)) + number + bytes((kind,)) + cryptogram + _sha1(passed)


def enciphered_pin(key: PublicKey, block: bytes, challenge: bytes, random: bytes) -> bytes:
    """Return the body of VERIFY: a PIN block that only this card can open, and once.

    `random`: as many bytes as `pin_filler_bytes` says.
    """
    assert len(block) == 8 and len(challenge) == CHALLENGE_BYTES
    assert len(random) == pin_filler_bytes(key)
    return key.raised(bytes((PIN_PREFIX,)) + block + challenge + random)


def pin_filler_bytes(key: PublicKey) -> int:
    """Return how much randomness fills an enciphered PIN up."""
    return key.size - 1 - 8 - CHALLENGE_BYTES


def signed_block(form: int, body: bytes, size: int, more: bytes) -> bytes:
    """Return a block of `size` bytes, ready to be raised; `more` is hashed, and not in it."""
    room = size - 3 - HASH_BYTES - len(body)
    assert room >= 0, "what is to be signed is too long for the key"
    filled = bytes((form,)) + body + bytes((PAD,)) * room
    return bytes((HEADER,)) + filled + _sha1(filled + more) + bytes((TRAILER,))


def _certified(
    signer: PublicKey,
    form: int,
    certificate: bytes | None,
    remainder: bytes,
    exponent: bytes | None,
    static: bytes,
    month: int,
) -> Recovered:
    if not certificate or not exponent:
        raise CertificateError("a certificate is missing")
    if not 0 < len(exponent) <= _EXPONENT_BYTES_MAX:
        raise CertificateError("no exponent of this kind")
    body = _opened(signer, form, certificate, remainder + exponent + static)
    named = 4 if form == 0x02 else 10
    whose, body = body[1 : 1 + named], body[1 + named :]
    expiry, hash_kind, key_kind, size = body[:2], body[5], body[6], body[7]
    if (hash_kind, key_kind) != (1, 1):
        raise CertificateError("another algorithm than RSA with SHA-1")
    if _month(expiry) < month:
        raise CertificateError("the certificate has expired")
    overhead = ISSUER_OVERHEAD if form == 0x02 else CARD_OVERHEAD
    inside = body[9 : 9 + signer.size - overhead][:size]
    modulus = int.from_bytes(inside + remainder)
    if len(inside + remainder) != size or not 0 < size <= KEY_BYTES_MAX or not modulus:
        raise CertificateError("the key's size is wrong")
    return Recovered(PublicKey(modulus, int.from_bytes(exponent)), whose)


def _dynamic(key: PublicKey, signature: bytes, told: bytes) -> bytes:
    body = _opened(key, 0x05, signature, told)
    if body[1] != 1:
        raise CertificateError("another hash than SHA-1")
    size = body[2]
    if 3 + size > len(body):
        raise CertificateError("the dynamic data is cut off")
    return body[3 : 3 + size]


def _opened(signer: PublicKey, form: int, block: bytes, more: bytes) -> bytes:
    """Return what stands between header and hash. Raises: CertificateError."""
    if len(block) != signer.size or signer.size < ISSUER_OVERHEAD + CARD_OVERHEAD:
        raise CertificateError("its length is not its signer's")
    opened = signer.raised(block)
    body, digest = opened[1 : -1 - HASH_BYTES], opened[-1 - HASH_BYTES : -1]
    if opened[0] != HEADER or opened[-1] != TRAILER or body[0] != form:
        raise CertificateError("it was not signed by whom it should be")
    if not hmac.compare_digest(digest, _sha1(body + more)):
        raise CertificateError("it was changed")
    return body


def _of_this_card(found: Recovered, card: Mapping[int, bytes]) -> PublicKey:
    if found.whose.hex().rstrip("f") != _number(card):
        raise CertificateError("the card's certificate is another card's")
    return found.key


def _number(card: Mapping[int, bytes]) -> str:
    return card.get(tags.PAN, b"").hex().rstrip("f")


def _month(expiry: bytes) -> int:
    """Return YYYYMM of an MMYY in digits; 0 for what is no month, so that it has expired."""
    text = expiry.hex()
    if not text.isdigit() or not 1 <= int(text[:2]) <= 12:
        return 0
    year = int(text[2:])
    return (1900 if year >= 50 else 2000) * 100 + year * 100 + int(text[:2])


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
