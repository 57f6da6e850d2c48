"""Questions to a broker's folder, answered by readers: beside a running broker, or without one."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import msgspec

from ips.config import Config
from ips.console.answers import Answer, CommandError, table
from ips.store.audit import (
    Audit,
    audit_chains,
    audit_ledger,
    audit_seals,
    audit_signatures,
)
from ips.store.connection import FILE_NAME, open_reader
from ips.store.inquiries import PAGE_MAX, inquire
from ips.store.reader import Reader
from ips.store.rows import DocumentRow
from protocols.broker import InquiryRow
from protocols.money import Money, currency

AUDITS: Final[dict[str, tuple[Callable[[Reader], Audit], ...]]] = {
    "chain": (audit_chains, audit_signatures, audit_seals),
    "ledger": (audit_ledger,),
}


@contextmanager
def reading(config: Config) -> Iterator[Reader]:
    """Open the database for reading."""
    reader = Reader(open_reader(config.place() / FILE_NAME))
    try:
        yield reader
    finally:
        reader.close()


def terminal_list(_: argparse.Namespace, config: Config) -> Answer:
    """List the terminals and how far their journals have come."""
    heading = ["terminal", "store", "state", "epoch", "records", "program", "seen", "reason"]
    rows: list[list[object]] = [list(heading)]
    with reading(config) as reader:
        for row in reader.terminals():
            life = reader.life(row.id, row.epoch)
            count = 0 if life is None else life.high_water
            seen = moment(row.seen_ns) if row.seen_ns else "never"
            rows.append(
                [row.id, row.store, row.state, row.epoch, count, row.program, seen, row.reason]
            )
    return listing(rows, "no terminal yet; `ips-broker terminal add 01` makes a place for one")


def document_list(_: argparse.Namespace, config: Config) -> Answer:
    """List every published version of every document."""
    rows: list[list[object]] = [["document", "version", "published", "by", "bytes"]]
    with reading(config) as reader:
        for row in reader.rows(DocumentRow, "document", "ORDER BY name, version"):
            rows.append(
                [row.name, row.version, moment(row.published_ns), row.published_by, len(row.signed)]
            )
    return listing(rows, "nothing is published yet")


def questions(_: argparse.Namespace, config: Config) -> Answer:
    """List what was accepted and is asked about."""
    rows: list[list[object]] = [["record", "code", "about", "amount", "asked", "sentence"]]
    with reading(config) as reader:
        found = reader.ask(
            "SELECT terminal || '/' || epoch || '/' || sequence, code, about, amount, opened_ns, "
            "sentence_en FROM question WHERE answered_ns IS NULL ORDER BY id"
        )
    rows += [[*row[:4], moment(row[4]), row[5]] for row in found]
    return listing(rows, "no open questions")


def inquiry(arguments: argparse.Namespace, config: Config) -> Answer:
    """Answer one of the four inquiries, all pages."""
    found: list[InquiryRow] = []
    after = ""
    with reading(config) as reader:
        while True:
            page = inquire(
                reader, arguments.name, store=arguments.store or "", after=after, limit=PAGE_MAX
            )
            found += page.rows
            after = page.after
            if not after or (arguments.limit and len(found) >= arguments.limit):
                break
    if not page.count and arguments.store and arguments.store not in config.stores:
        known = ", ".join(config.stores)
        raise CommandError(f"there is no store {arguments.store!r}; there are: {known}")
    found = found[: arguments.limit]
    value = {
        "name": page.name,
        "count": page.count,
        "totals": page.totals,
        "rows": [msgspec.to_builtins(row) for row in found],
    }
    fields = InquiryRow.__struct_fields__
    raw: list[list[object]] = [list(fields)]
    raw += [[getattr(row, name) for name in fields] for row in found]
    return Answer(
        value=value, text=_inquiry_text(page.name, found, page.totals, page.count), rows=raw
    )


def _inquiry_text(name: str, found: list[InquiryRow], totals: dict[str, int], count: int) -> str:
    rows: list[list[object]] = [["payment", "module", "date", "state", "amount", "reference"]]
    rows += [
        [
            row.key,
            row.module,
            row.business_date,
            row.state,
            str(Money(row.amount, currency(row.currency))),
            row.reference or row.reason,
        ]
        for row in found
    ]
    sums = ", ".join(str(Money(amount, currency(code))) for code, amount in totals.items())
    summary = f"{name}: {count} payments, {sums or 'nothing'}"
    return f"{table(rows)}\n{summary}" if found else summary


def accounts(arguments: argparse.Namespace, config: Config) -> Answer:
    """List the ledger's accounts; a debit balance is positive, what is held stands beside it."""
    rows: list[list[object]] = [["account", "currency", "balance", "held"]]
    shown: list[list[object]] = [["account", "balance", "held"]]
    with reading(config) as reader:
        for row in reader.accounts():
            balance = row.debits_posted - row.credits_posted
            held = row.debits_held - row.credits_held
            of = currency(row.currency)
            rows.append([row.name, row.currency, balance, held])
            shown.append([row.name, str(Money(balance, of)), str(Money(held, of)) if held else "-"])
    listed = listing(rows, "no account yet: nothing was booked")
    return Answer(value=listed.value, text=table(shown) if rows[1:] else listed.text, rows=rows)


def audit(arguments: argparse.Namespace, config: Config) -> Answer:
    """Prove what is stored; status 1 when something does not follow."""
    with reading(config) as reader:
        results = [check(reader) for check in AUDITS[arguments.name]]
    lines = [f"{result.name}: {result.checked} checked, {_verdict(result)}" for result in results]
    lines += [f"  {each.where}: {each.what}" for result in results for each in result.findings]
    value = [
        {
            "audit": result.name,
            "checked": result.checked,
            "findings": [{"where": each.where, "what": each.what} for each in result.findings],
        }
        for result in results
    ]
    status = int(any(result.findings for result in results))
    return Answer(value=value, text="\n".join(lines), status=status)


def _verdict(result: Audit) -> str:
    return f"{len(result.findings)} FOUND" if result.findings else "all in order"


def listing(rows: list[list[object]], nothing: str) -> Answer:
    """Return rows under their heading, or the sentence that says that there are none."""
    value = [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]
    return Answer(value=value, text=table(rows) if value else nothing, rows=rows)


def moment(at_ns: int) -> str:
    """Return a time of this machine's zone, to the second."""
    return f"{datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).astimezone():%Y-%m-%d %H:%M:%S}"
