"""A PIN on its way to one purse: sealed by a PIN pad so that this card alone can open it, and once.

    terminal   GET CHALLENGE  00 84 00 00               -> challenge 16, kept by the card until it is used
               GET DATA       00 CA 7F 21               -> certificate 112
    PIN pad    checks the certificate under the issuer's key, takes the digits, seals their block
    terminal   VERIFY         00 20 00 91  body 89      -> 9000, 63Cx, 6983; 6988 body not for this card
                                                           or this challenge; 6985 no challenge given

    body       ephemeral public key 65 | sealed ISO 9564 format 2 block 8 | tag 16     (protocols.hpke)
    info       "IPSVTP" | name of the purse 8 | challenge 16

P2 91: the same PIN as 81, with b5 for "enciphered". Whoever carries the body learns nothing of the
PIN, cannot change it, and cannot use it again: the card forgets its challenge before it looks.
The block inside is always eight bytes, so the body does not tell how many digits there were.
Source: ISO 9564-1 format 2; ISO/IEC 7816-4:2020, 11.6.6 (VERIFY) and 11.6.3 (GET CHALLENGE); RFC 9180.
"""

from typing import Final

from protocols.hpke import ENCAPSULATED_BYTES, TAG_BYTES, SealError, seal, unseal
from protocols.purse.details import Certificate
from protocols.purse.suite import secret_from
from protocols.secure_pin import BLOCK_BYTES

CHALLENGE_BYTES: Final = 16
SEALED_PIN_BYTES: Final = ENCAPSULATED_BYTES + BLOCK_BYTES + TAG_BYTES
RANDOM_BYTES: Final = 40
"""How much randomness one sealing takes."""
assert SEALED_PIN_BYTES <= 255, "it fits a short command"


def seal_pin(block: bytes, *, certificate: Certificate, challenge: bytes, random: bytes) -> bytes:
    """Return the VERIFY body for a PIN block. Not to be called with a certificate nobody has checked.

    `random`: RANDOM_BYTES that are never used again. Raises: SealError for a key that is no point.
    """
    assert len(block) == BLOCK_BYTES and len(challenge) == CHALLENGE_BYTES
    assert len(random) == RANDOM_BYTES
    info = _info(certificate.name, challenge)
    return seal(block, to=certificate.public_key, info=info, ephemeral=secret_from(random))


def open_pin(body: bytes, *, secret: int, name: bytes, challenge: bytes) -> bytes:
    """Return the PIN block that was sealed for this card and this challenge. Raises: SealError."""
    if len(body) != SEALED_PIN_BYTES:
        raise SealError(f"{len(body)} bytes are no sealed PIN")
    return unseal(body, secret=secret, info=_info(name, challenge))


def _info(name: bytes, challenge: bytes) -> bytes:
    return b"IPSVTP" + name + challenge
