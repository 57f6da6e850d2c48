"""Measures of a catalogue of 20,000 items whose names differ as a supermarket's do.

catalogue_search_worst_ms  the slowest of nine kinds of search, each the best of five
catalogue_scan_us          one code found
catalogue_import_s         a CSV of 20,000 items into a store, checked and committed
"""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from pos.catalogue import Assortment
from pos.catalogue_file import import_catalogue, read_items
from pos.store.database import Database
from protocols.barcode import check_digit
from protocols.catalogue import Catalogue, Item

GOODS = Path(__file__).parents[2] / "pos" / "data" / "goods.csv"
TYPED = ("ㅅㅇㅇㅇ", "서울우유", "서ㅇㅇ", "milk", "ㅇ", "1", "없는물건", "maker 7 size", "ㅎ ㅁㅌ")
HEADER = "sku,barcodes,name_ko,name_en,price,tax,unit,group\n"


def measure() -> list[dict[str, Any]]:
    """Return the rows of `make bench` that belong to the catalogue."""
    large = _assortment()
    worst, typed = max((_best(lambda text=text: large.search(text)), text) for text in TYPED)
    code = large.items[12_345].barcodes[0]
    return [
        _row("catalogue_search_worst_ms", worst * 1_000, "ms", 5, f"the worst is {typed!r}"),
        _row("catalogue_scan_us", _best(lambda: large.scan(code)) * 1e6, "us", 100, None),
        _row("catalogue_import_s", _import(), "s", None, None),
    ]


def _row(name: str, value: float, unit: str, goal: float | None, against: str | None) -> dict:
    met = None if goal is None else value <= goal
    row = {"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "met": met}
    return {**row, "against": against}


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        begin = perf_counter()
        work()
        times.append(perf_counter() - begin)
    return min(times)


def _assortment() -> Assortment:
    kinds = [found.name_ko for found in read_items(GOODS.read_bytes())]
    makers = [a + b for a in "한푸맑새온다빛고" for b in "빛들샘길누리솔나"]
    items = [
        Item(
            sku=str(100_000 + n),
            barcodes=[(code := f"8800{n:08d}") + check_digit(code)],
            name_ko=f"{makers[n % 64]} {kinds[n % len(kinds)]} {n // 409}",
            name_en=f"maker {n % 64} kind {n % 409} size {n // 409}",
            price=1000,
        )
        for n in range(20_000)
    ]
    return Assortment(Catalogue(version="large", items=items))


def _import() -> float:
    lines = io.StringIO()
    lines.write(HEADER)
    for n in range(20_000):
        code = f"8800{n:08d}"
        lines.write(f"{n},{code}{check_digit(code)},상품 {n},Item {n},1000,taxed,ea,g\n")
    data = lines.getvalue().encode()
    with tempfile.TemporaryDirectory(prefix="goods") as folder:
        database = Database(Path(folder) / "till.sqlite3")
        try:
            begin = perf_counter()
            import_catalogue(database, data, date="20260417", now_ns=1)
            return perf_counter() - begin
        finally:
            database.close()
