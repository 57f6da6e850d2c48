"""The sale's rules: prices, bounds, payments; and that its events are the whole truth."""

from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pos.sale import (
    LINES_MAX,
    QUANTITY_MAX,
    TOTAL_MAX,
    AddItem,
    ChangeQuantity,
    DiscountLine,
    DiscountSale,
    HoldTender,
    Offer,
    PriceLine,
    Refusal,
    Step,
    TakeBack,
    TakeCoupon,
    closed,
    consider,
    decide,
    given_up,
    shown,
)
from pos.sale_events import Begun, Event, Goods, decode_events, encode_events
from pos.sale_state import Sale, evolve, replay
from pos.tenders.agreement import OverTender
from protocols.facts import Tender, encode_fact
from protocols.journal import RECORD_BYTES_MAX

MILK = Goods(sku="milk", name_ko="서울우유 1L", name_en="Seoul Milk 1L", unit_price=2_980)
RAMEN = Goods(sku="ramen", name_ko="신라면 5입", name_en="Shin Ramyun 5p", unit_price=4_100)
TANGERINE = Goods(
    sku="kg", name_ko="감귤", name_en="Mandarin", unit_price=7_990, tax="exempt", unit="kg"
)
BEGUN = evolve(Sale(), Begun(sale=128, vat_percent=10))


def after(sale: Sale, *steps: Step) -> Sale:
    for step in steps:
        events = decide(sale, step)
        assert not isinstance(events, Refusal), events
        sale = reduce(evolve, events, sale)
    return sale


def cash(amount: int, tendered: int | None = None) -> Tender:
    given = amount if tendered is None else tendered
    return Tender(
        method="cash",
        attempt="S1-01-20260417-0128-a",
        amount=amount,
        tendered=given,
        change=given - amount,
    )


def test_the_same_goods_join_their_line() -> None:
    sale = after(BEGUN, AddItem(goods=MILK), AddItem(goods=RAMEN), AddItem(goods=MILK))

    assert [(line.goods.sku, line.quantity) for line in sale.lines] == [
        ("milk", 2_000),
        ("ramen", 1_000),
    ]
    assert (sale.total, sale.pieces) == (10_060, 3)


@pytest.mark.parametrize(
    "apart",
    [DiscountLine(line=0, percent=10), DiscountLine(line=0, amount=1), TakeBack(0)],
    ids=["per cent off", "money off", "voided"],
)
def test_goods_do_not_join_a_line_that_is_no_longer_plain(apart: Step) -> None:
    sale = after(BEGUN, AddItem(goods=MILK), apart, AddItem(goods=MILK))

    assert len(sale.lines) == 2


def test_another_price_is_another_line() -> None:
    """A price-embedded barcode sells the same sku at its own price."""
    dearer = Goods(sku="milk", name_ko="서울우유 1L", name_en="Seoul Milk 1L", unit_price=3_000)

    assert len(after(BEGUN, AddItem(goods=MILK), AddItem(goods=dearer)).lines) == 2


@pytest.mark.parametrize(
    ("quantity", "amount"), [(512, 4_091), (500, 3_995), (1, 8), (63, 503), (1_000, 7_990)]
)
def test_price_times_quantity_is_rounded_half_up(quantity: int, amount: int) -> None:
    """7,990 x 0.5 = 3,995; x 0.001 = 7.99 -> 8; x 0.063 = 503.37 -> 503."""
    assert after(BEGUN, AddItem(goods=TANGERINE, quantity=quantity)).total == amount


def test_vat_is_split_once_per_receipt() -> None:
    """KR: supply = round(total / 1.1), VAT = the rest, exempt goods stand apart."""
    sale = after(
        BEGUN,
        AddItem(goods=MILK),
        AddItem(goods=RAMEN, quantity=2_000),
        AddItem(goods=TANGERINE, quantity=1_000),
        DiscountLine(line=2, percent=10),
    )

    totals = sale.totals()

    assert (totals.net, totals.vat) == (10_164, 1_016)
    assert (totals.exempt, totals.discount, totals.total) == (7_191, 799, 18_371)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (TakeBack(), "ENT-08"),
        (TakeBack(0), "ENT-07"),
        (ChangeQuantity(0, 1_000), "ENT-07"),
        (DiscountLine(line=0, percent=5), "ENT-07"),
        (AddItem(goods=MILK, quantity=0), "ENT-04"),
        (AddItem(goods=MILK, quantity=-1_000), "ENT-04"),
        (AddItem(goods=MILK, quantity=QUANTITY_MAX + 1), "ENT-04"),
    ],
)
def test_what_cannot_be_is_refused_by_code(step: Step, code: str) -> None:
    refusal = decide(BEGUN, step)

    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def test_a_voided_line_stays_and_counts_for_nothing() -> None:
    sale = after(BEGUN, AddItem(goods=MILK), AddItem(goods=RAMEN), TakeBack())

    assert [line.voided for line in sale.lines] == [False, True]
    assert sale.total == 2_980
    fact = given_up(sale, shift=1, reason="")
    assert [(line.voided, line.amount) for line in fact.lines] == [(False, 2_980), (True, 4_100)]


def numbered(number: int) -> Goods:
    return Goods(sku=str(number), name_ko="가" * 40, name_en="n" * 60, unit_price=10)


def test_the_line_after_the_last_is_refused_and_the_full_sale_fits_a_record() -> None:
    """The limit exactly: 999 lines with long names are one journal record, the 1,000th is refused."""
    sale = after(BEGUN, *(AddItem(goods=numbered(number)) for number in range(LINES_MAX)))

    refusal = decide(sale, AddItem(goods=numbered(LINES_MAX)))

    assert isinstance(refusal, Refusal)
    assert refusal.code == "ENT-05"
    paid = after(sale, HoldTender(cash(sale.total)))
    assert len(encode_fact(closed(paid, shift=1))) < RECORD_BYTES_MAX - 1_024


def test_a_sale_of_very_long_texts_is_full_before_its_record_is() -> None:
    sale, number = BEGUN, 0
    while True:
        goods = Goods(sku=str(number), name_ko="가" * 500, name_en="n" * 500, unit_price=1)
        events = decide(sale, AddItem(goods=goods))
        if isinstance(events, Refusal):
            break
        sale, number = reduce(evolve, events, sale), number + 1

    assert events.code == "ENT-05"
    paid = after(sale, HoldTender(cash(sale.total)))
    assert len(encode_fact(closed(paid, shift=1))) < RECORD_BYTES_MAX - 1_024


def test_the_total_is_bounded() -> None:
    dear = Goods(sku="d", name_ko="금", name_en="gold", unit_price=TOTAL_MAX)
    sale = after(BEGUN, AddItem(goods=dear))

    refusal = decide(sale, AddItem(goods=MILK))

    assert refusal == Refusal("PAY-03", {"amount": TOTAL_MAX + 2_980, "limit": TOTAL_MAX})


@pytest.mark.parametrize(
    ("offered", "over", "expected"),
    [
        (None, OverTender.CHANGE, Offer(amount=2_980, offered=2_980)),
        (10_000, OverTender.CHANGE, Offer(amount=2_980, offered=10_000)),
        (1_000, OverTender.CHANGE, Offer(amount=1_000, offered=1_000)),
        (2_981, OverTender.REFUSED, Refusal("PAY-03", {"amount": 2_981, "limit": 2_980})),
        (0, OverTender.CHANGE, Refusal("PAY-06", {})),
        (
            8_801_043_015_929,
            OverTender.CHANGE,
            Refusal("PAY-03", {"amount": 8_801_043_015_929, "limit": TOTAL_MAX}),
        ),
    ],
    ids=["exact", "change", "part", "no change from a card", "nothing", "a barcode as money"],
)
def test_an_offer_counts_for_what_is_due(
    offered: int | None, over: OverTender, expected: Offer | Refusal
) -> None:
    """T1: change comes only from a tender that gives it."""
    assert consider(after(BEGUN, AddItem(goods=MILK)), offered, over) == expected


def test_nothing_is_due_for_an_empty_basket() -> None:
    assert consider(BEGUN, 1_000, OverTender.CHANGE) == Refusal("PAY-01", {})


def test_a_step_that_would_leave_more_paid_than_sold_is_refused() -> None:
    """A sale never holds more than its total."""
    sale = after(BEGUN, AddItem(goods=MILK), AddItem(goods=RAMEN), HoldTender(cash(4_000)))

    assert decide(sale, TakeBack(1)) == Refusal("PAY-08", {"due": 3_080})
    assert after(sale, TakeBack(0)).due == 100


@pytest.mark.parametrize(
    ("quantity", "text"), [(3_000, "3"), (512, "0.512"), (1_500, "1.5"), (0, "0"), (-2_000, "-2")]
)
def test_a_quantity_is_shown_as_people_write_it(quantity: int, text: str) -> None:
    assert shown(quantity) == text


GOODS = st.sampled_from([MILK, RAMEN, TANGERINE])
PLACES = st.integers(-1, 6)
STEPS = st.one_of(
    st.builds(AddItem, goods=GOODS, quantity=st.integers(-1, 20_000)),
    st.builds(ChangeQuantity, PLACES, st.integers(-1, QUANTITY_MAX + 1)),
    st.builds(
        DiscountLine, line=PLACES, percent=st.integers(-1, 101), amount=st.integers(-1, 5_000)
    ),
    st.builds(TakeBack, st.none() | PLACES),
    st.integers(1, 30_000),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_any_sequence_of_steps_keeps_the_sale_whole(steps: list[Step | int]) -> None:
    """Whatever is keyed: sums agree, nothing is overpaid, and the stored events rebuild the sale."""
    history: list[Event] = [Begun(sale=1, vat_percent=10)]
    sale = replay(history)
    for keyed in steps:
        step: Step
        if isinstance(keyed, int):
            offer = consider(sale, keyed, OverTender.CHANGE)
            if isinstance(offer, Refusal):
                continue
            step = HoldTender(cash(offer.amount, offer.offered))
        else:
            step = keyed
        events = decide(sale, step)
        if isinstance(events, Refusal):
            continue
        history += events
        sale = reduce(evolve, events, sale)

        totals = sale.totals()
        assert totals.net + totals.vat + totals.exempt == totals.total
        assert 0 <= sale.held <= sale.total <= TOTAL_MAX
        assert all(0 < line.quantity <= QUANTITY_MAX for line in sale.lines)
        assert all(0 <= line.discount <= line.gross for line in sale.lines)
        assert sum(line.amount for line in sale.lines) == sale.total

    assert replay(decode_events(encode_events(history))) == sale


def coupon(code: str = "C5", **terms: int) -> TakeCoupon:
    return TakeCoupon(code=code, name_ko="쿠폰", name_en="Coupon", **terms)


def test_what_comes_off_the_whole_sale_is_spread_over_its_lines_by_what_they_cost() -> None:
    """A line that is returned gives back what was paid for it: nothing is lost in rounding."""
    sale = after(
        BEGUN,
        AddItem(goods=MILK),
        AddItem(goods=RAMEN, quantity=2_000),
        AddItem(goods=TANGERINE),
        DiscountSale(amount=1_000),
    )
    fact = closed(after(sale, HoldTender(cash(sale.due))), shift=1)

    assert [line.sale_discount for line in fact.lines] == [155, 428, 417]
    assert [line.amount for line in fact.lines] == [2_825, 7_772, 7_573]
    assert sum(line.amount for line in fact.lines) == fact.total == 19_170 - 1_000
    assert (fact.net + fact.vat, fact.exempt) == (2_825 + 7_772, 7_573)
    assert fact.discount == sum(each.amount for each in fact.reductions) == 1_000


def test_a_sale_discount_in_per_cent_follows_the_basket_and_money_does_not() -> None:
    sale = after(BEGUN, AddItem(goods=MILK), DiscountSale(percent=10))
    assert sale.total == 2_682

    more = after(sale, AddItem(goods=RAMEN))
    assert more.total == 7_080 - 708

    assert after(more, DiscountSale(amount=500)).total == 6_580, "in place of the one before"
    assert after(more, DiscountSale()).total == 7_080


def test_a_discount_never_takes_off_more_than_the_goods_cost() -> None:
    sale = after(BEGUN, AddItem(goods=MILK), AddItem(goods=RAMEN), DiscountSale(amount=7_000))

    assert after(sale, TakeBack(1)).total == 0


def test_the_same_discount_moved_from_a_line_to_the_sale_gives_the_line_its_own_back() -> None:
    sale = after(
        BEGUN,
        AddItem(goods=MILK),
        DiscountLine(line=0, percent=5),
        DiscountLine(line=0, percent=10),
        DiscountSale(percent=10, moved_from=0),
    )

    assert sale.lines[0].percent == 5
    assert sale.total == 2_831 - 283


def test_another_price_stands_beside_the_catalogues_with_its_reason_and_who_allowed_it() -> None:
    sale = after(
        BEGUN,
        AddItem(goods=MILK, quantity=2_000),
        PriceLine(line=0, price=2_500, reason="흠 있음", approver="seo"),
        AddItem(goods=MILK),
    )
    assert len(sale.lines) == 2, "more of the same has the catalogue's price"

    line = closed(after(sale, HoldTender(cash(sale.due))), shift=1).lines[0]
    assert (line.unit_price, line.list_price, line.amount) == (2_500, 2_980, 5_000)
    assert (line.reason, line.approver) == ("흠 있음", "seo")

    again = after(sale, PriceLine(line=0, price=0, reason=""))
    assert again.lines[0].unit_price == 2_980


def test_a_coupon_counts_once_from_its_minimum_on() -> None:
    sale = after(BEGUN, AddItem(goods=MILK, quantity=4_000), coupon(amount=1_500, minimum=10_000))
    assert sale.total == 11_920 - 1_500

    twice = decide(sale, coupon(amount=1_500))
    assert isinstance(twice, Refusal) and twice.code == "DSC-04"
    early = decide(after(BEGUN, AddItem(goods=MILK)), coupon(minimum=10_000))
    assert isinstance(early, Refusal) and early.code == "DSC-05"
    assert after(sale, TakeBack(0)).total == 0, "below its minimum it takes nothing off"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (DiscountSale(percent=101), "DSC-01"),
        (DiscountSale(percent=-1), "DSC-01"),
        (DiscountSale(amount=2_981), "PAY-03"),
        (DiscountSale(amount=-1), "PAY-03"),
        (DiscountLine(line=0, percent=101), "DSC-01"),
        (DiscountLine(line=0, amount=2_981), "PAY-03"),
        (PriceLine(line=0, price=100, reason="  "), "ENT-12"),
        (PriceLine(line=0, price=TOTAL_MAX + 1, reason="x"), "PAY-03"),
        (PriceLine(line=1, price=100, reason="x"), "ENT-07"),
    ],
)
def test_what_no_shop_can_mean_is_refused(step: Step, code: str) -> None:
    refused = decide(after(BEGUN, AddItem(goods=MILK)), step)

    assert isinstance(refused, Refusal) and refused.code == code


def test_nothing_comes_off_a_sale_below_what_was_already_paid() -> None:
    sale = after(BEGUN, AddItem(goods=MILK), HoldTender(cash(2_900)))

    refused = decide(sale, DiscountSale(amount=100))

    assert isinstance(refused, Refusal) and refused.code == "PAY-08"


REDUCTIONS = st.one_of(
    st.builds(DiscountSale, percent=st.integers(0, 100)),
    st.builds(DiscountSale, amount=st.integers(0, 50_000)),
    st.builds(coupon, code=st.sampled_from("ABC"), amount=st.integers(0, 9_000)),
    st.builds(coupon, code=st.sampled_from("DEF"), percent=st.integers(0, 100)),
    st.builds(TakeBack, line=st.integers(0, 5)),
    st.builds(DiscountLine, line=st.integers(0, 5), percent=st.integers(0, 100)),
    st.builds(PriceLine, line=st.integers(0, 5), price=st.integers(0, 9_999), reason=st.just("흠")),
)


@given(
    st.lists(st.tuples(st.sampled_from([MILK, RAMEN, TANGERINE]), st.integers(1, 9_000))),
    st.lists(REDUCTIONS, max_size=12),
)
@settings(max_examples=200)
def test_whatever_comes_off_the_parts_are_the_whole(
    goods: list[tuple[Goods, int]], steps: list[Step]
) -> None:
    """Lines sum to the total, net, VAT and exempt too; no line costs less than nothing; bytes replay."""
    sale = after(BEGUN, *(AddItem(goods=each, quantity=much) for each, much in goods))
    happened: list[Event] = []
    for step in steps:
        events = decide(sale, step)
        if not isinstance(events, Refusal):
            happened += events
            sale = reduce(evolve, events, sale)
    fact = closed(sale if not sale.due else after(sale, HoldTender(cash(sale.due))), shift=1)

    live = [line for line in fact.lines if not line.voided]
    assert sum(line.amount for line in live) == fact.total == fact.net + fact.vat + fact.exempt
    assert all(line.amount >= 0 for line in live)
    assert sum(line.discount for line in live) == fact.discount
    assert sum(line.sale_discount for line in fact.lines) == sum(
        each.amount for each in fact.reductions
    )
    assert decode_events(encode_events(happened)) == happened
