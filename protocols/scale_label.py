"""Codes that a store's own scale prints: a price or a weight inside an EAN-13.

    2 0  I I I I I  V V V V V  C        five digits of value
    0 2  I I I I I  P V V V V  C        four digits of value guarded by their own check digit P

Which prefix means what is each store's own choice (GS1 leaves 02 and 20-29 to it), so the rules are
an argument. The item is looked up under the code with its value put to zero and a new check digit:
that is how it stands in the catalogue.

Source: GS1 General Specifications 24, 2.1.11 (variable measure), 7.9.2-7.9.4 (price check digit).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.barcode import check_digit, has_good_check_digit

_TWO_MINUS: Final = "0246891357"
"""Twice the digit, its tens taken from its units."""
_THREE: Final = "0369258147"
"""Units of three times the digit."""
_FIVE_PLUS: Final = "0516273849"
"""Five times the digit, units and tens added."""
_FIVE_MINUS: Final = "0594837261"
"""Five times the digit, its tens taken from its units."""


class Measure(Enum):
    """What the value counts."""

    PRICE = "price"
    """Minor units of the store's currency."""
    WEIGHT = "weight"
    """Grams."""


class Guard(Enum):
    """Whether the value has a check digit of its own."""

    NONE = "none"
    CHECKED = "checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedRule:
    """How a store reads one of its prefixes."""

    prefix: str
    """Two digits: 02 or 20 to 29."""
    measure: Measure
    value_digits: int = 5
    """Four or five, without the value's own check digit."""
    guard: Guard = Guard.NONE

    def __post_init__(self) -> None:
        assert self.prefix == "02" or self.prefix in {str(n) for n in range(20, 30)}
        assert self.value_digits in (4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedCode:
    """What one scale label says."""

    item: str
    """The code under which the catalogue holds the item: value zero, check digit anew."""
    measure: Measure
    value: int


STORE_RULES: Final = (
    EmbeddedRule(prefix="02", measure=Measure.PRICE),
    *(EmbeddedRule(prefix=str(n), measure=Measure.PRICE) for n in range(20, 25)),
    *(EmbeddedRule(prefix=str(n), measure=Measure.WEIGHT) for n in range(25, 30)),
)
"""What a store without rules of its own gets."""


def split_embedded(code: str, rules: Sequence[EmbeddedRule] = STORE_RULES) -> EmbeddedCode | None:
    """Split a scale label; None for every other code and for one whose check digits do not hold."""
    if len(code) != 13 or not has_good_check_digit(code):
        return None
    for rule in rules:
        if code.startswith(rule.prefix):
            return _split(code, rule)
    return None


def join_embedded(item_number: str, value: int, rule: EmbeddedRule) -> str:
    """Return the label a scale prints for an item number, leading zeros added. Raises: ValueError."""
    guard_digits = rule.guard is Guard.CHECKED
    item_digits = 10 - rule.value_digits - guard_digits
    if not item_number.isdigit() or len(item_number) > item_digits:
        raise ValueError(f"item number {item_number!r}: at most {item_digits} digits fit")
    if not 0 <= value < 10**rule.value_digits:
        raise ValueError(f"value {value}: at most {rule.value_digits} digits fit")
    text = f"{value:0{rule.value_digits}d}"
    guard = value_check_digit(text) if guard_digits else ""
    body = rule.prefix + item_number.zfill(item_digits) + guard + text
    return body + check_digit(body)


def value_check_digit(value: str) -> str:
    """Return the check digit that guards four or five digits of value.

    Source: GS1 General Specifications 7.9.3 (four digits), 7.9.4 (five digits).
    """
    assert value.isdigit() and len(value) in (4, 5)
    digits = [int(d) for d in value]
    if len(digits) == 4:
        tables = (_TWO_MINUS, _TWO_MINUS, _THREE, _FIVE_MINUS)
        weighted = sum(int(table[d]) for table, d in zip(tables, digits, strict=True))
        return str(weighted * 3 % 10)
    tables_of_five = (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS)
    weighted = sum(int(table[d]) for table, d in zip(tables_of_five, digits, strict=True))
    return str(_FIVE_MINUS.index(str(-weighted % 10)))


def _split(code: str, rule: EmbeddedRule) -> EmbeddedCode | None:
    value_at = 12 - rule.value_digits
    value = code[value_at:12]
    if rule.guard is Guard.CHECKED and code[value_at - 1] != value_check_digit(value):
        return None
    item_end = value_at - (rule.guard is Guard.CHECKED)
    body = code[:item_end].ljust(12, "0")
    return EmbeddedCode(item=body + check_digit(body), measure=rule.measure, value=int(value))
