"""Refunds: asked for, decided, paid; each its own entity beside the payment (I10-I12, I17).

    request -> requested --approve--> approved --pay--> paying --result--> paid
                   |                     ^                |---- unknown --> doubt --result--> paid
                   +--reject--> rejected +---- declined, not sent ---------+

Everything here is decided in the writer, on the books as they are there: two who ask for the same
money at once are decided one after the other, and the second is told what is left. The payment
counts what is requested back, so nothing above what was paid is ever promised. Pure.
"""

from enum import StrEnum
from typing import Final, assert_never

import msgspec

from ips.booking import book_command
from ips.books import Booking, Books, RefundRecord
from ips.commands import PayRefund, RejectRefund, RequestRefund
from ips.flows import Inquiry, StateClass
from ips.payments import PaymentRecord, Refusal
from ips.refund_policy import RefundPolicy, Verdict
from ips.spi import RefundCapability
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND

PAYING_S_MAX: Final = 40
"""A refund that is being paid for longer was left by a crash: the module is asked."""
INQUIRY: Final = Inquiry()
"""When a refund in doubt is asked about."""
_DAY_NS: Final = 86_400 * NANOSECONDS_PER_SECOND


class RefundState(StrEnum):
    """Where a refund stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAYING = "paying"
    """The module is being asked; durable before it is."""
    DOUBT = "doubt"
    """It may have gone back: ask, never pay again under another key."""
    PAID = "paid"


class RefundAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for."""

    key: str
    """Minted by who asks, once; the same key asked again answers what happened the first time."""
    payment: str
    amount: int
    currency: str
    reason: str
    actor: str
    method: str = ""
    """Another way back than the payment's own; empty: the same way."""
    at_ns: int


def request(ask: RefundAsk, books: Books, policy: RefundPolicy) -> Booking | Refusal:
    """Open a refund, or say why not. What the policy allows at once is approved in the same step."""
    known = books.refund(ask.key)
    if known is not None:
        return _asked_again(known, ask)
    payment = books.payment(ask.payment)
    if payment is None:
        return Refusal(code="unknown-payment", reason=f"there is no payment {ask.payment!r}")
    if refusal := _refusal(ask, payment, books):
        return refusal
    method = ask.method or payment.module
    age_days = max(ask.at_ns - payment.opened_ns, 0) // _DAY_NS
    verdict, rule = policy.judge(
        method=method, reason=ask.reason, amount=ask.amount, age_days=age_days
    )
    if verdict is Verdict.FORBID:
        return Refusal(code="refund-forbidden", reason=f"the refund policy forbids it: {rule}")
    command = RequestRefund(at_ns=ask.at_ns, refund=ask.key, amount=ask.amount, reason=ask.reason)
    booking = book_command(payment, command, books)
    if isinstance(booking, Refusal):
        return booking
    allowed = verdict is Verdict.ALLOW
    booking.refunds[ask.key] = RefundRecord(
        key=ask.key,
        payment=payment.key,
        order=payment.order,
        method=method,
        amount=ask.amount,
        currency=ask.currency,
        store=payment.store,
        terminal=payment.terminal,
        business_date=payment.business_date,
        reason=ask.reason,
        state=RefundState.APPROVED if allowed else RefundState.REQUESTED,
        requested_by=ask.actor,
        requested_ns=ask.at_ns,
        decided_by="policy" if allowed else "",
        decided_ns=ask.at_ns if allowed else 0,
        decision=rule if allowed else "",
    )
    return booking


def approve(key: str, *, approver: str, why: str, at_ns: int, books: Books) -> Booking | Refusal:
    """Say yes to a request; never by the person who asked (dual control)."""
    refund = books.refund(key)
    if refund is None:
        return _unknown(key)
    if refund.state != RefundState.REQUESTED:
        return Refusal(code="refund-state", reason=f"refund {key} is {refund.state}, not requested")
    if not approver or approver == refund.requested_by:
        reason = f"refund {key} was asked for by {refund.requested_by}: another person approves it"
        return Refusal(code="same-person", reason=reason)
    decided = msgspec.structs.replace(
        refund,
        state=RefundState.APPROVED,
        decided_by=approver,
        decided_ns=at_ns,
        decision=why,
    )
    return Booking(key=f"{key}/approve", refunds={key: decided})


def reject(key: str, *, approver: str, why: str, at_ns: int, books: Books) -> Booking | Refusal:
    """Say no to a request, or take an approval back before it is paid; a reason is needed."""
    refund = books.refund(key)
    if refund is None:
        return _unknown(key)
    if refund.state not in (RefundState.REQUESTED, RefundState.APPROVED):
        return Refusal(code="refund-state", reason=f"refund {key} is {refund.state}")
    if not why.strip():
        return Refusal(code="no-reason", reason="a rejection says why")
    payment = books.payment(refund.payment)
    if payment is None:
        return Refusal(code="unknown-payment", reason=f"refund {key} belongs to no payment")
    command = RejectRefund(at_ns=at_ns, refund=key, amount=refund.amount, reason=why)
    booking = book_command(payment, command, books)
    if isinstance(booking, Refusal):
        return booking
    booking.refunds[key] = msgspec.structs.replace(
        refund,
        state=RefundState.REJECTED,
        decided_by=approver,
        decided_ns=at_ns,
        decision=why,
    )
    return booking


def begin(key: str, *, at_ns: int, books: Books) -> Booking | Refusal:
    """Write the intent to pay an approved refund: durable before the module is asked."""
    refund = books.refund(key)
    if refund is None:
        return _unknown(key)
    if refund.state != RefundState.APPROVED:
        return Refusal(code="refund-state", reason=f"refund {key} is {refund.state}, not approved")
    due_ns = at_ns + PAYING_S_MAX * NANOSECONDS_PER_SECOND
    paying = msgspec.structs.replace(refund, state=RefundState.PAYING, due_ns=due_ns)
    return Booking(key=f"{key}/begin", refunds={key: paying})


def resolve(key: str, outcome: Outcome, *, at_ns: int, books: Books) -> Booking | Refusal:
    """Write what the module answered, to the call or to a later inquiry."""
    refund = books.refund(key)
    if refund is None:
        return _unknown(key)
    if refund.state == RefundState.PAID:
        return Booking(key=f"{key}/again")
    if refund.state not in (RefundState.PAYING, RefundState.DOUBT):
        return Refusal(
            code="refund-state", reason=f"refund {key} is {refund.state}, not being paid"
        )
    match outcome:
        case Approved(reference=reference):
            return _paid(refund, reference, at_ns, books)
        case Declined(code=code, reason=reason) | NotSent(code=code, reason=reason):
            state, decision = RefundState.APPROVED, f"{code}: {reason}"
        case Pending() | Unknown():
            return _doubted(refund, at_ns)
        case _:
            assert_never(outcome)
    changed = msgspec.structs.replace(refund, state=state, decision=decision, due_ns=0, inquiries=0)
    return Booking(key=f"{key}/{state}", refunds={key: changed})


def _paid(refund: RefundRecord, reference: str, at_ns: int, books: Books) -> Booking | Refusal:
    payment = books.payment(refund.payment)
    if payment is None:
        return Refusal(code="unknown-payment", reason=f"refund {refund.key} belongs to no payment")
    asset = ""
    if refund.method != payment.module and (manifest := books.manifest(refund.method)):
        asset = manifest.asset_account(store=refund.store, terminal=refund.terminal)
    command = PayRefund(at_ns=at_ns, refund=refund.key, amount=refund.amount, reference=reference)
    booking = book_command(payment, command, books, asset=asset)
    if isinstance(booking, Refusal):
        return booking
    booking.refunds[refund.key] = msgspec.structs.replace(
        refund, state=RefundState.PAID, paid_ns=at_ns, reference=reference, due_ns=0
    )
    return booking


def _doubted(refund: RefundRecord, at_ns: int) -> Booking:
    doubted = msgspec.structs.replace(
        refund,
        state=RefundState.DOUBT,
        inquiries=refund.inquiries + 1,
        due_ns=at_ns + INQUIRY.delay_s(refund.inquiries) * NANOSECONDS_PER_SECOND,
    )
    return Booking(key=f"{refund.key}/doubt/{doubted.inquiries}", refunds={refund.key: doubted})


def _asked_again(known: RefundRecord, ask: RefundAsk) -> Booking | Refusal:
    if (known.payment, known.amount, known.currency) != (ask.payment, ask.amount, ask.currency):
        reason = f"key {ask.key} was used for {known.amount} {known.currency} of {known.payment}"
        return Refusal(code="key-reused", reason=reason)
    return Booking(key=f"{ask.key}/again")


def _refusal(ask: RefundAsk, payment: PaymentRecord, books: Books) -> Refusal | None:
    """Return what no policy can allow."""
    if not ask.reason.strip():
        return Refusal(code="no-reason", reason="a refund says why")
    if ask.currency != payment.currency:
        reason = f"paid in {payment.currency}, asked back in {ask.currency}"
        return Refusal(code="currency", reason=reason)
    if payment.state_class is not StateClass.SETTLED:
        reason = f"payment {payment.key} is {payment.state}: nothing to give back"
        return Refusal(code="not-settled", reason=reason)
    method = ask.method or payment.module
    manifest, way_back = books.manifest(payment.module), books.manifest(method)
    if manifest is None or way_back is None:
        missing = payment.module if manifest is None else method
        return Refusal(code="unknown-module", reason=f"there is no payment module {missing!r}")
    match manifest.refund:
        case RefundCapability.NONE:
            reason = f"{manifest.id} cannot be refunded"
            return Refusal(code="refund-capability", reason=reason)
        case RefundCapability.ALTERNATIVE if method == payment.module:
            reason = f"{manifest.id} pays back only another way: name it, such as cash"
            return Refusal(code="refund-capability", reason=reason)
        case RefundCapability.FULL if ask.amount != payment.paid:
            reason = f"{manifest.id} pays back only all of {payment.paid} {payment.currency}"
            return Refusal(code="refund-capability", reason=reason)
        case _:
            return None


def _unknown(key: str) -> Refusal:
    return Refusal(code="unknown-refund", reason=f"there is no refund {key!r}")
