"""Tracks of ISO/IEC 7813: published vectors, strict reading, and what is written is read back."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.card_number import CardNumber, luhn
from protocols.magnetic_stripe import (
    END,
    SHAPES,
    Expiry,
    Fault,
    ServiceCode,
    StripeError,
    Track,
    lrc,
    read_track,
    write_track,
)

CARD = "4111111111111111"

# MagTek 99875148 (TTL interface), sections 2 and 3: the example AT3, and three columns for track 2.
PUBLISHED_LRC = [
    (Track.ONE, "%AT3?", "<"),
    (Track.TWO, ";0?", "4"),
    (Track.TWO, ";01?", "5"),
    (Track.TWO, ";0123?", "4"),
]


@pytest.mark.parametrize(("track", "text", "check"), PUBLISHED_LRC)
def test_lrc_of_published_tracks(track: Track, text: str, check: str) -> None:
    assert lrc(text, track) == check


def test_lrc_is_of_values_and_not_of_their_letters() -> None:
    """A published card that many get wrong: its LRC is 30h, the exclusive-or of its letters 00h.

    Source: Stack Overflow, "My LRC does not match the one on the card" (track 3, 104 digits).
    """
    tens = "".join(digit * 10 for digit in "4567890")
    text = f";3{tens}1234{'1' * 10}{'2' * 10}{'3' * 9}?"

    assert len(text) + 1 == SHAPES[Track.THREE].characters_max
    assert lrc(text, Track.THREE) == "0"


@pytest.mark.parametrize(
    ("number", "rest"),
    [
        ("4761739001010010", "1808101"),
        ("5413330002001155", "1808101"),
        ("374245455400001", "1808101"),
        ("36070500001376", "1808101"),
        ("6799990200000001114", "1808101"),
    ],
)
def test_published_test_cards(number: str, rest: str) -> None:
    """Source: xslim/msr606, README (the schemes' own test cards)."""
    read = read_track(f";{number}={rest}?", Track.TWO)

    assert read.number.reveal() == number
    assert read.expiry == Expiry(2018, 8) and str(read.expiry) == "08/18"
    assert read.service == ServiceCode("101")


def test_a_date_and_a_code_may_be_left_out() -> None:
    read = read_track(f";{CARD}===00?", Track.TWO)

    assert (read.expiry, read.service, read.discretionary.reveal()) == (None, None, "00")


def test_a_number_of_59_has_its_country() -> None:
    number = "59" + "0" * 9
    read = read_track(f";{number}{luhn(number)}=4104912101?", Track.TWO)

    assert (read.country, read.expiry, read.service) == (
        "410",
        Expiry(2049, 12),
        ServiceCode("101"),
    )


@pytest.mark.parametrize(
    ("track", "text", "fault"),
    [
        (Track.TWO, f"{CARD}=4912101?", Fault.START),
        (Track.TWO, f";{CARD}=4912101", Fault.END),
        (Track.TWO, "", Fault.START),
        (Track.TWO, ";", Fault.END),
        (Track.TWO, ";?", Fault.FORMAT),
        (Track.TWO, f";{CARD}?", Fault.TRUNCATED),
        (Track.TWO, f";{CARD}=49?", Fault.TRUNCATED),
        (Track.TWO, f";{CARD}=491210?", Fault.TRUNCATED),
        (Track.TWO, f";{CARD}=4912A01?", Fault.CHARACTER),
        (Track.TWO, f";{CARD}=4900101?", Fault.EXPIRY),
        (Track.TWO, f";{CARD}=4913101?", Fault.EXPIRY),
        (Track.TWO, f";{CARD}=49<2101?", Fault.EXPIRY),
        (Track.TWO, f";{CARD}=491210:?", Fault.SERVICE),
        (Track.TWO, f";{CARD[:-1]}2=4912101?", Fault.LUHN),
        (Track.TWO, ";1234567=4912101?", Fault.NUMBER),
        (Track.TWO, f";{CARD}{CARD}=4912?", Fault.NUMBER),
        (Track.TWO, f";{CARD}=4912101?0?", Fault.FORMAT),
        (Track.TWO, f";{CARD}=4912101{'0' * 15}?", Fault.LONG),
        (Track.ONE, f"%A{CARD}^HONG/GIL^4912101?", Fault.FORMAT),
        (Track.ONE, f"%B{CARD}^HONG/GIL?", Fault.TRUNCATED),
        (Track.ONE, f"%B{CARD}^X^4912101?", Fault.NAME),
        (Track.ONE, f"%B{CARD}^{'X' * 27}^4912101?", Fault.NAME),
        (Track.ONE, f"%b{CARD}^HONG/GIL^4912101?", Fault.CHARACTER),
        (Track.ONE, f"%B{CARD}^HONG/GIL^9900101?", Fault.EXPIRY),
        (Track.THREE, f";X1{CARD}=?", Fault.CHARACTER),
        (Track.THREE, f";=1{CARD}=?", Fault.FORMAT),
        (Track.THREE, f";01{CARD}?", Fault.TRUNCATED),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_without_a_digit_of_it(
    track: Track, text: str, fault: Fault
) -> None:
    with pytest.raises(StripeError) as refused:
        read_track(text, track)

    assert (refused.value.fault, refused.value.track) == (fault, track)
    assert CARD not in str(refused.value)


def test_a_full_track_fits_and_one_more_does_not() -> None:
    for track, room in ((Track.ONE, 79), (Track.TWO, 40), (Track.THREE, 107)):
        number = CardNumber(CARD)
        bare = write_track(
            track, number, name="HONG/GIL", expiry=Expiry(2030, 1), service=ServiceCode("101")
        )
        left = room - len(bare)
        more: dict[str, object] = {
            "expiry": Expiry(2030, 1),
            "service": ServiceCode("101"),
            "name": "HONG/GIL",
        }
        assert len(write_track(track, number, discretionary="0" * left, **more)) == room  # type: ignore[arg-type]
        with pytest.raises(StripeError) as refused:
            write_track(track, number, discretionary="0" * (left + 1), **more)  # type: ignore[arg-type]
        assert refused.value.fault is Fault.LONG


@pytest.mark.parametrize(
    ("digits", "chip", "national", "online", "pin", "goods"),
    [
        ("101", False, False, False, False, True),
        ("201", True, False, False, False, True),
        ("220", True, False, True, True, True),
        ("520", False, True, True, True, True),
        ("601", True, True, False, False, True),
        ("103", False, False, False, True, False),
        ("124", False, False, True, False, False),
    ],
)
def test_service_code_says_where_and_how(
    digits: str, chip: bool, national: bool, online: bool, pin: bool, goods: bool
) -> None:
    code = ServiceCode(digits)

    assert (code.has_chip, code.is_national, code.always_online) == (chip, national, online)
    assert (code.wants_pin, code.pays_goods) == (pin, goods)


def test_a_card_is_good_to_the_end_of_its_month() -> None:
    expiry = Expiry(2026, 4)
    assert not expiry.is_past(2026, 4) and expiry.is_past(2026, 5) and expiry.is_past(2027, 1)
    assert not expiry.is_past(2025, 12)


@pytest.mark.parametrize(("yy", "year"), [("00", 2000), ("49", 2049), ("50", 1950), ("99", 1999)])
def test_two_digits_of_a_year_are_read_after_emv(yy: str, year: int) -> None:
    assert read_track(f";{CARD}={yy}12101?", Track.TWO).expiry == Expiry(year, 12)


def test_neither_number_nor_the_rest_shows_in_what_was_read() -> None:
    read = read_track(f";{CARD}=491210112345?", Track.TWO)

    assert CARD not in repr(read) and "12345" not in repr(read)
    assert "411111******1111" in repr(read)


BODIES = st.integers(7, 18).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n))
NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ/ .-", min_size=2, max_size=26)


@given(
    body=BODIES, name=NAMES, year=st.integers(1950, 2049), month=st.integers(1, 12),
    service=st.none() | st.text("0123456789", min_size=3, max_size=3), track=st.sampled_from(Track),
    dated=st.booleans(),
)  # fmt: skip
def test_what_is_written_is_read_back(
    body: str, name: str, year: int, month: int, service: str | None, track: Track, dated: bool
) -> None:
    number = CardNumber(body + luhn(body))
    expiry = Expiry(year, month) if dated else None
    code = None if service is None else ServiceCode(service)
    country = "410" if number.reveal().startswith("59") else ""

    written = write_track(track, number, name=name, country=country, expiry=expiry, service=code)
    read = read_track(written[:-1], track)

    assert written[-1] == lrc(written[:-1], track)
    assert read.number == number
    if track is not Track.THREE:
        assert (read.expiry, read.service, read.country) == (expiry, code, country)
    if track is Track.ONE:
        assert read.name == name.strip("/ ")


@given(st.sampled_from(Track), st.data())
def test_lrc_finds_every_single_wrong_character(track: Track, data: st.DataObject) -> None:
    written = write_track(track, CardNumber(CARD), name="HONG/GIL", expiry=Expiry(2030, 1))
    text = written[:-1]
    place = data.draw(st.integers(0, len(text) - 1))
    shape = SHAPES[track]
    other = chr(ord(shape.lowest) + data.draw(st.integers(0, (1 << shape.bits) - 1)))

    assert (lrc(text[:place] + other + text[place + 1 :], track) == written[-1]) == (
        other == text[place]
    )


def _never_raises_anything_else(read: Callable[[], object]) -> None:
    try:
        read()
    except StripeError as error:
        assert str(error)


@given(st.text(max_size=120), st.sampled_from(Track))
def test_garbage_is_named_or_read(text: str, track: Track) -> None:
    _never_raises_anything_else(lambda: read_track(text, track))


@given(st.text("0123456789=^?;%B/X", max_size=60), st.sampled_from(Track))
def test_near_tracks_are_named_or_read(text: str, track: Track) -> None:
    whole = SHAPES[track].start + text + END
    _never_raises_anything_else(lambda: read_track(whole, track))
