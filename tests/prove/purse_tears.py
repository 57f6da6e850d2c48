"""Every byte of every commit of every state of the recommended universe, cut; many of them twice."""

from sim.search.commits import commits_of
from sim.search.tearing import sweep
from sim.search.universe import Scope

NAME = "purse: power gone at every byte of every commit"
UNITS = 20


def run(unit: int) -> dict[str, int]:
    """Cut every twentieth commit, one in eleven of them at every pair of bytes."""
    found = sweep(list(commits_of(Scope()))[unit::UNITS], twice_every=11)
    assert found.bad == 0, found.first
    return {"commits": found.commits, "cuts": found.cuts}
