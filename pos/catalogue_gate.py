"""What may be sold: the checks that every catalogue passes, from a file or pushed by the broker alike.

A fault anywhere refuses the whole catalogue: half a price list sells wrongly, an old one only late.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, get_args

from protocols.barcode import check_digit, has_good_check_digit
from protocols.catalogue import ITEMS_MAX, Catalogue, Item
from protocols.facts import TaxClass
from protocols.money import CURRENCIES

PRICE_MAX: Final = 999_999_999
"""In minor units."""
NAME_MAX: Final = 80
GROUP_MAX: Final = 40
CODES_MAX: Final = 20
"""Barcodes of one item."""
CODE_MAX: Final = 48
"""Characters of one code."""
FAULTS_MAX: Final = 20
"""Faults told at once: who has more has one cause for all of them."""
TAX_CLASSES: Final[tuple[str, ...]] = get_args(TaxClass)
UNITS: Final = ("ea", "kg", "g", "l", "m")
_CHECKED_LENGTHS: Final = (8, 12, 13)


class Fault(NamedTuple):
    """One thing wrong in a catalogue."""

    line: int
    """Of the file, from 1; in a pushed catalogue the item's place."""
    column: str
    """The column's name; empty where the whole line or file is meant."""
    reason: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"line {self.line}{column}: {self.reason}"


class CatalogueError(Exception):
    """This is no catalogue, and the one before stays in force. `faults` says where and why."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)[:FAULTS_MAX]
        super().__init__("; ".join(map(str, self.faults)))


class Gate:
    """Admits items one after the other and remembers their codes, so that none means two things."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}

    def faults(self, item: Item, line: int) -> Iterator[Fault]:
        """Say what is wrong with the item on this line; nothing when it may be sold."""
        yield from _text_faults(item, line)
        if not 0 < item.price <= PRICE_MAX:
            yield Fault(line, "price", f"{item.price} is not between 1 and {PRICE_MAX}")
        if len(item.barcodes) > CODES_MAX:
            yield Fault(line, "barcodes", f"{len(item.barcodes)} codes, at most {CODES_MAX}")
        own: set[str] = set()
        for code in item.barcodes:
            if reason := _code_fault(code):
                yield Fault(line, "barcodes", reason)
            elif code in own:
                yield Fault(line, "barcodes", f"{code} stands twice on this line")
            own.add(code)
        for code, column in ((item.sku, "sku"), *((code, "barcodes") for code in own)):
            earlier = self._lines.setdefault(thirteen(code), line)
            if earlier != line:
                yield Fault(line, column, f"{code} already stands on line {earlier}")


def check_catalogue(catalogue: Catalogue) -> None:
    """Check a catalogue that came whole. Raises: CatalogueError with the first faults."""
    faults: list[Fault] = []
    if not 0 < len(catalogue.items) <= ITEMS_MAX:
        faults.append(Fault(0, "", f"{len(catalogue.items)} items; 1 to {ITEMS_MAX} are allowed"))
    if catalogue.currency not in CURRENCIES:
        faults.append(Fault(0, "currency", f"{catalogue.currency!r} is not a known currency"))
    if not catalogue.version:
        faults.append(Fault(0, "version", "is empty"))
    gate = Gate()
    for place, item in enumerate(catalogue.items, start=1):
        faults += gate.faults(item, place)
        if len(faults) >= FAULTS_MAX:
            break
    if faults:
        raise CatalogueError(faults)


def thirteen(code: str) -> str:
    """Return the one written form of a code: UPC-A is an EAN-13 that begins with 0."""
    return "0" + code if len(code) == 12 and has_good_check_digit(code) else code


def _code_fault(code: str) -> str:
    if not code or len(code) > CODE_MAX:
        return f"a code has 1 to {CODE_MAX} characters, this one {len(code)}"
    if not (code.isascii() and code.isprintable()) or any(sign in code for sign in ' ",'):
        return f"{code!r} has characters that no barcode carries"
    if code.isdigit() and len(code) in _CHECKED_LENGTHS and not has_good_check_digit(code):
        return f"the check digit of {code} is {code[-1]}, it should be {check_digit(code[:-1])}"
    return ""


def _text_faults(item: Item, line: int) -> Iterator[Fault]:
    if not item.sku or len(item.sku) > CODE_MAX or " " in item.sku or not item.sku.isascii():
        yield Fault(line, "sku", f"{item.sku!r} is not 1 to {CODE_MAX} ASCII characters, no blanks")
    texts = (
        ("name_ko", item.name_ko, NAME_MAX),
        ("name_en", item.name_en, NAME_MAX),
        ("group", item.group, GROUP_MAX),
    )
    for column, text, longest in texts:
        if len(text) > longest:
            yield Fault(line, column, f"{len(text)} characters, at most {longest}")
        if any(unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") for sign in text):
            yield Fault(line, column, "has control characters")
    if not item.name_ko.strip():
        yield Fault(line, "name_ko", "is empty")
