"""Between the wire and the rules: a request checked against the manifest, a record as an answer."""

import re

from ips.books import RefundRecord
from ips.flow_files import nearest
from ips.flows import StateClass
from ips.payments import AMOUNT_MAX, PaymentRecord
from ips.spi import Manifest, Need, Operation, Order
from protocols.broker import OutcomeName, PaymentAnswer, PaymentRequest, Problem
from protocols.money import CURRENCIES, Money, currency

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


def refund_order(refund: RefundRecord, payment: PaymentRecord) -> Order:
    """Return what the module is asked for money back."""
    return Order(
        operation=Operation.REFUND,
        key=refund.key,
        payment=payment.key,
        amount=Money(refund.amount, currency(refund.currency)),
        store=refund.store,
        terminal=refund.terminal,
        reference=payment.reference,
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
