"""Books attempts: the intent to move money, and what became of it."""

from typing import Literal

from ips.commands import Resolve
from ips.entry import Entry, order_of
from ips.payments import PaymentRecord, Refusal
from protocols.facts import AttemptClosed, AttemptOpened
from protocols.money import Money, currency
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown

OutcomeName = Literal["approved", "declined", "pending", "unknown", "not_sent"]


def attempt_opened(entry: Entry, fact: AttemptOpened, key: str) -> None:
    """Open the payment; one the broker itself was asked for before is already open."""
    known = entry.payment(key) if key else None
    if known is None:
        _open(entry, fact.method, fact.amount, key, fact.sale)
        return
    if known.amount != fact.amount:
        entry.ask("attempt-differs", about=key, amount=fact.amount - known.amount)


def attempt_closed(entry: Entry, fact: AttemptClosed, key: str) -> None:
    """Tell the payment its result; a late approval of a settled sale becomes the customer's money."""
    payment = entry.payment(key) if key else None
    if payment is None:
        if not key or entry.needs_intent(fact.method):
            entry.ask("unknown-attempt", about=key or entry.booking.key, amount=fact.amount)
        payment = _open(entry, fact.method, fact.amount, key, fact.sale)
    outcome = _outcome(fact, payment.key, entry.occasion.currency)
    decision = entry.apply(payment, Resolve(at_ns=entry.occasion.at_ns, outcome=outcome))
    if isinstance(decision, Refusal):
        entry.ask("flow-refuses", about=payment.key, amount=fact.amount, detail=decision.reason)
    entry.post_legs("attempt")


def _open(entry: Entry, method: str, amount: int, key: str, sale: int) -> PaymentRecord:
    return entry.open(
        key or f"{entry.booking.key}/0",
        module=method,
        amount=amount,
        order=order_of(key) or entry.order_key(sale),
        business_date=entry.occasion.business_date,
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
