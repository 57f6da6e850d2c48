"""`ips-sim verify purse`: the exhaustive search, its seeded faults and its proofs, as a command.

One scope answers with its counts; `--suite` runs every row of the evidence (docs/purse-evidence.md),
every seeded fault, and the proofs of the original flow, on as many cores as there are.
"""

import json
import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from protocols.purse.image import Flow
from protocols.purse.memory import Memory, Slots, TwoSlotMemory
from sim.host import SystemClock
from sim.search.commits import commits_of
from sim.search.explore import Report, explore
from sim.search.faults import FAULTS
from sim.search.induction import check_induction
from sim.search.refinement import check_refinement
from sim.search.tearing import InPlaceMemory, sweep
from sim.search.universe import Scope, Universe

STATES_MAX: Final = 20_000_000
"""About 10 GB; a larger universe says that it was not complete."""


def run(chosen: Namespace) -> int:
    """Search. Returns 1 when a property does not hold, or the search was not complete."""
    if chosen.suite:
        return _suite(as_json=chosen.json)
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
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    ) as progress:  # fmt: skip
        task = progress.add_task("searching")

        def show(states: int, depth: int) -> None:
            progress.update(task, description=f"{states:,} states, {depth} steps deep")

        report = explore(Universe(scope), clock=SystemClock(), states_max=STATES_MAX, progress=show)
    if chosen.json:
        print(json.dumps(_row(report)))
    else:
        _explain(report)
    return 0 if report.complete and not report.violations else 1


def _row(report: Report) -> dict[str, Any]:
    return {
        "states": report.states,
        "transitions": report.transitions,
        "violations": report.violations,
        "seconds": round(report.seconds, 3),
        "states_per_s": round(report.states / max(report.seconds, 1e-9)),
        "depth": report.depth,
        "complete": report.complete,
        "counterexample": None
        if report.first is None
        else {
            "property": report.first.broken.name,
            "sentence": report.first.broken.sentence,
            "steps": list(report.first.steps),
        },
    }


def _explain(report: Report) -> None:
    print(f"states       {report.states:>12,}")
    print(f"transitions  {report.transitions:>12,}")
    print(f"violations   {report.violations:>12,}")
    print(f"depth        {report.depth:>12,}")
    print(f"seconds      {report.seconds:>12.2f}")
    if report.first is not None:
        print(f"\n{report.first.broken.name} is broken: {report.first.broken.sentence}")
        for number, step in enumerate(report.first.steps, 1):
            print(f"  {number:>2}  {step}")
    elif not report.complete:
        print(f"\nnot complete: more than {STATES_MAX:,} states")


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


def _search(number: int) -> dict[str, Any]:
    return _row(explore(Universe(ROWS[number][1]), clock=SystemClock()))


def _break(number: int) -> dict[str, Any]:
    fault = FAULTS[number]
    universe = Universe(fault.scope, fault.rules(), fault.issuer())
    return _row(explore(universe, clock=SystemClock())) | {"harmless": fault.harmless}


def _refine(number: int) -> dict[str, Any]:
    clock = SystemClock()
    began = clock.monotonic_ns()
    found = check_refinement(ROWS[number][1])
    return _proved(clock, began, found.states, found.edges, int(bool(found.broken)), found.broken)


def _induce() -> dict[str, Any]:
    clock = SystemClock()
    began = clock.monotonic_ns()
    found = check_induction()
    bad = int(bool(found.broken))
    row = _proved(clock, began, found.satisfying, found.steps, bad, found.broken)
    return row | {"universe": found.universe}


def _tear(memory: Callable[[Slots], Memory]) -> dict[str, Any]:
    clock = SystemClock()
    began = clock.monotonic_ns()
    found = sweep(commits_of(Scope()), memory=memory)
    return _proved(clock, began, found.commits, found.cuts, found.bad, found.first)


def _proved(
    clock: SystemClock, began_ns: int, states: int, steps: int, bad: int, first: str
) -> dict[str, Any]:
    return {
        "states": states,
        "transitions": steps,
        "violations": bad,
        "seconds": round((clock.monotonic_ns() - began_ns) / 1e9, 3),
        "counterexample": first or None,
    }


def _suite(*, as_json: bool) -> int:
    rows = list(_suite_rows())
    wrong = [row["name"] for row in rows if not row["as_expected"]]
    if as_json:
        print(json.dumps(rows))
    else:
        _show_table(rows)
        print(f"{len(rows)} rows, {len(wrong)} not as they must be{': ' if wrong else ''}", end="")
        print(", ".join(wrong))
    return 1 if wrong else 0


def _suite_rows() -> Iterator[dict[str, Any]]:
    console = Console(stderr=True)
    with (
        ProcessPoolExecutor(os.cpu_count()) as pool,
        Progress(console=console, transient=True) as progress,
    ):
        jobs = {pool.submit(_search, n): (name, False) for n, (name, _) in enumerate(ROWS)}
        for n in REFINED:
            jobs[pool.submit(_refine, n)] = (f"{ROWS[n][0]}: {REFINEMENT}", False)
        jobs[pool.submit(_induce)] = (INDUCTION, False)
        jobs[pool.submit(_tear, TwoSlotMemory)] = (TEARS, False)
        jobs[pool.submit(_tear, InPlaceMemory)] = (NAIVE_MEMORY, True)
        for n, fault in enumerate(FAULTS):
            jobs[pool.submit(_break, n)] = (f"fault: {fault.name}", not fault.harmless)
        task = progress.add_task("verifying", total=len(jobs))
        done = {}
        for job in as_completed(jobs):
            done[job] = job.result()
            progress.advance(task)
    for job, (name, must_find) in jobs.items():
        row = done[job]
        yield {"name": name, **row, "as_expected": bool(row["violations"]) == must_find}


def _show_table(rows: list[dict[str, Any]]) -> None:
    table = Table("row", "states", "transitions", "violations", "steps", "seconds")
    for row in rows:
        found = row["counterexample"]
        steps = len(found["steps"]) if isinstance(found, dict) else ""
        what = found["property"] if isinstance(found, dict) else str(row["violations"])
        table.add_row(
            row["name"], f"{row['states']:,}", f"{row['transitions']:,}", what, str(steps),
            f"{row['seconds']:.2f}",
        )  # fmt: skip
    Console().print(table)
