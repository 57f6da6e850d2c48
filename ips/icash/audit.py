"""Proves the collection of ICash: ledger, reports, statements and payments, by ways that share nothing.

    purse/icash/MODULE   what terminals reported of it, less what the shop was paid
    bank/icash           what shops were paid
    paid to a shop       genuine by the card's proof, reported, within the module's total
    paid to a holder     genuine, cleared, and not reported

What a module states and no terminal has reported is a finding only where it is the other way round: a
journal may still be on its way, but nobody can have reported what a module does not have.
"""

from collections.abc import Iterator

from ips.icash import records
from ips.icash.collection import BANK, held_in
from ips.store.audit import Audit, Finding
from ips.store.reader import Reader
from protocols.icash.details import decode_details
from protocols.icash.host import Host


def audit_icash(reader: Reader, host: Host | None) -> Audit:
    """Compare everything; `host` None where no issuer's key is known: proofs are not made again."""
    modules = records.modules(reader)
    findings = [*_bank(reader), *_genuine(reader, host)]
    for module in modules:
        findings += _module(reader, module)
    paid = reader.ask("SELECT count(*) FROM icash_paid")[0][0]
    return Audit(name="icash", checked=len(modules) + paid, findings=findings)


def _module(reader: Reader, module: str) -> Iterator[Finding]:
    reported = {row.td: row for row in records.reported(reader, module)}
    paid = records.paid(reader, module)
    to_shop = sum(row.amount for row in paid.values() if not row.holder)
    booked = _balance(reader, held_in(module))
    taken = sum(amount for (amount,) in reader.ask(
        "SELECT amount FROM value_taken WHERE method = ? AND device = ?", (records.METHOD, module)
    ))  # fmt: skip
    if booked != taken - to_shop:
        what = f"the ledger has {booked}, reports less payments make {taken - to_shop}"
        yield Finding(where=f"module {module}", what=what)
    stated = records.statement(reader, module)
    total = 0 if stated is None else stated.total
    if to_shop > total:
        yield Finding(where=f"module {module}", what=f"{to_shop} were paid, it states {total}")
    if stated is not None:
        opened, cleared = set(stated.opened()), records.cleared(reader, module)
        told = sum(
            row.amount
            for td, row in reported.items()
            if decode_details(td).module_number < stated.number
            and td not in opened
            and cleared.get(td, "credited") == "credited"
        )
        if told > total:
            what = f"terminals reported {told}, it states {total}"
            yield Finding(where=f"module {module}", what=what)
    for td, row in paid.items():
        if bool(row.holder) is (td in reported):
            whom = (
                "its holder, and a terminal took it" if row.holder else "a shop that took nothing"
            )
            yield Finding(where=f"purchase {td.hex()}", what=f"was paid to {whom}")


def _bank(reader: Reader) -> Iterator[Finding]:
    [(paid,)] = reader.ask("SELECT coalesce(sum(amount), 0) FROM icash_paid WHERE holder = ''")
    booked = _balance(reader, BANK)
    if booked != paid:
        yield Finding(where=BANK, what=f"the ledger has {booked}, shops were paid {paid}")


def _genuine(reader: Reader, host: Host | None) -> Iterator[Finding]:
    if host is None:
        return
    for td, proof in reader.ask("SELECT td, proof FROM icash_paid ORDER BY td"):
        if not host.is_debited(decode_details(td), proof):
            yield Finding(where=f"purchase {td.hex()}", what="was paid, and no card has proved it")


def _balance(reader: Reader, account: str) -> int:
    return sum(
        row.debits_posted - row.credits_posted for row in reader.accounts() if row.name == account
    )
