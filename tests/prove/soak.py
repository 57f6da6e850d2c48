"""Two thousand shop hours of four tills in fifty worlds: sales, cards, equipment, network and broker, all
that can go wrong, audited after every step."""

from sim.host import SystemClock
from sim.stage.soak.outcome import Outcome, soak
from sim.stage.soak.soak import SoakWish
from sim.stage.soak.telling import tell

NAME = "soak: shops of many hours, whatever goes wrong"
UNITS = 50
HOURS = 40
TILLS = 4
KINDS_LEAST = 40
"""Kinds of fault that each world must have met, to count."""


def run(unit: int) -> dict[str, int]:
    """Soak one world; its number is its seed."""
    wish = SoakWish(seed=unit, hours=HOURS, tills=TILLS)
    outcome = Outcome(wish=wish, clock=SystemClock())
    soak(outcome)
    assert outcome.objection is None, tell(outcome)
    figures = outcome.figures
    assert len(figures.met()) >= KINDS_LEAST, f"only {sorted(figures.met())}"
    return {
        "shop_hours": round(outcome.hours),
        "steps": figures.steps,
        "sales": figures.records("sale.closed"),
        "records": figures.records(),
        "faults": sum(figures.faults.values()),
        "recoveries": sum(figures.recoveries.values()),
    }
