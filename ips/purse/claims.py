"""Losses: a purse's frozen log, checked and archived; what both purses have claimed, paid back once.

    order    CLAIM for one purse, under a fresh nonce
    present  the card's answer with its entries: archived, for good
    pay      one transfer that both purses have claimed and nobody has received
    clear    CLEAR for exactly the log that was archived

Source: purse.md 1.6 (the four cases), 3.4 T9, T10.
"""

from dataclasses import dataclass
from typing import Final

from ips.booking_purse import FLOAT, RESERVE, Holder, holder, shop_purse
from ips.ledger import Transfer
from ips.purse import records
from ips.store.group import Group
from protocols.facts import PurseClaimed
from protocols.purse.details import DETAILS_BYTES, decode_certificate, decode_details
from protocols.purse.issuing import ClaimError, FrozenLog, open_claim
from protocols.purse.proof import ProofError, Prover
from protocols.purse.suite import P256

BOTH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """It does not hold, and nothing was done; why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """A log that the issuer has; its purse may be cleared."""

    log: FrozenLog
    ready: list[bytes]
    """Entries that may be paid now: both purses have claimed them."""


class IssuerRules:
    """When the issuer pays, each rule alone so that a test can break it."""

    def may_pay(self, claimed_by: set[str], details: bytes) -> bool:
        """Return whether a loss is paid back: only on the word of both purses (purse.md 1.6)."""
        transfer = decode_details(details)
        return claimed_by == {transfer.payer.hex(), transfer.payee.hex()}

    def is_unpaid(self, paid: records.PaidRow | None) -> bool:
        """Return whether it was not paid before: a transfer is its payment details, whoever asks."""
        return paid is None

    def was_lost(self, *, moved: bool) -> bool:
        """Return whether nobody has reported it as received."""
        return not moved


def present(group: Group, prover: Prover | None, fact: PurseClaimed) -> Archived | Unfit:
    """Archive a frozen log. The same answer again archives the same."""
    name = decode_certificate(fact.certificate).name.hex()
    if prover is None:
        return Unfit(name=name, reason="no issuer key is known here")
    ordered = records.nonce_of(group.store, fact.nonce)
    if ordered is None or ordered[0] != name:
        return Unfit(name=name, reason="no claim with this nonce was ordered for this purse")
    try:
        certificate = prover.certificate(fact.certificate)
        log = open_claim(
            P256(),
            certificate=certificate,
            nonce=fact.nonce,
            answer=fact.answer,
            entries=fact.entries,
        )
    except (ProofError, ClaimError) as error:
        return Unfit(name=name, reason=str(error))
    if odd := _odd_entry(log):
        return Unfit(name=name, reason=odd)
    for entry in log.entries:
        group.changes.own.append(records.claim(entry, name, log.image, group.now_ns))
    group.changes.own.append(records.answer_claim(fact.nonce, group.now_ns))
    group.flush()
    ready = [entry for entry in log.entries if not why_not(group, entry)]
    return Archived(log=log, ready=ready)


def why_not(group: Group, details: bytes, rules: IssuerRules | None = None) -> str:
    """Return why a loss cannot be paid back; nothing when it can."""
    rules = rules or IssuerRules()
    assert len(details) == DETAILS_BYTES
    claimed = records.claimants(group.store, details)
    if not rules.may_pay(claimed, details):
        if not claimed:
            return "no purse has claimed it"
        return f"only purse {', '.join(sorted(claimed))} has claimed it; both must"
    if not rules.is_unpaid(records.paid(group.store, details)):
        return "it was paid back before"
    if not rules.was_lost(moved=records.known_move(group.store, details)):
        return "the payee has received it: nothing of it was lost"
    return ""


def pay(
    group: Group, details: bytes, *, into: str, by: str, rules: IssuerRules | None = None
) -> str:
    """Pay a loss back, into a purse that a teller loads; return why not, or nothing.

    The float goes down by it here and up again by the load. Raises: ConstraintError at the commit
    for what the schema refuses.
    """
    if reason := why_not(group, details, rules):
        return reason
    transfer = decode_details(details)
    group.changes.own.append(records.pay(details, into, by, group.now_ns))
    payer = records.purse(group.store, transfer.payer.hex())
    whose = Holder.CUSTOMER if payer is None else holder(payer.purse_class)
    if whose is not Holder.ISSUER:
        # What an issuer's own purse lost was never in the float.
        paid = Transfer(
            debit=FLOAT,
            credit=shop_purse(transfer.payer) if whose is Holder.SHOP else RESERVE,
            amount=transfer.value,
            currency=records.LETTERS[transfer.currency],
            memo="claim",
        )
        group.book(f"purse-claim/{details.hex()}", [paid])
    group.remember(by, "purse.pay", details.hex(), before="", after=f"into {into}")
    return ""


def _odd_entry(log: FrozenLog) -> str:
    """Name an entry that cannot be of this purse's log: an honest card never makes one."""
    for entry in log.entries:
        details = decode_details(entry)
        if log.name not in (details.payer, details.payee):
            return "an entry of its log names two other purses"
        if details.currency not in records.LETTERS or not details.value:
            return f"an entry of its log is in currency {details.currency}"
    return ""
