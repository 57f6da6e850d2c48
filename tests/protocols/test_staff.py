"""The staff list: two people are told apart, and no PIN is ever kept."""

import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.documents import DocumentError, body_of
from protocols.staff import (
    COST,
    PEOPLE_MAX,
    Person,
    Staff,
    StaffError,
    check_pin,
    check_staff,
    hash_pin,
    pin_matches,
)

SALT = bytes(range(16))
PIN = hash_pin("4711", SALT, cost=12)


def person(**changes: object) -> Person:
    return msgspec.structs.replace(Person(number=7, name="김", role="clerk", pin=PIN), **changes)


def test_kept_pin_is_scrypts_of_the_written_cost_and_salt() -> None:
    """RFC 7914 by the standard library: anybody can check a hash by hand."""
    _, cost, salt, digest = hash_pin("8520", SALT).split(":")
    known = hashlib.scrypt(
        b"8520", salt=bytes.fromhex(salt), n=2**COST, r=8, p=1, maxmem=2**26, dklen=32
    )
    assert (int(cost), bytes.fromhex(salt), digest) == (COST, SALT, known.hex())


@settings(max_examples=25, deadline=None)
@given(st.text("0123456789", min_size=4, max_size=8) | st.text(max_size=12))
def test_only_the_pin_itself_matches(tried: str) -> None:
    """Whatever is keyed, letters, nothing and half signs included."""
    assert pin_matches(tried, PIN) is (tried == "4711")


@pytest.mark.parametrize("kept", ["", "4711", "scrypt:12:00:00", PIN[:-1], PIN + "0", PIN.upper()])
def test_what_is_no_hash_matches_nothing(kept: str) -> None:
    """Somebody without a PIN cannot prove anything."""
    assert not pin_matches("4711", kept)
    assert not pin_matches("", kept)


def test_two_people_with_one_pin_keep_different_hashes() -> None:
    """A look at the list does not tell who shares a PIN."""
    assert hash_pin("4711", bytes(16), cost=12) != PIN


@pytest.mark.parametrize(
    "pin", ["", "123", "471100000", "47a1", "４７１１", "1111", "1234", "4321", "8901", "7890"]
)
def test_pin_that_is_none_or_that_everybody_tries_is_refused(pin: str) -> None:
    """Length, digits, repeats and rows."""
    with pytest.raises(StaffError):
        check_pin(pin)


@pytest.mark.parametrize(
    ("people", "wrong"),
    [
        ([], "nobody in it could sign on"),
        ([person(active=False)], "nobody in it could sign on"),
        ([person(pin="")], "nobody in it could sign on"),
        ([person(number=0)], "number is 1 to 9999"),
        ([person(name=" ")], "name is 1 to 20"),
        ([person(name="a\x1b[2J")], "letters that can be printed"),
        ([person(role="boss")], "role is one of clerk,"),
        ([person(badge="B 7")], "badge is at most"),
        ([person(badge="배지")], "badge is at most"),
        ([person(language="fr")], "language is ko, en"),
        ([person(pin="4711")], "never the PIN itself"),
        ([person(), person(name="이")], "number 7 is also somebody else's"),
        ([person(badge="B1"), person(number=8, badge="B1")], "its badge is also that of 7"),
        ([person(number=n) for n in range(1, PEOPLE_MAX + 2)], "at most 1000"),
    ],
)
def test_list_that_could_lock_out_or_mix_up_is_refused(people: list[Person], wrong: str) -> None:
    """Each fault is named with the person it is in."""
    with pytest.raises(StaffError, match=wrong):
        check_staff(Staff(people=people))


def test_person_is_found_by_number_badge_and_record() -> None:
    """An empty badge is nobody's, though many have none."""
    staff = Staff(people=[person(), person(number=8, badge="B8")])
    assert staff.by_number(8) is staff.by_badge("B8") is staff.by_id("8")
    assert staff.by_badge("") is None and staff.by_number(9) is None


def test_person_shows_neither_badge_nor_hash() -> None:
    """A log, a crash or a failed test shows values by their repr."""
    shown = repr(Staff(people=[person(badge="B0007")]))
    assert "B0007" not in shown and PIN not in shown


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({"peple": []}, "peple is not known; did you mean people"),
        ({"people": [{"number": 7, "nam": "x"}]}, "people 1: nam is not known; did you mean name"),
        ({"people": [{"number": "7", "name": "x", "role": "clerk"}]}, "Expected `int`"),
        ({"people": [{"number": 7}]}, "missing required field"),
        ([], "Expected `object`"),
    ],
)
def test_wrong_key_or_value_of_a_file_is_named(table: object, wrong: str) -> None:
    """With the nearest key that there is."""
    with pytest.raises(DocumentError, match=wrong):
        body_of("staff", table)
