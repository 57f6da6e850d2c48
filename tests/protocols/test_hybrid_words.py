"""Answers of the hybrid reader: what is written is read, and what is none is None."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.hybrid_words import (
    COLD_RESET,
    FAULTS,
    Done,
    Refusal,
    Refused,
    Where,
    read_answer,
    write_answer,
)


@given(st.sampled_from(Where), st.binary(max_size=40))
def test_what_was_done_is_read_back(where: Where, data: bytes) -> None:
    assert read_answer(write_answer(COLD_RESET, Done(where, data))) == Done(where, data)


@pytest.mark.parametrize("why", Refusal)
def test_every_refusal_is_read_back(why: Refusal) -> None:
    assert write_answer(b"C62", Refused(why)) == b"N62" + why.value
    assert read_answer(b"N62" + why.value) == Refused(why)


def test_an_unknown_reason_is_a_refusal_all_the_same() -> None:
    assert read_answer(b"N6277") == Refused(None)


@given(st.binary(max_size=12))
def test_garbage_is_none_or_an_answer(data: bytes) -> None:
    assert isinstance(read_answer(data), Done | Refused | None)


@pytest.mark.parametrize("text", [b"", b"P", b"P10", b"X1002", b"P1077", b"p1002"])
def test_what_is_no_answer_is_none(text: bytes) -> None:
    assert read_answer(text) is None


def test_every_trouble_with_a_track_has_its_fault() -> None:
    troubles = {why for why in Refusal if why.value[:1] == b"4"}
    assert set(FAULTS) == troubles
