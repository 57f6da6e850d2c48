"""The decider: every (state, command) cell of every shipped flow, and replay equals the record."""

import msgspec
import pytest

from ips.commands import (
    Ask,
    Close,
    Command,
    Expire,
    Park,
    PayRefund,
    RejectRefund,
    Release,
    RequestRefund,
    Resolve,
    Return,
    Submit,
    Void,
    verb_of,
)
from ips.flows import Flow, StateClass, Verb
from ips.payments import AMOUNT_MAX, PaymentRecord, Refusal, decide, evolve, open_payment
from ips.rules import read_flows
from protocols.money import Money
from protocols.outcome import Approved, Declined, NotSent, Pending, Unknown
from tests.ips.model import NOON_NS

FLOWS = read_flows()
AMOUNT = 10_000
SECOND = 1_000_000_000


def opened(flow: Flow, amount: int = AMOUNT) -> PaymentRecord:
    event = open_payment(
        flow,
        key="S1-01-20260417-0001-a",
        at_ns=NOON_NS,
        module="chaos",
        amount=amount,
        currency="KRW",
        store="S1",
        terminal="01",
        order="S1-01-20260417-0001",
        business_date="20260417",
    )
    return evolve(None, event)


def command_of(verb: Verb, amount: int = AMOUNT, at_ns: int = NOON_NS) -> Command:
    commands: dict[Verb, Command] = {
        Verb.ASK: Ask(at_ns=at_ns),
        Verb.APPROVED: Resolve(at_ns=at_ns, outcome=Approved(amount=Money(amount), reference="R1")),
        Verb.DECLINED: Resolve(at_ns=at_ns, outcome=Declined(code="C", reason="no")),
        Verb.PENDING: Resolve(at_ns=at_ns, outcome=Pending(reference="P", until_ns=at_ns + 5)),
        Verb.UNKNOWN: Resolve(at_ns=at_ns, outcome=Unknown(case_id="k", reason="silence")),
        Verb.NOT_SENT: Resolve(at_ns=at_ns, outcome=NotSent(code="N", reason="no line")),
        Verb.CLOSE: Close(at_ns=at_ns, amount=amount),
        Verb.PARK: Park(at_ns=at_ns),
        Verb.RELEASE: Release(at_ns=at_ns),
        Verb.SUBMIT: Submit(at_ns=at_ns, reference="B1"),
        Verb.RETURN: Return(at_ns=at_ns, code="04", reason="no cover"),
        Verb.VOID: Void(at_ns=at_ns, reason="changed mind"),
        Verb.EXPIRE: Expire(at_ns=at_ns),
        Verb.REFUND_REQUEST: RequestRefund(at_ns=at_ns, refund="r", amount=amount, reason="x"),
        Verb.REFUND_REJECT: RejectRefund(at_ns=at_ns, refund="r", amount=amount, reason="x"),
        Verb.REFUND_PAY: PayRefund(at_ns=at_ns, refund="r", amount=amount),
    }
    assert verb_of(commands[verb]) is verb
    return commands[verb]


def in_every_state(flow: Flow) -> dict[str, PaymentRecord]:
    """Walk the flow with real commands until every state was stood in; the records as they came."""
    found: dict[str, PaymentRecord] = {}
    waiting = [opened(flow)]
    while waiting:
        payment = waiting.pop(0)
        if payment.state in found:
            continue
        found[payment.state] = payment
        for verb in Verb:
            decision = decide(flow, payment, command_of(verb))
            if not isinstance(decision, Refusal) and decision:
                waiting.append(evolve(payment, decision[0]))
            if payment.state_class is StateClass.SETTLED and verb is Verb.REFUND_REQUEST:
                assert not isinstance(decision, Refusal)
                asked = evolve(payment, decision[0])
                paid = decide(flow, asked, command_of(Verb.REFUND_PAY))
                assert not isinstance(paid, Refusal)
                waiting.append(evolve(asked, paid[0]))
    return found


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_every_state_is_reached_by_commands(flow: Flow) -> None:
    """The graph's reachability is also true of the decider, guards and all."""
    assert in_every_state(flow).keys() == flow.states.keys()


CELLS = [(flow, state, verb) for flow in FLOWS.values() for state in flow.states for verb in Verb]


@pytest.mark.parametrize(
    ("flow", "state", "verb"), CELLS, ids=[f"{f.name}-{s}-{v}" for f, s, v in CELLS]
)
def test_every_cell_moves_ignores_or_refuses(flow: Flow, state: str, verb: Verb) -> None:
    """Every (state, command): a transition as written, silence as written, or a Refusal; never more."""
    payment = in_every_state(flow)[state]

    decision = decide(flow, payment, command_of(verb))

    written = flow.cells.get((state, verb))
    if written is None:
        if verb in flow.states[state].ignore:
            assert decision == ()
        else:
            assert isinstance(decision, Refusal) and decision.code == "flow-refuses"
        return
    if isinstance(decision, Refusal):
        assert decision.code in {guard for step in written for guard in step.when}
        return
    (event,) = decision
    after = evolve(payment, event)
    assert (event.state, event.name, event.post) in [(w.to, w.emit, w.post) for w in written]
    assert after.state_class is flow.states[event.state].state_class
    assert after.steps == payment.steps + 1
    assert 0 <= after.refunded + after.refund_requested <= after.paid
    if flow.states[after.state].due is not None:
        assert after.due_ns > NOON_NS


def test_refund_is_bounded_by_what_was_paid_and_not_asked_back_yet() -> None:
    """I12: a second request sees what the first has taken."""
    flow = FLOWS["cash"]
    payment = in_every_state(flow)["settled"]

    first = decide(flow, payment, command_of(Verb.REFUND_REQUEST, 6000))
    assert not isinstance(first, Refusal)
    payment = evolve(payment, first[0])

    refused = decide(flow, payment, command_of(Verb.REFUND_REQUEST, 4001))
    assert isinstance(refused, Refusal) and refused.code == "refundable"
    assert not isinstance(decide(flow, payment, command_of(Verb.REFUND_REQUEST, 4000)), Refusal)


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1])
def test_amount_outside_the_bounds_is_refused_not_raised(amount: int) -> None:
    """Nothing that comes in from outside can make a sum negative."""
    flow = FLOWS["cash"]
    payment = in_every_state(flow)["settled"]

    for verb in (Verb.REFUND_REQUEST, Verb.REFUND_PAY, Verb.REFUND_REJECT):
        assert isinstance(decide(flow, payment, command_of(verb, amount)), Refusal)


@pytest.mark.parametrize("amount", [-1, AMOUNT_MAX + 1])
def test_closing_with_an_impossible_amount_is_refused(amount: int) -> None:
    """A close is guarded in no flow, so the decider itself holds the bounds."""
    flow = FLOWS["cash"]

    refused = decide(flow, opened(flow), command_of(Verb.CLOSE, amount))

    assert isinstance(refused, Refusal) and refused.code == "amount"


def test_unknown_is_asked_after_10_s_30_s_2_min_10_min_then_daily() -> None:
    """The janitor's schedule is the flow's data; an answer starts it anew."""
    flow = FLOWS["sale"]
    payment = opened(flow)
    assert payment.due_ns == NOON_NS + 40 * SECOND
    waited = []
    for _ in range(6):
        decision = decide(flow, payment, command_of(Verb.UNKNOWN))
        assert not isinstance(decision, Refusal)
        payment = evolve(payment, decision[0])
        waited.append((payment.due_ns - NOON_NS) // SECOND)

    assert waited == [10, 30, 120, 600, 86_400, 86_400]
    answered = decide(flow, payment, command_of(Verb.PENDING))
    assert not isinstance(answered, Refusal)
    payment = evolve(payment, answered[0])
    assert (payment.inquiries, payment.due_ns) == (0, NOON_NS + 5)


def test_part_that_is_approved_is_what_is_held() -> None:
    """A peer may approve less than was asked for; never more."""
    flow = FLOWS["sale"]

    part = decide(flow, opened(flow), command_of(Verb.APPROVED, 4000))
    above = decide(flow, opened(flow), command_of(Verb.APPROVED, AMOUNT + 1))

    assert not isinstance(part, Refusal) and evolve(opened(flow), part[0]).authorised == 4000
    assert isinstance(above, Refusal) and above.code == "within_amount"


def test_claimed_twice_is_held_under_two_keys() -> None:
    """I5: a returned claim may be submitted again, and each hold resolves once."""
    flow = FLOWS["deferred"]
    payment = opened(flow)
    holds = []
    for verb in (Verb.CLOSE, Verb.SUBMIT, Verb.RETURN, Verb.SUBMIT, Verb.APPROVED):
        decision = decide(flow, payment, command_of(verb))
        assert not isinstance(decision, Refusal)
        payment = evolve(payment, decision[0])
        holds.append(payment.hold)

    assert holds == ["", f"{payment.key}/3", "", f"{payment.key}/5", ""]
    assert (payment.state, payment.paid) == ("settled", AMOUNT)


def test_events_survive_their_wire_form() -> None:
    """What the store keeps of an event is the event: replay after decoding gives an equal record."""
    flow = FLOWS["sale"]
    payment = opened(flow)
    decision = decide(flow, payment, command_of(Verb.APPROVED))
    assert not isinstance(decision, Refusal)
    data = msgspec.msgpack.encode(decision[0])

    decoded = msgspec.msgpack.decode(data, type=type(decision[0]))

    assert evolve(payment, decoded) == evolve(payment, decision[0])
    record = evolve(payment, decoded)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=PaymentRecord) == record
