"""The next batch of the journal: which records, and the signed bytes that carry them.

A batch holds at most RECORDS_MAX records and so many bytes that it stays under the broker's limit in
every case that a till can make; what compresses badly is halved by the outbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pos.store.store import Store
from protocols.batch import BYTES_MAX, RECORDS_MAX, Envelope, encode_batch
from protocols.journal import decode_record, record_hash

PLAIN_BYTES_MAX: Final = 4 * BYTES_MAX
"""Of all records in one batch before it is deflated; a broker inflates twice as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is sent next."""

    terminal: str
    epoch: int
    after: int
    """The sequence number before the first record."""
    records: Sequence[bytes]
    """As stored; none when everything is at the broker."""
    documents: dict[str, str]


def next_load(store: Store, *, after: int | None, most: int, documents: dict[str, str]) -> Load:
    """Return the records above `after`, or above the broker's high-water. Raises: StoreError."""
    assert 0 < most <= RECORDS_MAX, "a batch is bounded"
    chain = store.chains.current()
    start = chain.high_water if after is None else after
    records: list[bytes] = []
    size = 0
    for data in store.records(start, most):
        size += len(data)
        if records and size > PLAIN_BYTES_MAX:
            break
        records.append(data)
    return Load(
        terminal=chain.terminal,
        epoch=chain.epoch,
        after=start,
        records=records,
        documents=documents,
    )


def load_body(load: Load, key: Ed25519PrivateKey) -> bytes:
    """Return the body of the request that carries this load, which has records."""
    first = decode_record(load.records[0])
    assert first.sequence == load.after + 1, "a batch continues what the broker has"
    envelope = Envelope(
        terminal=load.terminal,
        epoch=load.epoch,
        first=first.sequence,
        last=load.after + len(load.records),
        previous=first.previous,
        records=list(load.records),
        head=record_hash(load.records[-1]),
        documents=load.documents,
    )
    return encode_batch(envelope, key)
