"""Who acts in a soak. A later part of the product adds its people and its troubles here: a module in
`actors` with a class that acts, and a `Kind` in the table below.

    each till   one of it per till, told which        otherwise one for the whole shop
    trade       the day is over when all of these have gone home; the others are sent home then
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
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


MODULES: Final = ("clerk", "customer", "equipment", "network", "broker", "killer")


def kinds() -> dict[str, Kind]:
    """Return all kinds of actors by name, in the order in which they begin a day."""
    made = (importlib.import_module(f"sim.stage.soak.actors.{name}").KIND for name in MODULES)
    return {kind.name: kind for kind in made}
