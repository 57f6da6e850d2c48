"""Every commit that a search of the purse meets: what the tear sweep cuts.

The universe is walked whole; whenever the production class changes its image, the card, the image and
the command are kept. Images that a message of the universe could reach only in another order are
there as well, so this is a little more than what is reachable.
"""

from collections.abc import Iterator

from protocols.purse.card import Purse
from protocols.purse.image import decode_image
from protocols.purse.memory import Memory
from sim.search.tearing import Answering, Commit
from sim.search.universe import Scope, Universe


class _Recording(Universe):
    """A universe that keeps what its cards committed."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.ran: dict[tuple[int, int, bytes], None] = {}

    def _run(self, index: int, image: int, apdu: bytes) -> tuple[int, int]:
        target, sent = super()._run(index, image, apdu)
        if target != image:
            self.ran[index, image, apdu] = None
        return target, sent

    def commit(self, index: int, image: int, apdu: bytes) -> Commit:
        body = self._image_bytes[image]
        status = decode_image(body).status
        label = f"{self.names[index][:1].decode()} in status {status}, command {apdu[:4].hex()}"
        return Commit(
            card=lambda memory: self._card(index, memory), before=body, apdu=apdu, label=label
        )

    def _card(self, index: int, memory: Memory) -> Answering:
        purse = Purse(self.purses[index].personality, memory, self.suite)
        purse.selected = True
        return purse


def commits_of(scope: Scope) -> Iterator[Commit]:
    """Walk a universe, then yield every distinct (card, image, command) that changed the image."""
    universe = _Recording(scope)
    seen = {universe.first()}
    frontier = list(seen)
    while frontier:
        state = frontier.pop()
        for step in universe.after(state):
            if step.target not in seen:
                seen.add(step.target)
                frontier.append(step.target)
    for index, image, apdu in list(universe.ran):
        yield universe.commit(index, image, apdu)
