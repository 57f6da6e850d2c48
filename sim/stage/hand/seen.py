"""Everything that the bench's screen shows, taken at one moment: values only, so that it can be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pos.view import TillView
from protocols.control import DeviceState, VerbHelp
from protocols.trace.words import Row as Told

TILL: Final = "till"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The bench, as it is now."""

    title: str
    devices: Sequence[DeviceState] = ()
    till: TillView | None = None
    """Of a whole shop; a plan's devices stand alone."""
    paper: str = ""
    """Of the chosen printer."""
    told: Sequence[Told] = ()
    """The trace in words, the newest last."""
    paused: bool = False
    waiting: int = 0
    next: str = ""
    """What a step would let pass."""
    elapsed_ns: int = 0
    deeds: int = 0

    def names(self) -> list[str]:
        """Return what can be chosen, in the order of the screen."""
        return [*([TILL] if self.till is not None else []), *(each.name for each in self.devices)]

    def device(self, name: str) -> DeviceState | None:
        """Return a device; None for the till."""
        return next((each for each in self.devices if each.name == name), None)

    def verbs(self, name: str) -> Sequence[VerbHelp]:
        """Return what can be done to what has this name."""
        device = self.device(name)
        return () if device is None else device.verbs
