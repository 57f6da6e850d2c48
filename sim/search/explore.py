"""Breadth first over a universe: counts, and the shortest way to a broken property."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.search.properties import Broken, Properties
from sim.search.universe import State, Universe


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """How to break a property, step by step."""

    broken: Broken
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a search found."""

    states: int
    transitions: int
    depth: int
    """Steps from the beginning to the farthest state."""
    violations: int
    first: Counterexample | None
    seconds: float
    complete: bool
    """Whether every reachable state was seen; false after a violation or at the bound."""


def explore(
    universe: Universe,
    *,
    clock: Clock,
    states_max: int = 50_000_000,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Visit every reachable state, or stop at the first that breaks a property.

    `progress` hears (states, depth) once a level.
    """
    began = clock.monotonic_ns()
    properties = Properties(universe)
    first = universe.first()
    parents: dict[State, tuple[State, str] | None] = {first: None}
    frontier = [first]
    transitions = depth = 0
    with _without_collector():
        while frontier and len(parents) <= states_max:
            following: list[State] = []
            for state in frontier:
                for step in universe.after(state):
                    transitions += 1
                    target = step.target
                    if target in parents:
                        continue
                    who = "issuer" if step.purse < 0 else universe.names[step.purse][:1].decode()
                    parents[target] = (state, f"{who}: {step.label}")
                    broken = properties.broken_in(target)
                    if broken is not None:
                        counterexample = Counterexample(broken=broken, steps=_way(parents, target))
                        return Report(
                            states=len(parents),
                            transitions=transitions,
                            depth=depth + 1,
                            violations=1,
                            first=counterexample,
                            seconds=_since(clock, began),
                            complete=False,
                        )
                    following.append(target)
            frontier = following
            depth += bool(following)
            if progress is not None:
                progress(len(parents), depth)
    return Report(
        states=len(parents),
        transitions=transitions,
        depth=depth,
        violations=0,
        first=None,
        seconds=_since(clock, began),
        complete=not frontier,
    )


def _way(parents: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    steps = []
    while (before := parents[state]) is not None:
        state, label = before
        steps.append(label)
    return tuple(reversed(steps))


def _since(clock: Clock, began_ns: int) -> float:
    return (clock.monotonic_ns() - began_ns) / NANOSECONDS_PER_SECOND


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of tuples and no cycle: the cyclic collector would take most of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
