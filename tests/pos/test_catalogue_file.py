"""A catalogue from a file: every fault has a line and a column, and a fault imports nothing."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos.catalogue import load_catalogue
from pos.catalogue_file import (
    FILE_BYTES_MAX,
    PROGRESS_EVERY,
    Encoding,
    import_catalogue,
    read_items,
)
from pos.catalogue_gate import CatalogueError
from pos.store.database import Database
from protocols.barcode import check_digit
from protocols.catalogue import Item

HEADER = "sku,barcodes,name_ko,name_en,price,tax,unit,group\n"
MILK = "1001,8800101000013,서울우유 1L,Seoul Milk 1 L,2980,exempt,ea,dairy\n"
FILE = HEADER + MILK
ITEM = Item(
    sku="1001",
    barcodes=["8800101000013"],
    name_ko="서울우유 1L",
    name_en="Seoul Milk 1 L",
    price=2980,
    tax="exempt",
    group="dairy",
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Open an empty till's file."""
    opened = Database(tmp_path / "till.sqlite3")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "text",
    [
        FILE,
        "\ufeff" + FILE,
        FILE.replace("\n", "\r\n"),
        FILE.rstrip("\n"),
        FILE + "\n,,,,,,,\n\n",
        FILE.replace("2980", '"2,980"'),
        FILE.replace("exempt", "면세"),
        FILE.replace("서울우유", "\u1109\u1165\u110b\u116e\u11af\u110b\u116e\u110b\u1172"),
        HEADER.replace("sku", " SKU ") + MILK,
        "상품코드,바코드,상품명,영문명,판매가,과세구분,단위,분류\n" + MILK,
    ],
    ids=["plain", "bom", "crlf", "no-end", "blank", "grouped", "면세", "nfd", "case", "korean"],
)
def test_the_ways_a_shop_writes_a_file_are_one(text: str) -> None:
    """Byte order mark, line ends, blank lines, grouping, decomposed Hangul, either language."""
    assert read_items(text.encode()) == [ITEM]


def test_columns_stand_in_any_order_and_optional_ones_may_be_missing() -> None:
    """Without an English name the Korean one stands in; a unit is a piece."""
    (found,) = read_items("price,tax,name_ko,sku\n100,과세,물,1\n".encode())
    assert found == Item(sku="1", name_ko="물", name_en="물", price=100)


def test_several_barcodes_stand_in_one_cell() -> None:
    """Blanks between them."""
    (found,) = read_items(FILE.replace("8800101000013", "8800101000013  4006381333931").encode())
    assert found.barcodes == ["8800101000013", "4006381333931"]


@pytest.mark.parametrize(
    ("code", "price", "minor"),
    [("USD", "2.98", 298), ("USD", "3", 300), ("KWD", "1,234.5", 1_234_500)],
)
def test_price_is_in_the_currencys_own_notation(code: str, price: str, minor: int) -> None:
    """Cents where the currency has them."""
    data = FILE.replace("2980", f'"{price}"').encode()
    assert read_items(data, currency_code=code)[0].price == minor


@pytest.mark.parametrize(
    "price",
    [
        "",
        "0",
        "-1",
        "2980.5",
        "2980.",
        "1e3",
        "2,98",
        ",298",
        "1,,000",
        "２９８０",
        "free",
        "1" * 13,
        "1 0",
    ],
)
def test_bad_price_names_line_and_column_and_imports_nothing(
    database: Database, price: str
) -> None:
    """Issue 2, must show."""
    data = (FILE + MILK.replace("1001,8800101000013", "2,").replace("2980", f'"{price}"')).encode()

    with pytest.raises(CatalogueError) as refused:
        import_catalogue(database, data, date="20260417", now_ns=1)

    (fault,) = refused.value.faults
    assert (fault.line, fault.column) == (3, "price")
    assert load_catalogue(database) is None


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        (FILE + MILK, 3, "sku", "already stands on line 2"),
        (FILE + MILK.replace("1001", "2"), 3, "barcodes", "already stands on line 2"),
        (FILE.replace("0013,", "0014,"), 2, "barcodes", "it should be 3"),
        (FILE.replace("exempt", "maybe"), 2, "tax", "none of taxed, exempt, 과세, 면세"),
        (FILE.replace("exempt,ea", "exempt,box"), 2, "unit", "none of ea"),
        (FILE.replace("서울우유 1L", ""), 2, "name_ko", "empty"),
        (FILE.replace(",ea,dairy", ""), 2, "", "6 cells under 8 columns"),
        (FILE.replace("dairy", "dairy,x"), 2, "", "9 cells under 8 columns"),
        (FILE.replace("price", "cost"), 1, "cost", "unknown column"),
        (FILE.replace("price", "prise"), 1, "prise", "did you mean price?"),
        (FILE.replace("group", "sku"), 1, "sku", "stands twice"),
        (FILE.replace("price,", ""), 1, "price", "missing"),
        (FILE.replace(",", ";"), 1, "sku;barcodes;name_ko;name_en;price;tax;u", "unknown column"),
        (HEADER, 1, "", "no items"),
        ("", 1, "sku", "missing"),
        (HEADER + '1,,"물,x\n', 2, "", "not CSV"),
        (HEADER + '\n\n1,,"두\n줄",x,5,taxed,ea,\n2,,물,x,-,taxed,ea,\n', 4, "name_ko", "control"),
        (HEADER + '\n\n1,,"두\n줄",x,5,taxed,ea,\n2,,물,x,-,taxed,ea,\n', 6, "price", "no price"),
        (FILE + "\0", 3, "", "zero byte"),
    ],
)
def test_every_fault_has_its_place(text: str, line: int, column: str, said: str) -> None:
    """The line is where the row begins in the file, blank lines and broken cells counted."""
    with pytest.raises(CatalogueError) as refused:
        read_items(text.encode())

    faults = refused.value.faults
    assert any((f.line, f.column) == (line, column) and said in f.reason for f in faults), faults


def test_all_faults_are_told_at_once() -> None:
    """A clerk mends a file once, not once per fault."""
    text = HEADER + "1,123,a,,x,taxed,,\n2,8801234567890,,,5,no,,\n1,,b,,-5,taxed,,\n"
    with pytest.raises(CatalogueError) as refused:
        read_items(text.encode())
    assert [(f.line, f.column) for f in refused.value.faults] == [
        (2, "price"),
        (3, "tax"),
        (4, "price"),
    ]


def test_cp949_is_refused_by_name_with_its_place_and_read_when_it_is_meant() -> None:
    """What a Korean spreadsheet writes by default must not become other words."""
    data = (HEADER + "1,,water,water,5,taxed,,\n" + MILK).encode("cp949")

    with pytest.raises(CatalogueError, match="CP949") as refused:
        read_items(data)

    (fault,) = refused.value.faults
    assert (fault.line, fault.column) == (3, "name_ko")
    assert read_items(data, encoding=Encoding.CP949)[1] == ITEM


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (FILE.encode("utf-16"), "UTF-16"),
        (b"sku,price\n\xff\xfe\xfd,1\n", "not UTF-8: save"),
        (b"x" * (FILE_BYTES_MAX + 1), "at most"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not UTF-8"),
    ],
)
def test_files_of_another_kind_are_refused(data: bytes, said: str) -> None:
    """A picture, another encoding, a file without end."""
    with pytest.raises(CatalogueError, match=said):
        read_items(data)


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else(data: bytes) -> None:
    """Any bytes end in items or in a CatalogueError, never in another error."""
    try:
        read_items(HEADER.encode() + data)
    except CatalogueError as error:
        assert error.faults


@given(st.integers(0, len(FILE.encode()) - 1), st.integers(0, 255))
def test_one_wrong_byte_is_refused_or_reads_as_an_item(place: int, value: int) -> None:
    """No flipped byte escapes as anything but a catalogue or a clear refusal."""
    data = bytearray(FILE.encode())
    data[place] = value
    try:
        read_items(bytes(data))
    except CatalogueError as error:
        assert all(fault.reason for fault in error.faults)


def test_twenty_thousand_items_are_imported_with_progress(database: Database) -> None:
    """Issue 2, 1c: a large shop's file, and somebody who watches."""
    lines = io.StringIO()
    lines.write(HEADER)
    for n in range(20_000):
        code = f"8800{n:08d}"
        lines.write(f"{n},{code}{check_digit(code)},상품 {n},Item {n},1000,taxed,ea,g\n")
    told: list[int] = []

    done = import_catalogue(
        database, lines.getvalue().encode(), date="20260417", now_ns=1, progress=told.append
    )

    assert len(done.items) == 20_000
    assert told == list(range(PROGRESS_EVERY, 20_001, PROGRESS_EVERY))
