"""Triple DES DUKPT, as PIN pads of old speak it (ANSI X9.24-1:2009).

KSN          which base key and pad, 59 bits | counter, 21 bits         10 bytes
initial key  triple DES of the KSN's first eight bytes, counter zero, under the base key,
             then under the base key XOR C0C0C0C0 00000000 C0C0C0C0 00000000
the next     "non-reversible": two DES blocks of the KSN's last eight bytes (A.2)
PIN key      the transaction's key XOR 00000000000000FF in both halves
MAC key      the transaction's key XOR 000000000000FF00 in both halves
"""

from typing import Final

from protocols.des import encrypt, xor
from protocols.dukpt.future_keys import Scheme

KEY_BYTES: Final = 16
KSN_BYTES: Final = 10
BITS: Final = 21
ONES_MAX: Final = 10
_COUNTER: Final = (1 << BITS) - 1
_MASK: Final = bytes.fromhex("C0C0C0C000000000C0C0C0C000000000")
_PIN: Final = bytes.fromhex("00000000000000FF") * 2
_MAC: Final = bytes.fromhex("000000000000FF00") * 2


def initial_key(base_key: bytes, pad_id: bytes) -> bytes:
    """Return what is loaded into one pad; `pad_id` is a KSN whose counter is zero."""
    assert len(base_key) == KEY_BYTES and len(pad_id) == KSN_BYTES
    assert not int.from_bytes(pad_id) & _COUNTER, "the counter of a pad's id is zero"
    left = encrypt(base_key, pad_id[:8])
    return left + encrypt(xor(base_key, _MASK), pad_id[:8])


def transaction_key(initial: bytes, ksn: bytes) -> bytes:
    """Return a transaction's key from the pad's initial key, as the bank derives it."""
    return SCHEME.path(initial, pad_of(ksn), counter_of(ksn))


def pin_key(key: bytes) -> bytes:
    """Return the key that a transaction's PIN block is enciphered with."""
    return xor(key, _PIN)


def mac_key(key: bytes) -> bytes:
    """Return the key of a request's MAC."""
    return xor(key, _MAC)


def ksn_of(pad_id: bytes, counter: int) -> bytes:
    """Return the key serial number of a transaction."""
    return (int.from_bytes(pad_id) | counter).to_bytes(KSN_BYTES)


def pad_of(ksn: bytes) -> bytes:
    """Return who said this: its KSN with the counter zero."""
    assert len(ksn) == KSN_BYTES
    return (int.from_bytes(ksn) & ~_COUNTER).to_bytes(KSN_BYTES)


def counter_of(ksn: bytes) -> int:
    """Return which transaction of the pad this is."""
    return int.from_bytes(ksn) & _COUNTER


def valid_ksn(ksn: bytes) -> bool:
    """Say whether a pad can have said this; a bank derives nothing for what no pad says."""
    return len(ksn) == KSN_BYTES and 0 < counter_of(ksn).bit_count() <= ONES_MAX


def _next(key: bytes, pad_id: bytes, counter: int) -> bytes:
    register = ksn_of(pad_id, counter)[-8:]
    return _half(xor(key, _MASK), register) + _half(key, register)


def _half(key: bytes, register: bytes) -> bytes:
    left, right = key[:8], key[8:]
    return xor(encrypt(left, xor(register, right)), right)


SCHEME: Final = Scheme(bits=BITS, ones_max=ONES_MAX, id_bytes=KSN_BYTES, derive=_next)
