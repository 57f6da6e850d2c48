"""Online requests and answers on the wire: JSON there and back, closed sets stay closed."""

import msgspec
import pytest

from protocols.broker import (
    InquiryAnswer,
    InquiryRow,
    PaymentAnswer,
    PaymentRequest,
    Problem,
    RefundRequest,
)

KEY = "S1-01-20260417-0001-a"
ROW = InquiryRow(
    key=KEY,
    order="S1-01-20260417-0001",
    module="cash",
    store="S1",
    terminal="01",
    business_date="20260417",
    state="settled",
    amount=15_390,
    at_ns=1,
)
EVERY = [
    PaymentRequest(
        key=KEY, module="card", amount=5, store="S1", terminal="01", fields={"pan": "x"}
    ),
    RefundRequest(key=KEY, payment=KEY, amount=5, reason="broken", actor="kim"),
    PaymentAnswer(key=KEY, outcome="pending", state="open", ask_again_ns=7),
    InquiryAnswer(name="refund-requests", rows=[ROW], count=1, totals={"KRW": 15_390}, after=KEY),
    Problem(error="mac", reason="the MAC is wrong", reason_ko="서명", hint="open a session"),
]


@pytest.mark.parametrize("sent", EVERY, ids=lambda sent: type(sent).__name__)
def test_message_comes_back_from_json(sent: msgspec.Struct) -> None:
    """Pair test of every message; defaults are left out and come back."""
    data = msgspec.json.encode(sent)
    assert msgspec.json.decode(data, type=type(sent)) == sent
    assert b"null" not in data


@pytest.mark.parametrize("sent", EVERY, ids=lambda sent: type(sent).__name__)
def test_field_of_a_later_release_is_passed_over(sent: msgspec.Struct) -> None:
    """Till and broker are not updated in the same minute."""
    later = {**msgspec.to_builtins(sent), "later": 1}
    assert msgspec.convert(later, type(sent)) == sent


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (PaymentAnswer, {"key": KEY, "outcome": "maybe", "state": "x"}),
        (PaymentAnswer, {"key": KEY, "outcome": True, "state": "x"}),
        (InquiryAnswer, {"name": "lost", "rows": [], "count": 0, "totals": {}}),
        (
            PaymentRequest,
            {"key": KEY, "module": "cash", "amount": 1.5, "store": "", "terminal": ""},
        ),
        (
            PaymentRequest,
            {"key": KEY, "module": "cash", "amount": "5", "store": "", "terminal": ""},
        ),
        (PaymentRequest, {"module": "cash", "amount": 5, "store": "", "terminal": ""}),
        (RefundRequest, {"key": KEY, "amount": 5, "reason": "", "actor": ""}),
    ],
)
def test_what_is_outside_the_agreement_is_refused(kind: type, wrong: dict[str, object]) -> None:
    """A sixth outcome, a fifth inquiry, a fraction of a won, a payment without its key."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, kind)


def test_outcomes_on_the_wire_are_the_five_of_the_house() -> None:
    """protocols.outcome's classes, by their names."""
    from typing import get_args

    from protocols import outcome
    from protocols.broker import OutcomeName

    classes = {kind.__name__ for kind in get_args(outcome.Outcome)}
    assert {
        "".join(part.title() for part in name.split("_")) for name in get_args(OutcomeName)
    } == (classes)
