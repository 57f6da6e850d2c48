"""What a step works on: one till of a world, what was begun there, and how long anything may take."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pos.view import Notice
from protocols.control import Event
from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.trace.words import Row, Teller
from sim.recorder import EVENTS_KEPT, Recorder
from sim.stage.world.banks import BANKS, Banks
from sim.stage.world.equipment import Equipment
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere
from sim.twin import VerbError

LOOK_SECONDS: Final = 0.05
"""How often something awaited is looked at."""


class StepError(Exception):
    """A step did not come out as it says. The message says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a till sent its broker, and how the network let it pass."""

    at_ns: int
    what: str
    passed: str


@dataclass(slots=True, kw_only=True)
class Stage:
    """The world as the people of a scenario see it."""

    world: World
    recorder: Recorder
    requests: list[Request] = field(default_factory=list)
    begun: "asyncio.Task[Notice | None] | None" = None
    """An entry that the till still works on."""
    begun_as: str = ""
    _teller: Teller = field(default_factory=Teller)
    _rows: deque[Row] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))

    def __post_init__(self) -> None:
        self.recorder.listen(lambda event: self._rows.extend(self._teller.tell(event)))

    @property
    def rows(self) -> Iterable[Row]:
        """What passed on every wire from the first step on, in words."""
        return self._rows

    @property
    def till(self) -> TillHere:
        """The till."""
        return self.world.till()

    @property
    def equipment(self) -> Equipment:
        """What stands beside it."""
        return self.world.equipment()

    async def do(self, device: str, verb: str, **arguments: str) -> None:
        """Do something to a device or a bank. Raises: VerbError, OSError."""
        if device in BANKS:
            await self.banks.do(verb, device, **arguments)
        else:
            await self.equipment.do(device, verb, **arguments)

    def state(self, device: str) -> dict[str, Any]:
        """Return what can be seen on a device or at a bank. Raises: VerbError."""
        return self.banks.state(device) if device in BANKS else self.equipment.state(device)

    def history(self, device: str) -> Sequence[Event]:
        """Return what happened to a device or at a bank, oldest first. Raises: VerbError."""
        return self.banks.history(device) if device in BANKS else self.equipment.history(device)

    @property
    def banks(self) -> Banks:
        """The banks behind the broker. Raises: VerbError where there are none."""
        if self.world.banks is None:
            raise VerbError("no bank here: given.banks.hanbit = {} has one")
        return self.world.banks

    async def start_till(self) -> None:
        """Switch the till on, and wait until it knows how its devices are."""
        await self.till.start()
        await self.settled()

    async def settled(self) -> None:
        """Wait until the till knows how its devices are: a hand waits for the lamps, too."""
        await self.till.wired.devices.settled()

    async def until(
        self, holds: Callable[[], bool], within_ns: int, what: Callable[[], str]
    ) -> None:
        """Wait until something is so. Raises: StepError that says what is seen at the end of it."""
        deadline_ns = self.world.clock.monotonic_ns() + within_ns
        while not holds():
            if self.world.clock.monotonic_ns() >= deadline_ns:
                seconds = within_ns / NANOSECONDS_PER_SECOND
                raise StepError(f"waited {seconds:g} s: {what()}; {self.shown()}")
            await asyncio.sleep(LOOK_SECONDS)

    def shown(self) -> str:
        """Return where the till stands, in a few words."""
        if not self.till.running:
            return "the till is off"
        view = self.till.view
        said = view.notice
        words = "nothing" if said is None else f"{said.code} {said.banner}".strip()
        return f"the till shows {view.stage.value}, due {view.due:,}, and says: {words}"

    async def answered(self, within_ns: int) -> Notice | None:
        """Wait for the answer to what was begun. Raises: StepError."""
        task = self.begun
        if task is None:
            raise StepError("nothing was begun, so nothing can be answered")
        await self.until(task.done, within_ns, lambda: f"{self.begun_as} is not answered")
        self.begun = None
        return task.result()
