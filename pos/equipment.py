"""What the till expects of its equipment; which devices these are, pos.wiring decides.

Nothing here gates a sale: a drawer that stays shut and a display that is gone are told to the clerk,
a paper that did not come out waits. A silent device is its own answer, never "fine".
"""

from enum import Enum
from typing import Protocol


class Kick(Enum):
    """What became of the pulse to the drawer."""

    OPENED = "opened"
    """The drawer's contact said so, or the pulse left and this drawer has no contact."""
    STUCK = "stuck"
    """It did not open, or the printer that it hangs off cannot be reached."""
    ABSENT = "absent"
    """No drawer is configured."""


class Came(Enum):
    """What became of a paper."""

    OUT = "out"
    """The printer proved that it came out."""
    NOT_OUT = "not_out"
    """Surely not one line of it came out."""
    UNSURE = "unsure"
    """Nobody knows: the clerk looks."""


class Drawer(Protocol):
    """A cash drawer."""

    async def kick(self, *, deadline_ns: int) -> Kick:
        """Open it, before the monotonic deadline."""
        ...


class Display(Protocol):
    """A customer display of two lines."""

    def show(self, upper: str, lower: str) -> None:
        """Show two lines; never waits and never fails."""
        ...


class Printer(Protocol):
    """A receipt printer."""

    async def print_job(self, data: bytes, *, job: int, deadline_ns: int) -> Came:
        """Print one paper, before the monotonic deadline."""
        ...


class NoDrawer:
    """No drawer is configured."""

    async def kick(self, *, deadline_ns: int) -> Kick:
        """Say so."""
        return Kick.ABSENT


class NoDisplay:
    """No display is configured."""

    def show(self, upper: str, lower: str) -> None:
        """Show nobody anything."""
