"""A batch: many journal records in one signed envelope, and the broker's typed answers.

Body of POST /v1/batches (Content-Type application/x-intermarket-batch):

    deflate( msgpack [ envelope bytes, Ed25519 signature over them by the terminal's identity key ] )

    envelope = msgpack { v, terminal, epoch, first, last, previous, records, head, documents }

One signature covers all; a record is never signed alone (broker.md 3.1: 60 ms a batch otherwise).
The broker's high-water decides what is new, so a batch may be sent twice or overlap.

Answers, JSON; the HTTP status names the kind:

    200  BatchAccepted    all durable; some may be questioned, none is refused
    400  BatchRefused     not a batch, wrong signature, broken chain inside: nothing was stored
    403  BatchRefused     this terminal is suspended, quarantined or unknown
    409  BatchGap         records before `first` are missing here: send from `expected`
    409  BatchFork        same sequence number, other content: the terminal is quarantined
    410  BatchEpochClosed the epoch has ended; enrol again
    413  BatchRefused     more than RECORDS_MAX records or BYTES_MAX bytes
    429, 503 with Retry-After: come back
Source: broker.md 3.3.
"""

import zlib
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocols.malformed import MALFORMED

RECORDS_MAX: Final = 500
BYTES_MAX: Final = 1024 * 1024
"""Of the deflated body; the envelope inside may be at most eight times as long."""
CONTENT_TYPE: Final = "application/x-intermarket-batch"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed."""

    v: int = 1
    terminal: str
    epoch: int
    first: int
    last: int
    previous: bytes
    """The head before `first`."""
    records: list[bytes]
    head: bytes
    """SHA-256 of the last record."""
    documents: dict[str, str] = {}
    """Versions of policy, catalogue and hotlist that the terminal works under now."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """The broker accepted a record and asks about it."""

    sequence: int
    code: str
    """Such as "unknown-attempt", "total-mismatch"; stable."""
    sentence_ko: str
    sentence_en: str


class BatchAccepted(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", tag="accepted"):
    """Everything up to `high_water` is durable at the broker."""

    accepted: int
    duplicates: int
    high_water: int
    head: str
    """Hex of the broker's head of this chain."""
    questions: list[Question] = []
    documents: dict[str, str] = {}
    """The newest versions that the broker has for this terminal; pull what differs."""
    server_time_ns: int


class BatchGap(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", tag="gap"):
    """Send again, from `expected`."""

    expected: int


class BatchFork(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", tag="fork"):
    """Two histories under one sequence number; both are kept as evidence."""

    sequence: int
    known_hash: str


class BatchEpochClosed(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", tag="epoch_closed"
):
    """This life of the terminal has ended."""

    epoch: int


class BatchRefused(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", tag="refused"):
    """Nothing was stored."""

    code: str
    """malformed, signature, chain, unknown_terminal, suspended, quarantined, too_large, busy."""
    reason: str


BatchAnswer = BatchAccepted | BatchGap | BatchFork | BatchEpochClosed | BatchRefused


class BatchError(ValueError):
    """These bytes are not a batch that this key signed. `code` is that of BatchRefused."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


_ENVELOPE: Final = msgspec.msgpack.Decoder(Envelope)
_SIGNED: Final = msgspec.msgpack.Decoder(tuple[bytes, bytes])


def encode_batch(envelope: Envelope, key: Ed25519PrivateKey) -> bytes:
    """Return the request body. The envelope's records are at most RECORDS_MAX."""
    assert 0 < len(envelope.records) <= RECORDS_MAX
    assert envelope.last - envelope.first + 1 == len(envelope.records)
    payload = msgspec.msgpack.encode(envelope)
    return zlib.compress(msgspec.msgpack.encode((payload, key.sign(payload))), 1)


def open_batch(body: bytes) -> tuple[Envelope, bytes, bytes]:
    """Return (envelope, its bytes, the signature), unverified. Raises: BatchError."""
    if len(body) > BYTES_MAX:
        raise BatchError("too_large", f"{len(body)} bytes, at most {BYTES_MAX}")
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(body, 8 * BYTES_MAX)
    except zlib.error as error:
        raise BatchError("malformed", f"not deflated: {error}") from error
    if inflater.unconsumed_tail or (not inflater.eof and len(plain) >= 8 * BYTES_MAX):
        raise BatchError("too_large", "the envelope inside is too long")
    if not inflater.eof or inflater.unused_data:
        raise BatchError("malformed", "the deflated body is cut, or something follows it")
    try:
        payload, signature = _SIGNED.decode(plain)
        envelope = _ENVELOPE.decode(payload)
    except MALFORMED as error:
        raise BatchError("malformed", str(error)) from error
    if len(envelope.records) > RECORDS_MAX:
        raise BatchError("too_large", f"{len(envelope.records)} records, at most {RECORDS_MAX}")
    if (
        not envelope.records
        or envelope.first < 1
        or envelope.last - envelope.first + 1 != len(envelope.records)
    ):
        raise BatchError("malformed", "first, last and the number of records disagree")
    return envelope, payload, signature


def verify_batch(payload: bytes, signature: bytes, key: Ed25519PublicKey) -> None:
    """Check the signature over the envelope's bytes. Raises: BatchError."""
    try:
        key.verify(signature, payload)
    except InvalidSignature:
        raise BatchError("signature", "the batch is not signed by this terminal's key") from None
