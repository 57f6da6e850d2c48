"""The search of the production purse: exact state counts, no violation, and every seeded fault found.

Method: breadth first over universes in which the adversary may do anything but forge. The counts are
pinned: a drift is a change of behaviour, wanted or not. T5; threats T2, T4, T8 to T10, T12, T14.
"""

import pytest

from protocols.purse.image import Flow
from sim.search.explore import Report, explore
from sim.search.faults import FAULTS, Fault
from sim.search.universe import Scope, Universe
from tests.support.clocks import StepClock


def search(scope: Scope, fault: Fault | None = None) -> Report:
    universe = Universe(scope) if fault is None else Universe(scope, fault.rules(), fault.issuer())
    return explore(universe, clock=StepClock())


@pytest.mark.parametrize(
    ("scope", "states", "transitions"),
    [
        (Scope(flow=Flow.ORIGINAL, starts=1, late=False, claims=False), 45, 70),
        (Scope(flow=Flow.ORIGINAL, late=False, claims=False), 2_231, 5_904),
        (Scope(flow=Flow.ORIGINAL, late=False, claims=False, values=(1, 2)), 12_479, 39_818),
        (Scope(purses=3, starts=1, flow=Flow.ORIGINAL, late=False, claims=False), 992, 2_736),
        (Scope(late=False, claims=False), 1_189, 2_468),
        (Scope(claims=False), 1_189, 2_948),
        (Scope(late=False, claims=False, values=(1, 2)), 6_077, 13_582),
        (Scope(flow=Flow.ORIGINAL), 7_773, 28_898),
        (Scope(), 2_646, 8_698),
        (Scope(values=(1, 2)), 11_445, 37_508),
        (Scope(clears=True), 8_376, 35_726),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_every_reachable_state_keeps_every_property(
    scope: Scope, states: int, transitions: int
) -> None:
    report = search(scope)

    assert report.first is None
    assert report.complete
    assert (report.states, report.transitions) == (states, transitions)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_is_found_unless_it_is_known_to_be_harmless(fault: Fault) -> None:
    report = search(fault.scope, fault)

    if fault.harmless:
        assert report.first is None, f"not harmless after all: {report.first}"
    else:
        assert report.first is not None, "the search does not see this fault"
        assert report.first.steps


def test_there_are_thirty_faults_or_more_that_must_be_found() -> None:
    assert sum(not fault.harmless for fault in FAULTS) >= 30
