"""DES as cards and old PIN pads use it: blocks under two keys, the retail MAC, odd parity.

    encrypt   E(K1) D(K2) E(K1) on each block of 8 bytes by itself
    mac       DES-CBC under K1, the last block D(K2) E(K1) more; padding 80 00 ..     ISO 9797-1
                                                                                  algorithm 3, method 2

Single DES is triple DES under one key three times. Nothing new is built on it: EMV cards of today and
PIN pads of old know no other cipher. Source: ISO/IEC 18033-3, ISO/IEC 9797-1:2011, EMV book 2 annex A1.
"""

from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes

BLOCK_BYTES: Final = 8
KEY_BYTES: Final = 16
"""Two keys of eight bytes."""
_ZERO: Final = bytes(BLOCK_BYTES)


def encrypt(key: bytes, text: bytes) -> bytes:
    """Encrypt whole blocks, each by itself; `key` has 8, 16 or 24 bytes."""
    return b"".join(_run(_cipher(key).encryptor(), block) for block in _blocks(text))


def decrypt(key: bytes, text: bytes) -> bytes:
    """Decrypt whole blocks, each by itself; `key` has 8, 16 or 24 bytes."""
    return b"".join(_run(_cipher(key).decryptor(), block) for block in _blocks(text))


def encrypt_cbc(key: bytes, text: bytes) -> bytes:
    """Encrypt whole blocks in a chain that begins with zeros."""
    assert len(text) % BLOCK_BYTES == 0, "whole blocks only"
    return _run(_cipher(key).encryptor(), text)


def decrypt_cbc(key: bytes, text: bytes) -> bytes:
    """Decrypt whole blocks of a chain that begins with zeros."""
    assert len(text) % BLOCK_BYTES == 0, "whole blocks only"
    return _run(_cipher(key).decryptor(), text)


def retail_mac(key: bytes, text: bytes) -> bytes:
    """Return the 8 bytes of ISO 9797-1 algorithm 3 with padding method 2, under 16 bytes of key."""
    assert len(key) == KEY_BYTES
    first, second = key[:8], key[8:]
    last = encrypt_cbc(first, pad(text))[-BLOCK_BYTES:]
    return encrypt(first, decrypt(second, last))


def pad(text: bytes) -> bytes:
    """Return text with 80 00 .. behind it, up to whole blocks (ISO 9797-1 method 2)."""
    return text + b"\x80" + bytes(-(len(text) + 1) % BLOCK_BYTES)


def odd_parity(key: bytes) -> bytes:
    """Return a key in which every byte has an odd number of ones; the cipher ignores b1."""
    return bytes(byte ^ (1 - byte.bit_count() % 2) for byte in key)


def xor(left: bytes, right: bytes) -> bytes:
    """Return the exclusive-or of two texts of one length."""
    return bytes(one ^ other for one, other in zip(left, right, strict=True))


def _blocks(text: bytes) -> list[bytes]:
    assert len(text) % BLOCK_BYTES == 0, "whole blocks only"
    return [text[start : start + BLOCK_BYTES] for start in range(0, len(text), BLOCK_BYTES)]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    assert len(key) in (8, 16, 24)
    whole = {8: key * 3, 16: key + key[:8], 24: key}[len(key)]
    return Cipher(TripleDES(whole), modes.CBC(_ZERO))


def _run(context: CipherContext, text: bytes) -> bytes:
    return context.update(text) + context.finalize()
