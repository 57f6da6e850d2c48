"""What a scanned code says about itself: check digits, AIM identifiers, the forms of one number."""

import barcode as independent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.barcode import (
    Barcode,
    Check,
    Symbology,
    check_digit,
    expand_upc_e,
    has_good_check_digit,
    lookup_keys,
    read_barcode,
    with_identifier,
)

PUBLISHED = ["8801234567893", "4006381333931", "9780306406157", "96385074", "036000291452"]


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_have_good_check_digits(code: str) -> None:
    assert has_good_check_digit(code)


@given(st.text("0123456789", min_size=12, max_size=12))
def test_check_digit_agrees_with_an_implementation_that_shares_no_code(body: str) -> None:
    assert independent.EAN13(body).get_fullcode() == body + check_digit(body)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(body: str, place: int, off: int) -> None:
    code = body + check_digit(body)
    wrong = str((int(code[place]) + off) % 10)

    assert not has_good_check_digit(code[:place] + wrong + code[place + 1 :])


@pytest.mark.parametrize(
    ("upc_e", "upc_a"),
    [
        ("04252614", "042100005264"),
        ("01234505", "012000003455"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
        ("01234558", "012345000058"),
        ("01278907", "012000007897"),
    ],
)
def test_upc_e_gets_its_zeros_back(upc_e: str, upc_a: str) -> None:
    assert expand_upc_e(upc_e) == upc_a


@pytest.mark.parametrize("code", ["24252614", "0425261", "0425261x", ""])
def test_upc_e_of_another_shape_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="not a UPC-E code"):
        expand_upc_e(code)


@pytest.mark.parametrize(
    ("raw", "text", "symbology", "check"),
    [
        ("8801234567893", "8801234567893", Symbology.EAN_13, Check.GOOD),
        ("8801234567890", "8801234567890", Symbology.EAN_13, Check.BAD),
        ("]E08801234567893", "8801234567893", Symbology.EAN_13, Check.GOOD),
        ("]E0880123456789", "880123456789", Symbology.EAN_13, Check.BAD),
        ("]E388012345678931200", "88012345678931200", Symbology.EAN_13, Check.BAD),
        ("]E3880123456789312", "880123456789312", Symbology.EAN_13, Check.GOOD),
        ("]E496385074", "96385074", Symbology.EAN_8, Check.GOOD),
        ("96385075", "96385075", Symbology.EAN_8, Check.BAD),
        ("04252614", "04252614", Symbology.UPC_E, Check.GOOD),
        ("036000291452", "036000291452", Symbology.UPC_A, Check.GOOD),
        ("]C00123-AB", "0123-AB", Symbology.CODE_128, Check.NONE),
        ("]C1010880123456789310A1", "010880123456789310A1", Symbology.GS1_128, Check.NONE),
        ("]Q3hello", "hello", Symbology.QR, Check.NONE),
        ("]Z9what", "what", Symbology.UNKNOWN, Check.NONE),
        ("]", "]", Symbology.UNKNOWN, Check.NONE),
        ("", "", Symbology.UNKNOWN, Check.NONE),
        ("EMP-0042", "EMP-0042", Symbology.UNKNOWN, Check.NONE),
        ("١٢٣٤٥٦٧٨", "١٢٣٤٥٦٧٨", Symbology.UNKNOWN, Check.NONE),
    ],
)
def test_a_code_is_read_for_what_it_says(
    raw: str, text: str, symbology: Symbology, check: Check
) -> None:
    read = read_barcode(raw)

    assert (read.text, read.symbology, read.check) == (text, symbology, check)
    assert read.identified == (text != raw)


@pytest.mark.parametrize(
    ("text", "symbology", "sent"),
    [
        ("8801234567893", Symbology.EAN_13, "]E08801234567893"),
        ("96385074", Symbology.EAN_8, "]E496385074"),
        ("036000291452", Symbology.UPC_A, "]E00036000291452"),
        ("04252614", Symbology.UPC_E, "]E00042100005264"),
        ("A1", Symbology.GS1_128, "]C1A1"),
        ("A1", Symbology.CODE_39, "]A0A1"),
        ("A1", Symbology.UNKNOWN, "]X0A1"),
    ],
)
def test_a_scanner_names_the_kind(text: str, symbology: Symbology, sent: str) -> None:
    assert with_identifier(Barcode(text=text, symbology=symbology, check=Check.NONE)) == sent


@pytest.mark.parametrize("symbology", list(Symbology))
def test_every_kind_can_be_named_and_read_back_as_the_same_item(symbology: Symbology) -> None:
    text = {
        Symbology.EAN_13: "8801234567893",
        Symbology.EAN_8: "96385074",
        Symbology.UPC_A: "036000291452",
        Symbology.UPC_E: "04252614",
    }.get(symbology, "AB12")
    sent = Barcode(text=text, symbology=symbology, check=Check.NONE)

    read = read_barcode(with_identifier(sent))

    assert set(lookup_keys(sent)) & set(lookup_keys(read))
    assert read.check is not Check.BAD


def test_a_catalogue_may_hold_upc_a_with_or_without_its_zero() -> None:
    short = read_barcode("036000291452")
    long = read_barcode("]E00036000291452")

    assert lookup_keys(short) == ("036000291452", "0036000291452")
    assert lookup_keys(long) == ("0036000291452", "036000291452")
    assert lookup_keys(read_barcode("04252614")) == ("04252614", "042100005264", "0042100005264")


@given(st.text(max_size=40))
def test_reading_never_fails(raw: str) -> None:
    read = read_barcode(raw)

    assert raw.endswith(read.text)
    assert lookup_keys(read)[0] == read.text
