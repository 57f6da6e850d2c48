"""AES DUKPT with AES-128 keys (ANSI X9.24-3:2017).

KSN          base key 4 | pad 4 | counter 4                     bytes
derivation   version 01 | block 01 | usage 2 | algorithm 0002 | bits 0080 | 8 more, under AES
               initial key     usage 8001      base key and pad
               the next key    usage 8000      pad and counter
               a working key   its usage       pad and counter
"""

from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from protocols.dukpt.future_keys import Scheme

KEY_BYTES: Final = 16
ID_BYTES: Final = 8
KSN_BYTES: Final = 12
BITS: Final = 32
ONES_MAX: Final = 16
_INITIAL: Final = 0x8001
_DERIVATION: Final = 0x8000
_AES_128: Final = bytes.fromhex("0002 0080")
_ZERO: Final = bytes(KEY_BYTES)


class Usage(IntEnum):
    """What a working key is for (table 2)."""

    PIN = 0x1000
    MAC_GENERATION = 0x2000
    MAC_VERIFICATION = 0x2001
    MAC_BOTH = 0x2002
    DATA_ENCRYPTION = 0x3000
    DATA_DECRYPTION = 0x3001
    DATA_BOTH = 0x3002


def initial_key(base_key: bytes, pad_id: bytes) -> bytes:
    """Return what is loaded into one pad: the bank's half of the secret stays at the bank."""
    assert len(base_key) == KEY_BYTES and len(pad_id) == ID_BYTES
    return _derive(base_key, _INITIAL, pad_id)


def working_key(transaction_key: bytes, ksn: bytes, usage: Usage) -> bytes:
    """Return a transaction's key for one purpose."""
    assert len(ksn) == KSN_BYTES
    return _derive(transaction_key, usage, ksn[4:])


def transaction_key(initial: bytes, ksn: bytes) -> bytes:
    """Return a transaction's key from the pad's initial key, as the bank derives it."""
    assert len(ksn) == KSN_BYTES
    return SCHEME.path(initial, ksn[:ID_BYTES], int.from_bytes(ksn[ID_BYTES:]))


def ksn_of(pad_id: bytes, counter: int) -> bytes:
    """Return the key serial number of a transaction."""
    return pad_id + counter.to_bytes(4)


def valid_ksn(ksn: bytes) -> bool:
    """Say whether a pad can have said this; a bank derives nothing for what no pad says."""
    counter = int.from_bytes(ksn[ID_BYTES:])
    return len(ksn) == KSN_BYTES and counter > 0 and counter.bit_count() <= ONES_MAX


def _next(key: bytes, pad_id: bytes, counter: int) -> bytes:
    return _derive(key, _DERIVATION, pad_id[4:] + counter.to_bytes(4))


def _derive(key: bytes, usage: int, more: bytes) -> bytes:
    data = b"\x01\x01" + usage.to_bytes(2) + _AES_128 + more
    context = Cipher(AES(key), modes.CBC(_ZERO)).encryptor()
    return context.update(data) + context.finalize()


SCHEME: Final = Scheme(bits=BITS, ones_max=ONES_MAX, id_bytes=ID_BYTES, derive=_next)
