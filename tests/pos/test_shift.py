"""The shift's rules: float, expected cash from facts alone, blind count, numbers without gaps."""

from functools import reduce
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pos.sale import TOTAL_MAX, Refusal
from pos.shift import Close, Count, Move, Open, Shift, Step, business_date, decide, evolve, figures
from protocols.facts import (
    Fact,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    ShiftOpened,
    Tender,
)

DAY = "20260417"
OPEN = Open(float_amount=50_000, business_date=DAY, store="S1")


def after(shift: Shift, *steps: Step | Fact) -> Shift:
    for step in steps:
        fact = step if isinstance(step, Fact) else decide(shift, step)
        assert not isinstance(fact, Refusal), fact
        shift = evolve(shift, fact, DAY)
    return shift


def sold(amount: int, method: str = "cash") -> SaleClosed:
    tender = Tender(method=method, attempt="k", amount=amount, tendered=amount + 40, change=40)
    return SaleClosed(sale=1, shift=1, lines=[], total=amount, tenders=[tender])


def refused(shift: Shift, step: Step) -> str:
    refusal = decide(shift, step)
    assert isinstance(refusal, Refusal)
    return refusal.code


def test_expected_cash_is_float_and_sales_and_moves() -> None:
    """T1: change given back is not in the drawer, card money never was."""
    shift = after(
        Shift(),
        OPEN,
        sold(10_000),
        sold(7_000, "card"),
        Move(direction="in", amount=3_000, reason="coins"),
        Move(direction="out", amount=1_000, reason="courier"),
        Move(direction="drop", amount=20_000, reason="safe"),
        RefundClosed(
            sale=3, shift=1, lines=[], total=500, tenders=[Tender(method="cash", attempt="r", amount=500)]
        ),
    )  # fmt: skip

    assert shift.expected == 50_000 + 10_000 + 3_000 - 1_000 - 20_000 - 500
    assert (shift.sales, shift.gross, shift.refunds) == (2, 17_000, 500)
    assert shift.by_method == {"cash": 9_500, "card": 7_000}


def test_a_day_ends_in_a_z_and_the_next_takes_the_next_numbers() -> None:
    first = after(Shift(), OPEN, sold(1_000), Count(denominations={50_000: 1, 1_000: 1}))
    z = decide(first, Close(store="S1", unsent=3, in_doubt=1, questioned=2))

    assert isinstance(z, ShiftClosed)
    assert (z.z, z.expected, z.counted, z.over_short) == (1, 51_000, 51_000, 0)
    assert (z.unsent, z.in_doubt, z.questioned) == (3, 1, 2)
    second = decide(evolve(first, z, DAY), OPEN)
    assert isinstance(second, ShiftOpened)
    assert second.shift == 2
    third = after(evolve(first, z, DAY), OPEN, Count(denominations={50_000: 1}))
    closed = decide(third, Close(store="S1"))
    assert isinstance(closed, ShiftClosed)
    assert closed.z == 2


def test_a_difference_wants_a_reason() -> None:
    counted = after(Shift(), OPEN, Count(denominations={10_000: 4, 5_000: 1}))

    assert decide(counted, Close(store="S1")) == Refusal("SHF-05", {"difference": -5_000})
    assert isinstance(decide(counted, Close(store="S1", reason="change")), ShiftClosed)


def test_a_sale_makes_a_count_void() -> None:
    counted = after(Shift(), OPEN, Count(denominations={50_000: 1}))

    assert refused(after(counted, sold(10)), Close(store="S1")) == "SHF-04"


def test_a_voided_sale_and_a_training_sale_change_no_money() -> None:
    training = SaleClosed(sale=2, shift=1, lines=[], total=9, tenders=[], training=True)
    shift = after(Shift(), OPEN, SaleVoided(sale=1, shift=1, lines=[], total=500), training)

    assert (shift.voids, shift.sales, shift.gross, shift.expected) == (1, 0, 0, 50_000)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (OPEN, "SHF-02"),
        (Move(direction="out", amount=0, reason="x"), "PAY-06"),
        (Move(direction="out", amount=TOTAL_MAX + 1, reason="x"), "PAY-03"),
        (Move(direction="out", amount=5, reason=" "), "ENT-12"),
        (Count(denominations={1_000: -1}), "ENT-04"),
        (Count(denominations={-1_000: 1}), "ENT-04"),
        (Count(denominations={50_000: 99_999}), "PAY-03"),
        (Close(store="S1"), "SHF-04"),
    ],
)
def test_what_cannot_be_is_refused_by_code(step: Step, code: str) -> None:
    assert refused(after(Shift(), OPEN), step) == code


@pytest.mark.parametrize(
    "step",
    [Move(direction="in", amount=1, reason="x"), Count(denominations={}), Close(store="S1")],
)
def test_nothing_happens_before_the_shift_is_open(step: Step) -> None:
    assert refused(Shift(), step) == "SHF-01"


def test_a_float_is_bounded() -> None:
    assert refused(Shift(), Open(float_amount=-1, business_date=DAY, store="S1")) == "PAY-03"


@pytest.mark.parametrize(
    ("at_ns", "date"),
    [
        (1_776_437_999_999_999_999, "20260417"),
        (1_776_438_000_000_000_000, "20260418"),
    ],
    ids=["a nanosecond before midnight", "midnight"],
)
def test_the_business_date_is_the_stores_own(at_ns: int, date: str) -> None:
    """Midnight in Seoul is 15:00 UTC of the day before."""
    assert business_date(at_ns, ZoneInfo("Asia/Seoul")) == date


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.builds(sold, st.integers(0, 100_000), st.sampled_from(["cash", "card"])),
            st.builds(
                Move,
                direction=st.sampled_from(["in", "out", "drop"]),
                amount=st.integers(1, 100_000),
                reason=st.just("x"),
            ),
        ),
        max_size=20,
    )
)
def test_every_won_of_the_drawer_is_explained_by_facts(steps: list[Step | Fact]) -> None:
    """I16: whatever happened, the Z's parts add up, and replay gives the same Z."""
    shift, facts = Shift(), []
    for step in [OPEN, *steps]:
        fact = step if isinstance(step, Fact) else decide(shift, step)
        assert not isinstance(fact, Refusal)
        facts.append(fact)
        shift = evolve(shift, fact, DAY)

    z = figures(shift, Close(store="S1"), z=1)

    assert sum(z.by_method.values()) == z.gross
    parts = z.float_amount + z.by_method.get("cash", 0) + z.cash_in - z.cash_out - z.drops
    assert z.expected == parts
    assert reduce(lambda state, fact: evolve(state, fact, DAY), facts, Shift()) == shift
