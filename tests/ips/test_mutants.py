"""Deliberate faults in the rules: the campaign has to notice each one, or it proves nothing.

A mutant is one line of a function, replaced; the function's code is swapped for the time of one
campaign. An equivalent mutant or a survivor is a hole in the invariants (broker.md 4.4).
"""

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ips.campaign import Shop
from tests.support.mutants import swapped

MUTANTS = {
    "refund bound removed": (
        "ips.payments",
        "_holds",
        "return 0 < amount <= payment.refundable",
        "return 0 < amount",
    ),
    "refunded not counted": (
        "ips.payments",
        "_evolved",
        "requested, refunded = requested - event.amount, refunded + event.amount",
        "requested = requested - event.amount",
    ),
    "rejection gives no room back": (
        "ips.payments",
        "_evolved",
        "requested -= event.amount",
        "requested -= 0",
    ),
    "tax leg dropped": (
        "ips.splits",
        "_spread",
        "parts = {TAX: vat}",
        "parts = {f'{income}/{UNASSIGNED}': vat}",
    ),
    "a debit without its credit": (
        "ips.postings",
        "legs_to_transfers",
        "amount=moved,",
        "amount=moved + (moved > 999),",
    ),
    "same sale sold twice": (
        "ips.booking_sales",
        "sale_closed",
        "if earlier is None:",
        "if earlier is None or True:",
    ),
    "double cash forgotten": (
        "ips.booking_sales",
        "_suspend",
        "if not entry.needs_intent(tender.method):",
        "if False:",
    ),
    "parked attempt forgotten": (
        "ips.booking_sales",
        "let_go",
        "if payment.key in standing or",
        "if True or payment.key in standing or",
    ),
    "owed money without a work-list entry": (
        "ips.entry",
        "Entry._owe",
        "self.booking.refunds[key] = ",
        "_ = ",
    ),
    "short booked as over": (
        "ips.booking_shifts",
        "_count_out",
        "fact.counted - fact.expected",
        "fact.expected - fact.counted",
    ),
    "takings left in the till": (
        "ips.booking_shifts",
        "_count_out",
        "fact.counted - back",
        "0",
    ),
    "voids not counted": (
        "ips.booking_sales",
        "sale_voided",
        "voids=1",
        "voids=0",
    ),
    "same person approves": (
        "ips.refunds",
        "approve",
        "or approver == refund.requested_by",
        "or approver == ''",
    ),
    "refund taken from the payable twice": (
        "ips.booking_refunds",
        "_request_and_pay",
        "amount=amount, reason=fact.reason",
        "amount=amount - (amount > 99), reason=fact.reason",
    ),
    "settled payment takes its money again": (
        "ips.payments",
        "decide",
        "if alternatives is None:",
        "if alternatives is None and verb is Verb.CLOSE: return ()\n    if alternatives is None:",
    ),
}


def campaign() -> None:
    """Run the shop with fixed seeds, without spending time on a smaller example."""
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_campaign_passes_without_a_fault() -> None:
    """What the mutants are measured against."""
    campaign()


@pytest.mark.parametrize("name", MUTANTS)
def test_campaign_notices(name: str) -> None:
    """Each deliberate fault ends the campaign with a failed invariant."""
    with swapped(*MUTANTS[name]), pytest.raises(AssertionError):
        campaign()
