"""Books payments that a terminal took out of a sale, or replaced, and gave back.

    cash handed back         nothing: it never was the shop's
    by a device, or in cash  {asset of the payment} <- {asset of the way back}; the payment is refunded
    replaced afterwards      {asset of the new payments} <- {asset of the way back}; those are the sale's now
    it has not gone back     customer-credit <- {asset}: found out after its sale had gone on without it

The payment is closed and paid back in one step, so its own life tells both; income is never touched. What
a purse moved stands in facts of its own (ips.booking_purse). Source: decisions.md "A parked attempt".
"""

import msgspec

from ips.booking_sales import let_go, settle
from ips.books import RefundRecord
from ips.commands import Close, Park, PayRefund, RequestRefund
from ips.entry import EXCEPTIONS, Entry, order_of, repay_key
from ips.payments import PaymentRecord, Refusal
from ips.postings import RETURNS, SALES
from protocols.facts import AttemptClosed, Tender, TenderChanged, TenderVoided

NOT_BACK = "not-given-back"
"""Why a customer is owed money: it was to go back, and did not."""


def tender_voided(entry: Entry, fact: TenderVoided) -> None:
    """Book a payment of an open sale that went back."""
    tender, back = fact.tender, fact.back
    by_hand = not entry.needs_intent(tender.method) and tender.method == back.method
    if not by_hand:
        _give_back(entry, fact)
    entry.add_to_shift(fact.shift, tenders=[tender], tender_voids=1)
    entry.add_to_shift(fact.shift, tenders=[back], sign=-1)
    entry.post_legs("void")


def tender_changed(entry: Entry, fact: TenderChanged) -> None:
    """Book payments that stand in a closed sale instead of another."""
    order = fact.original
    for index, tender in enumerate(fact.taken):
        settle(entry, tender, order, index)
    payment = entry.payment(fact.tender.attempt)
    if payment is None:
        entry.ask("unknown-attempt", about=fact.tender.attempt, amount=fact.back.amount)
    else:
        _refund(entry, payment, fact.back, "tender-change")
    paid = sum(tender.amount for tender in fact.taken)
    if paid != fact.back.amount:
        entry.ask("total-mismatch", about=order, amount=paid - fact.back.amount)
    _level(entry)
    standing = frozenset(tender.attempt for tender in fact.taken)
    let_go(entry, order, Park(at_ns=entry.occasion.at_ns), standing=standing)
    entry.add_to_shift(fact.shift, tenders=fact.taken, tender_changes=1)
    entry.add_to_shift(fact.shift, tenders=[fact.back], sign=-1)
    entry.post_legs("tender-change")


def not_given_back(entry: Entry, fact: AttemptClosed, key: str) -> None:
    """Owe the customer what was counted as given back, and proves not to have gone."""
    refund = entry.refund(key)
    if refund is None or refund.state != "paid" or fact.outcome not in ("declined", "not_sent"):
        return
    credit = f"customer-credit/{entry.occasion.store}"
    entry.move(entry.asset(refund.method), credit, refund.amount, "owe")
    owed = repay_key(refund.payment)
    entry.booking.refunds[key] = msgspec.structs.replace(
        refund, state="rejected", decision=NOT_BACK
    )
    entry.booking.refunds[owed] = msgspec.structs.replace(
        refund, key=owed, state="requested", reason=NOT_BACK, paid_ns=0, reference="", decision=""
    )
    entry.ask("duplicate-payment", about=refund.payment, amount=refund.amount)


def _give_back(entry: Entry, fact: TenderVoided) -> None:
    tender = fact.tender
    payment = _payment_of(entry, fact)
    close = Close(at_ns=entry.occasion.at_ns, amount=tender.amount, reference=tender.reference)
    decision = entry.apply(payment, close)
    if isinstance(decision, Refusal):
        detail = decision.reason
        entry.ask("flow-refuses", about=payment.key, amount=tender.amount, detail=detail)
    else:
        _refund(entry, entry.payment(payment.key) or payment, fact.back, "void")
    _level(entry)


def _refund(entry: Entry, payment: PaymentRecord, back: Tender, reason: str) -> None:
    """Pay a payment back in one step, and keep that it was."""
    at_ns = entry.occasion.at_ns
    ask = RequestRefund(at_ns=at_ns, refund=back.attempt, amount=back.amount, reason=reason)
    pay = PayRefund(at_ns=at_ns, refund=back.attempt, amount=back.amount, reference=back.reference)
    for command, asset in ((ask, ""), (pay, entry.asset(back.method, of=payment))):
        decision = entry.apply(payment, command, asset=asset)
        if isinstance(decision, Refusal):
            detail = decision.reason
            entry.ask("flow-refuses", about=payment.key, amount=back.amount, detail=detail)
            return
        payment = entry.payment(payment.key) or payment
    keep_refund(
        entry,
        back.attempt,
        back,
        payment=payment.key,
        order=payment.order,
        amount=back.amount,
        reason=reason,
    )


def _level(entry: Entry) -> None:
    """Leave income as it was: what came is none of it, and what went back is none that is lost."""
    came, went = entry.leg_sum(SALES), entry.leg_sum(RETURNS)
    entry.leg(SALES, -came)
    entry.leg(RETURNS, -went)
    entry.leg(EXCEPTIONS, came + went)


def _payment_of(entry: Entry, fact: TenderVoided) -> PaymentRecord:
    key = fact.tender.attempt
    payment = entry.payment(key)
    if payment is not None:
        return payment
    entry.ask("unknown-attempt", about=key, amount=fact.tender.amount)
    return entry.open(
        key,
        module=fact.tender.method,
        amount=fact.tender.amount,
        order=order_of(key) or entry.order_key(fact.sale),
        business_date=entry.occasion.business_date,
    )


def keep_refund(
    entry: Entry,
    key: str,
    back: Tender,
    *,
    payment: str,
    order: str,
    amount: int,
    reason: str,
    state: str = "paid",
) -> None:
    """Keep a refund that a terminal has paid out, of `payment`; empty where it is of none."""
    at = entry.occasion
    entry.booking.refunds[key] = RefundRecord(
        key=key,
        payment=payment,
        order=order,
        method=back.method,
        amount=amount,
        currency=at.currency,
        store=at.store,
        terminal=at.terminal,
        business_date=at.business_date,
        reason=reason,
        state=state,
        requested_by=at.actor,
        requested_ns=at.at_ns,
        decided_by=at.approver or at.actor,
        decided_ns=at.at_ns,
        decision="at the terminal",
        paid_ns=at.at_ns,
        reference=back.reference,
    )
