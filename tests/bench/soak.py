"""How fast a shop is soaked on one core: `ips-sim soak` with its actors and its auditors.

soak_shop_hours_per_minute  two shop days of four tills, everything going wrong, audited after each step;
                            of one core's time, whoever else works; the ratio is to a shop's own pace
"""

import time
from typing import Any

from sim.host import SystemClock
from sim.stage.soak.outcome import Outcome, soak
from sim.stage.soak.soak import SoakWish
from sim.stage.soak.telling import tell

HOURS = 28
TILLS = 4
GOAL = 100.0
"""1,000 shop hours in ten minutes."""
REAL = 1 / 60
"""Shop hours a minute of a shop."""


def measure() -> list[dict[str, Any]]:
    """Return the row of `make bench` that belongs to the soak."""
    outcome = Outcome(wish=SoakWish(seed=1, hours=HOURS, tills=TILLS), clock=SystemClock())
    began = time.process_time()
    soak(outcome)
    seconds = time.process_time() - began
    assert outcome.objection is None, tell(outcome)
    pace = 60 * outcome.hours / seconds
    sales = outcome.figures.records("sale.closed")
    return [
        {
            "name": "soak_shop_hours_per_minute",
            "value": round(pace, 1),
            "unit": "shop hours",
            "goal": GOAL,
            "met": pace >= GOAL,
            "against": (
                f"the shop itself; {TILLS} tills, {sales} sales, {outcome.figures.steps} steps; "
                f"1,000 hours in {1_000 / pace:.0f} min of one core"
            ),
            "ratio": round(pace / REAL),
        }
    ]
