"""The journal record: one byte string that is hashed, stored and uploaded alike.

Frame (MessagePack array, one record):

    [ schema, terminal, epoch, sequence, previous, kind, actor, approver, attempt,
      at_ns, monotonic_ns, business_date, currency, amount, references, body ]

    previous    SHA-256 of the record before it; of the first one, of the chain's own name
    body        MessagePack of the fact named by `kind` (protocols.facts), as raw bytes

The same bytes are hashed with SHA-256, stored by the till, carried by courier and cradle, and sent
to the broker; nobody encodes a record twice. A chain has no gaps: sequence n + 1 follows n within
one (terminal, epoch). A new epoch begins at re-enrolment, restore or loss of the store.
Source: decisions.md "Record", broker.md 3.3.
"""

import hashlib
from typing import Final

import msgspec

from protocols.malformed import MALFORMED
from protocols.money import Money, currency

SCHEMA: Final = 1
RECORD_BYTES_MAX: Final = 512 * 1024
"""A longer record is a programming error: a sale is bounded by its 999 lines and their texts."""


class RecordError(ValueError):
    """These bytes are not a record, or not the record that the chain needs next."""


class Record(
    msgspec.Struct, frozen=True, array_like=True, kw_only=True, forbid_unknown_fields=True
):
    """What happened at a terminal, as it stands in the journal."""

    schema: int = SCHEMA
    terminal: str
    """Unique over tills and couriers of an organisation, such as "01"."""
    epoch: int
    """Counts the lives of the terminal's store; from 1."""
    sequence: int
    """Gap-free within the epoch; from 1."""
    previous: bytes
    kind: str
    """The fact's name, such as "sale.closed"; says what `body` decodes to."""
    actor: str
    """Who did it: a staff id, or the program's own name for what it did by itself."""
    approver: str | None = None
    """Who allowed it, where the right was not the actor's own."""
    attempt: str | None = None
    """The attempt key, where this is about moving money."""
    at_ns: int
    """The terminal's UTC clock, nanoseconds; recorded, never trusted for order."""
    monotonic_ns: int
    business_date: str
    """YYYYMMDD, fixed when the shift opened; empty before any shift."""
    currency: str = "KRW"
    amount: int = 0
    """Minor units; what the record is about in one number: the total, the count, the float."""
    references: dict[str, str] = {}
    """What it was made under and belongs to: sale, receipt, and the versions of catalogue and policy."""
    body: msgspec.Raw

    def money(self) -> Money:
        """Return the record's amount with its currency."""
        return Money(self.amount, currency(self.currency))


_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")
_DECODER: Final = msgspec.msgpack.Decoder(Record)


def genesis(terminal: str, epoch: int) -> bytes:
    """Return what stands as `previous` in the first record of a chain."""
    return hashlib.sha256(f"intermarket/{terminal}/{epoch}".encode()).digest()


def encode_record(record: Record) -> bytes:
    """Return the one byte form of a record."""
    data = _ENCODER.encode(record)
    assert len(data) <= RECORD_BYTES_MAX, "a record is bounded"
    return data


def decode_record(data: bytes) -> Record:
    """Decode one record. Raises: RecordError for bytes of another schema or shape."""
    if len(data) > RECORD_BYTES_MAX:
        raise RecordError(f"a record of {len(data)} bytes is over the limit of {RECORD_BYTES_MAX}")
    try:
        record = _DECODER.decode(data)
    except MALFORMED as error:
        raise RecordError(f"not a journal record: {error}") from error
    if record.schema != SCHEMA:
        raise RecordError(
            f"record schema {record.schema} is not known here (this program reads {SCHEMA})"
        )
    return record


def record_hash(data: bytes) -> bytes:
    """Return SHA-256 of a record's bytes: the next record's `previous`."""
    return hashlib.sha256(data).digest()


class Chain:
    """Walks a chain record by record and refuses what does not follow.

    Starts at the genesis of (terminal, epoch), or after a known head.
    """

    def __init__(
        self, terminal: str, epoch: int, *, sequence: int = 0, head: bytes | None = None
    ) -> None:
        assert (sequence == 0) == (head is None), "a chain starts at genesis or after a known head"
        self.terminal = terminal
        self.epoch = epoch
        self.sequence = sequence
        self.head = genesis(terminal, epoch) if head is None else head

    def follow(self, data: bytes) -> Record:
        """Accept the next record's bytes and move to it. Raises: RecordError, nothing moved."""
        record = decode_record(data)
        if (record.terminal, record.epoch) != (self.terminal, self.epoch):
            raise RecordError(
                f"record of terminal {record.terminal} epoch {record.epoch} in the chain of "
                f"terminal {self.terminal} epoch {self.epoch}"
            )
        if record.sequence != self.sequence + 1:
            raise RecordError(f"record {record.sequence} where {self.sequence + 1} was expected")
        if record.previous != self.head:
            raise RecordError(f"record {record.sequence} does not continue record {self.sequence}")
        self.sequence = record.sequence
        self.head = record_hash(data)
        return record


ATTEMPT_KEY_LENGTH_MAX: Final = 32


def attempt_key(*, store: str, terminal: str, business_date: str, sale: int, letter: str) -> str:
    """Mint the key of one attempt to move money: store-terminal-YYYYMMDD-sale-letter.

    Minted once, by the terminal, and stored before anything is sent; reused for every retry, query
    and reversal, and printed on the paper. A new letter is taken only after the old attempt is
    proven dead. ASCII, at most 32 characters. Source: decisions.md "Identity".
    """
    assert len(business_date) == 8 and business_date.isdigit(), "a business date is YYYYMMDD"
    assert letter.isascii() and letter.islower() and letter.isalpha(), "letters run a, b, ... aa"
    key = f"{store}-{terminal}-{business_date}-{sale:04d}-{letter}"
    assert key.isascii() and len(key) <= ATTEMPT_KEY_LENGTH_MAX, f"attempt key {key!r} is too long"
    return key


def letter_index(key: str) -> int:
    """Return which attempt of its sale a key is of, from 0: the inverse of `attempt_letter`."""
    index = 0
    for letter in key.rpartition("-")[2]:
        index = index * 26 + ord(letter) - ord("a") + 1
    return index - 1


def attempt_letter(index: int) -> str:
    """Return the letter of a sale's index-th attempt: 0 is a, 25 is z, 26 is aa."""
    assert index >= 0
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("a") + digit) + letters
    return letters
