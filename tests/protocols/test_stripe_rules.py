"""A swiped card with a chip is refused unless its chip failed; expired and cash-only cards always are."""

import pytest

from protocols.card_number import CardNumber
from protocols.magnetic_stripe import Expiry, ServiceCode, Track, TrackData, read_track, write_track
from protocols.stripe_rules import Chip, Verdict, judge_swiped

GOOD = Expiry(2026, 4)


def card(service: str | None = "101", expiry: Expiry | None = GOOD) -> TrackData:
    code = None if service is None else ServiceCode(service)
    number = CardNumber("9410110000000010")
    return read_track(write_track(Track.TWO, number, expiry=expiry, service=code)[:-1], Track.TWO)


@pytest.mark.parametrize("chip", Chip)
@pytest.mark.parametrize("service", ["201", "220", "601", "620", "101", "520", "701"])
def test_a_chip_card_is_swiped_only_where_its_chip_failed(service: str, chip: Chip) -> None:
    refused = service[0] in "26" and chip is not Chip.FAILED

    verdict = judge_swiped(card(service), year=2026, month=4, chip=chip)

    assert verdict is (Verdict.INSERT if refused else Verdict.TAKE)


@pytest.mark.parametrize(
    ("year", "month", "verdict"),
    [
        (2026, 4, Verdict.TAKE),
        (2026, 5, Verdict.EXPIRED),
        (2027, 1, Verdict.EXPIRED),
        (1998, 12, Verdict.TAKE),
    ],
)
def test_a_card_is_good_through_its_last_month(year: int, month: int, verdict: Verdict) -> None:
    assert judge_swiped(card(), year=year, month=month, chip=Chip.FAILED) is verdict


@pytest.mark.parametrize("service", ["103", "104", "203"])
def test_a_card_for_cash_only_pays_no_goods_whatever_its_chip(service: str) -> None:
    assert judge_swiped(card(service), year=2026, month=4, chip=Chip.FAILED) is Verdict.NO_GOODS


def test_a_card_without_code_and_date_is_for_its_issuer_to_judge() -> None:
    assert judge_swiped(card(None, None), year=2026, month=4, chip=Chip.NOT_TRIED) is Verdict.TAKE


def test_an_expired_chip_card_is_not_sent_to_the_reader_first() -> None:
    assert judge_swiped(card("201"), year=2030, month=1, chip=Chip.NOT_TRIED) is Verdict.EXPIRED
