"""What the papers say, in Korean and English, and what they say under bad input.

Golden files stand in golden/; `GOLDEN_WRITE=1 pytest tests/receipts/test_forms.py` writes them anew,
and a person reads the difference before it is committed.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from protocols.escpos.decode import Decoder
from protocols.facts import (
    CashMoved,
    CashReceiptAsked,
    ClerkTotals,
    DrawerOpened,
    Line,
    Points,
    RefundClosed,
    SaleClosed,
    ShiftClosed,
    Tender,
    TenderChanged,
    TenderVoided,
)
from protocols.money import CURRENCIES
from receipts.document import Cut, Document, Language, PaperWidth, Qr
from receipts.forms.cash import cash_slip, no_sale_slip
from receipts.forms.context import Delivery, ReceiptContext
from receipts.forms.e_receipt import CameBack, e_receipt
from receipts.forms.gift import gift_receipt
from receipts.forms.goods import quantity_text
from receipts.forms.payment_change import payment_change_slip
from receipts.forms.payment_void import payment_void_slip
from receipts.forms.purse import PurseSlip, Statement, StatementRow, purse_slip, statement_slip
from receipts.forms.refund import refund_receipt
from receipts.forms.sale import sale_receipt
from receipts.forms.shift import x_report, z_report
from receipts.forms.situation import Situation, situation_slip
from receipts.forms.slip import payment_slip
from receipts.renderers import escpos, html, png, text
from receipts.repertoire import cells

GOLDEN = Path(__file__).parent / "golden"
Make = Callable[..., ReceiptContext]
STANDARD = PaperWidth.STANDARD


def shown(document: Document, paper: PaperWidth = STANDARD) -> str:
    return text.render(document, paper)


def compare(name: str, document: Document, paper: PaperWidth = STANDARD) -> None:
    """Compare with the kept text."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN_WRITE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown(document, paper), encoding="utf-8")
    assert shown(document, paper) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_sale_receipt_is_the_golden_one(
    sale: SaleClosed, context: Make, language: Language
) -> None:
    """T1: a receipt at the moment of sale, whole, at 42 columns."""
    compare(f"sale-{language}-42", sale_receipt(sale, context(language)))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_receipt_of_e_cash_is_the_golden_one(
    sale: SaleClosed, context: Make, language: Language
) -> None:
    """T5: the purse's reference, the attempt key, what was paid, and what the card still holds."""
    paid = Tender(
        method="purse",
        attempt="S1-01-20260417-0128-a",
        amount=sale.total,
        reference="435553544f4d4552-00000007",
        balance=26_610,
    )
    compare(f"e-cash-{language}-42", sale_receipt(replace(sale, tenders=[paid]), context(language)))


SITUATION = Situation(
    sale=128,
    method="purse",
    attempt="S1-01-20260417-0128-a",
    amount=15_390,
    happened="카드가 이체 도중에 빠졌습니다. 같은 카드를 다시 꽂으세요",
    card="moved",
    balance=26_610,
    shop="not_moved",
)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_situation_slip_is_the_golden_one(context: Make, language: Language) -> None:
    """What a customer takes home of a payment in doubt: nothing on it says that it was paid."""
    happened = SITUATION.happened if language == "ko" else "Card pulled out during transfer"
    slip = replace(SITUATION, happened=happened)
    compare(f"situation-{language}-42", situation_slip(slip, context(language)))
    parked = replace(slip, parked=True, card="unknown", balance=None, shop="unknown")
    compare(f"situation-parked-{language}-42", situation_slip(parked, context(language)))


def _tender(method: str, letter: str, back_to: str = "") -> Tender:
    order = "S1-01-20260417-0128"
    return Tender(
        method=method,
        attempt=f"{order}-{letter}",
        amount=15_390,
        reference="435553544f4d4552-00000007" if method == "purse" else "",
        back_to=f"{order}-{back_to}" if back_to else "",
    )


@pytest.mark.parametrize("language", ["ko", "en"])
def test_slips_of_corrected_payments_are_the_golden_ones(context: Make, language: Language) -> None:
    """A payment taken out of an open sale, and one replaced after it: both ways, with their keys."""
    voided = TenderVoided(
        sale=128, shift=1, tender=_tender("purse", "a"), back=_tender("purse", "b", "a")
    )
    compare(f"payment-void-{language}-42", payment_void_slip(voided, context(language)))
    changed = TenderChanged(
        sale=128,
        shift=1,
        original="S1-01-20260417-0128",
        tender=_tender("cash", "a"),
        back=_tender("cash", "c", "a"),
        taken=[_tender("purse", "b")],
        reason="카드로" if language == "ko" else "by card",
    )
    compare(f"payment-change-{language}-42", payment_change_slip(changed, context(language)))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_z_report_is_the_golden_one(shift: ShiftClosed, context: Make, language: Language) -> None:
    """The day's close, whole, at 42 columns."""
    compare(f"z-{language}-42", z_report(shift, context(language)))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_marked_receipt_is_the_golden_one(
    sale: SaleClosed, context: Make, language: Language
) -> None:
    """A second copy, in training, of a record that waits: every mark at once."""
    marked = context(language, copy=2, training=True, delivery=Delivery.QUEUED)
    compare(f"marked-{language}-42", sale_receipt(sale, marked))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_cash_receipt_is_the_golden_one(
    sale: SaleClosed, context: Make, language: Language
) -> None:
    """A Korean cash receipt was asked for: whose, for what, how much, and that none is approved."""
    asked = CashReceiptAsked(purpose="income", shown="010****5678", amount=19_000)
    paper = sale_receipt(replace(sale, cash_receipt=asked), context(language))

    compare(f"cash-receipt-{language}-42", paper)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_receipts_of_a_member_are_the_golden_ones(
    sale: SaleClosed, refund: RefundClosed, context: Make, language: Language
) -> None:
    """Whose, masked; points that paid, were earned and are there now; taken and given back."""
    paid = [
        replace(sale.tenders[0], amount=18_000),
        Tender(method="points", attempt="S001-01-20260417-0128-b", amount=11_948),
    ]
    earned = Points(amount=179, shown="김*수 (3304)", balance=1_240)
    told = replace(sale, tenders=paid, customer="M123456782", points=earned)
    compare(f"member-{language}-42", sale_receipt(told, context(language)))

    points = replace(refund.tenders[0], method="points", reference="")
    tenders = [points, refund.tenders[1]]
    back = Points(amount=45, shown="김*수 (3304)")
    came = replace(refund, tenders=tenders, customer="M123456782", points=back)
    compare(f"member-refund-{language}-42", refund_receipt(came, context(language)))


def test_member_whom_nobody_looked_up_is_the_end_of_a_number(
    sale: SaleClosed, context: Make
) -> None:
    """Without a broker: the card's last digits, and no word of what there is."""
    told = replace(sale, customer="M123456782", points=Points(amount=179))
    paper = shown(sale_receipt(told, context("en")))
    assert "*6782" in paper and "M123456782" not in paper and "Points now" not in paper


@pytest.mark.parametrize("language", ["ko", "en"])
def test_payment_slip_is_the_golden_one(
    sale: SaleClosed, context: Make, language: Language
) -> None:
    """What devices took, and nothing of the cash or the goods; whole, at 42 columns."""
    compare(f"slip-{language}-42", payment_slip(sale, context(language)))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_gift_receipt_is_the_golden_one(
    sale: SaleClosed, context: Make, language: Language
) -> None:
    """Goods and quantities, and the code of the sale; whole, at 42 columns."""
    compare(f"gift-{language}-42", gift_receipt(sale, context(language)))


@given(price=st.integers(0, 999_999_999), discount=st.integers(0, 99_999))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_gift_receipt_is_the_same_at_every_price(
    context: Make, sale: SaleClosed, price: int, discount: int
) -> None:
    """So nothing on it tells what was paid, nor how, nor by whom."""
    lines = [
        replace(line, unit_price=price, discount=discount, amount=price, list_price=price + 1)
        for line in sale.lines
    ]
    asked = CashReceiptAsked(purpose="income", shown="010****5678", amount=price)
    paid = [replace(sale.tenders[0], method="card", amount=price, tendered=price)]
    dear = replace(
        sale,
        lines=lines,
        total=price,
        discount=discount,
        net=price,
        vat=price,
        exempt=price,
        tenders=paid,
        cash_receipt=asked,
    )

    assert gift_receipt(dear, context()) == gift_receipt(sale, context())


def test_training_gift_receipt_needs_a_training_context(sale: SaleClosed, context: Make) -> None:
    """As its receipt: a paper of no sale is marked."""
    with pytest.raises(ValueError, match="training"):
        gift_receipt(replace(sale, training=True), context())

    assert "연습" in shown(gift_receipt(replace(sale, training=True), context(training=True)))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_refund_receipt_is_the_golden_one(
    refund: RefundClosed, context: Make, language: Language
) -> None:
    """I6: what came back, how the money went back, which sale it belongs to; whole, at 42 columns."""
    compare(f"refund-{language}-42", refund_receipt(refund, context(language)))


def test_refund_without_a_receipt_says_so(refund: RefundClosed, context: Make) -> None:
    """The one who decides on such returns finds them by their word."""
    paper = shown(refund_receipt(msgspec.structs.replace(refund, original=""), context()))

    assert "영수증 없음" in paper


def test_refund_in_two_ways_names_each_with_its_key(refund: RefundClosed, context: Make) -> None:
    """Support finds both movements of money; a tender without an approval shows none."""
    paper = shown(refund_receipt(refund, context("en")))

    assert [line.split()[:2] for line in paper.splitlines() if "back " in line] == [
        ["Card", "back"],
        ["Cash", "back"],
    ]
    assert [tender.attempt in paper for tender in refund.tenders] == [True, True]
    assert paper.count("Approval") == 1


def test_tender_that_the_wording_does_not_know_brings_its_own_name(
    sale: SaleClosed, context: Make
) -> None:
    """A stranger's way to pay is printed as it calls itself; without that, by its plain name."""
    paid = replace(sale, tenders=[replace(sale.tenders[0], method="stamps")])

    assert "포인트" in shown(sale_receipt(paid, context("ko", methods={"stamps": "포인트"})))
    assert "stamps" in shown(sale_receipt(paid, context("ko")))


def test_queued_and_reprinted_refund_is_marked(refund: RefundClosed, context: Make) -> None:
    """Rule 9 and the copy mark hold for money that goes back too."""
    paper = shown(refund_receipt(refund, context("en", copy=1, delivery=Delivery.QUEUED)))

    assert "COPY 1" in paper
    assert "[WAITING TO BE SENT] S001-01-20260417-0131-a" in " ".join(paper.split())
    assert "Given back. Sent when back online" in paper
    assert "Paid." not in paper, "the money went the other way"


def test_receipt_says_who_what_and_how_much(sale: SaleClosed, context: Make) -> None:
    """The parts a Korean receipt must have, each by its words."""
    paper = shown(sale_receipt(sale, context()))

    for part in (
        "한빛마트 본점",
        "사업자번호 123-45-67890",
        "2026-04-17 14:32:07 KST",
        "01호기",
        "김영희",
        "거래 0128",
        "*제주감귤",
        "0.512kg",
        "과세 공급가",
        "부가세 10%",
        "29,948원",
        "거스름돈",
        "S001-01-20260417-0128-a",
        "30012345",
        "[QR S001-01-20260417-0128-a]",
    ):
        assert part in paper, part
    assert "잘못 찍은 것" not in paper, "a voided line is no part of the sale"


def test_lines_add_up_to_the_total(sale: SaleClosed, context: Make) -> None:
    """The amounts in the column less the discounts are the total: a customer can check it."""
    rows = shown(sale_receipt(sale, context())).split("금액\n")[1].split("* 표시")[0]
    figures = [
        int(row.split()[-1].replace(",", "")) for row in rows.splitlines() if row[-1:].isdigit()
    ]

    assert sum(figures) == sale.total


def test_queued_receipt_says_so_with_its_key(sale: SaleClosed, context: Make) -> None:
    """Rule 9: while the record waits, the paper names the key it can be found by."""
    queued = shown(sale_receipt(sale, context(delivery=Delivery.QUEUED)))

    assert "[전송 대기] S001-01-20260417-0128-a" in queued
    assert "전송 대기" not in shown(sale_receipt(sale, context()))


@pytest.mark.parametrize(("language", "mark"), [("ko", "재발행 3"), ("en", "COPY 3")])
def test_reprint_is_marked_with_its_count(
    sale: SaleClosed, context: Make, language: Language, mark: str
) -> None:
    """A copy is never taken for the original."""
    assert mark in shown(sale_receipt(sale, context(language, copy=3)))
    assert mark[:-2] not in shown(sale_receipt(sale, context(language)))


def test_training_is_marked_at_both_ends(sale: SaleClosed, context: Make) -> None:
    """No torn piece passes for a receipt."""
    lines = shown(sale_receipt(sale, context(training=True))).split()

    assert lines.count("연습") == 2
    assert lines.index("연습") < 3


def test_training_sale_cannot_be_printed_unmarked(sale: SaleClosed, context: Make) -> None:
    """The mark does not hang on the caller's memory."""
    with pytest.raises(ValueError, match="training"):
        sale_receipt(msgspec.structs.replace(sale, training=True), context())


def test_business_date_is_said_when_the_clock_shows_another(
    sale: SaleClosed, context: Make
) -> None:
    """A sale after midnight belongs to the shift's day."""
    assert "영업일 2026-04-16" in shown(sale_receipt(sale, context(business_date="20260416")))
    assert "영업일" not in shown(sale_receipt(sale, context()))


def test_time_is_the_stores(sale: SaleClosed, context: Make) -> None:
    """The same moment on a clock in another zone, with the zone's name."""
    assert "2026-04-17 07:32:07 CEST" in shown(sale_receipt(sale, context(zone="Europe/Berlin")))


def test_another_currency_is_named(sale: SaleClosed, context: Make) -> None:
    """Minor units by ISO 4217, the code beside the total."""
    paper = shown(sale_receipt(sale, context("en", currency=CURRENCIES["USD"])))

    assert "USD 299.48" in paper
    assert "₩" not in paper


@pytest.mark.parametrize(
    ("quantity", "unit", "said"),
    [
        (1000, "ea", "1"),
        (12000, "ea", "12"),
        (512, "kg", "0.512kg"),
        (1500, "m", "1.5m"),
        (-2000, "ea", "-2"),
        (-250, "kg", "-0.25kg"),
        (0, "ea", "0"),
    ],
)
def test_quantity_is_read_as_people_do(quantity: int, unit: str, said: str) -> None:
    """Thousandths of the unit; pieces without a unit."""
    line = Line(
        sku="1", name_ko="", name_en="", quantity=quantity, unit=unit, unit_price=1, amount=1
    )
    assert quantity_text(line) == said


def test_sale_without_tenders_still_has_a_key(sale: SaleClosed, context: Make) -> None:
    """A basket that comes to zero: nothing was paid, a return finds it all the same."""
    free = msgspec.structs.replace(sale, tenders=[], total=0)
    document = sale_receipt(free, context(sale_key="S001-01-20260417-0128"))

    assert Qr(content="S001-01-20260417-0128") in document.blocks
    assert not any(isinstance(b, Qr) for b in sale_receipt(free, context()).blocks)


def test_z_says_what_is_open_and_what_is_short(shift: ShiftClosed, context: Make) -> None:
    """Rule 7: a Z never skips what waits, is in doubt or is questioned."""
    paper = shown(z_report(shift, context()))

    for part in (
        "Z 마감 0011",
        "모자람",
        "-500",
        "거스름 실수",
        "전송 대기",
        "3건",
        "미확정",
        "1건",
    ):
        assert part in paper, part


def test_z_of_one_who_sold_it_all_has_no_list_of_clerks(shift: ShiftClosed, context: Make) -> None:
    """Whose name stands on the paper needs no table; anybody else does."""
    name = context().clerk
    [alone] = [ClerkTotals(person="7", name=name, sales=3, gross=10)]
    words = "담당별"
    for people, listed in (
        ([], False),
        ([alone], False),
        ([replace(alone, name="박"), alone], True),
    ):
        paper = shown(z_report(replace(shift, by_clerk=people), context()))
        assert (words in paper) is listed


def test_z_over_and_exact(shift: ShiftClosed, context: Make) -> None:
    """Three words for three cases."""
    over = msgspec.structs.replace(shift, counted=805_500, over_short=500)
    exact = msgspec.structs.replace(shift, counted=805_000, over_short=0)

    assert "남음" in shown(z_report(over, context()))
    assert "차액 없음" in shown(z_report(exact, context()))
    assert "모자람" not in shown(z_report(exact, context()))


def test_x_keeps_the_count_blind(shift: ShiftClosed, context: Make) -> None:
    """No expected cash, no count, no number of a Z."""
    paper = shown(x_report(shift, context()))

    assert "X 중간 집계" in paper
    for hidden in ("장부 현금", "805,000", "실제 현금", "모자람", "Z 마감"):
        assert hidden not in paper, hidden


@pytest.mark.parametrize(
    ("direction", "title"), [("in", "PAID IN"), ("out", "PAID OUT"), ("drop", "TO THE SAFE")]
)
def test_cash_slip_says_direction_amount_and_reason(
    context: Make, direction: str, title: str
) -> None:
    """It lies in the drawer with the money."""
    moved = CashMoved(shift=3, direction=direction, amount=50_000, reason="coins")  # type: ignore[arg-type]
    paper = shown(cash_slip(moved, context("en")))

    assert title in paper
    assert "₩50,000" in paper
    assert "Reason: coins" in paper
    assert "Signature:" in paper


def test_no_sale_slip_says_why(context: Make) -> None:
    """The drawer opened by hand: a reason and a name."""
    paper = shown(no_sale_slip(DrawerOpened(shift=3, reason="동전 교환"), context()))

    assert "돈통 열기 전표" in paper
    assert "사유: 동전 교환" in paper
    assert "김영희" in paper


def test_every_form_ends_with_a_cut(sale: SaleClosed, shift: ShiftClosed, context: Make) -> None:
    """One sheet each, and the drawer is no part of it."""
    for document in (
        sale_receipt(sale, context()),
        x_report(shift, context()),
        z_report(shift, context()),
        no_sale_slip(DrawerOpened(shift=1, reason="r"), context()),
    ):
        assert isinstance(document.blocks[-1], Cut)
        assert b"\x1bp" not in escpos.render(document, STANDARD)


_names = st.one_of(
    st.text(min_size=150, max_size=200),
    st.text("가나다라 마바사아", max_size=200),
    st.sampled_from(["👨‍👩‍👧‍👦" * 20, "\u1112\u1161\u11ab" * 60, "", "A" * 200, "\x1b@\n\x00"]),
)
_amounts = st.integers(-(10**12), 10**12)
_wild_lines = st.builds(
    Line,
    sku=st.just("1"),
    name_ko=_names,
    name_en=_names,
    quantity=st.integers(-(10**9), 10**9),
    unit=st.sampled_from(["ea", "kg"]),
    unit_price=_amounts,
    discount=st.integers(0, 10**12),
    amount=_amounts,
    tax=st.sampled_from(["taxed", "exempt"]),
    voided=st.booleans(),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_wild_lines, max_size=6), _amounts, st.sampled_from(PaperWidth), _names)
def test_nothing_breaks_the_columns(
    context: Make, lines: list[Line], amount: int, paper: PaperWidth, name: str
) -> None:
    """Names of 200 characters, emoji, decomposed Hangul, negative lines, amounts to 10^12."""
    wild = SaleClosed(
        sale=1,
        shift=1,
        lines=lines,
        total=amount,
        net=amount,
        vat=amount,
        exempt=amount,
        tenders=[Tender(method="cash", attempt="K-a", amount=amount, tendered=1, change=amount)],
    )
    document = sale_receipt(wild, context("en", store_name=name, address=name, footer=name))
    rows = text.render(document, paper).splitlines()

    assert all(cells(row) <= paper for row in rows)
    digits = "".join("".join(rows).split())
    assert f"{amount:,}".lstrip("-") in digits
    for line in lines:
        if not line.voided:
            assert f"{line.unit_price:,}" in digits
    assert Decoder().receive(escpos.render(document, paper))


def test_999_lines_are_one_receipt(context: Make) -> None:
    """The most a sale may have: every renderer comes to an end, and the total is on it."""
    line = Line(
        sku="1", name_ko="신라면 5입", name_en="Ramyun", quantity=1000, unit_price=10, amount=10
    )
    long = SaleClosed(sale=1, shift=1, lines=[line] * 999, total=9990, tenders=[])
    document = sale_receipt(long, context())

    assert shown(document).count("신라면 5입") == 999
    assert "9,990원" in shown(document)
    assert len(escpos.render(document, STANDARD)) < 200_000
    assert html.render(document, STANDARD).count("신라면") == 999
    assert png.render(document, STANDARD).startswith(b"\x89PNG")


STATEMENT = Statement(
    purse="CUST0001",
    balance=13_020,
    ceiling=200_000,
    expiry=20301231,
    rows=[
        StatementRow(number=4, amount=20_000, other="TELL0001"),
        StatementRow(number=5, amount=-9_960, other="SHOP0001"),
        StatementRow(number=6, amount=2_980, other="SHOP0001"),
    ],
)
LOADED = PurseSlip(
    service="load",
    amount=20_000,
    purse="CUST0001",
    balance=33_020,
    key="S1-01-20260417-0129-a",
    reference="54454c4c30303031-17",
)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_slips_of_e_cash_are_the_golden_ones(context: Make, language: Language) -> None:
    about = context(language=language)
    compare(f"purse-load-{language}-42", purse_slip(LOADED, about))
    compare(f"purse-statement-{language}-42", statement_slip(STATEMENT, about))


def test_deposit_that_was_found_out_later_shows_no_balance(context: Make) -> None:
    slip = replace(LOADED, service="deposit", balance=-1, purse="SHOP0001")
    told = shown(purse_slip(slip, context(language="en", delivery=Delivery.QUEUED)))

    assert "E-CASH DEPOSIT" in told and "Balance" not in told and "Cash" not in told
    assert "Moved. Sent when back online" in told and LOADED.key in told


def test_card_without_transfers_says_so(context: Make) -> None:
    told = shown(statement_slip(replace(STATEMENT, rows=[]), context(language="ko")))

    assert "거래가 없습니다" in told


@given(st.lists(st.integers(-(2**32), 2**32), max_size=30), st.sampled_from(list(PaperWidth)))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_statement_is_never_cut(context: Make, amounts: list[int], paper: PaperWidth) -> None:
    rows = [StatementRow(number=n, amount=each, other="SHOP0001") for n, each in enumerate(amounts)]
    told = text.render(statement_slip(replace(STATEMENT, rows=rows), context(language="en")), paper)
    assert all(cells(line) <= paper for line in told.splitlines())
    for each in amounts:
        assert f"{each:,}" in told


TOKEN = "AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_receipt_with_a_link_is_the_golden_one(
    sale: SaleClosed, context: Make, language: Language
) -> None:
    """Two codes, each with what it is for."""
    made = context(language, link_base="https://receipts.example.kr")
    compare(f"linked-{language}-42", sale_receipt(replace(sale, link=TOKEN), made))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_e_receipt_after_a_return_is_the_golden_one(
    sale: SaleClosed, refund: RefundClosed, context: Make, language: Language
) -> None:
    """What became of the sale stands above what it was; no link to itself, no mark of a queue."""
    made = context(language, link_base="https://receipts.example.kr", delivery=Delivery.QUEUED)
    back = [CameBack(fact=refund, at_ns=1_776_490_327_000_000_000)]
    page = e_receipt(replace(sale, link=TOKEN), back, made)

    compare(f"e-receipt-{language}-42", page)
    assert [block.content for block in page.blocks if isinstance(block, Qr)] == [
        sale.tenders[0].attempt
    ]
