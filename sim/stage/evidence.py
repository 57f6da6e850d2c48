"""How a search is shown, for people and for programs, and how many run side by side.

A row is one search or one proof: name, states, transitions, violations, seconds, and the shortest
counterexample where there is one. A suite runs rows over all cores and says which are not as they must be.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from protocols.ports import NANOSECONDS_PER_SECOND
from sim.host import SystemClock
from sim.search.explore import Report

STATES_MAX: Final = 20_000_000
"""About 10 GB; a larger universe says that it was not complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of a suite; `work` runs in a process of its own."""

    name: str
    work: Callable[[], dict[str, Any]]
    must_break: bool
    """A seeded fault: the row is as it must be when a violation is found."""


@contextmanager
def showing_progress() -> Iterator[Callable[[int, int], None]]:
    """Show how far a search is; yields what it shall call with (states, depth)."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    ) as progress:  # fmt: skip
        task = progress.add_task("searching")

        def show(states: int, depth: int) -> None:
            progress.update(task, description=f"{states:,} states, {depth} steps deep")

        yield show


def conclude(report: Report, *, as_json: bool) -> int:
    """Print one search. Returns 1 when a property does not hold, or the search was not complete."""
    if as_json:
        print(json.dumps(row_of(report)))
    else:
        _explain(report)
    return 0 if report.complete and not report.violations else 1


def row_of(report: Report) -> dict[str, Any]:
    """Return a search as a row."""
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


def proved(
    clock: SystemClock, began_ns: int, *, states: int, steps: int, bad: int, first: str
) -> dict[str, Any]:
    """Return a proof, or a tear sweep, as a row."""
    return {
        "states": states,
        "transitions": steps,
        "violations": bad,
        "seconds": round((clock.monotonic_ns() - began_ns) / NANOSECONDS_PER_SECOND, 3),
        "counterexample": first or None,
    }


def run_suite(jobs: Iterable[Job], *, as_json: bool) -> int:
    """Run every job, print the rows in their order. Returns 1 when one is not as it must be."""
    rows = list(_run(list(jobs)))
    wrong = [row["name"] for row in rows if not row["as_expected"]]
    if as_json:
        print(json.dumps(rows))
    else:
        _show_table(rows)
        print(f"{len(rows)} rows, {len(wrong)} not as they must be{': ' if wrong else ''}", end="")
        print(", ".join(wrong))
    return 1 if wrong else 0


def _run(jobs: list[Job]) -> Iterator[dict[str, Any]]:
    with (
        ProcessPoolExecutor(os.cpu_count()) as pool,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        running = {pool.submit(job.work): job for job in jobs}
        task = progress.add_task("verifying", total=len(jobs))
        done = {}
        for future in as_completed(running):
            done[running[future].name] = future.result()
            progress.advance(task)
    for job in jobs:
        row = done[job.name]
        yield {"name": job.name, **row, "as_expected": bool(row["violations"]) == job.must_break}


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
