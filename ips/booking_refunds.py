"""Books refunds that a terminal paid out: within what was paid, the rest in suspense (I10-I12).

A tender of a refund first pays what was asked back under its own key; then it is laid against the
payments of the original sale, the one that it names first, then the same way to pay; what no payment
covers is above what was paid, and asked about. Money has already gone back: none of this can refuse it.
"""

import msgspec

from ips.booking_points import taken_back
from ips.booking_voids import NOT_BACK, keep_refund
from ips.books import RefundRecord
from ips.commands import PayRefund, RequestRefund
from ips.entry import EXCEPTIONS, Entry, repay_key
from ips.flows import StateClass
from ips.payments import PaymentRecord, Refusal
from ips.postings import RETURNS
from ips.splits import Split, part_of, returns_of, split_receipt
from protocols.facts import AttemptClosed, RefundClosed, Tender

UNPAID = ("requested", "approved", "paying", "doubt")
"""States of a refund whose money has not gone back yet (ips.refunds.RefundState)."""


def refund_closed(entry: Entry, fact: RefundClosed) -> None:
    """Book a refund."""
    for index, tender in enumerate(fact.tenders):
        key = tender.attempt or f"{entry.booking.key}/{index}"
        _pay_back(entry, fact, tender, key)
    _split(entry, fact)
    taken_back(entry, fact)
    entry.add_to_shift(
        fact.shift,
        tenders=fact.tenders,
        sign=-1,
        refunds=fact.total,
        undone=int(fact.void),
        points_back=fact.points.amount if fact.points else 0,
    )
    entry.post_legs("refund")


def repaid(entry: Entry, fact: AttemptClosed, key: str) -> None:
    """Book late money that went back the way it came: a refund asked for by the broker is paid."""
    if fact.outcome != "approved":
        return
    tender = Tender(method=fact.method, attempt=key, amount=fact.amount, reference=fact.reference)
    refund = entry.refund(repay_key(fact.repays))
    left = tender.amount
    if refund is not None and refund.state in UNPAID:
        left -= _pay_known(entry, msgspec.structs.replace(refund, state="approved"), tender, left)
    if left:
        known = refund is not None and refund.state == "paid"
        code = "duplicate-refund" if known else "refund-above-paid"
        entry.ask(code, about=key, amount=left)
        _suspend(entry, tender, left)
    entry.post_legs("refund")


def _pay_back(entry: Entry, fact: RefundClosed, tender: Tender, key: str) -> None:
    known = entry.refund(key)
    if known is not None and known.state == "paid":
        entry.ask("duplicate-refund", about=key, amount=tender.amount)
        _suspend(entry, tender, tender.amount)
        return
    left = tender.amount
    if known is not None and known.state in UNPAID:
        left -= _pay_known(entry, known, tender, left)
    if fact.original:
        left = _against_sale(entry, fact, tender, key, left)
    elif left:
        _without_sale(entry, fact, tender, key, left)
        return
    if left:
        entry.ask("refund-above-paid", about=key, amount=left)
        _suspend(entry, tender, left)
        _record(entry, fact, tender, f"{key}/above", payment="", amount=left)


def _pay_known(entry: Entry, refund: RefundRecord, tender: Tender, left: int) -> int:
    """Pay a refund that was asked for before, and return how much of the tender that took."""
    payment = entry.payment(refund.payment)
    amount = min(left, refund.amount)
    if payment is None or not amount:
        return 0
    if refund.reason == NOT_BACK:
        # Its payment was given back in the books already: the money lies with the customer's credit.
        entry.leg(f"customer-credit/{entry.occasion.store}", amount)
        entry.leg(entry.asset(tender.method), -amount)
        _paid(entry, refund, tender)
        return amount
    if refund.state == "requested":
        entry.ask("refund-refused", about=refund.key, amount=amount, detail="not approved yet")
    if not _pay(entry, payment, tender, refund.key, amount):
        return 0
    _paid(entry, refund, tender)
    return amount


def _paid(entry: Entry, refund: RefundRecord, tender: Tender) -> None:
    entry.booking.refunds[refund.key] = msgspec.structs.replace(
        refund, state="paid", paid_ns=entry.occasion.at_ns, reference=tender.reference
    )


def _against_sale(entry: Entry, fact: RefundClosed, tender: Tender, key: str, left: int) -> int:
    """Lay a tender against the payments of the original sale; return what they do not cover."""
    payments = entry.payments_of(fact.original)
    named, method = tender.back_to, tender.method
    payments.sort(key=lambda payment: (payment.key != named, payment.module != method))
    pieces = 0
    for payment in payments:
        amount = min(left, max(payment.refundable, 0))
        if payment.state_class is StateClass.OWED:
            left -= _repay(entry, payment, tender, left)
        elif payment.state_class is StateClass.SETTLED and amount:
            piece = key if not pieces else f"{key}/{pieces}"
            if _request_and_pay(entry, fact, tender, payment, piece, amount):
                left -= amount
                pieces += 1
    return left


def _request_and_pay(
    entry: Entry,
    fact: RefundClosed,
    tender: Tender,
    payment: PaymentRecord,
    key: str,
    amount: int,
) -> bool:
    at_ns = entry.occasion.at_ns
    ask = RequestRefund(at_ns=at_ns, refund=key, amount=amount, reason=fact.reason)
    if isinstance(refusal := entry.apply(payment, ask), Refusal):
        entry.ask("flow-refuses", about=key, amount=amount, detail=refusal.reason)
        return False
    asked = entry.payment(payment.key)
    assert asked is not None
    paid = _pay(entry, asked, tender, key, amount)
    state = "paid" if paid else "requested"
    _record(entry, fact, tender, key, payment=payment.key, amount=amount, state=state)
    return paid


def _repay(entry: Entry, payment: PaymentRecord, tender: Tender, left: int) -> int:
    """Give an owed payment back, whole or not at all: it is the customer's money."""
    refund = entry.refund(repay_key(payment.key))
    if refund is None or refund.state == "paid" or left < refund.amount:
        return 0
    return _pay_known(entry, msgspec.structs.replace(refund, state="approved"), tender, left)


def _pay(entry: Entry, payment: PaymentRecord, tender: Tender, key: str, amount: int) -> bool:
    pay = PayRefund(
        at_ns=entry.occasion.at_ns, refund=key, amount=amount, reference=tender.reference
    )
    decision = entry.apply(payment, pay, asset=entry.asset(tender.method, of=payment))
    if isinstance(decision, Refusal):
        entry.ask("flow-refuses", about=key, amount=amount, detail=decision.reason)
        return False
    return True


def _without_sale(entry: Entry, fact: RefundClosed, tender: Tender, key: str, amount: int) -> None:
    entry.leg(RETURNS, amount)
    entry.leg(entry.asset(tender.method), -amount)
    _record(entry, fact, tender, key, payment="", amount=amount)
    if amount > entry.books.policy(entry.occasion.store).refund_without_receipt_max:
        entry.ask("refund-without-sale", about=key, amount=amount)


def _suspend(entry: Entry, tender: Tender, amount: int) -> None:
    entry.leg(EXCEPTIONS, amount)
    entry.leg(entry.asset(tender.method), -amount)


def _record(
    entry: Entry,
    fact: RefundClosed,
    tender: Tender,
    key: str,
    *,
    payment: str,
    amount: int,
    state: str = "paid",
) -> None:
    keep_refund(
        entry,
        key,
        tender,
        payment=payment,
        order=fact.original,
        amount=amount,
        reason=fact.reason,
        state=state,
    )


def _split(entry: Entry, fact: RefundClosed) -> None:
    """Replace what is left to the receipt's split by that split, in proportion to what it covers.

    A refund that names no goods, of a sale that is known here, is split as its sale was.
    """
    amount = entry.leg_sum(RETURNS)
    paid = sum(tender.amount for tender in fact.tenders)
    about = fact.original or entry.booking.key
    sale = entry.books.order(fact.original) if fact.original and not fact.lines else None
    if sale is not None and sale.parts:
        split = returns_of(Split(parts=sale.parts, groups=sale.groups))
    else:
        split = split_receipt(fact, "returns", entry.books.policy(entry.occasion.store).vat_percent)
    if amount:
        entry.leg(RETURNS, -amount)
        for account, part in part_of(split, amount).items():
            entry.leg(account, part)
    if paid != fact.total:
        entry.ask("total-mismatch", about=about, amount=paid - fact.total)
    if split.lines_off:
        entry.ask("lines-mismatch", about=about, amount=split.lines_off)
    if split.tax_off:
        entry.ask("tax-split", about=about, detail=split.tax_off)
