"""Scale labels: a price or a weight inside a code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.barcode import has_good_check_digit
from protocols.scale_label import (
    STORE_RULES,
    EmbeddedRule,
    Guard,
    Measure,
    join_embedded,
    split_embedded,
    value_check_digit,
)

GUARDED = EmbeddedRule(prefix="02", measure=Measure.PRICE, value_digits=4, guard=Guard.CHECKED)
PRICE = EmbeddedRule(prefix="20", measure=Measure.PRICE)


@pytest.mark.parametrize(("value", "digit"), [("2875", "9"), ("14685", "6")])
def test_value_check_digit_is_that_of_the_published_examples(value: str, digit: str) -> None:
    """Source: GS1 General Specifications 7.9.3 and 7.9.4, the worked examples."""
    assert value_check_digit(value) == digit


def test_price_of_meat_is_read_from_the_label() -> None:
    code = join_embedded("123", 13_500, PRICE)

    split = split_embedded(code)

    assert code == "2000123135007"
    assert split is not None
    assert (split.item, split.measure, split.value) == ("2000123000008", Measure.PRICE, 13_500)
    assert has_good_check_digit(split.item)


def test_weight_prefix_counts_grams() -> None:
    rule = next(rule for rule in STORE_RULES if rule.prefix == "28")

    split = split_embedded(join_embedded("7", 1_234, rule))

    assert split is not None
    assert (split.measure, split.value) == (Measure.WEIGHT, 1_234)


@given(st.sampled_from([*STORE_RULES, GUARDED]), st.integers(0, 9999), st.integers(0, 9999))
def test_what_a_scale_prints_is_what_the_till_reads(
    rule: EmbeddedRule, number: int, value: int
) -> None:
    code = join_embedded(str(number), value, rule)

    split = split_embedded(code, [rule])

    assert split is not None
    assert split.value == value
    assert split.item == join_embedded(str(number), 0, rule) or rule.guard is Guard.CHECKED
    assert int(split.item[2:7]) == number


def test_guarded_value_with_a_wrong_guard_is_not_sold() -> None:
    code = join_embedded("5", 2875, GUARDED)
    assert code[7] == "9"

    assert split_embedded(code, [EmbeddedRule(prefix="02", measure=Measure.PRICE)]) is not None
    other = join_embedded("59", 2875, EmbeddedRule(prefix="02", measure=Measure.PRICE))
    assert split_embedded(other, [GUARDED]) is None


@pytest.mark.parametrize("code", ["8801234567893", "2000123135008", "200012313500", "", "abc"])
def test_other_codes_carry_nothing(code: str) -> None:
    assert split_embedded(code) is None


@pytest.mark.parametrize(("number", "value"), [("123456", 1), ("x", 1), ("1", 100_000), ("1", -1)])
def test_what_does_not_fit_on_a_label_is_refused(number: str, value: int) -> None:
    with pytest.raises(ValueError, match="digits fit"):
        join_embedded(number, value, PRICE)
