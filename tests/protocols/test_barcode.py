"""Codes as scanners send them: check digits against published examples, embedded prices and weights."""

import pytest
from barcode import EAN13, UPCA  # python-barcode: shares no code with ours
from barcode.ean import EAN8
from hypothesis import given
from hypothesis import strategies as st

from protocols.barcode import (
    CODE_LENGTH_MAX,
    BarcodeError,
    Measure,
    Symbology,
    check_code,
    check_digit,
    embedded_key,
    is_gtin,
    make_embedded,
    normalise,
    open_embedded,
    strip_aim,
)


@pytest.mark.parametrize(
    "code",
    [
        "6291041500213",  # GS1 "How to calculate a check digit manually": GTIN-13
        "4006381333931",  # EAN-13 in the textbooks
        "73513537",  # EAN-8
        "036000291452",  # UPC-A in the textbooks
        "10012345678902",  # GTIN-14
    ],
)
def test_published_codes_are_right_and_every_other_last_digit_is_wrong(code: str) -> None:
    """Known codes pass, and their nine neighbours do not."""
    assert is_gtin(code)
    assert [is_gtin(code[:-1] + last) for last in "0123456789"].count(True) == 1


@given(st.text("0123456789", min_size=12, max_size=12))
def test_check_digit_agrees_with_an_independent_encoder(digits: str) -> None:
    """python-barcode computes the same digit for EAN-13, UPC-A and EAN-8."""
    assert EAN13(digits).get_fullcode() == digits + check_digit(digits)
    assert UPCA(digits[:11]).get_fullcode() == digits[:11] + check_digit(digits[:11])
    assert EAN8(digits[:7]).get_fullcode() == digits[:7] + check_digit(digits[:7])


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(digits: str, place: int, shift: int) -> None:
    """A check digit catches each one-digit error."""
    code = digits + check_digit(digits)
    wrong = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]
    assert is_gtin(code) and not is_gtin(wrong)


@pytest.mark.parametrize(
    ("scan", "symbology", "code"),
    [
        ("]E08801234567893", Symbology.EAN, "8801234567893"),
        ("]E473513537", Symbology.EAN, "73513537"),
        ("]C1011234", Symbology.CODE_128, "011234"),
        ("]Q3hello", Symbology.QR, "hello"),
        ("]z0hello", Symbology.UNKNOWN, "hello"),
        ("]E", Symbology.UNKNOWN, "]E"),
        ("8801234567893", Symbology.UNKNOWN, "8801234567893"),
        ("", Symbology.UNKNOWN, ""),
    ],
)
def test_aim_identifier_is_told_from_the_code(scan: str, symbology: Symbology, code: str) -> None:
    """ISO/IEC 15424: a bracket, a letter, a modifier; a scanner without it loses nothing."""
    assert strip_aim(scan) == (symbology, code)


def test_one_article_has_one_written_form() -> None:
    """UPC-A and its EAN-13, a GTIN-14 of a piece and its GTIN-13 are one code."""
    assert normalise("036000291452") == normalise("0036000291452") == "0036000291452"
    assert normalise("00036000291452") == "0036000291452"
    assert normalise("10012345678902") == "10012345678902", "a case is not its piece"
    assert normalise("12345") == "12345"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("8801234567890", "should be 3"),
        ("", "1 to 48"),
        ("x" * (CODE_LENGTH_MAX + 1), "1 to 48"),
        ("88 01", "no barcode carries"),
        ("신라면", "no barcode carries"),
        ("12345\n", "no barcode carries"),
    ],
)
def test_wrong_code_is_refused_with_a_reason(code: str, said: str) -> None:
    """A catalogue's code that no scanner could send is named."""
    with pytest.raises(BarcodeError, match=said):
        check_code(code)


def test_longest_code_passes() -> None:
    """The limit itself is allowed."""
    assert check_code("x" * CODE_LENGTH_MAX)
    assert check_code("12345") == "12345", "a short number is a shop's own code"


@given(st.integers(0, 9), st.integers(0, 99_999), st.integers(0, 99_999))
def test_embedded_code_comes_back_as_made(prefix: int, item: int, value: int) -> None:
    """make_embedded and open_embedded are each other's inverse over every prefix and value."""
    key = embedded_key(20 + prefix, item)

    opened = open_embedded(make_embedded(key, value))

    assert opened is not None
    assert (opened.key, opened.value) == (key, value)
    assert opened.measure is (Measure.PRICE if prefix < 5 else Measure.WEIGHT)


@pytest.mark.parametrize(
    "code", ["8801234567893", "2000001000008", "200000100000", "", "2abcdefghijkl"]
)
def test_other_codes_are_not_taken_for_embedded_ones(code: str) -> None:
    """A maker's code, a wrong check digit, another length: no price is read out of them."""
    assert open_embedded(code) is None


@pytest.mark.parametrize("value", [-1, 100_000])
def test_value_over_five_digits_is_refused(value: int) -> None:
    """A price that does not fit is never cut."""
    with pytest.raises(BarcodeError, match="five digits"):
        make_embedded(embedded_key(20, 1), value)


def test_key_with_a_value_in_it_is_refused() -> None:
    """Only the zero form names an item."""
    with pytest.raises(BarcodeError, match="weighed"):
        make_embedded(make_embedded(embedded_key(25, 1), 512), 600)
