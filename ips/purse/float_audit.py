"""Proves the float: by two ways that share nothing, what is owed is what is out there.

    ledger   float-issued, booked record by record as facts came in
    shadow   the sum over all purses that are not the issuer's own: balances + lost + in flight

Likewise the value in each of the shops' own purses. Every stored message is verified again, every
payment of a loss has both logs behind it, and what is suspect of a purse is a finding until it is
settled. Source: purse.md 2.3 M9, 5 (G5, G6).
"""

from collections.abc import Iterator
from typing import Final

from ips.booking_purse import FLOAT, Holder, holder
from ips.purse import records, shadow
from ips.store.audit import Audit, Finding
from ips.store.reader import Reader
from protocols.purse.details import DETAILS_BYTES
from protocols.purse.proof import ProofError, Prover

_OWED: Final = "purse-"


def audit_float(reader: Reader, prover: Prover | None) -> Audit:
    """Compare ledger and shadow, verify what is proved, name what is suspect."""
    pockets = shadow.pockets(reader)
    findings = [
        *_float(reader, pockets),
        *_shops(reader, pockets),
        *_overspent(pockets),
        *_messages(reader, prover),
        *_paid(reader),
        *_flags(reader),
    ]
    return Audit(name="float", checked=len(pockets) + len(records.moves(reader)), findings=findings)


def float_of(reader: records.Asks) -> dict[str, dict[str, int]]:
    """Return the float by currency: issued, and what it is made of."""
    sums: dict[str, dict[str, int]] = {}
    for pocket in shadow.pockets(reader):
        if holder(pocket.purse_class) is Holder.ISSUER:
            continue
        row = sums.setdefault(
            pocket.currency, {"float": 0, "balances": 0, "lost": 0, "in_flight": 0}
        )
        row["balances"] += pocket.balance
        row["lost"] += pocket.lost - pocket.paid
        row["in_flight"] += pocket.in_flight
        row["float"] += pocket.gained - pocket.paid
    return sums


def _float(reader: Reader, pockets: list[shadow.Shadow]) -> Iterator[Finding]:
    sums = float_of(reader)
    owed = {
        row.currency: row.credits_posted - row.debits_posted
        for row in reader.accounts()
        if row.name == FLOAT
    }
    for code in sorted(sums.keys() | owed.keys()):
        made = sums.get(code, {"balances": 0, "lost": 0, "in_flight": 0})
        out = made["balances"] + made["lost"] + made["in_flight"]
        if out != owed.get(code, 0):
            what = (
                f"the ledger owes {owed.get(code, 0)}; balances {made['balances']}, lost "
                f"{made['lost']} and in flight {made['in_flight']} are {out}"
            )
            yield Finding(where=f"{FLOAT} {code}", what=what)


def _shops(reader: Reader, pockets: list[shadow.Shadow]) -> Iterator[Finding]:
    kept = {
        (row.name.removeprefix("purse/merchant/"), row.currency): row.debits_posted
        - row.credits_posted
        for row in reader.accounts()
        if row.name.startswith("purse/merchant/")
    }
    told = {
        (pocket.name, pocket.currency): pocket.gained - pocket.paid
        for pocket in pockets
        if holder(pocket.purse_class) is Holder.SHOP
    }
    for name, code in sorted(kept.keys() | told.keys()):
        booked, seen = kept.get((name, code), 0), told.get((name, code), 0)
        if booked != seen:
            what = f"the ledger has {booked}, the reported transfers make {seen}"
            yield Finding(where=f"shop's purse {name} {code}", what=what)


def _overspent(pockets: list[shadow.Shadow]) -> Iterator[Finding]:
    for pocket in pockets:
        issuer = holder(pocket.purse_class) is Holder.ISSUER
        if pocket.made and not issuer and pocket.balance < 0:
            what = f"has spent {-pocket.balance} more than it was given"
            yield Finding(where=f"purse {pocket.name} {pocket.currency}", what=what)


def _messages(reader: Reader, prover: Prover | None) -> Iterator[Finding]:
    for row in records.moves(reader) if prover is not None else []:
        if not row.proved:
            continue
        try:
            assert prover is not None
            proof = prover.message(row.message)
        except ProofError as error:
            yield Finding(where=f"transfer {row.pd.hex()}", what=f"no longer proved: {error}")
            continue
        if proof.details.encode() != row.pd:
            yield Finding(where=f"transfer {row.pd.hex()}", what="its message is about another")


def _paid(reader: Reader) -> Iterator[Finding]:
    for (pd,) in reader.ask("SELECT pd FROM purse_paid ORDER BY pd"):
        claimed = records.claimants(reader, pd)
        if len(pd) != DETAILS_BYTES or claimed != {pd[:8].hex(), pd[8:16].hex()}:
            what = f"was paid back on the word of {', '.join(sorted(claimed)) or 'nobody'}"
            yield Finding(where=f"loss {pd.hex()}", what=what)
        if records.known_move(reader, pd):
            yield Finding(where=f"loss {pd.hex()}", what="was paid back and was received as well")


def _flags(reader: Reader) -> Iterator[Finding]:
    rows = reader.ask("SELECT name, code, about FROM purse_flag ORDER BY name, code, about")
    for name, code, about in rows:
        yield Finding(where=f"purse {name}", what=f"{code.removeprefix(_OWED)}: {about}")
