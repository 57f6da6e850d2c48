"""G7 and G8 of the original flow: the invariants of PRG-126, that they are inductive, and refinement.

Method: every state and every edge of small universes; and every state that satisfies the invariants,
reachable or not. T5; SP1, SP2.
"""

import pytest

from protocols.purse.image import Flow
from sim.search.faults import FAULTS
from sim.search.induction import check_induction
from sim.search.refinement import Refinement, check_refinement, is_abstract_step
from sim.search.universe import Scope

ORIGINAL = {"flow": Flow.ORIGINAL, "late": False, "claims": False}


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
    assert check_refinement(scope) == Refinement(states=states, edges=edges, broken="")


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

    assert check_refinement(Scope(**ORIGINAL), fault.rules()).broken


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
