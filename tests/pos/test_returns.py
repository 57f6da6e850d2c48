"""What of a sale may come back and what it is worth: whole, in parts, over several refunds."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos.returns import Original, Returning, original_of, part_of, refunded
from pos.sale import (
    AddItem,
    BeginReturn,
    DiscountSale,
    EndReturn,
    GiveBack,
    HoldTender,
    Refusal,
    ReturnGoods,
    ReturnLine,
    Step,
    closed,
    decide,
)
from pos.sale_events import ReturnBegun, decode_events, encode_events
from pos.sale_state import Sale, evolve
from protocols.facts import RefundClosed, SaleClosed, Tender
from tests.pos.test_sale import BEGUN, MILK, RAMEN, TANGERINE, after, cash

ORDER = "S1-01-20260417-0128"


def sold(*steps: Step) -> SaleClosed:
    sale = after(BEGUN, *steps)
    return closed(after(sale, HoldTender(cash(sale.due))), shift=1)


def original(sale: SaleClosed, *refunds: RefundClosed) -> Original:
    return original_of(ORDER, "20260417", sale, refunds)


def begun(of: Original) -> Sale:
    return after(
        BEGUN,
        BeginReturn(begun=ReturnBegun(original=of.order, lines=of.lines(), tenders=of.tenders())),
    )


def back(sale: Sale, *tenders: Tender) -> RefundClosed:
    assert sale.returning is not None
    return refunded(sale.returning, number=129, shift=1, vat_percent=10, tenders=tenders)


def given_to(attempt: str, amount: int) -> Tender:
    return Tender(method="cash", attempt="S1-01-20260417-0129-a", amount=amount, back_to=attempt)


def test_a_line_is_worth_what_was_paid_for_it() -> None:
    """Its part of the whole-sale discount stays with the shop."""
    of = original(sold(AddItem(goods=MILK), AddItem(goods=RAMEN), DiscountSale(amount=708)))
    sale = after(begun(of), ReturnLine(number=1, quantity=1_000))

    assert (sale.returned, sale.due) == (2_980 - 298, -(2_980 - 298))
    [line] = back(sale).lines
    assert (line.amount, line.discount, line.original) == (2_682, 298, 1)


def test_what_came_back_before_cannot_come_back_again() -> None:
    sale = sold(AddItem(goods=MILK, quantity=3_000), AddItem(goods=RAMEN))
    first = after(begun(original(sale)), ReturnLine(number=1, quantity=1_000))
    of = original(sale, back(first, given_to("S1-01-20260417-0128-a", 2_980)))

    assert [(line.number, line.quantity, line.amount) for line in of.lines()] == [
        (1, 2_000, 5_960),
        (2, 1_000, 4_100),
    ]
    assert [tender.amount for tender in of.tenders()] == [13_040 - 2_980]
    refused = decide(begun(of), ReturnLine(number=1, quantity=3_000))
    assert isinstance(refused, Refusal) and refused.code == "RET-04"


@given(st.integers(1, 60), st.integers(1, 99_999), st.data())
def test_in_whatever_pieces_a_line_comes_back_it_is_worth_what_it_cost(
    pieces: int, off: int, data: st.DataObject
) -> None:
    sale = sold(
        AddItem(goods=MILK, quantity=pieces * 1_000),
        AddItem(goods=RAMEN),
        DiscountSale(amount=min(off, pieces * 2_980)),
    )
    refunds: list[RefundClosed] = []
    left = pieces
    while left:
        some = data.draw(st.integers(1, left))
        now = after(begun(original(sale, *refunds)), ReturnLine(number=1, quantity=some * 1_000))
        refunds.append(back(now))
        left -= some

    assert sum(fact.total for fact in refunds) == sale.lines[0].amount
    assert all(fact.total == fact.net + fact.vat + fact.exempt for fact in refunds)
    assert [line.number for line in original(sale, *refunds).lines()] == [2]


def test_exchange_pays_only_the_difference() -> None:
    sale = after(
        begun(original(sold(AddItem(goods=MILK)))),
        ReturnLine(number=1, quantity=1_000),
        AddItem(goods=RAMEN),
    )

    assert sale.due == 4_100 - 2_980
    assert after(sale, HoldTender(cash(1_120))).due == 0


def test_a_cards_money_goes_back_first_and_cash_last() -> None:
    cash_part = Tender(method="cash", attempt="k-a", amount=1_000)
    card_part = Tender(method="purse", attempt="k-b", amount=1_980)
    returning = Returning(
        tenders=tuple(
            original(
                SaleClosed(sale=1, shift=1, lines=[], total=2_980, tenders=[cash_part, card_part])
            ).tenders()
        )
    )

    assert [way.method for way in returning.ways_back()] == ["purse", "cash"]


@pytest.mark.parametrize(
    ("steps", "step", "code"),
    [
        ([], ReturnLine(number=9, quantity=1_000), "ENT-10"),
        ([], ReturnLine(number=1, quantity=-1), "RET-04"),
        ([ReturnLine(number=1, quantity=1_000)], BeginReturn(begun=ReturnBegun()), "RET-05"),
        ([AddItem(goods=RAMEN), HoldTender(cash(100))], ReturnLine(number=1, quantity=0), "RET-06"),
        ([EndReturn()], ReturnLine(number=1, quantity=1_000), "RET-07"),
        (
            [ReturnLine(number=1, quantity=1_000), GiveBack(tender=given_to("k", 100))],
            EndReturn(),
            "RET-06",
        ),
        ([], ReturnGoods(goods=MILK, quantity=1_000, limit=2_979), "RET-03"),
    ],
)
def test_what_cannot_come_back(steps: list[Step], step: Step, code: str) -> None:
    sale = after(begun(original(sold(AddItem(goods=MILK)))), *steps)

    refused = decide(sale, step)

    assert isinstance(refused, Refusal) and refused.code == code


def test_goods_without_a_receipt_are_worth_todays_price_up_to_the_limit() -> None:
    sale = after(
        BEGUN,
        BeginReturn(begun=ReturnBegun()),
        ReturnGoods(goods=TANGERINE, quantity=512, limit=5_000),
    )

    assert sale.returned == 4_091
    assert back(sale).exempt == 4_091


def test_half_of_a_weighed_line_is_rounded_once() -> None:
    [line] = original(sold(AddItem(goods=TANGERINE, quantity=333))).lines()

    assert part_of(line, 111) + part_of(line, 222) in (
        line.amount - 1,
        line.amount,
        line.amount + 1,
    )
    assert part_of(line, 333) == line.amount


def test_events_of_a_return_replay_from_their_bytes() -> None:
    of = original(sold(AddItem(goods=MILK)))
    events = [ReturnBegun(original=ORDER, lines=of.lines(), tenders=of.tenders())]
    sale = reduce(evolve, events, BEGUN)
    more = decide(sale, ReturnLine(number=1, quantity=500))
    assert not isinstance(more, Refusal)

    stored = decode_events(encode_events([*events, *more]))

    assert reduce(evolve, stored, BEGUN) == reduce(evolve, more, sale)
