"""The paper's four inquiries as pure shapes: settled, open, refunded, refund-requested (I14-I17).

They mean money: every unit that was ever asked for and not refused or given up stands in exactly one
of settled, open and refunded; what is asked back is a part of settled that somebody has to act on.
The store turns the same sums into columns, so that a page is an index away.
"""

from collections.abc import Iterable
from typing import Final

from ips.books import RefundRecord
from ips.flows import StateClass
from ips.payments import PaymentRecord
from protocols.broker import InquiryName, InquiryRow

PAGE_ROWS_MAX: Final = 1_000

OPEN_CLASSES: Final = frozenset({StateClass.OPEN, StateClass.DOUBT, StateClass.RETURNED})
"""Not paid and not refused: asked for, in doubt, or taken back by the payer's bank."""
PAID_CLASSES: Final = frozenset({StateClass.SETTLED, StateClass.OWED, StateClass.REFUNDED})


def settled_amount(payment: PaymentRecord) -> int:
    """Return what was paid and not paid back."""
    return payment.paid - payment.refunded if payment.state_class in PAID_CLASSES else 0


def open_amount(payment: PaymentRecord) -> int:
    """Return what is still to be paid, or to be found out."""
    return payment.amount if payment.state_class in OPEN_CLASSES else 0


def inquiry_amount(name: InquiryName, payment: PaymentRecord) -> int:
    """Return what a payment contributes to an inquiry; zero: it is not in it."""
    match name:
        case "settled":
            return settled_amount(payment)
        case "open":
            return open_amount(payment)
        case "refunded":
            return payment.refunded
        case "refund-requests":
            return payment.refund_requested


def inquiry_row(name: InquiryName, payment: PaymentRecord) -> InquiryRow:
    """Return one payment as it is shown in an inquiry."""
    return InquiryRow(
        key=payment.key,
        order=payment.order,
        module=payment.module,
        store=payment.store,
        terminal=payment.terminal,
        business_date=payment.business_date,
        state=payment.state,
        amount=inquiry_amount(name, payment),
        currency=payment.currency,
        at_ns=payment.changed_ns,
        reference=payment.reference,
        reason=payment.reason,
    )


def refund_row(refund: RefundRecord) -> InquiryRow:
    """Return one refund as it is shown in refunded (paid) and refund-requests (not yet)."""
    return InquiryRow(
        key=refund.key,
        order=refund.order,
        module=refund.method,
        store=refund.store,
        terminal=refund.terminal,
        business_date=refund.business_date,
        state=refund.state,
        amount=refund.amount,
        currency=refund.currency,
        at_ns=refund.paid_ns or refund.decided_ns or refund.requested_ns,
        reference=refund.reference,
        reason=refund.reason,
    )


def totals(name: InquiryName, payments: Iterable[PaymentRecord]) -> dict[str, int]:
    """Return the sum by currency over payments."""
    sums: dict[str, int] = {}
    for payment in payments:
        if amount := inquiry_amount(name, payment):
            sums[payment.currency] = sums.get(payment.currency, 0) + amount
    return sums
