"""The janitor: looks again at what did not end, by the deadlines that the flows name.

Unknown is never answered by trying again: the module is asked what became of the key, after 10 s,
30 s, 2 min, 10 min, then daily (the flow's `[inquiry]`), until it knows. Pending past its promise is
asked the same way. Pure: it says what is due and when to look next; ips.desk does the asking.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ips.books import RefundRecord
from ips.commands import Expire
from ips.flows import DueRun, Flow
from ips.payments import PaymentRecord
from ips.spi import Manifest, Operation, Order
from protocols.money import Money, currency

ROUND_MAX: Final = 100
"""Payments looked at in one round; the rest is due in the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquire:
    """Ask the module what became of a payment."""

    payment: PaymentRecord
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Have the module undo a payment that was given up."""

    payment: PaymentRecord
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """The deadline has passed: tell the payment."""

    payment: PaymentRecord
    command: Expire


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Nobody can be asked: the module is not here, or cannot inquire. Stays open for a person."""

    payment: PaymentRecord
    reason: str


Chore = Inquire | Undo | Lapse | Stuck


def chore_of(
    payment: PaymentRecord, flow: Flow, manifest: Manifest | None, *, now_ns: int
) -> Chore | None:
    """Return what a payment needs now; None while its deadline has not come."""
    if not payment.due_ns or now_ns < payment.due_ns:
        return None
    due = flow.states[payment.state].due
    if due is not None and due.run is DueRun.EXPIRE:
        return Lapse(payment=payment, command=Expire(at_ns=now_ns))
    if manifest is None:
        return Stuck(payment=payment, reason=f"payment module {payment.module} is not here")
    if due is not None and due.run is DueRun.VOID:
        return Undo(payment=payment, order=void_of(payment))
    if Operation.INQUIRE not in manifest.operations:
        return Stuck(payment=payment, reason=f"payment module {payment.module} cannot be asked")
    return Inquire(payment=payment, order=inquiry_of(payment))


def inquiry_of(payment: PaymentRecord) -> Order:
    """Return the question about a payment: the same key it was asked for under."""
    return Order(
        operation=Operation.INQUIRE,
        key=payment.key,
        payment=payment.key,
        amount=Money(payment.amount, currency(payment.currency)),
        store=payment.store,
        terminal=payment.terminal,
        reference=payment.reference,
    )


def void_of(payment: PaymentRecord) -> Order:
    """Return the order to undo a payment; the same twice undoes it once."""
    amount = Money(payment.authorised, currency(payment.currency))
    return replace(
        inquiry_of(payment), operation=Operation.VOID, key=f"{payment.key}/void", amount=amount
    )


def refund_inquiry_of(refund: RefundRecord) -> Order:
    """Return the question about a refund that may have gone back."""
    return Order(
        operation=Operation.INQUIRE,
        key=refund.key,
        payment=refund.payment,
        amount=Money(refund.amount, currency(refund.currency)),
        store=refund.store,
        terminal=refund.terminal,
        reference=refund.reference,
    )


def next_due_ns(payments: Iterable[PaymentRecord], refunds: Iterable[RefundRecord] = ()) -> int:
    """Return when to look next, UTC nanoseconds; 0 when nothing ever falls due."""
    dues = [payment.due_ns for payment in payments] + [refund.due_ns for refund in refunds]
    return min((due for due in dues if due), default=0)
