"""The smallest soak that fails as one did: fewer hours, fewer tills, and of all that happened only what it takes.

Whatever is drawn in a soak has a name of its own, `DAY:WHAT:TILL:NUMBER`, the n-th of that day (Soak.happens):
a customer at a till, a move of the clerk, a fault, a kill. Each draws from a stream of its own, so a soak in
which some of it does not happen (`SoakWish.only`) is otherwise the same. What is left out is found by delta
debugging: whole days first, then all of one kind at one till, then one by one. The failure is the same where
the same auditor objects in the same words, whatever the numbers in them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Final

from sim.stage.scenario.shrink import ddmin
from sim.stage.soak.outcome import Outcome
from sim.stage.soak.soak import SoakWish

_NUMBERS: Final = re.compile(r"[\d,]*\d|\b[0-9a-f]{8,}\b")
_LEVELS: Final = (1, 3, 4)
"""Parts of a name that events are left out by together: the day; day, what and till; each alone."""


@dataclass(slots=True)
class Shrinking:
    """Shrinks one failure; `found` is the smallest soak so far that fails as it did."""

    found: Outcome
    play: Callable[[SoakWish], Outcome]
    """Soaks. Raises: KeyboardInterrupt; `found` stays."""
    tell: Callable[[str], None]
    plays: int = 0
    _likeness: str = field(init=False)

    def __post_init__(self) -> None:
        """Raises: ValueError where nobody has objected."""
        self._likeness = _likeness(self.found)
        if not self._likeness:
            raise ValueError("only a soak to which an auditor objects is shrunk")

    def run(self) -> None:
        """Shrink it as far as it goes."""
        wish = self.found.wish
        self._try(replace(wish, hours=min(wish.hours, max(1, ceil(self.found.hours)))))
        for level in _LEVELS:
            self._leave_out(level)
        self._fewer_tills()

    def _leave_out(self, level: int) -> None:
        events, wish = tuple(self.found.events), self.found.wish
        groups = list(dict.fromkeys(_group(event, level) for event in events))

        def fails(chosen: Sequence[str]) -> bool:
            kept = set(chosen)
            only = frozenset(event for event in events if _group(event, level) in kept)
            return self._try(replace(wish, only=only))

        ddmin(groups, fails)

    def _fewer_tills(self) -> None:
        wish = self.found.wish
        busy = [int(till) for event in self.found.events if (till := event.split(":")[2])]
        least = max(busy, default=1)
        if least < wish.tills:
            self._try(replace(wish, tills=least))

    def _try(self, wish: SoakWish) -> bool:
        """Soak so, and keep it if it fails alike."""
        again = self.play(wish)
        self.plays += 1
        alike = _likeness(again) == self._likeness
        if alike:
            self.found = again
        self.tell(
            f"shrinking: {self.plays} soaks; {len(self.found.events)} events in "
            f"{self.found.wish.hours} h of {self.found.wish.tills} tills fail alike"
        )
        return alike


def _group(event: str, level: int) -> str:
    return ":".join(event.split(":")[:level])


def _likeness(outcome: Outcome) -> str:
    """Return what two failures share that are the same; empty where nobody objects."""
    if outcome.objection is None:
        return ""
    finding = outcome.objection.findings[0]
    return f"{finding.auditor}: {_NUMBERS.sub('#', f'{finding.where}: {finding.what}')}"
