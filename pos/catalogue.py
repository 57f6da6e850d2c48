"""What the store sells: kept in the till's store as one version, found by whatever is scanned or typed.

A catalogue is replaced as a whole in one transaction, be it imported from a file or pushed by the
broker. Its items are then held in memory (Assortment): a scan has 33 ms from scanner to screen.

Finding, best first: the very code; a name that begins so; a word that begins so; a name that has it
inside; the same without blanks; a code that has it inside. Several words may stand in any order, in
Korean or English, as initial consonants (ㅅㅇㅇㅇ) and with a last syllable half typed.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, cast

import msgspec

from pos import hangul
from pos.catalogue_gate import check_catalogue, thirteen
from pos.store.database import Database
from protocols.barcode import lookup_keys, read_barcode
from protocols.catalogue import Catalogue, Item
from protocols.scale_label import Measure, split_embedded

FOUND_MAX: Final = 50
"""The longest list of found items: more than a clerk reads."""
QUERY_MAX: Final = 40
"""Characters of a query that count."""
QUICK_GROUP: Final = "quick"
QUICK_MAX: Final = 9
"""One for each of Alt+1 to Alt+9."""
_CODE_PART_MIN: Final = 4
"""Fewer digits are a quantity or a size, not part of a barcode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a code means."""

    item: Item
    barcode: str = ""
    """The catalogue's code that was met; empty when it was the sku."""
    quantity: int | None = None
    """In thousandths of the item's unit, where the code carries a weight."""
    amount: int | None = None
    """What the line costs, in minor units, where the code carries a price."""


def replace_catalogue(database: Database, catalogue: Catalogue, *, now_ns: int) -> None:
    """Sell from this catalogue from now on; one transaction, the old one stays if anything is wrong.

    Raises: CatalogueError for its content; StoreError.
    """
    check_catalogue(catalogue)
    with database.transaction():
        database.execute(
            "INSERT INTO catalogue (version, currency, items, stored_ns) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (version) DO UPDATE SET number = (SELECT max(number) + 1 FROM catalogue),"
            " currency = excluded.currency, items = excluded.items, stored_ns = excluded.stored_ns",
            (catalogue.version, catalogue.currency, len(catalogue.items), now_ns),
        )
        database.execute("DELETE FROM item")
        database.execute_many(
            "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(place, item.sku, " ".join(item.barcodes), item.name_ko, item.name_en),
                    *(item.price, item.tax, item.unit, item.group),
                )
                for place, item in enumerate(catalogue.items)
            ],
        )


def load_catalogue(database: Database) -> Catalogue | None:
    """Return the catalogue in force; None before the first. Raises: StoreError."""
    newest = database.row("SELECT version, currency FROM catalogue ORDER BY number DESC LIMIT 1")
    if newest is None:
        return None
    columns = ("sku", "barcodes", "name_ko", "name_en", "price", "tax", "unit", "group")
    rows = database.rows(
        'SELECT sku, barcodes, name_ko, name_en, price, tax, unit, "group" FROM item ORDER BY position'
    )
    items = [
        {**dict(zip(columns, row, strict=True)), "barcodes": cast(str, row[1]).split()}
        for row in rows
    ]
    return Catalogue(
        version=cast(str, newest[0]),
        currency=cast(str, newest[1]),
        items=msgspec.convert(items, list[Item]),
    )


def version_for(database: Database, date: str) -> str:
    """Return the name of the next import of this date (YYYYMMDD): import-YYYYMMDD-1, -2, ..."""
    assert len(date) == 8 and date.isdigit(), "a date is YYYYMMDD"
    prefix = f"import-{date}-"
    taken = database.number(
        "SELECT coalesce(max(CAST(substr(version, ?) AS INTEGER)), 0) FROM catalogue"
        " WHERE version GLOB ?",
        (len(prefix) + 1, prefix + "*"),
    )
    return f"{prefix}{taken + 1}"


class Assortment:
    """A catalogue in memory, ready to be asked at the speed of a scanner."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.version = catalogue.version
        self.currency = catalogue.currency
        self.items: Sequence[Item] = tuple(catalogue.items)
        self._by_sku = {item.sku: item for item in self.items}
        self._by_code = {thirteen(code): item for item in self.items for code in item.barcodes}
        in_quick = (item for item in self.items if item.group == QUICK_GROUP)
        self._quick: Final = list(islice(in_quick, QUICK_MAX))
        names = [hangul.fold(n) for item in self.items for n in (item.name_ko, item.name_en)]
        self._names = _Haystack(names, per_item=2)
        self._tight = _Haystack([name.replace(" ", "") for name in names], per_item=2)
        self._codes = _Haystack(
            [" ".join((item.sku, *item.barcodes)).lower() for item in self.items], per_item=1
        )

    def scan(self, code: str) -> Match | None:
        """Return what a scanned or keyed code means; None when it is not in the catalogue.

        Understands AIM identifiers, UPC in all its forms, and the codes a scale prints.
        """
        text = code.strip()
        barcode = read_barcode(text)
        for key in lookup_keys(barcode):
            if found := self._by_code.get(thirteen(key)):
                return Match(item=found, barcode=key)
        if found := self._by_sku.get(text):
            return Match(item=found)
        embedded = split_embedded(barcode.text)
        if embedded is None or (found := self._by_code.get(embedded.item)) is None:
            return None
        if embedded.measure is Measure.PRICE:
            return Match(item=found, barcode=embedded.item, amount=embedded.value)
        thousandths = {"kg": 1, "g": 1000}.get(found.unit)
        quantity = None if thousandths is None else embedded.value * thousandths
        return Match(item=found, barcode=embedded.item, quantity=quantity)

    def search(self, text: str, *, most: int = FOUND_MAX) -> list[Item]:
        """Return the items that a text may mean, likeliest first, `most` of them at most."""
        assert 0 < most <= FOUND_MAX, "a list of found items is bounded"
        query = hangul.split_clusters(hangul.fold(text[:QUERY_MAX]))
        found: dict[int, None] = {}
        for place in self._places(query):
            found[place] = None
            if len(found) == most:
                break
        exact = self.scan(text) if query else None
        first = [exact.item] if exact else []
        rest = [self.items[place] for place in found if self.items[place] not in first]
        return [*first, *rest][:most]

    def quick(self) -> list[Item]:
        """Return the items of the quick keys, in the catalogue's order, nine at most."""
        return self._quick

    def _places(self, query: str) -> Iterator[int]:
        """Yield places of items, best first, possibly more than once."""
        words = sorted(query.split(), key=len, reverse=True)
        if not words:
            return
        for lead in ("\n", " ", ""):
            yield from self._names.places(words, lead)
        yield from self._tight.places(["".join(query.split())], "")
        if len(words[0]) >= _CODE_PART_MIN and words[0].isascii():
            yield from self._codes.places(words[:1], "")


class _Haystack:
    """All texts of one kind in one string, because the interpreter searches that at memory speed."""

    def __init__(self, texts: Sequence[str], *, per_item: int) -> None:
        self._per_item = per_item
        self._text = "\n" + "\n".join(texts) + "\n"
        self._initials = hangul.initials(self._text)
        self._starts: list[int] = []
        start = 1
        for text in texts:
            self._starts.append(start)
            start += len(text) + 1
        assert len(self._initials) == len(self._text), "a folded text keeps its places"

    def places(self, words: Sequence[str], lead: str) -> Iterator[int]:
        """Yield items whose text has the first word after `lead`, and the others anywhere."""
        others = [self._finder(word, "") for word in words[1:]]
        for at in self._finder(words[0], lead)(0, len(self._text)):
            index = bisect_right(self._starts, at + len(lead)) - 1
            place = index // self._per_item
            first = place * self._per_item
            last = first + self._per_item
            begin = self._starts[first]
            end = self._starts[last] if last < len(self._starts) else len(self._text)
            if all(next(other(begin, end), None) is not None for other in others):
                yield place

    def _finder(self, word: str, lead: str) -> Callable[[int, int], Iterator[int]]:
        """Return what yields every place of `lead` and `word` between two places."""
        if not hangul.needs_pattern(word):
            return lambda begin, end: _every(self._text, lead + word, begin, end)
        needle = lead + hangul.initials(word)
        if all(map(hangul.is_initial, word)):
            return lambda begin, end: _every(self._initials, needle, begin, end)
        fits = hangul.pattern(lead + word).match
        return lambda begin, end: (
            at for at in _every(self._initials, needle, begin, end) if fits(self._text, at)
        )


def _every(text: str, needle: str, begin: int, end: int) -> Iterator[int]:
    at = text.find(needle, begin, end)
    while at >= 0:
        yield at
        at = text.find(needle, at + 1, end)
