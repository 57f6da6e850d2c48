"""The card that is searched has no narrative, no counters, no PIN and one pocket; the card that is
carried has them all. Goal: what they turn off changes nothing that the properties speak about.

Method: a universe of full cards is walked whole; every state of it is projected (what the search
turned off is struck out), and what can happen next must be, projected, exactly what can happen next
to the bare cards. Two graphs of which this holds are the same graph. T5.
"""

from dataclasses import replace

import pytest

from protocols.purse.image import Flow, Image, Parameters, Personality, first_image
from sim.search.universe import CURRENCY, Scope, State, Universe

_POCKETS = (CURRENCY, 840, 978, 392, 156)
_ELSEWHERE = (70, 60, 50, 40)
"""What stands in the pockets that no transfer of the search names."""


class FullUniverse(Universe):
    """The same world, of cards as they leave the issuer, in the hands of holders who typed their PIN."""

    def _personality(self, name: bytes) -> Personality:
        return replace(
            super()._personality(name),
            currencies=_POCKETS,
            ceilings=(0xFFFF_FFFF, 100, 100, 100, 100),
            narrative_slots=10,
            counting=True,
        )

    def _made(self) -> Image:
        return first_image(
            balances=(self.scope.balance, *_ELSEWHERE),
            pin=bytes.fromhex("241234FFFFFFFFFF"),
            parameters=Parameters(
                transfer_max=50, offline_count_max=20, offline_value_max=60, pin_above=0
            ),
        )

    def _run(self, index: int, image: int, apdu: bytes) -> tuple[int, int]:
        self.purses[index].verified = True
        return super()._run(index, image, apdu)


Projected = tuple[
    tuple[object, ...], frozenset[bytes], frozenset[tuple[bytes, int]], frozenset[bytes]
]


def projected(universe: Universe, state: State) -> Projected:
    """Return a state without what the search turns off, in values that two universes share."""
    images = tuple(_struck(universe.images[number]) for number in state.images)
    messages = frozenset(
        message for bit, message in enumerate(universe.messages) if state.ether >> bit & 1
    )
    width = universe.scope.purses
    archived = frozenset(
        (details, index)
        for number, details in enumerate(universe.payments)
        for index in range(width)
        if state.archive >> (number * width + index) & 1
    )
    paid = frozenset(
        details for number, details in enumerate(universe.payments) if state.paid >> number & 1
    )
    return images, messages, archived, paid


def _struck(image: Image) -> tuple[object, ...]:
    assert image.balances[1:] in (_ELSEWHERE, (0, 0, 0, 0)), "another pocket was touched"
    return (image.life, image.tries, image.status, image.sequence, image.details,
            image.balances[0], image.log)  # fmt: skip


def successors(universe: Universe, state: State) -> frozenset[tuple[int, str, Projected]]:
    """Return what can happen next: who, what, and the projected state it leads to."""
    return frozenset(
        (step.purse, step.label, projected(universe, step.target)) for step in universe.after(state)
    )


@pytest.mark.parametrize(
    ("scope", "states"),
    [
        (Scope(late=False, claims=False), 1_189),
        (Scope(), 2_646),
        (Scope(flow=Flow.ORIGINAL, late=False, claims=False), 2_231),
    ],
    ids=["offer", "recommended", "original"],
)
def test_the_full_card_walks_the_graph_of_the_card_that_is_searched(
    scope: Scope, states: int
) -> None:
    bare, full = Universe(scope), FullUniverse(scope)
    pairs = [(bare.first(), full.first())]
    bare_of = {projected(bare, bare.first()): bare.first()}
    seen = {full.first()}
    following: dict[State, frozenset[tuple[int, str, Projected]]] = {}

    while pairs:
        small, large = pairs.pop()
        assert projected(full, large) == projected(bare, small)
        if small not in following:
            following[small] = successors(bare, small)
            bare_of |= {projected(bare, step.target): step.target for step in bare.after(small)}
        assert successors(full, large) == following[small]
        for step in full.after(large):
            if step.target not in seen:
                seen.add(step.target)
                pairs.append((bare_of[projected(full, step.target)], step.target))

    assert len(following) == states
    assert len(seen) >= states
    assert any(image.narrative and image.offline_count for image in full.images)
