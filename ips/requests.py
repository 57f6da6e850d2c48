"""Between the wire and the rules: a request checked against the manifest, a record as an answer."""

import re

from msgspec.structs import replace

from ips.books import RefundRecord
from ips.flow_files import nearest
from ips.flows import StateClass
from ips.payments import AMOUNT_MAX, PaymentRecord
from ips.spi import Manifest, Need, Operation, Order
from protocols.broker import (
    GiveBackRequest,
    OutcomeName,
    PaymentAnswer,
    PaymentRequest,
    Problem,
)
from protocols.money import CURRENCIES, Money, currency
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown

KEY_LENGTH_MAX = 64


def check_request(request: PaymentRequest, manifest: Manifest | None) -> Problem | None:
    """Return what is wrong with a request, before anything is written; None when it is fit."""
    if manifest is None:
        reason = f"there is no active payment module {request.module!r}"
        return _problem("unknown-module", reason, "결제 수단이 없습니다")
    if not request.key or len(request.key) > KEY_LENGTH_MAX or not request.key.isascii():
        return _problem("key", f"a key is 1 to {KEY_LENGTH_MAX} ASCII characters", "키 오류")
    if Operation.AUTHORISE not in manifest.operations:
        return _problem("operation", f"{manifest.id} takes no requests", "요청할 수 없습니다")
    if request.currency not in CURRENCIES or (
        manifest.currencies and request.currency not in manifest.currencies
    ):
        return _problem("currency", f"{manifest.id} takes no {request.currency!r}", "통화 오류")
    least, most = manifest.limits.amount_min, min(manifest.limits.amount_max, AMOUNT_MAX)
    if not least <= request.amount <= most:
        reason = f"{manifest.id} takes {least} to {most}, not {request.amount}"
        return _problem("amount", reason, "금액 한도를 벗어났습니다")
    return _check_fields(request, manifest)


def _check_fields(request: PaymentRequest, manifest: Manifest) -> Problem | None:
    needs = {need.name: need for need in manifest.needs}
    for name, value in request.fields.items():
        need = needs.get(name)
        if need is None:
            reason = f"{manifest.id} needs no field {name!r}{nearest(name, needs)}"
            return _problem("field", reason, "모르는 항목입니다")
        if not _fits(need, value):
            return _problem("field", f"{name} is not as {manifest.id} needs it", f"{need.ko} 오류")
    for need in manifest.needs:
        if need.required and need.name not in request.fields:
            return _problem("field", f"{manifest.id} needs {need.name}", f"{need.ko} 필요")
    return None


def _fits(need: Need, value: str) -> bool:
    if len(value) > need.length_max:
        return False
    return not need.pattern or re.fullmatch(need.pattern, value) is not None


def _problem(error: str, reason: str, reason_ko: str) -> Problem:
    return Problem(error=error, reason=reason, reason_ko=reason_ko)


def order_of_request(request: PaymentRequest) -> Order:
    """Return what the module is asked."""
    return Order(
        operation=Operation.AUTHORISE,
        key=request.key,
        amount=Money(request.amount, currency(request.currency)),
        store=request.store,
        terminal=request.terminal,
        fields=request.fields,
    )


def check_give_back(request: GiveBackRequest, payment: PaymentRecord | None) -> Problem | None:
    """Return why a terminal may not give this back; None when it may."""
    if payment is None:
        reason = f"there is no payment {request.payment!r}"
        return _problem("unknown-payment", reason, "그런 결제가 없습니다")
    if not request.key or len(request.key) > KEY_LENGTH_MAX or request.key == payment.key:
        return _problem("key", "what goes back has a key of its own", "키 오류")
    if (payment.store, payment.module) != (request.store, request.module):
        reason = f"payment {payment.key} is {payment.module}'s, of store {payment.store}"
        return _problem("give-back", reason, "다른 결제입니다")
    if payment.currency != request.currency or not 0 < request.amount <= payment.amount:
        reason = f"of {payment.amount} {payment.currency}, not {request.amount} {request.currency}"
        return _problem("amount", reason, "금액 오류")
    if payment.state_class in (StateClass.VOID, StateClass.REFUSED):
        reason = f"payment {payment.key} is {payment.state}: nothing to give back"
        return _problem("not-paid", reason, "돌려줄 돈이 없습니다")
    return None


def answer_of_outcome(request: GiveBackRequest, outcome: Outcome) -> PaymentAnswer:
    """Return what became of giving back, as the terminal is told of it."""
    answer = PaymentAnswer(key=request.key, outcome="unknown", state="give-back")
    match outcome:
        case Approved(amount=amount, reference=reference, told=told):
            return replace(answer, outcome="approved", amount=amount.minor, reference=reference,
                           told=dict(told))  # fmt: skip
        case Declined(code=code, reason=reason, told=told):
            return replace(answer, outcome="declined", code=code, reason=reason, told=dict(told))
        case NotSent(code=code, reason=reason):
            return replace(answer, outcome="not_sent", code=code, reason=reason)
        case Pending() | Unknown():
            return answer


def refund_order(
    asked: RefundRecord | GiveBackRequest, payment: PaymentRecord, *, final: bool = False
) -> Order:
    """Return what the module is asked for money back; `final`: told that nothing was sent, whoever asks gives
    it back another way."""
    return Order(
        operation=Operation.REFUND,
        key=asked.key,
        payment=payment.key,
        amount=Money(asked.amount, currency(asked.currency)),
        store=asked.store,
        terminal=asked.terminal,
        reference=payment.reference,
        final=final,
    )


def answer_of(payment: PaymentRecord) -> PaymentAnswer:
    """Return a payment as a terminal is told of it."""
    outcome = _outcome_of(payment)
    return PaymentAnswer(
        key=payment.key,
        outcome=outcome,
        state=payment.state,
        amount=payment.paid or payment.authorised,
        reference=payment.reference,
        code=payment.code,
        reason=payment.reason,
        ask_again_ns=payment.due_ns if outcome in ("pending", "unknown") else 0,
    )


def _outcome_of(payment: PaymentRecord) -> OutcomeName:
    match payment.state_class:
        case StateClass.SETTLED | StateClass.OWED | StateClass.REFUNDED:
            return "approved"
        case StateClass.OPEN:
            return "approved" if payment.outcome == "approved" else "pending"
        case StateClass.DOUBT:
            return "unknown"
        case StateClass.REFUSED:
            return "not_sent" if payment.outcome == "not_sent" else "declined"
        case StateClass.VOID | StateClass.RETURNED:
            return "declined"


def refund_answer_of(refund: RefundRecord) -> PaymentAnswer:
    """Return a refund as a terminal is told of it."""
    return PaymentAnswer(
        key=refund.key,
        outcome=_REFUND_OUTCOMES[refund.state],
        state=refund.state,
        amount=refund.amount,
        reference=refund.reference,
        reason=refund.decision,
        ask_again_ns=refund.due_ns,
    )


_REFUND_OUTCOMES: dict[str, OutcomeName] = {
    "requested": "pending",
    "approved": "pending",
    "rejected": "declined",
    "paying": "unknown",
    "doubt": "unknown",
    "paid": "approved",
}
