"""Breadth first over a world: counts, and the shortest way to a broken property.

It serves every scheme: a world says what can happen next, a judge what must never be.
"""

import gc
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.search.properties import Broken, Properties
from sim.search.universe import Universe

State = TypeVar("State", bound=Hashable)
Reached = TypeVar("Reached", bound=Hashable, covariant=True)
Judged = TypeVar("Judged", bound=Hashable, contravariant=True)


class Change(Protocol[Reached]):
    """What somebody did, and the state after it."""

    @property
    def actor(self) -> int:
        """Which of the world's parties did it."""
        ...

    @property
    def label(self) -> str:
        """What was done."""
        ...

    @property
    def target(self) -> Reached:
        """The state after it."""
        ...


class World(Protocol[State]):
    """States, and what can happen next."""

    def first(self) -> State:
        """Return the state before anything happened."""
        ...

    def after(self, state: State) -> "Iterator[Change[State]]":
        """Yield everything that can happen next and changes anything."""
        ...

    def who(self, actor: int) -> str:
        """Return a party's name."""
        ...


class Judge(Protocol[Judged]):
    """Holds states against properties."""

    def broken_in(self, state: Judged) -> Broken | None:
        """Return the first property that this state breaks, or None."""
        ...


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
    """Visit every reachable state of the purse, or stop at the first that breaks G1 to G6."""
    return search(
        universe, Properties(universe), clock=clock, states_max=states_max, progress=progress
    )


def search(
    world: World[State],
    judge: Judge[State],
    *,
    clock: Clock,
    states_max: int = 50_000_000,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Visit every reachable state, or stop at the first that breaks a property.

    `progress` hears (states, depth) once a level.
    """
    began = clock.monotonic_ns()
    first = world.first()
    parents: dict[State, tuple[State, str] | None] = {first: None}
    frontier = [first]
    transitions = depth = 0
    with _without_collector():
        while frontier and len(parents) <= states_max:
            following: list[State] = []
            for state in frontier:
                for step in world.after(state):
                    transitions += 1
                    target = step.target
                    if target in parents:
                        continue
                    parents[target] = (state, f"{world.who(step.actor)}: {step.label}")
                    broken = judge.broken_in(target)
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
