"""Money: integer minor units with an ISO 4217 currency.

No float anywhere. Mixing currencies is a programming error and stops the program. Splitting loses
nothing; rounding is always named by whoever asks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import total_ordering
from typing import Final


class Rounding(Enum):
    """How a fraction of a minor unit becomes a whole one."""

    HALF_UP = "half_up"
    """To the nearest unit; a half goes away from zero. What Korean tax forms expect."""
    HALF_EVEN = "half_even"
    """To the nearest unit; a half goes to the even neighbour."""
    DOWN = "down"
    """Toward zero."""
    UP = "up"
    """Away from zero."""

    def divide(self, dividend: int, divisor: int) -> int:
        """Return dividend / divisor as a whole number, rounded this way. The divisor is positive."""
        assert divisor > 0, "a rounding divisor is positive"
        quotient, remainder = divmod(abs(dividend), divisor)
        match self:
            case Rounding.HALF_UP:
                quotient += 2 * remainder >= divisor
            case Rounding.HALF_EVEN:
                quotient += 2 * remainder + (quotient & 1) > divisor
            case Rounding.UP:
                quotient += remainder > 0
            case Rounding.DOWN:
                pass
        return quotient if dividend >= 0 else -quotient


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency of ISO 4217."""

    code: str
    """Three capital letters."""
    number: int
    """The numeric code, as it stands on purses and in ISO 8583 field 49."""
    exponent: int
    """How many decimal digits the minor unit has: 0 for KRW, 2 for USD, 3 for KWD."""


# ISO 4217:2015 with amendments to 2026: what a shop meets; any other three-letter code may be
# added here together with its numeric code and exponent.
_TABLE: Final = (
    "AED 784 2|AUD 36 2|BHD 48 3|BRL 986 2|CAD 124 2|CHF 756 2|CLP 152 0|CNY 156 2|CZK 203 2|"
    "DKK 208 2|EUR 978 2|GBP 826 2|HKD 344 2|HUF 348 2|IDR 360 2|ILS 376 2|INR 356 2|ISK 352 0|"
    "JOD 400 3|JPY 392 0|KRW 410 0|KWD 414 3|KZT 398 2|MNT 496 2|MOP 446 2|MXN 484 2|MYR 458 2|"
    "NOK 578 2|NZD 554 2|OMR 512 3|PHP 608 2|PLN 985 2|QAR 634 2|RUB 643 2|SAR 682 2|SEK 752 2|"
    "SGD 702 2|THB 764 2|TND 788 3|TRY 949 2|TWD 901 2|UAH 980 2|USD 840 2|UZS 860 2|VND 704 0|"
    "ZAR 710 2"
)
CURRENCIES: Final[dict[str, Currency]] = {
    code: Currency(code, int(number), int(exponent))
    for code, number, exponent in (row.split() for row in _TABLE.split("|"))
}
"""Every known currency by its letters."""
KRW: Final = CURRENCIES["KRW"]


def currency(code: str) -> Currency:
    """Return the currency with these three letters. Raises: ValueError."""
    try:
        return CURRENCIES[code]
    except KeyError:
        raise ValueError(f"{code!r} is not a known ISO 4217 currency") from None


class CurrencyMismatchError(AssertionError):
    """Two currencies met in one sum: a programming error, never a user's."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount: whole minor units of one currency; negative amounts are returns and discounts."""

    minor: int
    currency: Currency = KRW

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is counted in whole minor units, not {self.minor!r}")

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency.code} met {other.currency.code}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.minor * count, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.format()} {self.currency.code}"

    def share(self, numerator: int, denominator: int, rounding: Rounding) -> "Money":
        """Return numerator/denominator of this amount, rounded as named."""
        return Money(rounding.divide(self.minor * numerator, denominator), self.currency)

    def format(self) -> str:
        """Return digits grouped by thousands with the currency's decimals, without its code."""
        sign = "-" if self.minor < 0 else ""
        whole, part = divmod(abs(self.minor), 10**self.currency.exponent)
        decimals = f".{part:0{self.currency.exponent}d}" if self.currency.exponent else ""
        return f"{sign}{whole:,}{decimals}"


def total(amounts: Sequence[Money], of: Currency = KRW) -> Money:
    """Return the sum; of nothing, zero in the given currency."""
    result = Money(0, of if not amounts else amounts[0].currency)
    for amount in amounts:
        result += amount
    return result


def allocate(amount: Money, weights: Sequence[int]) -> list[Money]:
    """Split an amount by weights so that the parts sum to it exactly (largest remainder).

    Weights are whole, none negative, not all zero. Equal remainders go to the earlier part, so the
    same call always splits the same way.
    """
    assert weights and all(weight >= 0 for weight in weights), "weights are whole and not negative"
    whole = sum(weights)
    assert whole > 0, "some weight is needed to split by"
    sign = -1 if amount.minor < 0 else 1
    shares = [divmod(abs(amount.minor) * weight, whole) for weight in weights]
    parts = [quotient for quotient, _ in shares]
    order = sorted(range(len(weights)), key=lambda index: (-shares[index][1], index))
    for index in order[: abs(amount.minor) - sum(parts)]:
        parts[index] += 1
    assert sum(parts) == abs(amount.minor), "splitting loses nothing"
    return [Money(sign * part, amount.currency) for part in parts]


@dataclass(frozen=True, slots=True)
class TaxSplit:
    """One gross amount as what is supplied and the tax inside it."""

    net: Money
    tax: Money


def split_tax(gross: Money, rate_percent: int, rounding: Rounding = Rounding.HALF_UP) -> TaxSplit:
    """Split a tax-inclusive amount: net = gross x 100 / (100 + rate), tax = the rest.

    Korea: a receipt shows the supply value rounded to the won and VAT as the difference, once per
    receipt, not per line (clerk-and-courier.md 1.2).
    """
    assert 0 <= rate_percent < 100
    net = gross.share(100, 100 + rate_percent, rounding)
    return TaxSplit(net=net, tax=gross - net)
