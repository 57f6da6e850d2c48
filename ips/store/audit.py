"""Proves what is stored: chains of records, seals of commits, sums of accounts, signatures of batches.

Each check reads everything and trusts nothing that was summed up before. A finding names the place;
no finding means that the stored bytes follow from one another from the first to the last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ips.store.reader import Reader
from ips.store.rows import BatchRow, LifeRow, PaymentEventRow, RecordRow, SealRow, TransferRow
from ips.store.seal import GENESIS, seal_hash
from protocols.batch import BatchError, Envelope, verify_batch
from protocols.journal import Chain, RecordError, decode_record, record_hash

PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that cannot be true of an untouched store."""

    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was looked at, and what was found."""

    name: str
    checked: int
    findings: list[Finding]


_SUMS: Final = """
WITH moved AS (
    SELECT debit AS account, amount AS debits, 0 AS credits, 0 AS debits_held, 0 AS credits_held
        FROM transfer WHERE phase IN ('post', 'settle')
    UNION ALL SELECT credit, 0, amount, 0, 0 FROM transfer WHERE phase IN ('post', 'settle')
    UNION ALL SELECT debit, 0, 0, amount, 0 FROM transfer AS held WHERE phase = 'hold' AND NOT EXISTS
        (SELECT 1 FROM transfer AS done WHERE done.hold = held.hold AND done.phase IN ('settle', 'void'))
    UNION ALL SELECT credit, 0, 0, 0, amount FROM transfer AS held WHERE phase = 'hold' AND NOT EXISTS
        (SELECT 1 FROM transfer AS done WHERE done.hold = held.hold AND done.phase IN ('settle', 'void'))
), replayed AS (
    SELECT account, sum(debits) AS debits, sum(credits) AS credits,
        sum(debits_held) AS debits_held, sum(credits_held) AS credits_held
    FROM moved GROUP BY account
)
SELECT name, currency, debits_posted, credits_posted, account.debits_held, account.credits_held,
    coalesce(replayed.debits, 0), coalesce(replayed.credits, 0),
    coalesce(replayed.debits_held, 0), coalesce(replayed.credits_held, 0)
FROM account LEFT JOIN replayed ON replayed.account = account.id ORDER BY account.id
"""


def audit_ledger(reader: Reader) -> Audit:
    """Compare every account's sums with a replay of all transfers, and debits with credits."""
    findings = []
    totals: dict[str, int] = {}
    rows = reader.ask(_SUMS)
    for name, currency, *sums in rows:
        kept, replayed = tuple(sums[:4]), tuple(sums[4:])
        totals[currency] = totals.get(currency, 0) + kept[0] - kept[1]
        if kept != replayed:
            what = (
                f"debits, credits, held debits, held credits are {kept}; a replay gives {replayed}"
            )
            findings.append(Finding(where=f"account {name} {currency}", what=what))
    for currency, difference in totals.items():
        if difference:
            what = f"debits exceed credits by {difference}"
            findings.append(Finding(where=f"all accounts in {currency}", what=what))
    return Audit(name="ledger", checked=len(rows), findings=findings)


def audit_chains(reader: Reader) -> Audit:
    """Walk every terminal's chain from its genesis to the head that the broker keeps."""
    findings = []
    checked = 0
    for life in reader.rows(LifeRow, "life", "ORDER BY terminal, epoch"):
        where = f"terminal {life.terminal} epoch {life.epoch}"
        chain = Chain(life.terminal, life.epoch)
        try:
            for row in _records(reader, life):
                chain.follow(row.bytes)
                checked += 1
                if row.hash != record_hash(row.bytes):
                    raise RecordError(f"record {row.sequence} is stored under another hash")
        except RecordError as error:
            findings.append(Finding(where=where, what=str(error)))
            continue
        if (chain.sequence, chain.head) != (life.high_water, life.head):
            what = f"{chain.sequence} records are stored, the high-water is {life.high_water}"
            findings.append(Finding(where=where, what=what))
    return Audit(name="chain", checked=checked, findings=findings)


def audit_seals(reader: Reader) -> Audit:
    """Make the seal of every commit again."""
    findings: list[Finding] = []
    previous, record, transfer, event = GENESIS, 0, 0, 0
    seals = reader.rows(SealRow, "seal", "ORDER BY id")
    for number, seal in enumerate(seals, 1):
        between = "WHERE id > ? AND id <= ? ORDER BY id"
        made = seal_hash(
            previous,
            seal.at_ns,
            record_hashes=[
                hashed
                for (hashed,) in reader.ask(
                    f"SELECT hash FROM record {between}",  # noqa: S608  our own words
                    (record, seal.last_record),
                )
            ],
            transfers=reader.rows(TransferRow, "transfer", between, (transfer, seal.last_transfer)),
            events=reader.rows(PaymentEventRow, "payment_event", between, (event, seal.last_event)),
        )
        if (seal.id, seal.previous, seal.hash) != (number, previous, made):
            what = "what this commit added is not what it was sealed over"
            return Audit(
                name="seals",
                checked=number,
                findings=[Finding(where=f"seal {number}", what=what)],
            )
        previous, record = seal.hash, seal.last_record
        transfer, event = seal.last_transfer, seal.last_event
    counters = reader.counters()
    if (record, transfer, event) != (counters.record, counters.transfer, counters.event):
        findings.append(Finding(where="the end", what="rows were added after the last seal"))
    return Audit(name="seals", checked=len(seals), findings=findings)


def audit_signatures(reader: Reader) -> Audit:
    """Make every signed envelope again from the stored records and verify it with the terminal's key."""
    findings = []
    batches = reader.rows(BatchRow, "batch", "ORDER BY terminal, epoch, last")
    for batch in batches:
        where = f"batch {batch.terminal}/{batch.epoch} {batch.first}-{batch.last}"
        life = reader.life(batch.terminal, batch.epoch)
        records = reader.records(batch.terminal, batch.epoch, batch.first, batch.last)
        try:
            if life is None or not records:
                raise BatchError("chain", "its records or its terminal's key are missing")
            key = Ed25519PublicKey.from_public_bytes(life.identity)
            verify_batch(_envelope(batch, records), batch.signature, key)
        except (BatchError, RecordError) as error:
            findings.append(Finding(where=where, what=str(error)))
    return Audit(name="signatures", checked=len(batches), findings=findings)


def _envelope(batch: BatchRow, records: list[RecordRow]) -> bytes:
    chain_before = decode_record(records[0].bytes).previous
    return msgspec.msgpack.encode(
        Envelope(
            terminal=batch.terminal,
            epoch=batch.epoch,
            first=batch.first,
            last=batch.last,
            previous=chain_before,
            records=[row.bytes for row in records],
            head=records[-1].hash,
            documents=msgspec.json.decode(batch.documents),
        )
    )


def _records(reader: Reader, life: LifeRow) -> Iterator[RecordRow]:
    after = 0
    while page := reader.records(life.terminal, life.epoch, after + 1, after + PAGE):
        yield from page
        after = page[-1].sequence
