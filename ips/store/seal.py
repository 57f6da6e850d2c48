"""The seal of a commit: one hash over the seal before it and everything that the commit added.

    hash = SHA-256( previous | at_ns | n, record hashes | n, transfers | n, payment events )

It is made by the writer within the same transaction, so nobody waits for it, and whoever changes a
record, a transfer or an event later has to make every seal after it again (broker.md 3.3, 9).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from ips.store.rows import PaymentEventRow, TransferRow

GENESIS: Final = hashlib.sha256(b"intermarket/broker/seals").digest()
"""What stands before the first seal."""
_ENCODER: Final = msgspec.msgpack.Encoder()


def seal_hash(
    previous: bytes,
    at_ns: int,
    *,
    record_hashes: Sequence[bytes],
    transfers: Sequence[TransferRow],
    events: Sequence[PaymentEventRow],
) -> bytes:
    """Return the hash of one commit's seal."""
    digest = hashlib.sha256(previous)
    digest.update(at_ns.to_bytes(8))
    digest.update(len(record_hashes).to_bytes(4) + b"".join(record_hashes))
    digest.update(len(transfers).to_bytes(4) + _ENCODER.encode(transfers))
    digest.update(len(events).to_bytes(4) + _ENCODER.encode(events))
    return digest.digest()
