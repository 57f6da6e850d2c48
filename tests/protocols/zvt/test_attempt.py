"""What a terminal's last result says about an attempt that was cut off."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.zvt.attempt import (
    Before,
    Verdict,
    before_in,
    judge,
    peer_of,
    reference_of,
)
from tests.support.zvt import PAID

BEFORE = Before(terminal_id=PAID.terminal_id, receipt=3, trace=16)
KEY = "S1-01-20261129-0001-1"
OURS = reference_of(KEY)


def verdict(last, *, amount=12_500, paper="", dates=(1128, 1130)):
    return judge(BEFORE, last, amount=amount, reference=OURS, paper=paper, dates=dates)


def test_reference_is_short_and_of_one_attempt():
    assert len(OURS) == 15 and OURS.startswith("IPS") and reference_of(KEY) == OURS
    assert reference_of(KEY + "1") != OURS


@pytest.mark.parametrize(
    ("last", "paper", "told"),
    [
        (None, "", Verdict.ANOTHER_TERMINAL),
        (replace(PAID, receipt=3, trace=16), "", Verdict.NOTHING),
        (replace(PAID, receipt=3, trace=16, terminal_id=0), "", Verdict.NOTHING),
        (replace(PAID, receipt=3, trace=16, terminal_id=5), "", Verdict.ANOTHER_TERMINAL),
        (replace(PAID, text=""), "", Verdict.OURS),
        (replace(PAID, text=OURS), "", Verdict.OURS),
        (replace(PAID, text="", amount=9), f"Ref {OURS}", Verdict.OURS),
        (replace(PAID, text=reference_of("another")), "", Verdict.OTHER),
        (replace(PAID, text=""), reference_of("another"), Verdict.OTHER),
        (replace(PAID, text="", amount=12_501), "", Verdict.OTHER),
        (replace(PAID, text="", date=1127), "", Verdict.OTHER),
        (replace(PAID, text="", date=0), "", Verdict.OURS),
        (replace(PAID, terminal_id=5), OURS, Verdict.ANOTHER_TERMINAL),
    ],
)
def test_verdicts(last, paper, told):
    assert verdict(last, paper=paper) is told


def test_terminal_that_never_had_a_result_has_done_nothing():
    first = Before(terminal_id=PAID.terminal_id, receipt=0, trace=0)
    told = judge(first, None, amount=12_500, reference=OURS, dates=(1128, 1130))
    assert told is Verdict.NOTHING


def test_dates_over_new_year():
    last = replace(PAID, text="", date=101)
    assert verdict(last, dates=(1230, 102)) is Verdict.OURS
    assert verdict(replace(last, date=601), dates=(1230, 102)) is Verdict.OTHER


def test_an_intent_keeps_it():
    assert before_in(peer_of(BEFORE)) == BEFORE


@given(st.text(max_size=40))
def test_any_other_intent_keeps_nothing(peer):
    assert before_in(peer) is None or "terminal=" in peer
