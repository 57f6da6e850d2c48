"""`ips-sim verify icash`: the exhaustive search of the second scheme, its seeded faults and tear sweep."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from protocols.purse.memory import Memory, Slots, TwoSlotMemory
from sim.host import SystemClock
from sim.search.explore import Report, search
from sim.search.icash.commits import icash_commits_of
from sim.search.icash.faults import ICASH_FAULTS
from sim.search.icash.properties import IcashProperties
from sim.search.icash.world import IcashScope, IcashWorld
from sim.search.tearing import InPlaceMemory, sweep
from sim.stage.evidence import (
    STATES_MAX,
    Job,
    conclude,
    proved,
    row_of,
    run_suite,
    showing_progress,
)

ICASH_ROWS: Final[tuple[tuple[str, IcashScope], ...]] = (
    ("1 card, 1 module x2 {1}", IcashScope()),
    ("1 card, 1 module x2 {1,2}", IcashScope(values=(1, 2))),
    ("1 card, 1 module x2 {1}, 1 load", IcashScope(loads=1)),
    ("1 card, 1 module x3 {1}", IcashScope(starts=3, balance=3)),
    ("2 cards, 1 module x2 {1}", IcashScope(cards=2)),
    ("1 card, 2 modules x1 {1}", IcashScope(modules=2, starts=1)),
    ("2 cards, 2 modules x1 {1}", IcashScope(cards=2, modules=2, starts=1)),
)
"""Cards, modules x how often each may ask {amounts}."""
ICASH_TEARS: Final = "1 card, 1 module x2 {1}, 1 load: every commit cut at every byte"
ICASH_NAIVE_MEMORY: Final = "fault: the memory overwrites itself"


def run(chosen: Namespace) -> int:
    """Search. Returns 1 when a property does not hold, or the search was not complete."""
    if chosen.suite:
        return run_suite(_jobs(), as_json=chosen.json)
    scope = IcashScope(
        cards=chosen.cards,
        modules=chosen.modules,
        starts=chosen.starts,
        values=chosen.values,
        loads=chosen.loads,
        balance=chosen.balance or max(2, chosen.starts),
    )
    world = IcashWorld(scope)
    with showing_progress() as show:
        report = search(
            world,
            IcashProperties(world),
            clock=SystemClock(),
            states_max=STATES_MAX,
            progress=show,
        )
    return conclude(report, as_json=chosen.json)


def _jobs() -> Iterator[Job]:
    for number, (name, _) in enumerate(ICASH_ROWS):
        yield Job(name=name, work=partial(_search, number), must_break=False)
    yield Job(name=ICASH_TEARS, work=partial(_tear, TwoSlotMemory), must_break=False)
    yield Job(name=ICASH_NAIVE_MEMORY, work=partial(_tear, InPlaceMemory), must_break=True)
    for number, fault in enumerate(ICASH_FAULTS):
        yield Job(name=f"fault: {fault.name}", work=partial(_break, number), must_break=True)


def _search(number: int) -> dict[str, Any]:
    return row_of(_explored(IcashWorld(ICASH_ROWS[number][1])))


def _break(number: int) -> dict[str, Any]:
    fault = ICASH_FAULTS[number]
    return row_of(_explored(IcashWorld(fault.scope, fault.card(), fault.module(), fault.issuer())))


def _explored(world: IcashWorld) -> Report:
    return search(world, IcashProperties(world), clock=SystemClock())


def _tear(memory: Callable[[Slots], Memory]) -> dict[str, Any]:
    clock = SystemClock()
    began = clock.monotonic_ns()
    found = sweep(icash_commits_of(IcashScope(loads=1)), memory=memory, twice_every=5)
    return proved(
        clock, began, states=found.commits, steps=found.cuts, bad=found.bad, first=found.first
    )
