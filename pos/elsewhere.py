"""What other tills of the store have put aside, and sold: asked of the broker, with a short deadline.

A till without a line, or whose broker is away, knows only what it holds itself; a clerk never waits for
more than one question. Implementations of Elsewhere are NowhereElse and AtBroker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from pos.store.held import HeldBasket

if TYPE_CHECKING:
    from pos.broker_client import BrokerClient
    from protocols.broker import HeldSale, SaleAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """What the broker says is held."""

    baskets: Sequence[HeldBasket] = ()
    """What can be gone on with, the oldest first, without its events."""
    gone: Sequence[str] = ()
    """What we held and another till went on with."""


class Taken(Enum):
    """Why a basket is not ours."""

    BY_ANOTHER = "by_another"
    NOBODY_KNOWS = "nobody_knows"
    """No answer, or the broker has not heard of it yet: our own copy, if we have one, is good."""


class Elsewhere(Protocol):
    """Other tills of the store."""

    async def held(self) -> There:
        """Return what is held; nothing where nobody answers."""
        ...

    async def take(self, hold: str, sale: str) -> HeldBasket | Taken:
        """Ask for a basket for the sale of that name; whoever gets it is the only one who does."""
        ...

    async def sale(self, order: str) -> "SaleAnswer | None":
        """Return a closed sale and what came back of it; None where nobody knows or answers."""
        ...


class NowhereElse:
    """A till without a broker."""

    async def held(self) -> There:
        """Nothing is known of other tills."""
        return There()

    async def take(self, hold: str, sale: str) -> HeldBasket | Taken:
        """Nobody gives anything."""
        return Taken.NOBODY_KNOWS

    async def sale(self, order: str) -> "SaleAnswer | None":
        """Nobody knows."""
        return None


class AtBroker:
    """The broker knows; where it does not answer, nothing is known."""

    def __init__(self, client: "BrokerClient") -> None:
        self._client = client

    async def held(self) -> There:
        """Return what is held; nothing where nobody answers."""
        from protocols.broker import HeldAnswer

        answer = await self._client.held()
        if not isinstance(answer, HeldAnswer):
            return There()
        return There(baskets=[_basket(row) for row in answer.rows], gone=answer.gone)

    async def take(self, hold: str, sale: str) -> HeldBasket | Taken:
        """Ask for a basket for the sale of that name; after silence once more, under that name."""
        from pos.broker_link import Refused, Silent
        from protocols.broker import HeldSale

        answer = await self._client.take_held(hold, sale)
        if isinstance(answer, Silent):
            answer = await self._client.take_held(hold, sale)
        if isinstance(answer, HeldSale):
            return _basket(answer)
        by_another = isinstance(answer, Refused) and answer.problem.error == "taken"
        return Taken.BY_ANOTHER if by_another else Taken.NOBODY_KNOWS

    async def sale(self, order: str) -> "SaleAnswer | None":
        """Return a closed sale and what came back of it; None where nobody knows or answers."""
        from protocols.broker import SaleAnswer

        answer = await self._client.sale(order)
        return answer if isinstance(answer, SaleAnswer) else None


def _basket(row: "HeldSale") -> HeldBasket:
    return HeldBasket(
        hold=row.hold,
        label=row.label,
        total=row.total,
        pieces=row.pieces,
        held_ns=row.held_ns,
        events=row.basket,
    )
