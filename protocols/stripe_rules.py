"""What may be paid by a card that was swiped, before any bank is asked.

A chip cannot be copied and a stripe can: so a card whose service code says that it has a chip is refused
when it is swiped, unless its chip was tried here and failed. A chip that answered and refused has not
failed. Source: ISO/IEC 7813:2006 7.2 (service code); EMV 4.3 Book 4 6.2 (fallback).
"""

from enum import Enum

from protocols.magnetic_stripe import TrackData


class Chip(Enum):
    """What became of the chip of the card before it was swiped."""

    NOT_TRIED = "not_tried"
    FAILED = "failed"
    """Mute, no application, or gone silent before any value could move."""
    ANSWERED = "answered"
    """It works: whatever it said counts, a swipe does not."""


class Verdict(Enum):
    """What is to be done with a swiped card."""

    TAKE = "take"
    INSERT = "insert"
    """Its chip is to be used."""
    EXPIRED = "expired"
    NO_GOODS = "no_goods"
    """It is for cash, or for cash machines, only."""


def judge_swiped(card: TrackData, *, year: int, month: int, chip: Chip) -> Verdict:
    """Return what is to be done with a card, in the month of the store's business date."""
    if card.expiry is not None and card.expiry.is_past(year, month):
        return Verdict.EXPIRED
    if card.service is None:
        return Verdict.TAKE
    if not card.service.pays_goods:
        return Verdict.NO_GOODS
    if card.service.has_chip and chip is not Chip.FAILED:
        return Verdict.INSERT
    return Verdict.TAKE
