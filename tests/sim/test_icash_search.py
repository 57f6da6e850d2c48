"""The search of ICash: exact state counts, no violation, every seeded fault found, every commit cut.

Method: as for the purse (test_purse_search, test_purse_tearing), with the second scheme's own world.
The counts are pinned: a drift is a change of behaviour. T5; threats T1 to T4, T8, T10 to T12.
"""

import pytest

from sim.search.explore import Report, search
from sim.search.icash.commits import icash_commits_of
from sim.search.icash.faults import ICASH_FAULTS, IcashFault
from sim.search.icash.properties import IcashProperties
from sim.search.icash.world import IcashScope, IcashWorld
from sim.search.tearing import InPlaceMemory, sweep
from tests.support.clocks import StepClock


def explored(world: IcashWorld) -> Report:
    return search(world, IcashProperties(world), clock=StepClock())


@pytest.mark.parametrize(
    ("scope", "states", "transitions"),
    [
        (IcashScope(), 272, 657),
        (IcashScope(values=(1, 2)), 1_752, 4_392),
        (IcashScope(loads=1), 6_930, 19_647),
        (IcashScope(cards=2), 5_472, 20_168),
        (IcashScope(modules=2, starts=1), 545, 1_410),
        (IcashScope(cards=2, modules=2, starts=1), 8_576, 33_088),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_every_reachable_state_keeps_every_property(
    scope: IcashScope, states: int, transitions: int
) -> None:
    report = explored(IcashWorld(scope))

    assert report.first is None
    assert report.complete
    assert (report.states, report.transitions) == (states, transitions)


@pytest.mark.parametrize("fault", ICASH_FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_is_found(fault: IcashFault) -> None:
    world = IcashWorld(fault.scope, fault.card(), fault.module(), fault.issuer())

    report = explored(world)

    assert report.first is not None, "the search does not see this fault"
    assert report.first.steps


def test_every_cut_of_every_commit_leaves_the_image_before_or_after() -> None:
    """T3, T4: cards and modules, with loads; some commits cut at every pair of bytes."""
    found = sweep(icash_commits_of(IcashScope(loads=1)), twice_every=20)

    assert found.first == ""
    assert found.commits == 67
    assert found.cuts > 20_000


def test_a_memory_that_overwrites_itself_is_condemned() -> None:
    found = sweep(icash_commits_of(IcashScope()), memory=InPlaceMemory, twice_every=1_000)

    assert found.bad > found.cuts // 4
