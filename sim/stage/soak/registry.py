"""Who acts in a soak, and what they do. A later part of the product adds its own here: a module in `actors`
with a class that acts, or one in `moves` with what clerks and customers do, and its name in a table below.

    each till   one of it per till, told which        otherwise one for the whole shop
    trade       the day is over when all of these have gone home; the others are sent home then
"""

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from sim.stage.soak.actors.hands import Hands
    from sim.stage.soak.dice import Dice
    from sim.stage.soak.soak import Soak


class Actor(Protocol):
    """Somebody, or something that goes wrong."""

    async def live(self) -> None:
        """Act for one shop day. Raises: ObjectedError, by way of `Soak.step`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of actor."""

    name: str
    make: "Callable[[Soak, str], Actor]"
    """Makes one, told its till; empty for the whole shop's."""
    each_till: bool
    trade: bool = False
    faults: tuple[str, ...] = ()
    """What it lets go wrong: the rows of the coverage."""


class Moment(Enum):
    """When a clerk makes a move."""

    BASKET = "basket"
    """Goods are in the basket, and nothing is paid."""
    PAYING = "paying"
    """Something is due: the first move that is drawn pays, or a part of it; what is left is paid in cash."""
    PART_PAID = "part paid"
    """A part is paid, and something is due."""
    BETWEEN = "between"
    """No sale is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that a clerk does with a customer; the drawer is as `Hands.drawer` says afterwards."""

    name: str
    moment: Moment
    per_mille: int
    """How often, of a thousand such moments."""
    make: "Callable[[Hands, Dice], Awaitable[None]]"
    """Does it at a till, drawing from a stream of its own. Raises: ObjectedError."""


ACTORS: Final = (
    "clerk",
    "customer",
    "equipment",
    "network",
    "broker",
    "bank",
    "payment_terminal",
    "killer",
)
MOVES: Final = ("purse", "bank_cards", "terminal_card", "members", "corrections", "besides")
MODULES: Final = (*ACTORS, *MOVES)
"""Who and what may stay away."""


def kinds() -> dict[str, Kind]:
    """Return all kinds of actors by name, in the order in which they begin a day."""
    made = (importlib.import_module(f"sim.stage.soak.actors.{name}").KIND for name in ACTORS)
    return {kind.name: kind for kind in made}


def moves(without: frozenset[str] = frozenset()) -> list[Move]:
    """Return what clerks do, in the order in which it is drawn; of some modules nothing."""
    return [
        move
        for name in MOVES
        if name not in without
        for move in importlib.import_module(f"sim.stage.soak.moves.{name}").MOVES
    ]
