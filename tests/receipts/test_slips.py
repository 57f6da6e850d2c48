"""What a bank's payment looks like on every paper, in both languages and at every width.

Golden files as in test_forms; `GOLDEN_WRITE=1 pytest tests/receipts/test_slips.py` writes them anew.
"""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from protocols.card_number import CardNumber
from protocols.escpos.decode import Decoder
from protocols.facts import RefundClosed, SaleClosed, Slip, Tender, TenderChanged, TenderVoided
from receipts.document import Language, PaperWidth
from receipts.forms.context import ReceiptContext
from receipts.forms.e_receipt import CameBack, e_receipt
from receipts.forms.payment import grouped
from receipts.forms.payment_change import payment_change_slip
from receipts.forms.payment_void import payment_void_slip
from receipts.forms.refund import refund_receipt
from receipts.forms.sale import sale_receipt
from receipts.forms.slip import (
    RefusedPayment,
    RepaidPayment,
    SignedPayment,
    declined_slip,
    merchant_copy,
    payment_slip,
    repaid_slip,
)
from receipts.renderers import escpos, html, text
from receipts.repertoire import cells
from tests.receipts.test_forms import compare

Make = Callable[..., ReceiptContext]
KEY = "S001-01-20260417-0128"
NUMBER = CardNumber("9410110000000010")

CHIP = Slip(
    number=str(NUMBER),
    label="HANBIT CREDIT",
    aid=bytes.fromhex("F0494D4B5401"),
    cryptogram=bytes.fromhex("8A3F19C0D2E4B657"),
    cryptogram_kind="TC",
    approval="30012345",
    entry="chip",
    verified="online_pin",
    issuer="한빛카드",
    acquirer="나래은행",
    terminal="29001234",
    merchant="000000012345678",
)
SIGNED = Slip(
    number=str(NUMBER),
    label="HANBIT CREDIT",
    approval="30012346",
    entry="fallback",
    verified="signature",
    issuer="한빛카드",
    terminal="29001234",
    merchant="000000012345678",
    instalments=3,
)
PASSBOOK = Slip(
    number="110-123-456789",
    approval="70000012",
    entry="passbook",
    verified="online_pin",
    issuer="나래은행",
)
TERMINAL = Slip(
    number="************0010",
    label="girocard",
    approval="123456",
    entry="terminal",
    terminal="52500041",
    lines=[
        "   K-U-N-D-E-N-B-E-L-E-G",
        "Terminal-ID       52500041",
        "TA-Nr 000815   BNr 0042",
        "Karte     ############0010",
        "Genehmigungs-Nr     123456",
        "     Zahlung erfolgt",
    ],
)
REFUSED = replace(
    CHIP, approval="", cryptogram_kind="AAC", cryptogram=bytes.fromhex("0123456789ABCDEF")
)
BACK = replace(CHIP, aid=b"", cryptogram=b"", cryptogram_kind="", approval="30012401")


def paid(letter: str, slip: Slip, method: str = "card", **changes: object) -> Tender:
    tender = Tender(
        method=method, attempt=f"{KEY}-{letter}", amount=15_390, reference=slip.approval, slip=slip
    )
    return replace(tender, **changes)


@pytest.fixture
def by_bank(sale: SaleClosed) -> SaleClosed:
    """A sale paid in every way that a bank decides."""
    tenders = [
        paid("a", CHIP, amount=10_000),
        paid("b", SIGNED, amount=9_948),
        paid("c", PASSBOOK, "transfer", amount=5_000, reference="0417-000815"),
        paid("d", TERMINAL, amount=5_000),
    ]
    return replace(sale, tenders=tenders)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("width", [PaperWidth.NARROW, PaperWidth.STANDARD])
def test_payments_by_banks_are_the_golden_ones(
    by_bank: SaleClosed, context: Make, language: Language, width: PaperWidth
) -> None:
    """The slip of each on the receipt, and the same apart from it; whole, at both widths."""
    about = context(language)
    compare(f"bank-sale-{language}-{width}", sale_receipt(by_bank, about), width)
    compare(f"bank-slip-{language}-{width}", payment_slip(by_bank, about), width)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("width", [PaperWidth.NARROW, PaperWidth.STANDARD])
def test_the_shops_copy_and_a_refusal_are_the_golden_ones(
    context: Make, language: Language, width: PaperWidth
) -> None:
    about = context(language)
    signed = SignedPayment(sale=128, tender=paid("a", SIGNED))
    compare(f"bank-merchant-{language}-{width}", merchant_copy(signed, about), width)
    why = {
        "ko": "은행이 거절했습니다: 잔액이 부족합니다",
        "en": "The bank refused it: not enough money",
    }
    refused = RefusedPayment(sale=128, tender=paid("a", REFUSED), happened=why[language])
    compare(f"bank-refused-{language}-{width}", declined_slip(refused, about), width)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_money_that_goes_back_has_its_slip_on_every_paper(
    refund: RefundClosed, context: Make, language: Language
) -> None:
    """A return, a payment taken out of its sale, a payment changed; whole, at 42 columns."""
    about = context(language)
    back = paid("e", BACK, back_to=f"{KEY}-a")
    returned = replace(refund, tenders=[replace(back, amount=5_000), refund.tenders[1]])
    compare(f"bank-refund-{language}-42", refund_receipt(returned, about))
    voided = TenderVoided(sale=128, shift=12, tender=paid("a", CHIP), back=back)
    compare(f"bank-void-{language}-42", payment_void_slip(voided, about))
    changed = TenderChanged(
        sale=128,
        shift=12,
        original=KEY,
        tender=paid("a", CHIP),
        back=back,
        taken=[paid("f", PASSBOOK, "transfer")],
    )
    compare(f"bank-change-{language}-42", payment_change_slip(changed, about))


def test_e_receipt_says_what_the_paper_says(by_bank: SaleClosed, context: Make) -> None:
    back = replace(paid("e", BACK, back_to=f"{KEY}-a"), amount=5_000)
    refund = RefundClosed(sale=131, shift=12, original=KEY, lines=[], total=5_000, tenders=[back])
    came = [CameBack(fact=refund, at_ns=1_776_403_927_000_000_000)]
    page = html.render(e_receipt(by_bank, came, context()), PaperWidth.STANDARD)

    for part in ("9410 11** **** 0010", "30012345", "30012401", "8A3F19C0D2E4B657", "3개월"):
        assert part in page
    assert NUMBER.reveal() not in page.replace(" ", "")


def test_copies_are_marked(by_bank: SaleClosed, context: Make) -> None:
    signed = SignedPayment(sale=128, tender=paid("a", SIGNED))
    refused = RefusedPayment(sale=128, tender=paid("a", REFUSED), happened="-")
    about = context("en", copy=2)

    for document in (
        sale_receipt(by_bank, about),
        payment_slip(by_bank, about),
        merchant_copy(signed, about),
        declined_slip(refused, about),
    ):
        assert "*** COPY 2 ***" in text.render(document, PaperWidth.STANDARD)


def test_a_number_is_read_in_fours_and_an_account_as_it_is() -> None:
    assert grouped(str(NUMBER)) == "9410 11** **** 0010"
    assert grouped("***-***-**6789") == "***-***-**6789"
    assert grouped("") == ""


def test_an_approval_that_is_the_reference_stands_once(context: Make) -> None:
    told = text.render(
        merchant_copy(SignedPayment(sale=1, tender=paid("a", SIGNED)), context("en")),
        PaperWidth.STANDARD,
    )
    assert told.count("30012346") == 1 and "Bank reference" not in told


SLIPS = st.builds(
    Slip,
    number=st.text("0123456789*-", max_size=25),
    label=st.text(max_size=80),
    aid=st.binary(max_size=16),
    cryptogram=st.binary(max_size=8),
    cryptogram_kind=st.sampled_from(["", "TC", "ARQC", "AAC"]),
    approval=st.text(max_size=20),
    entry=st.sampled_from(
        ["", "chip", "contactless", "stripe", "fallback", "passbook", "terminal"]
    ),
    verified=st.sampled_from(["", "online_pin", "offline_pin", "signature", "none"]),
    issuer=st.text(max_size=80),
    merchant=st.text(max_size=40),
    instalments=st.integers(-5, 100),
    lines=st.lists(st.text(max_size=80), max_size=5),
)


@pytest.mark.parametrize("width", list(PaperWidth))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slip=SLIPS)
def test_whatever_a_terminal_says_fits_the_paper(
    context: Make, slip: Slip, width: PaperWidth
) -> None:
    """A terminal's or a bank's text breaks no column and gives the printer no command."""
    signed = SignedPayment(sale=1, tender=paid("a", slip))
    document = merchant_copy(signed, context("ko"))
    for line in text.render(document, width).splitlines():
        assert cells(line) <= width
    assert Decoder().receive(escpos.render(document, width))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_late_money_that_went_back_has_a_slip(context: Make, language: Language) -> None:
    back = replace(paid("a", BACK, back_to=f"{KEY}-a"), attempt="S001-01-20260417-0131-a")
    slip = repaid_slip(RepaidPayment(sale=131, tender=back), context(language))
    compare(f"bank-repaid-{language}-42", slip)
