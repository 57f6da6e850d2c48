"""Money: whole minor units; splitting loses nothing, rounding is named, currencies never mix."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.money import (
    CURRENCIES,
    KRW,
    CurrencyMismatchError,
    Money,
    Rounding,
    allocate,
    currency,
    split_tax,
    total,
)

USD = CURRENCIES["USD"]
AMOUNTS = st.integers(-(10**12), 10**12)
DECIMAL = {
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.DOWN: ROUND_DOWN,
    Rounding.UP: ROUND_UP,
}


@pytest.mark.parametrize(
    ("dividend", "half_up", "half_even", "down", "up"),
    [
        (0, 0, 0, 0, 0),
        (4, 0, 0, 0, 1),
        (5, 1, 0, 0, 1),
        (6, 1, 1, 0, 1),
        (10, 1, 1, 1, 1),
        (15, 2, 2, 1, 2),
        (25, 3, 2, 2, 3),
        (26, 3, 3, 2, 3),
        (-4, 0, 0, 0, -1),
        (-5, -1, 0, 0, -1),
        (-15, -2, -2, -1, -2),
        (-25, -3, -2, -2, -3),
    ],
)
def test_rounding_table(dividend: int, half_up: int, half_even: int, down: int, up: int) -> None:
    """Tenths to wholes, both signs, by each name."""
    assert [rule.divide(dividend, 10) for rule in Rounding] == [half_up, half_even, down, up]


@given(AMOUNTS, st.integers(1, 10**6), st.sampled_from(list(Rounding)))
def test_rounding_agrees_with_decimal_arithmetic(
    dividend: int, divisor: int, rule: Rounding
) -> None:
    """The standard library's decimal module gives the same whole number."""
    from decimal import localcontext

    with localcontext() as context:
        context.prec = 60
        exact = Decimal(dividend) / Decimal(divisor)
        assert rule.divide(dividend, divisor) == int(exact.quantize(Decimal(1), DECIMAL[rule]))


@given(AMOUNTS, st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_splitting_loses_nothing(minor: int, weights: list[int]) -> None:
    """Parts sum to the whole; none has the other sign, none is a unit away from its share."""
    parts = allocate(Money(minor), weights)

    assert total(parts) == Money(minor)
    for part, weight in zip(parts, weights, strict=True):
        assert part.minor * minor >= 0
        assert abs(part.minor * sum(weights) - minor * weight) < sum(weights)
        assert weight or not part


@given(AMOUNTS, st.lists(st.integers(0, 100), min_size=1, max_size=9).filter(any))
def test_splitting_a_return_mirrors_splitting_the_sale(minor: int, weights: list[int]) -> None:
    """What was taken off a line in a sale comes back to the won in its return."""
    assert allocate(-Money(minor), weights) == [-part for part in allocate(Money(minor), weights)]


def test_equal_remainders_go_to_the_earlier_part() -> None:
    """The same call always splits the same way."""
    assert [part.minor for part in allocate(Money(100), [1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in allocate(Money(2), [1, 1, 1])] == [1, 1, 0]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_splitting_by_nothing_is_a_programming_error(weights: list[int]) -> None:
    """No weight to split by."""
    with pytest.raises(AssertionError):
        allocate(Money(1), weights)


@pytest.mark.parametrize(
    ("gross", "net", "tax"),
    [(11_000, 10_000, 1_000), (14_690, 13_355, 1_335), (2_980, 2_709, 271), (1, 1, 0), (0, 0, 0)],
)
def test_korean_vat_out_of_a_price(gross: int, net: int, tax: int) -> None:
    """10 % inside; 14,690 is the receipt drawn in clerk-and-courier.md 5.2: 13,355 and 1,335."""
    split = split_tax(Money(gross), 10)
    assert (split.net, split.tax) == (Money(net), Money(tax))


@given(AMOUNTS, st.integers(0, 99), st.sampled_from(list(Rounding)))
def test_tax_split_loses_nothing(gross: int, rate: int, rule: Rounding) -> None:
    """Net and tax make the gross again, and a return's split mirrors the sale's."""
    split = split_tax(Money(gross), rate, rule)
    assert split.net + split.tax == Money(gross)
    back = split_tax(Money(-gross), rate, rule)
    assert (back.net, back.tax) == (-split.net, -split.tax)


@given(AMOUNTS, AMOUNTS)
def test_arithmetic_is_that_of_whole_numbers(one: int, other: int) -> None:
    """Sum, difference, order, sign."""
    assert Money(one) + Money(other) == Money(one + other)
    assert Money(one) - Money(other) == Money(one - other)
    assert (Money(one) < Money(other)) == (one < other)
    assert bool(Money(one)) == (one != 0)
    assert Money(one) * 3 == total([Money(one)] * 3)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__ge__"])
def test_two_currencies_in_one_sum_stop_the_program(operation: str) -> None:
    """A programming error, never a wrong number."""
    with pytest.raises(CurrencyMismatchError):
        getattr(Money(1, KRW), operation)(Money(1, USD))


@pytest.mark.parametrize("minor", [1.0, True, "1", None, Decimal(1)])
def test_only_whole_numbers_are_money(minor: object) -> None:
    """No float, no bool: not by accident either."""
    with pytest.raises(TypeError):
        Money(minor)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(3) * 1.5  # type: ignore[operator]


@pytest.mark.parametrize(
    ("minor", "code", "text"),
    [
        (1234567, "KRW", "1,234,567"),
        (-500, "KRW", "-500"),
        (1234567, "USD", "12,345.67"),
        (-5, "USD", "-0.05"),
        (1234, "KWD", "1.234"),
        (0, "USD", "0.00"),
    ],
)
def test_amounts_are_written_with_the_currencys_decimals(minor: int, code: str, text: str) -> None:
    """Grouped by thousands; the sign in front."""
    money = Money(minor, currency(code))
    assert money.format() == text
    assert str(money) == f"{text} {code}"


@pytest.mark.parametrize(
    ("code", "number", "exponent"),
    [("KRW", 410, 0), ("USD", 840, 2), ("JPY", 392, 0), ("KWD", 414, 3), ("EUR", 978, 2)],
)
def test_currencies_are_those_of_iso_4217(code: str, number: int, exponent: int) -> None:
    """As published; each number and each code once."""
    found = currency(code)
    assert (found.number, found.exponent) == (number, exponent)
    assert len({entry.number for entry in CURRENCIES.values()}) == len(CURRENCIES)
    assert all(len(key) == 3 and key.isupper() for key in CURRENCIES)


@pytest.mark.parametrize("code", ["", "krw", "XXX", "WON"])
def test_unknown_currency_is_named(code: str) -> None:
    """A wrong code is an error that says it."""
    with pytest.raises(ValueError, match="not a known"):
        currency(code)


def test_sum_of_nothing_is_zero_in_the_currency_asked_for() -> None:
    """And of something, in its own."""
    assert total([], USD) == Money(0, USD)
    assert total([Money(1, USD), Money(2, USD)]) == Money(3, USD)
