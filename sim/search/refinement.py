"""G8: every step of the purses is a step of the abstract world, by backward simulation on every edge.

    definitely lost   the payee has given up, the payer has paid
    maybe lost        the payer has paid, the payee may still be credited
    Rab               for some chosen part of the maybe lost: an abstract purse has lost what is
                      definitely or chosen lost, and holds its balance and what may still come to it

An edge is simulated when for every choice after it there is one before it from which the abstract
world ignores, transfers, or loses exactly one transfer in flight. Abstractly the transfer happens at
the DEBIT; whether it was lost is decided later, therefore backward. Source: PRG-126 ch. 3 and 10.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from protocols.purse.details import PaymentDetails
from protocols.purse.image import Status
from protocols.purse.rules import Rules
from sim.search.between import Between, Betweens, broken_between
from sim.search.universe import Scope, Universe

Abstract = tuple[tuple[int, int], ...]
"""(balance, lost) of each purse, in the universe's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refinement:
    """What a walk over every state and edge found."""

    states: int
    edges: int
    broken: str
    """The first state without the invariants, or edge that is no abstract step; empty for none."""


def check_refinement(scope: Scope, rules: Rules | None = None) -> Refinement:
    """Hold every state of a universe of the original flow against G7, and every edge against G8."""
    universe = Universe(scope, rules)
    betweens = Betweens(universe)
    seen = {universe.first()}
    frontier = list(seen)
    edges = 0
    while frontier:
        state = frontier.pop()
        world = betweens.of(state)
        broken = broken_between(world)
        if broken is not None:
            return Refinement(states=len(seen), edges=edges, broken=broken.sentence)
        for step in universe.after(state):
            edges += 1
            if not is_simulated(world, betweens.of(step.target)):
                return Refinement(
                    states=len(seen), edges=edges, broken=f"not simulated: {step.label}"
                )
            if step.target not in seen:
                seen.add(step.target)
                frontier.append(step.target)
    return Refinement(states=len(seen), edges=edges, broken="")


def definitely_lost(world: Between) -> frozenset[PaymentDetails]:
    """Return the transfers whose value can no longer arrive."""
    return world.logged(by_payer=False) & _paid(world)


def maybe_lost(world: Between) -> frozenset[PaymentDetails]:
    """Return the transfers whose value may still arrive."""
    return world.in_status(Status.EPV, as_payer=False) & _paid(world)


def _paid(world: Between) -> frozenset[PaymentDetails]:
    return world.in_status(Status.EPA, as_payer=True) | world.logged(by_payer=True)


def retrieved(world: Between) -> list[Abstract]:
    """Return every abstract state that this state may stand for: one for each choice."""
    lost, maybe = definitely_lost(world), maybe_lost(world)
    return [_abstract(world, lost, maybe, chosen) for chosen in _subsets(maybe)]


def _abstract(
    world: Between,
    lost: frozenset[PaymentDetails],
    maybe: frozenset[PaymentDetails],
    chosen: frozenset[PaymentDetails],
) -> Abstract:
    gone, coming = lost | chosen, maybe - chosen
    return tuple(
        (
            purse.balance + sum(pd.value for pd in coming if pd.payee == name),
            sum(pd.value for pd in gone if pd.payer == name),
        )
        for name, purse in world.purses.items()
    )


def _subsets(payments: frozenset[PaymentDetails]) -> Iterator[frozenset[PaymentDetails]]:
    ordered = sorted(payments)
    for size in range(len(ordered) + 1):
        for chosen in combinations(ordered, size):
            yield frozenset(chosen)


def is_simulated(before: Between, after: Between) -> bool:
    """Return whether an edge is a step of the abstract world, whatever is lost in the end."""
    starts = retrieved(before)
    return all(any(is_abstract_step(s, end) for s in starts) for end in retrieved(after))


def is_abstract_step(before: Abstract, after: Abstract) -> bool:
    """Return whether the abstract world ignores, transfers or loses between these two."""
    moved = [n for n in range(len(before)) if before[n] != after[n]]
    match moved:
        case []:
            return True
        case [payer]:
            value = before[payer][0] - after[payer][0]
            lost = after[payer][1] - before[payer][1]
            return value == lost and 0 < value <= before[payer][0]
        case [first, second]:
            return _transfers(before, after, first, second) or _transfers(
                before, after, second, first
            )
        case _:
            return False


def _transfers(before: Abstract, after: Abstract, payer: int, payee: int) -> bool:
    value = before[payer][0] - after[payer][0]
    return (
        0 < value <= before[payer][0]
        and after[payee][0] - before[payee][0] == value
        and before[payer][1] == after[payer][1]
        and before[payee][1] == after[payee][1]
    )
