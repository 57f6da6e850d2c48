"""Books attempts: the intent to move money, and what became of it.

An attempt that gives late money back is no payment: its result pays the refund that the late money
opened (decisions.md "A parked attempt"). Nor is a service between purses: what moved in a refund, a load
or a deposit stands in facts of its own.
"""

from typing import Literal

from ips.booking_refunds import repaid
from ips.booking_voids import not_given_back
from ips.commands import Park, Resolve
from ips.entry import Entry, order_of
from ips.flows import StateClass
from ips.payments import PaymentRecord, Refusal
from protocols.facts import AttemptClosed, AttemptOpened, AttemptParked
from protocols.money import Money, currency
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown

OutcomeName = Literal["approved", "declined", "pending", "unknown", "not_sent"]


def attempt_opened(entry: Entry, fact: AttemptOpened, key: str) -> None:
    """Open the payment; one the broker itself was asked for before is already open."""
    if fact.repays or fact.service:
        return
    known = entry.payment(key) if key else None
    if known is None:
        _open(entry, fact.method, fact.amount, key, fact.sale, fact.peer)
        return
    if known.amount != fact.amount:
        entry.ask("attempt-differs", about=key, amount=fact.amount - known.amount)


def attempt_closed(entry: Entry, fact: AttemptClosed, key: str) -> None:
    """Tell the payment its result; a late approval of a settled sale becomes the customer's money."""
    if fact.repays:
        repaid(entry, fact, key)
        return
    if fact.service:
        if fact.service == "void":
            not_given_back(entry, fact, key)
        return
    payment = entry.payment(key) if key else None
    if payment is None:
        if not key or entry.needs_intent(fact.method):
            entry.ask("unknown-attempt", about=key or entry.booking.key, amount=fact.amount)
        payment = _open(entry, fact.method, fact.amount, key, fact.sale)
    outcome = _outcome(fact, payment.key, entry.occasion.currency)
    decision = entry.apply(payment, Resolve(at_ns=entry.occasion.at_ns, outcome=outcome))
    if isinstance(decision, Refusal):
        entry.ask("flow-refuses", about=payment.key, amount=fact.amount, detail=decision.reason)
    elif fact.late:
        _set_aside(entry, payment.key)
    entry.post_legs("attempt")


def attempt_parked(entry: Entry, fact: AttemptParked, key: str) -> None:
    """Look whether the attempt is known; what becomes of it, its sale's own record tells.

    While the sale is open the attempt may still prove paid and stand in it.
    """
    if fact.service:
        return
    if not key or entry.payment(key) is None:
        entry.ask("unknown-attempt", about=key or entry.booking.key, amount=fact.amount)


def _set_aside(entry: Entry, key: str) -> None:
    """Let money that came too late be the customer's at once, should its sale still be open here."""
    payment = entry.payment(key)
    assert payment is not None, "it was just told its result"
    if payment.state_class is StateClass.OPEN:
        decision = entry.apply(payment, Park(at_ns=entry.occasion.at_ns))
        if isinstance(decision, Refusal):
            entry.ask("flow-refuses", about=key, detail=decision.reason)


def _open(
    entry: Entry, method: str, amount: int, key: str, sale: int, peer: str = ""
) -> PaymentRecord:
    return entry.open(
        key or f"{entry.booking.key}/0",
        module=method,
        amount=amount,
        order=order_of(key) or entry.order_key(sale),
        business_date=entry.occasion.business_date,
        peer=peer,
    )


def _outcome(fact: AttemptClosed, key: str, code: str) -> Outcome:
    match fact.outcome:
        case "approved":
            amount = Money(fact.amount, currency(code))
            return Approved(amount=amount, reference=fact.reference)
        case "declined":
            return Declined(code=fact.code, reason=fact.reason)
        case "pending":
            return Pending(reference=fact.reference, until_ns=0)
        case "unknown":
            return Unknown(case_id=key, reason=fact.reason)
        case "not_sent":
            return NotSent(code=fact.code, reason=fact.reason)
