"""Facts and contexts that the receipts' tests share."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from protocols.facts import ClerkTotals, Line, RefundClosed, SaleClosed, ShiftClosed, Tender
from receipts.document import Language
from receipts.forms.context import ReceiptContext

KEY = "S001-01-20260417-0128"


@pytest.fixture
def sale() -> SaleClosed:
    """A basket with everything in it: tax-free goods, a weight, a discount, a voided line."""
    lines = [
        Line(sku="1", name_ko="서울우유 1L", name_en="Seoul Milk 1 L", quantity=1000, unit_price=2980, amount=2980),
        Line(sku="2", name_ko="신라면 5입", name_en="Shin Ramyun 5 pack", quantity=2000, unit_price=4100, amount=8200),
        Line(sku="9", name_ko="잘못 찍은 것", name_en="Scanned in error", quantity=1000, unit_price=9999, amount=9999, voided=True),
        Line(sku="3", name_ko="제주감귤 1.5kg", name_en="Jeju tangerines 1.5 kg", quantity=1000, unit_price=3900, discount=390, amount=3510, tax="exempt"),
        Line(sku="5", name_ko="한돈 삼겹살 구이용(냉장)", name_en="Pork belly for grilling, chilled", quantity=512, unit="kg", unit_price=29800, amount=15258, tax="exempt"),
    ]  # fmt: skip
    tenders = [
        Tender(method="cash", attempt=f"{KEY}-a", amount=19000, tendered=20000, change=1000),
        Tender(method="card", attempt=f"{KEY}-b", amount=10948, reference="30012345"),
    ]
    return SaleClosed(
        sale=128,
        shift=12,
        lines=lines,
        total=29948,
        discount=390,
        net=10164,
        vat=1016,
        exempt=18768,
        tenders=tenders,
    )


@pytest.fixture
def refund() -> RefundClosed:
    """Two of the sale's goods come back, one of them tax-free: to the card first, the rest in cash."""
    lines = [
        Line(sku="2", name_ko="신라면 5입", name_en="Shin Ramyun 5 pack", quantity=1000, unit_price=4100, amount=4100),
        Line(sku="3", name_ko="제주감귤 1.5kg", name_en="Jeju tangerines 1.5 kg", quantity=1000, unit_price=3900, discount=390, amount=3510, tax="exempt"),
    ]  # fmt: skip
    tenders = [
        Tender(method="card", attempt="S001-01-20260417-0131-a", amount=5000, reference="30012401"),
        Tender(method="cash", attempt="S001-01-20260417-0131-b", amount=2610),
    ]
    return RefundClosed(
        sale=131,
        shift=12,
        original=KEY,
        lines=lines,
        total=7610,
        net=3727,
        vat=373,
        exempt=3510,
        tenders=tenders,
        reason="상한 상품",
    )


@pytest.fixture
def shift() -> ShiftClosed:
    """A day with something of everything, 500 won short, one attempt in doubt."""
    return ShiftClosed(
        shift=12,
        z=11,
        store="S001",
        sales=103,
        gross=2_345_600,
        net=1_800_000,
        vat=180_000,
        exempt=365_600,
        discounts=12_300,
        voids=2,
        refunds=5_000,
        by_clerk=[
            ClerkTotals(person="3", name="박민수", sales=27, gross=445_600, refunds=5_000),
            ClerkTotals(person="7", name="김*희", sales=76, gross=1_900_000, voids=2),
        ],
        by_method={"cash": 1_200_000, "card": 1_140_600},
        float_amount=100_000,
        cash_in=10_000,
        cash_out=5_000,
        drops=500_000,
        expected=805_000,
        counted=804_500,
        over_short=-500,
        reason="거스름 실수",
        unsent=3,
        in_doubt=1,
    )


@pytest.fixture
def context() -> Callable[..., ReceiptContext]:
    """Make the store's context in a language, with changes."""

    def make(language: Language = "ko", **changes: object) -> ReceiptContext:
        korean = language == "ko"
        made = ReceiptContext(
            language=language,
            store_name="한빛마트 본점" if korean else "Hanbit Mart",
            business_number="123-45-67890",
            owner="김한빛" if korean else "Kim Hanbit",
            address="서울특별시 마포구 월드컵북로 396" if korean else "396 World Cup buk-ro, Seoul",
            phone="02-300-1234",
            terminal="01",
            clerk="김영희" if korean else "Kim Y.",
            at_ns=1_776_403_927_000_000_000,
            business_date="20260417",
            footer="교환·환불은 30일 이내" if korean else "Returns within 30 days",
        )
        return replace(made, **changes)  # type: ignore[arg-type]

    return make
