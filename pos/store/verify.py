"""Walks every chain of a journal, byte by byte, and names the first break.

What is checked: each record's bytes decode, follow the one before by number and hash, carry the
hash that is stored beside them, and end at the head that the chain's own row names.
"""

from dataclasses import dataclass

from pos.store.chains import ChainRow
from pos.store.journal import RECORDS_READ_MAX
from pos.store.store import Store
from protocols.facts import FactError, decode_fact
from protocols.journal import Chain, RecordError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """The journal is whole."""

    records: int
    head: str
    """Hex of the written chain's head: what a paper proof would show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first place where the journal is not what was written."""

    terminal: str
    epoch: int
    sequence: int
    reason: str


def verify(store: Store) -> Sound | Broken:
    """Walk all chains. Raises: StoreError when the file itself cannot be read."""
    count = 0
    head = ""
    for chain in store.chains.all():
        walker = Chain(chain.terminal, chain.epoch)
        broken = _walk(store, chain, walker)
        if broken is not None:
            return broken
        count += walker.sequence
        head = walker.head.hex()
    return Sound(records=count, head=head)


def verify_tail(store: Store, most: int) -> Sound | Broken:
    """Walk only the newest `most` records of the chain that is written. Raises: StoreError."""
    chain = store.chains.current()
    before = max(0, chain.sequence - most)
    head = store.database.row(
        "SELECT hash FROM record WHERE chain = ? AND sequence = ?", (chain.number, before)
    )
    known = head[0] if head is not None and isinstance(head[0], bytes) else None
    if before and known is None:
        return Broken(
            terminal=chain.terminal, epoch=chain.epoch, sequence=before, reason="it is missing"
        )
    walker = Chain(chain.terminal, chain.epoch, sequence=before, head=known)
    broken = _walk(store, chain, walker)
    return broken or Sound(records=walker.sequence - before, head=walker.head.hex())


def _walk(store: Store, chain: ChainRow, walker: Chain) -> Broken | None:
    def broken(sequence: int, reason: str) -> Broken:
        return Broken(terminal=chain.terminal, epoch=chain.epoch, sequence=sequence, reason=reason)

    while rows := store.database.rows(
        "SELECT bytes, hash FROM record WHERE chain = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        (chain.number, walker.sequence, RECORDS_READ_MAX),
    ):
        for data, digest in rows:
            assert isinstance(data, bytes), "the column is a BLOB in a STRICT table"
            try:
                record = walker.follow(data)
                decode_fact(record.kind, record.body)
            except RecordError as error:
                return broken(walker.sequence + 1, str(error))
            except FactError as error:
                return broken(walker.sequence, str(error))
            if digest != walker.head:
                return broken(walker.sequence, "the hash stored beside the record is not its own")
    if (walker.sequence, walker.head) != (chain.sequence, chain.head):
        return broken(
            walker.sequence + 1, f"the chain's own row says that it ends at {chain.sequence}"
        )
    return None
