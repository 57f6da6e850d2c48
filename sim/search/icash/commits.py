"""Every commit that a search of ICash meets: what the tear sweep cuts."""

from collections.abc import Iterator

from protocols.icash.card import IcashCard
from protocols.icash.module import IcashModule
from protocols.purse.memory import Memory
from sim.search.icash.world import IcashScope, IcashWorld
from sim.search.tearing import Answering, Commit


def icash_commits_of(scope: IcashScope) -> Iterator[Commit]:
    """Walk a world, then yield every distinct (side, image, opening, command) that committed."""
    world = IcashWorld(scope)
    seen = {world.first()}
    frontier = list(seen)
    while frontier:
        for step in world.after(frontier.pop()):
            if step.target not in seen:
                seen.add(step.target)
                frontier.append(step.target)
    for side, image, opening, apdu in list(world.ran):
        yield _commit(world, side, image, opening, apdu)


def _commit(world: IcashWorld, side: int, image: int, opening: bytes, apdu: bytes) -> Commit:
    def powered(memory: Memory) -> Answering:
        """Make the side anew; what a reader says first is part of getting there."""
        made = world.sides[side]
        fresh: IcashCard | IcashModule
        match made:
            case IcashCard():
                fresh = IcashCard(made.personality, memory, world.suite)
            case IcashModule():
                fresh = IcashModule(made.personality, memory, world.suite)
        fresh.selected = True
        if opening:
            fresh.handle(opening)
        return fresh

    label = f"{world.who(side)}, command {apdu[:4].hex()}"
    return Commit(card=powered, before=world.bodies[image], apdu=apdu, label=label)
