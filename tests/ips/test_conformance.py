"""The check of payment modules: ours pass, and each way to break the contract is noticed."""

import pytest

from ips.conformance import check_module
from ips.modules.cash import Cash
from ips.modules.chaos import Chaos, Fault
from tests.ips.model import StandingClock

NOTICED_BY = {
    Fault.CHARGES_TWICE: "replay",
    Fault.ANSWERS_ANEW: "replay",
    Fault.FORGETS: "inquiry",
    Fault.RAISES: "answers",
    Fault.OVER_APPROVES: "answers",
    Fault.LEAKS: "scrub",
    Fault.OVER_REFUNDS: "refund",
    Fault.INQUIRY_MOVES: "inquiry",
}


@pytest.mark.parametrize("make", [Cash, Chaos])
async def test_our_modules_conform(make: type[Cash] | type[Chaos]) -> None:
    """I18: cash and chaos keep the contract that strangers' modules are held to."""
    assert await check_module(make, clock=StandingClock()) == []


@pytest.mark.parametrize("fault", list(Fault))
async def test_check_notices_a_broken_contract(fault: Fault) -> None:
    """A check that cannot fail is none: every fault of chaos is named by the check it belongs to."""
    findings = await check_module(lambda: Chaos(fault), clock=StandingClock())

    assert NOTICED_BY[fault] in {finding.check for finding in findings}


@pytest.mark.parametrize("outcome", ["declined", "pending", "unknown", "not_sent", "partial"])
async def test_check_accepts_every_outcome(outcome: str) -> None:
    """A module that declines, waits or does not know is as fit as one that approves."""
    findings = await check_module(Chaos, clock=StandingClock(), fields={"outcome": outcome})

    assert findings == []
