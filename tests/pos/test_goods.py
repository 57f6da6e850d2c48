"""The goods in the box: the catalogue that `make demo` sells from is a shop's, down to check digits."""

import csv
from collections import Counter
from pathlib import Path
from unicodedata import is_normalized

import pytest
from barcode import EAN13  # python-barcode: shares no code with ours

GOODS = Path(__file__).parents[2] / "pos" / "data" / "goods.csv"
Row = dict[str, str]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Read the file as any spreadsheet would."""
    with GOODS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_more_than_three_hundred_items_in_twelve_groups(rows: list[Row]) -> None:
    """Issue 2, 1e asks for at least 300 grocery items."""
    assert len(rows) >= 320
    groups = Counter(row["group"] for row in rows)
    assert set(groups) >= {
        *("dairy", "noodles", "produce", "meat", "fish", "snacks", "beverages", "household"),
        *("frozen", "bakery", "seasonings", "pet"),
    }
    assert "tobacco" not in groups and min(groups.values()) >= 9


def test_every_code_is_unique_with_a_right_check_digit(rows: list[Row]) -> None:
    """Barcodes are EAN-13 of prefix 880 and one invented range, or the shop's own 2x."""
    skus = [row["sku"] for row in rows]
    codes = [code for row in rows for code in row["barcodes"].split()]
    assert len(set(skus)) == len(skus) and len(set(codes)) == len(codes)
    assert all(row["barcodes"] for row in rows)
    assert [code for code in codes if EAN13(code[:12]).get_fullcode() != code] == []
    assert [code for code in codes if not code.startswith(("8800", "20", "25"))] == []


def test_goods_by_weight_carry_the_shops_own_codes_for_price_and_weight(rows: list[Row]) -> None:
    """An item by the kilogram has both forms, each with a zero value; an item by the piece none."""
    weighed = [row for row in rows if row["unit"] == "kg"]
    assert len(weighed) >= 5
    for row in rows:
        codes = row["barcodes"].split()
        if row in weighed:
            assert [code[:2] for code in codes] == ["20", "25"], row
            assert all(code[7:12] == "00000" for code in codes), row
        else:
            assert [code[:4] for code in codes] == ["8800"], row


def test_prices_are_won_that_a_shop_asks(rows: list[Row]) -> None:
    """Whole tens of won between a bag and a sack of rice."""
    prices = [int(row["price"]) for row in rows]
    assert min(prices) >= 100 and max(prices) <= 100_000
    assert all(price % 10 == 0 for price in prices)


@pytest.mark.parametrize(
    ("name", "tax"),
    [
        ("서울우유 1L", "exempt"),  # plain milk: unprocessed food
        ("푸른목장 초코우유 200ml", "taxed"),  # flavoured: processed
        ("제주감귤 1.5kg", "exempt"),
        ("한돈 삼겹살 500g", "exempt"),
        ("양념돼지갈비 800g", "taxed"),  # seasoned meat is processed
        ("고등어 2마리", "exempt"),
        ("참치캔 100g x 4", "taxed"),
        ("쌀 10kg", "exempt"),
        ("신라면 5입", "taxed"),
        ("종량제봉투 10L", "exempt"),
        ("생리대 중형 36입", "exempt"),
        ("소주 360ml", "taxed"),
    ],
)
def test_tax_class_follows_korean_vat(rows: list[Row], name: str, tax: str) -> None:
    """Unprocessed food is exempt, processed is taxed. Source: VAT Act art. 26, its rules table 1."""
    assert {row["name_ko"]: row["tax"] for row in rows}[name] == tax


def test_names_are_whole_and_composed(rows: list[Row]) -> None:
    """Both languages, NFC, no stray blanks, unique: nobody scans two things of one name."""
    names = [row["name_ko"] for row in rows]
    assert len(set(names)) == len(names)
    for row in rows:
        for name in (row["name_ko"], row["name_en"]):
            assert name and name == name.strip() and is_normalized("NFC", name), row
        assert row["name_en"].isascii(), row


def test_nine_quick_items_have_the_digits_one_to_nine(rows: list[Row]) -> None:
    """Alt+1 to Alt+9 (clerk-and-courier.md 5.2) sell bags, water and what has no code."""
    quick = [row for row in rows if row["group"] == "quick"]
    assert [row["sku"] for row in quick] == [str(digit) for digit in range(1, 10)]
