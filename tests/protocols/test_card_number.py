"""A card's number shows itself to nobody who does not ask for it by name."""

import json
import logging

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.card_number import (
    DIGITS_MAX,
    DIGITS_MIN,
    CardNumber,
    Masked,
    has_good_luhn,
    luhn,
    mask_of,
    without_numbers,
)

# ISO/IEC 7812-1 annex B has 7992739871 3; the others are the schemes' published test numbers.
PUBLISHED = [
    "79927398713",
    "4111111111111111",
    "374245001751006",
    "5413330089020011",
    "6799990200000001114",
]
NUMBERS = st.integers(DIGITS_MIN - 1, DIGITS_MAX - 1).flatmap(
    lambda size: st.text("0123456789", min_size=size, max_size=size)
)


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_numbers_have_their_check_digit(number: str) -> None:
    assert has_good_luhn(number) and luhn(number[:-1]) == number[-1]
    assert CardNumber(number).reveal() == number


@pytest.mark.parametrize("number", PUBLISHED)
def test_any_single_wrong_digit_is_found(number: str) -> None:
    for place, digit in enumerate(number):
        wrong = number[:place] + str((int(digit) + 1) % 10) + number[place + 1 :]
        assert not has_good_luhn(wrong)


@given(NUMBERS)
def test_no_way_of_writing_it_down_shows_more_than_is_allowed(body: str) -> None:
    digits = body + luhn(body)
    number = CardNumber(digits)

    for told in (
        str(number),
        repr(number),
        f"{number}",
        f"{number:>30}",
        f"{[number]}",
    ):
        assert digits not in told
        assert sum(character.isdigit() for character in told) <= 10
    assert str(number).endswith(number.last4) and len(str(number)) == len(digits)


def test_no_encoder_takes_it_apart(caplog: pytest.LogCaptureFixture) -> None:
    number = CardNumber("4111111111111111")
    with pytest.raises(TypeError):
        json.dumps({"number": number})
    for encoder in (msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError):
            encoder(number)
    logging.getLogger("shop").warning("card %s", number)
    assert "411111******1111" in caplog.text and "4111111111111111" not in caplog.text
    assert not hasattr(number, "__dict__")


@pytest.mark.parametrize(
    "digits",
    [
        "",
        "4",
        "411111111111111",
        "41111111111111112",
        "4111 1111 1111 1111",
        "４１１１１１１１",
        "9" * 20,
    ],
)
def test_what_is_no_number_is_refused_and_not_repeated(digits: str) -> None:
    with pytest.raises(ValueError) as refused:
        CardNumber(digits)
    assert not digits or digits not in str(refused.value)


def test_masked_text_tells_its_length_and_compares() -> None:
    assert str(Masked("301000")) == "******" and repr(Masked("1")) == "Masked(*)"
    assert Masked("1") == Masked("1") and Masked("1") != Masked("2")
    assert CardNumber("4111111111111111") != Masked("4111111111111111")
    assert len({Masked("1"), Masked("1")}) == 1


@given(NUMBERS)
def test_a_mask_is_what_the_number_shows_of_itself_and_stays_so(body: str) -> None:
    number = CardNumber(body + luhn(body))
    assert mask_of(number.reveal()) == str(number) == mask_of(str(number))


def test_an_account_keeps_its_hyphens() -> None:
    assert mask_of("110-123-456789") == "110-12*-**6789"
    assert mask_of("123-45-67890") == "***-**-*7890"
    assert mask_of("") == ""


@st.composite
def printed_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a number as a terminal may print it: in groups, among other words and figures."""
    body = draw(st.text("0123456789", min_size=12, max_size=DIGITS_MAX - 1))
    digits = body + luhn(body)
    gaps = st.sampled_from(["", "", "", " ", "-", "  "])
    printed = "".join(digit + draw(gaps) for digit in digits[:-1]) + digits[-1]
    around = st.text(
        st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="0123456789")
    )
    before = draw(st.sampled_from(["", "PAN ", "12 ", "2026-11-29 ", "#"])) + draw(around)
    return digits, before + printed + draw(around) + draw(st.sampled_from(["", " 0012", " EUR 5"]))


@given(printed_numbers())
def test_no_number_is_left_in_a_text_however_it_is_printed(drawn: tuple[str, str]) -> None:
    digits, text = drawn
    told = without_numbers(text)
    assert digits not in "".join(character for character in told if character.isdigit())
    assert len(told) == len(text)
    assert without_numbers(told) == told


@pytest.mark.parametrize(
    "text",
    [
        "TERMINAL 29001234",
        "Genehmigung 123456 Trace 000815",
        "2026-11-29 16:40:53",
        "12.345,67 EUR",
        "4111111111111112",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert without_numbers(text) == text


def test_a_track_and_a_long_row_show_no_number() -> None:
    assert "4111111111111111" not in without_numbers(";4111111111111111=29122010000012345678?")
    assert "4111111111111111" not in without_numbers("00004111111111111111000000")
