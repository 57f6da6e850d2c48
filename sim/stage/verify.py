"""`ips-sim verify purse`: the exhaustive search, its seeded faults and its proofs, as a command.

One scope answers with its counts; `--suite` runs every row of the evidence (docs/purse-evidence.md),
every seeded fault, and the proofs of the original flow, on as many cores as there are.
"""

from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from protocols.purse.image import Flow
from protocols.purse.memory import Memory, Slots, TwoSlotMemory
from sim.host import SystemClock
from sim.search.commits import commits_of
from sim.search.explore import explore
from sim.search.faults import FAULTS
from sim.search.induction import check_induction
from sim.search.refinement import check_refinement
from sim.search.tearing import InPlaceMemory, sweep
from sim.search.universe import Scope, Universe
from sim.stage.evidence import (
    STATES_MAX,
    Job,
    conclude,
    proved,
    row_of,
    run_suite,
    showing_progress,
)


def run(chosen: Namespace) -> int:
    """Search. Returns 1 when a property does not hold, or the search was not complete."""
    if chosen.suite:
        return run_suite(_jobs(), as_json=chosen.json)
    scope = Scope(
        purses=chosen.purses,
        starts=chosen.starts,
        values=chosen.values,
        flow=Flow(chosen.flow),
        late=not chosen.no_late,
        claims=not chosen.no_claims,
        clears=chosen.clears,
        balance=chosen.balance or max(2, chosen.starts),
    )
    with showing_progress() as show:
        report = explore(Universe(scope), clock=SystemClock(), states_max=STATES_MAX, progress=show)
    return conclude(report, as_json=chosen.json)


_ORIGINAL: Final[dict[str, Any]] = {"flow": Flow.ORIGINAL, "late": False, "claims": False}
_PLAIN: Final[dict[str, Any]] = {"late": False, "claims": False}
ROWS: Final[tuple[tuple[str, Scope], ...]] = (
    ("original 2x1 {1}", Scope(starts=1, **_ORIGINAL)),
    ("original 2x2 {1}", Scope(**_ORIGINAL)),
    ("original 2x2 {1,2}", Scope(values=(1, 2), **_ORIGINAL)),
    ("original 2x3 {1}", Scope(starts=3, balance=3, **_ORIGINAL)),
    ("original 3x1 {1}", Scope(purses=3, starts=1, **_ORIGINAL)),
    ("original 2x2 {1} late, claims", Scope(flow=Flow.ORIGINAL)),
    ("offer 2x2 {1}", Scope(**_PLAIN)),
    ("offer 2x2 {1,2}", Scope(values=(1, 2), **_PLAIN)),
    ("offer 2x3 {1}", Scope(starts=3, balance=3, **_PLAIN)),
    ("offer 2x2 {1} late", Scope(claims=False)),
    ("offer 2x2 {1} late, claims", Scope()),
    ("offer 2x2 {1,2} late, claims", Scope(values=(1, 2))),
    ("offer 2x3 {1} late, claims", Scope(starts=3, balance=3)),
    ("offer 2x2 {1} late, claims, clears", Scope(clears=True)),
)
"""The rows of docs/purse-evidence.md: purses x starts each {values}."""

REFINED: Final = (1, 2, 4)
"""The rows whose every state is also held against G7, and every edge against G8."""
REFINEMENT: Final = "every edge is an abstract step"
INDUCTION: Final = "original 2x1 {1}: the invariants are inductive"
TEARS: Final = "offer 2x2 {1} late, claims: every commit cut at every byte"
NAIVE_MEMORY: Final = "fault: the memory overwrites itself"


def _jobs() -> Iterator[Job]:
    for number, (name, _) in enumerate(ROWS):
        yield Job(name=name, work=partial(_search, number), must_break=False)
    for number in REFINED:
        name = f"{ROWS[number][0]}: {REFINEMENT}"
        yield Job(name=name, work=partial(_refine, number), must_break=False)
    yield Job(name=INDUCTION, work=_induce, must_break=False)
    yield Job(name=TEARS, work=partial(_tear, TwoSlotMemory), must_break=False)
    yield Job(name=NAIVE_MEMORY, work=partial(_tear, InPlaceMemory), must_break=True)
    for number, fault in enumerate(FAULTS):
        work = partial(_break, number)
        yield Job(name=f"fault: {fault.name}", work=work, must_break=not fault.harmless)


def _search(number: int) -> dict[str, Any]:
    return row_of(explore(Universe(ROWS[number][1]), clock=SystemClock()))


def _break(number: int) -> dict[str, Any]:
    fault = FAULTS[number]
    universe = Universe(fault.scope, fault.rules(), fault.issuer())
    return row_of(explore(universe, clock=SystemClock())) | {"harmless": fault.harmless}


def _refine(number: int) -> dict[str, Any]:
    clock = SystemClock()
    began = clock.monotonic_ns()
    found = check_refinement(ROWS[number][1])
    bad = int(bool(found.broken))
    return proved(clock, began, states=found.states, steps=found.edges, bad=bad, first=found.broken)


def _induce() -> dict[str, Any]:
    clock = SystemClock()
    began = clock.monotonic_ns()
    found = check_induction()
    bad = int(bool(found.broken))
    row = proved(
        clock, began, states=found.satisfying, steps=found.steps, bad=bad, first=found.broken
    )
    return row | {"universe": found.universe}


def _tear(memory: Callable[[Slots], Memory]) -> dict[str, Any]:
    clock = SystemClock()
    began = clock.monotonic_ns()
    found = sweep(commits_of(Scope()), memory=memory)
    return proved(
        clock, began, states=found.commits, steps=found.cuts, bad=found.bad, first=found.first
    )
