"""Tenders are found by name: our own files, a stranger's entry point, and never two of one name."""

from importlib.metadata import EntryPoint

import pytest

from pos.tenders.agreement import Mover, OverTender
from pos.tenders.cash import TENDER
from pos.tenders.registry import GROUP, TenderClashError, find_tenders


def test_cash_is_found_as_installed() -> None:
    tender = find_tenders().tender("cash")

    assert tender is TENDER
    assert (tender.over, tender.mover) == (OverTender.CHANGE, Mover.HAND)


def test_a_strangers_tender_stands_beside_ours() -> None:
    entry = EntryPoint("points", "stranger.points:TENDER", GROUP)

    assert "points" in find_tenders([entry]).names()
    assert "cash" in find_tenders([entry]).names()


def test_our_own_entry_point_is_no_clash() -> None:
    entry = EntryPoint("cash", "pos.tenders.cash:TENDER", GROUP)

    assert find_tenders([entry]).places["cash"] == "pos.tenders.cash:TENDER"


def test_two_tenders_of_one_name_load_nothing() -> None:
    entry = EntryPoint("cash", "stranger.cash:TENDER", GROUP)

    with pytest.raises(TenderClashError, match=r"pos\.tenders\.cash:TENDER and stranger\.cash"):
        find_tenders([entry])


def test_an_unknown_name_is_no_tender() -> None:
    assert find_tenders([]).tender("barter") is None
