"""The shortest fault schedule that still fails in the same way: delta debugging, in memory.

The schedule is cut in halves, quarters, ...; a part whose absence leaves the failure is left out for
good, until none of those that remain can be. Then everything scheduled is needed.
Source: Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002), ddmin.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from ips.rules import Rules
from sim.stage.scenario.faults import Scheduled
from sim.stage.scenario.language import Scenario
from sim.stage.scenario.outcome import Outcome
from sim.stage.scenario.player import play

T = TypeVar("T")
PLAYS_MAX: Final = 400
"""A schedule of a hundred faults is short after far fewer."""


def ddmin(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a part of the items that fails, of which nothing can be left out.

    `fails` holds for all of them. After PLAYS_MAX questions what is short by then is returned.
    """
    left, parts, asked = list(items), 2, 0
    if not left or fails([]):
        return []
    while len(left) >= 2:
        size = -(-len(left) // parts)
        for start in range(0, len(left), size):
            without = left[:start] + left[start + size :]
            asked += 1
            if asked > PLAYS_MAX:
                return left
            if fails(without):
                left, parts = without, max(parts - 1, 2)
                break
        else:
            if parts >= len(left):
                break
            parts = min(parts * 2, len(left))
    return left


def shortened(scenario: Scenario, outcome: Outcome, *, rules: Rules) -> Outcome:
    """Return the play of the shortest schedule that fails as this one did; itself if it had none."""
    if outcome.passed or not outcome.schedule:
        return outcome
    likeness, found = outcome.failures[0].likeness, outcome

    def fails(schedule: Sequence[Scheduled]) -> bool:
        nonlocal found
        again = play(scenario, seed=outcome.seed, schedule=tuple(schedule), rules=rules)
        alike = any(failure.likeness == likeness for failure in again.failures)
        if alike:
            found = again
        return alike

    ddmin(outcome.schedule, fails)
    # What failed last is the shortest.
    found.shortened_from = len(outcome.schedule)
    return found
