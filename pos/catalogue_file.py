"""A catalogue from a CSV file, as shops have them: all of it or, with every fault named, nothing.

    sku,barcodes,name_ko,name_en,price,tax,unit,group
    1001,8800101000013,서울우유 1L,Seoul Milk 1 L,2980,exempt,ea,dairy

The first line names the columns, in any order, in English or Korean (COLUMNS). sku, name_ko, price
and tax are needed. Several barcodes stand in one cell with blanks between them. A price is tax
included, in the currency's own notation (2980 or 2,980; 2.98 where the currency has cents). tax is
taxed or exempt, 과세 or 면세; unit one of ea, kg, g, l, m.

The text is UTF-8 (with or without a byte order mark). CP949, which Korean spreadsheets write unless
told otherwise, is refused by name rather than guessed: a few wrong bytes would read as other words.
Whoever means it says so (Encoding.CP949).
Source: RFC 4180.
"""

import csv
import difflib
import io
import unicodedata
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final, Literal, NoReturn, cast

from pos.catalogue import replace_catalogue, version_for
from pos.catalogue_gate import FAULTS_MAX, TAX_CLASSES, UNITS, CatalogueError, Fault, Gate
from pos.store.database import Database
from protocols.catalogue import ITEMS_MAX, Catalogue, Item
from protocols.facts import TaxClass
from protocols.money import currency

FILE_BYTES_MAX: Final = 32 * 1024 * 1024
PROGRESS_EVERY: Final = 1_000
"""Lines between two calls of a progress callback."""
COLUMNS: Final = {
    "sku": ("상품코드", "상품번호", "코드"),
    "barcodes": ("바코드", "barcode"),
    "name_ko": ("상품명", "한글명", "이름"),
    "name_en": ("영문명", "영문상품명"),
    "price": ("가격", "판매가", "단가"),
    "tax": ("과세", "과세구분", "부가세"),
    "unit": ("단위",),
    "group": ("분류", "상품군"),
}
"""Every column with the other names it goes by."""
NEEDED: Final = ("sku", "name_ko", "price", "tax")
_TAX_WORDS: Final = {"과세": "taxed", "면세": "exempt"}
_BOM_16: Final = (b"\xff\xfe", b"\xfe\xff")

Progress = Callable[[int], None]
"""Told how many lines are read so far."""


class Encoding(StrEnum):
    """How the file's text is written."""

    UTF_8 = "utf-8"
    CP949 = "cp949"
    """What a Korean Windows writes by default."""


def import_catalogue(
    database: Database,
    data: bytes,
    *,
    date: str,
    now_ns: int,
    encoding: Encoding = Encoding.UTF_8,
    currency_code: str = "KRW",
    progress: Progress | None = None,
) -> Catalogue:
    """Sell from this file from now on, under a version of this date (YYYYMMDD).

    Raises: CatalogueError with line and column of each fault, nothing changed; StoreError.
    """
    items = read_items(data, encoding=encoding, currency_code=currency_code, progress=progress)
    version = version_for(database, date)
    catalogue = Catalogue(version=version, currency=currency_code, items=items)
    replace_catalogue(database, catalogue, now_ns=now_ns)
    return catalogue


def read_items(
    data: bytes,
    *,
    encoding: Encoding = Encoding.UTF_8,
    currency_code: str = "KRW",
    progress: Progress | None = None,
) -> list[Item]:
    """Return the items of a CSV file. Raises: CatalogueError."""
    rows = _rows(_text(data, encoding))
    line, header = next(rows, (1, []))
    columns = _columns(header, line)
    exponent = currency(currency_code).exponent
    gate, items, faults = Gate(), list[Item](), list[Fault]()
    for line, cells in rows:
        item = _item(dict(zip(columns, cells, strict=False)), line, exponent, faults)
        if len(cells) != len(columns):
            faults.append(Fault(line, "", f"{len(cells)} cells under {len(columns)} columns"))
        elif item is not None:
            faults += gate.faults(item, line)
            items.append(item)
        if len(items) > ITEMS_MAX:
            _refuse(line, "", f"more than {ITEMS_MAX} items")
        if len(faults) >= FAULTS_MAX:
            break
        if progress is not None and len(items) % PROGRESS_EVERY == 0:
            progress(len(items))
    if faults:
        raise CatalogueError(faults)
    if not items:
        _refuse(line, "", "no items below the header")
    return items


def _refuse(line: int, column: str, reason: str) -> NoReturn:
    raise CatalogueError([Fault(line, column, reason)])


def _text(data: bytes, encoding: Encoding) -> str:
    if len(data) > FILE_BYTES_MAX:
        _refuse(1, "", f"the file has {len(data)} bytes, at most {FILE_BYTES_MAX} are read")
    if data.startswith(_BOM_16):
        _refuse(1, "", "the file is UTF-16: save it as CSV UTF-8")
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode(encoding)
    except UnicodeDecodeError as error:
        at = data.rfind(b"\n", 0, error.start) + 1
        line = data.count(b"\n", 0, at) + 1
        column = data[at : error.start].decode("latin-1").count(",") + 1
        header = data.split(b"\n", 1)[0].decode("latin-1").split(",")
        name = header[column - 1].strip() if line > 1 and column <= len(header) else str(column)
        _refuse(line, name if name.isascii() else str(column), _encoding_reason(data, encoding))
    if "\0" in text:
        at = text.index("\0")
        _refuse(text.count("\n", 0, at) + 1, "", "a zero byte: this is no text file")
    return unicodedata.normalize("NFC", text)


def _encoding_reason(data: bytes, encoding: Encoding) -> str:
    if encoding is Encoding.UTF_8:
        try:
            data.decode(Encoding.CP949)
        except UnicodeDecodeError:
            return "not UTF-8: save the file as CSV UTF-8"
        return (
            "not UTF-8 but CP949, as Korean spreadsheets write by default: save the file as "
            "CSV UTF-8, or say that it is CP949"
        )
    return f"not {encoding.value.upper()}: save the file as CSV UTF-8"


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every row that is not blank; the line is where the row begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _refuse(line, "", f"not CSV: {error}")
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]


def _columns(header: list[str], line: int) -> list[str]:
    """Return the columns' names in the file's order. Raises: CatalogueError."""
    names = {name: column for column, others in COLUMNS.items() for name in (column, *others)}
    columns = []
    for cell in header:
        column = names.get(cell.lower())
        if column is None:
            near = difflib.get_close_matches(cell.lower(), names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(COLUMNS)}"
            _refuse(line, cell[:40], f"unknown column; {hint}")
        if column in columns:
            _refuse(line, cell, "this column stands twice")
        columns.append(column)
    for needed in NEEDED:
        if needed not in columns:
            _refuse(line, needed, "this column is missing; the first line names the columns")
    return columns


def _item(cells: dict[str, str], line: int, exponent: int, faults: list[Fault]) -> Item | None:
    price = _price(cells.get("price", ""), exponent)
    if price is None:
        digits = f" with at most {exponent} decimals" if exponent else ", no decimals"
        faults.append(Fault(line, "price", f"{cells.get('price', '')!r} is no price{digits}"))
    tax = cells.get("tax", "").lower()
    tax = _TAX_WORDS.get(tax, tax)
    if tax not in TAX_CLASSES:
        faults.append(
            Fault(line, "tax", f"{tax!r} is none of {', '.join(TAX_CLASSES)}, 과세, 면세")
        )
    unit = cells.get("unit", "").lower() or "ea"
    if unit not in UNITS:
        faults.append(Fault(line, "unit", f"{unit!r} is none of {', '.join(UNITS)}"))
    if price is None or tax not in TAX_CLASSES or unit not in UNITS:
        return None
    name = cells.get("name_ko", "")
    return Item(
        sku=cells.get("sku", ""),
        barcodes=cells.get("barcodes", "").split(),
        name_ko=name,
        name_en=cells.get("name_en", "") or name,
        price=price,
        tax=cast(TaxClass, tax),
        unit=cast(Literal["ea", "kg", "g", "l", "m"], unit),
        group=cells.get("group", ""),
    )


def _price(text: str, exponent: int) -> int | None:
    """Return minor units, or None for anything but plain digits, grouped or not."""
    whole, point, part = text.partition(".")
    first, *groups = whole.split(",")
    digits = first + "".join(groups)
    grouped = not groups or (0 < len(first) <= 3 and all(len(group) == 3 for group in groups))
    decimals = len(part) <= exponent and bool(part) if point else True
    if not (grouped and decimals and (digits + part).isascii() and (digits + part).isdigit()):
        return None
    if not digits or len(digits) > 12:
        return None
    return int(digits + part.ljust(exponent, "0"))
