"""What is written into a card before it is given out: keys certified, data signed.

    authority        certifies an issuer's key
    issuer           certifies a card's key with the data that it vouches for, and its PIN key; signs data

The other side of protocols.emv.certificates. Source: EMV 4.4 book 2, 5.1, 6.1 and 7.1.
"""

from protocols.emv import tags
from protocols.emv.certificates import CARD_OVERHEAD, ISSUER_OVERHEAD, signed_block
from protocols.emv.rsa import PrivateKey, PublicKey

Objects = dict[int, bytes]
_SERIAL = b"\0\0\x01"


def certify_issuer(authority: PrivateKey, key: PublicKey, digits: str, expiry: str) -> Objects:
    """Return 90, 92 and 9F32. `digits`: what its cards' numbers begin with; `expiry`: MMYY."""
    whose = bytes.fromhex(digits[:8].ljust(8, "F"))
    certificate, remainder = _certificate(authority, 0x02, whose, expiry, key, b"", ISSUER_OVERHEAD)
    made = {tags.ISSUER_CERTIFICATE: certificate, tags.ISSUER_EXPONENT: _exponent(key)}
    return made | ({tags.ISSUER_REMAINDER: remainder} if remainder else {})


def certify_card(
    issuer: PrivateKey, key: PublicKey, pan: str, expiry: str, static: bytes
) -> Objects:
    """Return 9F46, 9F47 and 9F48; `static` is what the card's certificate vouches for."""
    certificate, remainder = _certificate(
        issuer, 0x04, _pan(pan), expiry, key, static, CARD_OVERHEAD
    )
    made = {tags.CARD_CERTIFICATE: certificate, tags.CARD_EXPONENT: _exponent(key)}
    return made | ({tags.CARD_REMAINDER: remainder} if remainder else {})


def certify_pin_key(issuer: PrivateKey, key: PublicKey, pan: str, expiry: str) -> Objects:
    """Return 9F2D, 9F2E and 9F2F."""
    certificate, remainder = _certificate(issuer, 0x04, _pan(pan), expiry, key, b"", CARD_OVERHEAD)
    made = {tags.PIN_CERTIFICATE: certificate, tags.PIN_EXPONENT: _exponent(key)}
    return made | ({tags.PIN_REMAINDER: remainder} if remainder else {})


def sign_static(issuer: PrivateKey, code: bytes, static: bytes) -> Objects:
    """Return 93; `code` is two bytes of the issuer's own."""
    assert len(code) == 2
    block = signed_block(0x03, b"\x01" + code, issuer.public.size, static)
    return {tags.STATIC_SIGNATURE: issuer.raised(block)}


def sign_dynamic(card: PrivateKey, data: bytes, told: bytes) -> bytes:
    """Return 9F4B: the card's dynamic data, with what it was told."""
    body = b"\x01" + bytes((len(data),)) + data
    return card.raised(signed_block(0x05, body, card.public.size, told))


def _certificate(
    signer: PrivateKey,
    form: int,
    whose: bytes,
    expiry: str,
    key: PublicKey,
    static: bytes,
    overhead: int,
) -> tuple[bytes, bytes]:
    """Return the certificate, and what of the modulus has no room in it."""
    modulus, exponent = key.modulus.to_bytes(key.size), _exponent(key)
    room = signer.public.size - overhead
    inside, remainder = modulus[:room], modulus[room:]
    head = whose + bytes.fromhex(expiry) + _SERIAL + b"\x01\x01"
    body = head + bytes((len(modulus), len(exponent))) + inside
    block = signed_block(form, body, signer.public.size, remainder + exponent + static)
    return signer.raised(block), remainder


def _pan(pan: str) -> bytes:
    return bytes.fromhex(pan.ljust(20, "F"))


def _exponent(key: PublicKey) -> bytes:
    return key.exponent.to_bytes((key.exponent.bit_length() + 7) // 8)
