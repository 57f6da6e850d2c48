"""Request and answer of a purse whose key its holder has made: nothing altered passes, in either."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.purse.details import PurseClass, decode_certificate
from protocols.purse.image import Parameters, decode_image
from protocols.purse.issuing import Issuer, Profile
from protocols.purse.personalising import (
    REQUEST_BYTES,
    PersonalisingError,
    card_of,
    make_request,
    open_answer,
    open_request,
    sign_terms,
    terms_for,
)
from protocols.purse.suite import public_key, secret_from
from tests.support.purses import ISSUER, KRW, SUITE, TODAY

SECRET = secret_from(b"till".ljust(40, b"\0"))
OTHER = secret_from(b"other".ljust(40, b"\0"))
BOSS = Issuer(secret=ISSUER, suite=SUITE)
PROFILE = Profile(
    name=b"SHOP0001",
    purse_class=PurseClass.MERCHANT,
    expiry=20301231,
    currencies=(KRW, 840, 0, 0, 0),
    ceilings=(1_000_000, 5_000, 0, 0, 0),
    balances=(300, 0, 0, 0, 0),
    parameters=Parameters(transfer_max=7, hotlist=(b"CUSTOMER",)),
    log_slots=40,
    narrative_slots=250,
)
REQUEST = make_request(SECRET, SUITE)
ANSWER = sign_terms(BOSS, terms_for(BOSS, PROFILE, public_key(SECRET), TODAY))


def test_answer_makes_the_purse_that_the_issuer_means() -> None:
    terms = open_answer(ANSWER, open_request(REQUEST, SUITE), SUITE)

    made = card_of(terms, SECRET)

    me, image = made.personality, decode_image(made.image)
    assert (me.name, me.purse_class, me.secret) == (b"SHOP0001", PurseClass.MERCHANT, SECRET)
    assert (me.currencies, me.ceilings) == (PROFILE.currencies, PROFILE.ceilings)
    assert (me.log_slots, me.narrative_slots) == (40, 250)
    assert me.issuer_keys == {1: BOSS.public}
    assert decode_certificate(me.certificate).public_key == public_key(SECRET)
    assert (image.balances, image.date) == (PROFILE.balances, TODAY)
    assert terms.parameters == PROFILE.parameters and terms.name == PROFILE.name


def test_request_is_the_same_each_time_and_says_only_the_key() -> None:
    assert make_request(SECRET, SUITE) == REQUEST and len(REQUEST) == REQUEST_BYTES
    assert open_request(REQUEST, SUITE) == public_key(SECRET)


@given(st.integers(0, REQUEST_BYTES - 1), st.integers(1, 255))
def test_altered_request_is_none(place: int, change: int) -> None:
    altered = bytearray(REQUEST)
    altered[place] ^= change
    with pytest.raises(PersonalisingError):
        open_request(bytes(altered), SUITE)


@given(st.integers(0, len(ANSWER) - 1), st.integers(1, 255))
def test_altered_answer_is_none(place: int, change: int) -> None:
    altered = bytearray(ANSWER)
    altered[place] ^= change
    with pytest.raises(PersonalisingError):
        open_answer(bytes(altered), public_key(SECRET), SUITE)


@given(st.binary(max_size=400))
def test_garbage_is_neither(data: bytes) -> None:
    with pytest.raises(PersonalisingError):
        open_request(data, SUITE)
    with pytest.raises(PersonalisingError):
        open_answer(data, public_key(SECRET), SUITE)


def test_answer_is_for_one_key_only() -> None:
    with pytest.raises(PersonalisingError, match="another key"):
        open_answer(ANSWER, public_key(OTHER), SUITE)


def test_issuer_who_signs_terms_with_a_foreign_certificate_is_refused() -> None:
    """Both signatures must be by the key that stands in the answer."""
    foreign = Issuer(secret=OTHER, suite=SUITE)
    theirs = sign_terms(foreign, terms_for(foreign, PROFILE, public_key(SECRET), TODAY))
    certificate = open_answer(theirs, public_key(SECRET), SUITE).certificate
    ours = open_answer(ANSWER, public_key(SECRET), SUITE).certificate
    forged = ANSWER.replace(ours, certificate)
    assert forged != ANSWER
    with pytest.raises(PersonalisingError, match="issuer's signature"):
        open_answer(forged, public_key(SECRET), SUITE)
