"""The payment: its record, what can be said to it, what happens to it; one decider for all flows.

    decide(flow, payment, command) -> events | Refusal        evolve(payment, event) -> payment

Pure. A payment's record is the fold of its events, so replay gives an equal record. Whoever moves
money does it in three durable steps: the intent (`open_payment`), the call to the module, the
result (`Resolve`). A crash between leaves a state whose deadline the janitor answers by an
inquiry under the same key, never by a second call. Source: decisions.md "Payment", broker.md 3.2.
"""

from typing import Final, assert_never

import msgspec

from ips.commands import (
    OUTCOME_VERBS,
    Close,
    Command,
    PayRefund,
    RejectRefund,
    RequestRefund,
    Resolve,
    Return,
    particulars_of,
    verb_of,
)
from ips.flows import DueRun, EventName, Flow, Guard, StateClass, Transition, Verb
from ips.ledger import Phase
from protocols.outcome import Approved
from protocols.ports import NANOSECONDS_PER_SECOND

AMOUNT_MAX: Final = 10**15
"""Minor units. More is a broken record, not a price; sums of many stay far inside 64 bits."""


class PaymentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as the broker knows it."""

    key: str
    """The attempt key; minted by the terminal, never by the broker."""
    module: str
    flow: str
    flow_pin: str
    """Flow.pin of the version it began under and stays on."""
    amount: int
    """Asked for, minor units, zero or more."""
    currency: str
    store: str
    terminal: str
    order: str
    """The sale: the key without its letter."""
    business_date: str
    holder: str = ""
    """Whose account at the broker pays, where the module has accounts here."""
    state: str
    state_class: StateClass
    authorised: int = 0
    """What the module approved and is not yet paid for."""
    paid: int = 0
    refund_requested: int = 0
    """Asked back and not yet paid back."""
    refunded: int = 0
    reference: str = ""
    """The peer's own number."""
    code: str = ""
    reason: str = ""
    opened_ns: int
    changed_ns: int
    due_ns: int = 0
    """UTC nanoseconds at which the janitor looks again; 0: never."""
    inquiries: int = 0
    """How many inquiries ended without an answer."""
    outcome: str = ""
    """The last answer of the module, by its name in protocols.broker; empty before the first."""
    hold: str = ""
    """The ledger's key of the hold that is open for it."""
    held: int = 0
    """What that hold holds: no settlement is above it."""
    steps: int = 1
    """How many events made this record: (key, steps) numbers them without gaps."""

    @property
    def refundable(self) -> int:
        """What may still be asked back."""
        return self.paid - self.refunded - self.refund_requested


class PaymentOpened(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="opened"):
    """The intent: durable before the first byte that can move value."""

    key: str
    at_ns: int
    module: str
    flow: str
    flow_pin: str
    amount: int
    currency: str
    store: str
    terminal: str
    order: str
    business_date: str
    state: str
    state_class: StateClass
    due_ns: int = 0
    holder: str = ""


class PaymentMoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="moved"):
    """One step of a payment along its flow."""

    key: str
    at_ns: int
    name: EventName
    verb: Verb
    state: str
    """The state after it."""
    state_class: StateClass
    amount: int = 0
    refund: str = ""
    """The refund's key, where the step is about one."""
    reference: str = ""
    code: str = ""
    reason: str = ""
    due_ns: int = 0
    hold: str = ""
    """The hold that is open after it."""
    held: int = 0
    """What that hold holds."""
    post: tuple[str, ...] = ()
    """The flow's postings that this step makes."""


PaymentEvent = PaymentOpened | PaymentMoved


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The flow does not allow this here; nothing happened."""

    code: str
    """flow-refuses, or the guard that said no, such as refundable."""
    reason: str


def open_payment(
    flow: Flow,
    *,
    key: str,
    at_ns: int,
    module: str,
    amount: int,
    currency: str,
    store: str,
    terminal: str,
    order: str,
    business_date: str,
    holder: str = "",
) -> PaymentOpened:
    """Return the intent of a new payment, in its flow's first state."""
    assert 0 <= amount <= AMOUNT_MAX, "an amount is checked before a payment is opened"
    state = flow.states[flow.initial]
    return PaymentOpened(
        key=key,
        at_ns=at_ns,
        module=module,
        flow=flow.name,
        flow_pin=flow.pin,
        amount=amount,
        currency=currency,
        store=store,
        terminal=terminal,
        order=order,
        business_date=business_date,
        state=state.name,
        state_class=state.state_class,
        due_ns=_due_ns(flow, state.name, at_ns, inquiries=0),
        holder=holder,
    )


def decide(
    flow: Flow, payment: PaymentRecord, command: Command
) -> tuple[PaymentMoved, ...] | Refusal:
    """Say what a command does to a payment: one event, none where it says nothing new, or Refusal."""
    assert (flow.name, flow.pin) == (payment.flow, payment.flow_pin), "a payment stays on its flow"
    verb = verb_of(command)
    alternatives = flow.cells.get((payment.state, verb))
    if alternatives is None:
        if verb in flow.states[payment.state].ignore:
            return ()
        return Refusal(
            code="flow-refuses",
            reason=f"flow {flow.name} has no {verb} in state {payment.state} (payment {payment.key})",
        )
    amount = _amount_of(command, payment)
    if not 0 <= amount <= AMOUNT_MAX:
        return Refusal(code="amount", reason=f"payment {payment.key}: {amount} is no amount")
    refused: Guard | None = None
    for transition in alternatives:
        failed = next((g for g in transition.when if not _holds(g, payment, amount)), None)
        if failed is None:
            if _settles(flow, transition) and payment.hold and amount > payment.held:
                reason = f"payment {payment.key}: {amount} is above the {payment.held} promised"
                return Refusal(code="above-held", reason=reason)
            return (_moved(flow, payment, command, verb, transition, amount),)
        refused = refused or failed
    assert refused is not None
    return Refusal(
        code=refused.value,
        reason=f"payment {payment.key}: {amount} {payment.currency} is not {refused.value} "
        f"(asked {payment.amount}, paid {payment.paid}, refunded {payment.refunded}, "
        f"requested back {payment.refund_requested})",
    )


def evolve(payment: PaymentRecord | None, event: PaymentEvent) -> PaymentRecord:
    """Return the record after an event. The first event of a payment is its PaymentOpened."""
    match event:
        case PaymentOpened():
            assert payment is None, "a payment is opened once"
            return PaymentRecord(
                key=event.key,
                module=event.module,
                flow=event.flow,
                flow_pin=event.flow_pin,
                amount=event.amount,
                currency=event.currency,
                store=event.store,
                terminal=event.terminal,
                order=event.order,
                business_date=event.business_date,
                holder=event.holder,
                state=event.state,
                state_class=event.state_class,
                opened_ns=event.at_ns,
                changed_ns=event.at_ns,
                due_ns=event.due_ns,
            )
        case PaymentMoved():
            assert payment is not None and payment.key == event.key, "events follow the opening"
            return _evolved(payment, event)
        case _:
            assert_never(event)


def _amount_of(command: Command, payment: PaymentRecord) -> int:
    match command:
        case Close(amount=amount) | RequestRefund(amount=amount):
            return amount
        case RejectRefund(amount=amount) | PayRefund(amount=amount):
            return amount
        case Resolve(outcome=Approved(amount=money)):
            return money.minor
        case Return():
            return payment.paid or payment.amount
        case _:
            return payment.authorised or payment.amount


def _holds(guard: Guard, payment: PaymentRecord, amount: int) -> bool:
    match guard:
        case Guard.WITHIN_AMOUNT:
            return 0 <= amount <= payment.amount
        case Guard.WHOLE_AMOUNT:
            return amount == payment.amount
        case Guard.REFUNDABLE:
            return 0 < amount <= payment.refundable
        case Guard.WITHIN_REQUESTED:
            return 0 < amount <= payment.refund_requested
        case Guard.UNREFUNDED:
            return payment.refunded == payment.refund_requested == 0
        case Guard.PAYS_ALL:
            return payment.refunded + amount == payment.paid
        case _:
            assert_never(guard)


def _moved(
    flow: Flow,
    payment: PaymentRecord,
    command: Command,
    verb: Verb,
    transition: Transition,
    amount: int,
) -> PaymentMoved:
    state = flow.states[transition.to]
    reference, code, reason, until_ns, refund = particulars_of(command)
    inquiries = payment.inquiries + (transition.emit is EventName.DOUBTED)
    same = transition.to == payment.state and transition.emit is not EventName.DOUBTED
    hold, held = _hold(flow, payment, transition, amount)
    due_ns = payment.due_ns if same else _due_ns(flow, state.name, command.at_ns, inquiries)
    return PaymentMoved(
        key=payment.key,
        at_ns=command.at_ns,
        name=transition.emit,
        verb=verb,
        state=state.name,
        state_class=state.state_class,
        amount=amount,
        refund=refund,
        reference=reference,
        code=code,
        reason=reason,
        due_ns=until_ns or due_ns,
        hold=hold,
        held=held,
        post=transition.post,
    )


def _settles(flow: Flow, transition: Transition) -> bool:
    return any(flow.postings[name].phase is Phase.SETTLE for name in transition.post)


def _hold(
    flow: Flow, payment: PaymentRecord, transition: Transition, amount: int
) -> tuple[str, int]:
    """Return the hold open after a step and what it holds; of nothing there is no hold.

    A payment that is claimed twice holds under two keys.
    """
    hold, held = payment.hold, payment.held
    for name in transition.post:
        match flow.postings[name].phase:
            case Phase.HOLD if amount:
                hold, held = f"{payment.key}/{payment.steps + 1}", amount
            case Phase.SETTLE | Phase.VOID:
                hold, held = "", 0
            case _:
                pass
    return hold, held


def _due_ns(flow: Flow, state: str, at_ns: int, inquiries: int) -> int:
    due = flow.states[state].due
    if due is None:
        return 0
    seconds = due.after_s
    if due.run is not DueRun.EXPIRE and inquiries:
        seconds = flow.inquiry.delay_s(inquiries - 1)
    return at_ns + seconds * NANOSECONDS_PER_SECOND


def _evolved(payment: PaymentRecord, event: PaymentMoved) -> PaymentRecord:
    authorised, paid = payment.authorised, payment.paid
    requested, refunded = payment.refund_requested, payment.refunded
    inquiries = payment.inquiries
    match event.name:
        case EventName.APPROVED:
            authorised = event.amount
        case EventName.SETTLED:
            authorised, paid = 0, event.amount
        case EventName.OWED:
            authorised, paid, requested = 0, event.amount, event.amount
        case EventName.VOIDED | EventName.REFUSED:
            authorised = 0
        case EventName.RETURNED:
            paid = 0
        case EventName.DOUBTED:
            inquiries += 1
        case EventName.REFUND_REQUESTED:
            requested += event.amount
        case EventName.REFUND_REJECTED:
            requested -= event.amount
        case EventName.REFUND_PAID:
            requested, refunded = requested - event.amount, refunded + event.amount
        case (
            EventName.ASKED
            | EventName.PENDED
            | EventName.BILLED
            | EventName.SUBMITTED
            | EventName.PARKED
        ):
            pass
        case _:
            assert_never(event.name)
    if event.state_class is not StateClass.DOUBT:
        inquiries = 0
    assert requested >= 0 and refunded >= 0, "refunds are not negative"
    assert refunded + requested <= paid, "refunds stay within what was paid"
    return msgspec.structs.replace(
        payment,
        state=event.state,
        state_class=event.state_class,
        authorised=authorised,
        paid=paid,
        refund_requested=requested,
        refunded=refunded,
        reference=event.reference if event.reference and not event.refund else payment.reference,
        code=event.code,
        reason=event.reason,
        changed_ns=event.at_ns,
        due_ns=event.due_ns,
        inquiries=inquiries,
        outcome=event.verb.value if event.verb in OUTCOME_VERBS else payment.outcome,
        hold=event.hold,
        held=event.held,
        steps=payment.steps + 1,
    )
