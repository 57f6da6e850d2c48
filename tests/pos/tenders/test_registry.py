"""Tenders are found by name: our own files, a stranger's entry point, and never two of one name."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from pos.tenders.agreement import Mover, OverTender
from pos.tenders.cash import TENDER
from pos.tenders.registry import GROUP, TenderClashError, find_tenders


def test_cash_is_found_as_installed() -> None:
    tender = find_tenders().tender("cash")

    assert tender is TENDER
    assert (tender.over, tender.mover) == (OverTender.CHANGE, Mover.HAND)


def test_a_strangers_tender_stands_beside_ours() -> None:
    entry = EntryPoint("stamps", "stranger.stamps:TENDER", GROUP)

    assert "stamps" in find_tenders([entry]).names()
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


@dataclass(frozen=True)
class Stamps:
    """A stranger's way to pay, as far as it is asked about itself."""

    verb: str = "SX"
    name: str = "stamps"


@pytest.fixture
def stranger() -> Iterator[ModuleType]:
    """A module of somebody else's, installed."""
    module = ModuleType("stranger")
    module.STAMPS = Stamps()  # type: ignore[attr-defined]
    sys.modules["stranger"] = module
    yield module
    del sys.modules["stranger"]


STAMPS = EntryPoint("stamps", "stranger:STAMPS", GROUP)


def test_all_that_is_installed_is_offered_unless_the_policy_names_some(
    stranger: ModuleType,
) -> None:
    tenders = find_tenders([STAMPS])

    assert {"cash", "purse", "stamps"} <= {tender.name for tender in tenders.offered()}
    named = tenders.offered(["stamps", "barter", "cash"])
    assert [tender.name for tender in named] == ["stamps", "cash"], "in the order of its keys"


def test_tender_that_cannot_be_imported_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Selling goes on; the log says whose package it is."""
    broken = EntryPoint("stamps", "no_such_package:STAMPS", GROUP)

    offered = [tender.name for tender in find_tenders([broken]).offered()]

    assert "stamps" not in offered and "cash" in offered
    assert "tender.broken" in caplog.text and "no_such_package" in caplog.text


@pytest.mark.parametrize(
    ("verb", "sentence"),
    [
        ("EC", r"'purse' and 'stamps' are both keyed EC"),
        ("QT", "QT is a word of the entry line itself"),
        ("pt", "two capitals, not 'pt'"),
        ("PTS", "two capitals, not 'PTS'"),
        ("P1", "two capitals, not 'P1'"),
    ],
)
def test_word_that_could_not_be_keyed_loads_nothing(
    stranger: ModuleType, verb: str, sentence: str
) -> None:
    stranger.STAMPS = replace(stranger.STAMPS, verb=verb)

    with pytest.raises(TenderClashError, match=sentence):
        find_tenders([STAMPS]).offered()
