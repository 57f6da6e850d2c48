"""What happened in a soak, in numbers: for a person at its end, and for programs."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

STATES: Final = ("off", "closed", "idle", "basket", "paying", "printing", "counted")
"""What a till may be doing when a fault begins."""
BUSY: Final = ("idle", "basket", "paying", "printing")
"""Those that faults wait for, so that each comes in each of them."""
SHOP: Final = "shop"
"""In place of a till's state, where a fault is the whole shop's."""


@dataclass(slots=True)
class Figures:
    """Counters; nothing in them decides anything."""

    steps: int = 0
    days: int = 0
    hours: float = 0.0
    """That the shop was open."""
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records of the journals, by terminal and kind."""
    tenders: Counter[str] = field(default_factory=Counter)
    """Payments that stand in sales, by method."""
    taken: int = 0
    """What was sold, minor units."""
    papers: int = 0
    """Pieces of paper that were cut off."""
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Faults that were met, by kind and by the state in which they came."""
    moves: Counter[str] = field(default_factory=Counter)
    """What clerks did beside selling for cash, by the move's name."""
    recoveries: Counter[str] = field(default_factory=Counter)
    """What was put right, and how."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests to the broker, by how they passed."""
    audits: int = 0

    def records(self, kind: str = "") -> int:
        """Return how many records of a kind there are; of all kinds, where none is named."""
        return sum(count for (_, each), count in self.kinds.items() if kind in ("", each))

    def met(self) -> dict[str, int]:
        """Return how often each kind of fault was met."""
        sums: Counter[str] = Counter()
        for (kind, _), count in self.faults.items():
            sums[kind] += count
        return dict(sorted(sums.items()))

    def states_of(self, kind: str) -> dict[str, int]:
        """Return in which states a kind of fault was met."""
        return {state: count for (each, state), count in self.faults.items() if each == kind}

    def as_json(self) -> dict[str, Any]:
        """Return everything, fit for JSON."""
        return {
            "steps": self.steps,
            "days": self.days,
            "shop_hours": round(self.hours, 2),
            "sales": self.records("sale.closed"),
            "voided": self.records("sale.voided"),
            "held": self.records("sale.held"),
            "refunds": self.records("refund.closed"),
            "taken": self.taken,
            "tenders": dict(sorted(self.tenders.items())),
            "records": self.records(),
            "papers": self.papers,
            "faults": self.met(),
            "coverage": {kind: dict(sorted(self.states_of(kind).items())) for kind in self.met()},
            "moves": dict(sorted(self.moves.items())),
            "recoveries": dict(sorted(self.recoveries.items())),
            "requests": dict(sorted(self.requests.items())),
            "audits": self.audits,
        }
