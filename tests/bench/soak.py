"""How fast a shop is soaked, on one core: `ips-sim soak` with its actors and its auditors.

soak_shop_hours_per_minute  two shop days of four tills, everything going wrong, audited after each step;
                            beside it the steps a second, and how long 1,000 shop hours would take
"""

from typing import Any

from sim.host import SystemClock
from sim.stage.soak.outcome import Outcome, soak
from sim.stage.soak.soak import SoakWish
from sim.stage.soak.telling import tell

HOURS = 28
TILLS = 4
GOAL = 30.0
"""1,000 shop hours in about half an hour."""


def measure() -> list[dict[str, Any]]:
    """Return the row of `make bench` that belongs to the soak."""
    outcome = Outcome(wish=SoakWish(seed=1, hours=HOURS, tills=TILLS), clock=SystemClock())
    soak(outcome)
    assert outcome.objection is None, tell(outcome)
    seconds, pace = outcome.seconds, outcome.pace
    sales = outcome.figures.records("sale.closed")
    return [
        {
            "name": "soak_shop_hours_per_minute",
            "value": round(pace, 1),
            "unit": "shop hours",
            "goal": GOAL,
            "met": pace >= GOAL,
            "against": (
                f"{TILLS} tills, {sales} sales, {outcome.figures.steps / seconds:.0f} steps/s; "
                f"1,000 hours in {1_000 / pace:.0f} min"
            ),
            "ratio": None,
        }
    ]
