"""Facts are never refused, whatever is in them: any values, any order, and the books still balance."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ips.rules import Rules
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    CashMoved,
    Fact,
    Line,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    ShiftCounted,
    ShiftOpened,
    Tender,
)
from tests.ips.model import DAY, MemoryBooks, Terminal

AMOUNTS = st.sampled_from([0, 1, 99, 5000, 7000, 7000] * 8 + [-5, 10**15 + 1, -(2**63), 2**64 - 1])
"""Mostly such as meet each other, so that facts fit together; now and then what no shop can mean."""
SALES = st.integers(0, 3)
SHIFTS = st.integers(0, 2)
TEXT = st.text(max_size=6)
METHODS = st.sampled_from(["cash", "chaos", "points", "", "ca/sh", "{sales}"])
KEYS = st.one_of(
    st.builds(
        lambda sale, letter: f"S1-01-{DAY}-{sale:04d}-{letter}", SALES, st.sampled_from("abc")
    ),
    st.sampled_from(["", "x", "a-b", "{key}"]),
)
LINES = st.lists(
    st.builds(
        Line,
        sku=TEXT,
        name_ko=TEXT,
        name_en=TEXT,
        quantity=st.integers(-5, 5),
        unit_price=AMOUNTS,
        amount=AMOUNTS,
        group=st.one_of(TEXT, st.sampled_from(["{sales}", "{returns}", "/", "a/b"])),
        tax=st.sampled_from(["taxed", "exempt"]),
        voided=st.booleans(),
    ),
    max_size=3,
)
TENDERS = st.lists(st.builds(Tender, method=METHODS, attempt=KEYS, amount=AMOUNTS), max_size=3)
RECEIPT = {
    "sale": SALES,
    "shift": SHIFTS,
    "lines": LINES,
    "total": AMOUNTS,
    "net": AMOUNTS,
    "vat": AMOUNTS,
    "exempt": AMOUNTS,
    "tenders": TENDERS,
}
FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(ShiftOpened, shift=SHIFTS, float_amount=AMOUNTS, store=TEXT),
    st.builds(AttemptOpened, sale=SALES, method=METHODS, amount=AMOUNTS),
    st.builds(
        AttemptClosed,
        sale=SALES,
        method=METHODS,
        outcome=st.sampled_from(["approved", "declined", "pending", "unknown", "not_sent"]),
        amount=AMOUNTS,
        reference=TEXT,
    ),
    st.builds(SaleClosed, **RECEIPT, training=st.booleans()),  # type: ignore[arg-type]
    st.builds(SaleVoided, sale=SALES, shift=SHIFTS, lines=LINES, total=AMOUNTS),
    st.builds(
        CashMoved,
        shift=SHIFTS,
        direction=st.sampled_from(["in", "out", "drop"]),
        amount=AMOUNTS,
        reason=TEXT,
    ),
    st.builds(
        RefundClosed,
        **RECEIPT,  # type: ignore[arg-type]
        original=st.one_of(st.just(""), SALES.map(lambda sale: f"S1-01-{DAY}-{sale:04d}")),
    ),
    st.builds(ShiftCounted, shift=SHIFTS, counted=AMOUNTS),
    st.builds(
        ShiftClosed,
        shift=SHIFTS,
        z=st.integers(0, 3),
        store=TEXT,
        sales=SHIFTS,
        gross=AMOUNTS,
        net=AMOUNTS,
        vat=AMOUNTS,
        exempt=AMOUNTS,
        by_method=st.dictionaries(METHODS, AMOUNTS, max_size=2),
        float_amount=AMOUNTS,
        expected=AMOUNTS,
        counted=AMOUNTS,
        over_short=AMOUNTS,
    ),
)


@settings(max_examples=200, deadline=None)
@given(said=st.lists(st.tuples(FACTS, KEYS | st.none()), min_size=1, max_size=10))
def test_any_facts_in_any_order_are_booked(
    rules: Rules, said: list[tuple[Fact, str | None]]
) -> None:
    """Never an exception, never a broken bound, never a refund above what was paid."""
    terminal = Terminal(MemoryBooks(rules))

    for fact, attempt in said:
        terminal.say(fact, attempt=attempt)

    books = terminal.books
    assert sum(books.debits.values()) == sum(books.credits.values())
    for payment in books.payments.values():
        assert 0 <= payment.refunded + payment.refund_requested <= payment.paid
