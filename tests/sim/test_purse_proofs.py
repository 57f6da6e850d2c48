"""G7 and G8 of the original flow: the invariants of PRG-126, that they are inductive, and refinement.

Method: every state and every edge of small universes; and every state that satisfies the invariants,
reachable or not. T5; SP1, SP2.
"""

import pytest

from protocols.purse.image import Flow
from protocols.purse.rules import Rules
from sim.search.between import Betweens, broken_between
from sim.search.faults import FAULTS
from sim.search.induction import check_induction
from sim.search.refinement import is_abstract_step, is_simulated
from sim.search.universe import Scope, Universe

ORIGINAL = {"flow": Flow.ORIGINAL, "late": False, "claims": False}


def walk(scope: Scope, rules: Rules | None = None) -> tuple[int, int, str]:
    """Hold every state against G7 and every edge against G8. Returns (states, edges, first break)."""
    universe = Universe(scope, rules)
    betweens = Betweens(universe)
    seen = {universe.first()}
    frontier = [universe.first()]
    edges = 0
    while frontier:
        following = []
        for state in frontier:
            world = betweens.of(state)
            broken = broken_between(world)
            if broken is not None:
                return len(seen), edges, broken.sentence
            for step in universe.after(state):
                edges += 1
                if not is_simulated(world, betweens.of(step.target)):
                    return len(seen), edges, f"not simulated: {step.label}"
                if step.target not in seen:
                    seen.add(step.target)
                    following.append(step.target)
        frontier = following
    return len(seen), edges, ""


@pytest.mark.parametrize(
    ("scope", "states", "edges"),
    [
        (Scope(**ORIGINAL), 2_231, 5_904),
        (Scope(values=(1, 2), **ORIGINAL), 12_479, 39_818),
        (Scope(purses=3, starts=1, **ORIGINAL), 992, 2_736),
    ],
    ids=["2x2", "2x2 two values", "3x1"],
)
def test_every_state_has_the_invariants_and_every_edge_is_an_abstract_step(
    scope: Scope, states: int, edges: int
) -> None:
    assert walk(scope) == (states, edges, "")


def test_the_invariants_are_inductive() -> None:
    """All 8,294,400 states of the universe; a drift of the counts is a change of behaviour."""
    found = check_induction()

    assert found.broken == ""
    assert (found.universe, found.satisfying, found.steps) == (8_294_400, 2_221, 3_610)


@pytest.mark.parametrize(
    "name",
    ["payee does not log", "VAL released before the commit", "takes the same VAL again"],
)
def test_a_broken_rule_breaks_an_invariant_or_an_abstract_step(name: str) -> None:
    fault = next(fault for fault in FAULTS if fault.name == name)

    assert walk(Scope(**ORIGINAL), fault.rules())[2]


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        (((2, 0), (2, 0)), ((2, 0), (2, 0)), True),
        (((2, 0), (2, 0)), ((1, 0), (3, 0)), True),
        (((2, 0), (2, 0)), ((3, 0), (1, 0)), True),
        (((2, 0), (2, 0)), ((1, 1), (2, 0)), True),
        (((2, 0), (2, 0)), ((1, 0), (2, 0)), False),
        (((2, 0), (2, 0)), ((2, 0), (3, 0)), False),
        (((2, 0), (2, 0)), ((1, 0), (4, 0)), False),
        (((2, 0), (2, 0)), ((1, 1), (3, 0)), False),
        (((2, 0), (2, 0)), ((2, 1), (2, 0)), False),
        (((2, 1), (2, 0)), ((3, 0), (2, 0)), False),
    ],
)
def test_the_abstract_world_only_ignores_transfers_or_loses(
    before: tuple[tuple[int, int], ...], after: tuple[tuple[int, int], ...], *, allowed: bool
) -> None:
    assert is_abstract_step(before, after) is allowed
