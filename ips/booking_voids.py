"""Books payments that a terminal took out of a sale before it was closed, and gave back.

    cash handed back         nothing: it never was the shop's
    by a device, or in cash  {asset of the payment} <- {asset of the way back}; the payment is refunded
    it has not gone back     customer-credit <- {asset}: found out after its sale had gone on without it

The payment is closed and paid back in one step, so its own life tells both; income is never touched. What
a purse moved stands in facts of its own (ips.booking_purse). Source: decisions.md "A parked attempt".
"""

import msgspec

from ips.books import RefundRecord
from ips.commands import Close, PayRefund, RequestRefund
from ips.entry import Entry, order_of, repay_key
from ips.payments import PaymentRecord, Refusal
from ips.postings import RETURNS, SALES
from protocols.facts import AttemptClosed, TenderVoided

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
    tender, back, at_ns = fact.tender, fact.back, entry.occasion.at_ns
    payment = _payment_of(entry, fact)
    close = Close(at_ns=at_ns, amount=tender.amount, reference=tender.reference)
    ask = RequestRefund(at_ns=at_ns, refund=back.attempt, amount=back.amount, reason="void")
    pay = PayRefund(at_ns=at_ns, refund=back.attempt, amount=back.amount, reference=back.reference)
    for command, asset in ((close, ""), (ask, ""), (pay, entry.asset(back.method))):
        decision = entry.apply(payment, command, asset=asset)
        if isinstance(decision, Refusal):
            detail = decision.reason
            entry.ask("flow-refuses", about=payment.key, amount=tender.amount, detail=detail)
            break
        payment = entry.payment(payment.key) or payment
    else:
        _record(entry, fact, payment)
    # What the payment was for is no income, and what went back is none that is lost.
    entry.leg(RETURNS, entry.leg_sum(SALES))
    entry.leg(SALES, -entry.leg_sum(SALES))
    rest = entry.leg_sum(RETURNS)
    if rest:
        entry.leg(RETURNS, -rest)
        entry.leg("suspense/exceptions", rest)


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


def _record(entry: Entry, fact: TenderVoided, payment: PaymentRecord) -> None:
    at, back = entry.occasion, fact.back
    entry.booking.refunds[back.attempt] = RefundRecord(
        key=back.attempt,
        payment=payment.key,
        order=payment.order,
        method=back.method,
        amount=back.amount,
        currency=at.currency,
        store=at.store,
        terminal=at.terminal,
        business_date=at.business_date,
        reason="void",
        state="paid",
        requested_by=at.actor,
        requested_ns=at.at_ns,
        decided_by=at.approver or at.actor,
        decided_ns=at.at_ns,
        decision="at the terminal",
        paid_ns=at.at_ns,
        reference=back.reference,
    )
