"""Where worlds on real wires stand, one after the other: ports, readers, a clock that can skip, processes."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ips.rules import Rules
from protocols.ports import Clock
from sim.entropy import SeededEntropy
from sim.recorder import Recorder
from sim.stage.recording import Watch
from sim.stage.world.given import Given
from sim.stage.world.loop import SkippingClock, SkippingLoop
from sim.stage.world.network import Heard
from sim.stage.world.served import BrokerServed
from sim.stage.world.shop import STORES, World
from sim.stage.world.wires import Ground, Wire, standing

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """One ground for many worlds."""

    wire: Wire
    folder: Path
    machine: Clock
    clock: SkippingClock
    ground: Ground

    def live(
        self,
        story: Callable[[World], Awaitable[T]],
        *,
        given: Given,
        seed: int,
        rules: Rules,
        heard: Heard = lambda *_: None,
        recorded: Callable[[Recorder], None] | None = None,
    ) -> T:
        """Open a world, have a story happen in it, close it. Raises: what the story raises, OSError."""

        async def told() -> T:
            recorder = None if recorded is None else Recorder(clock=self.clock, program="world")
            if recorded is not None and recorder is not None:
                recorded(recorder)
            entropy = SeededEntropy(seed)
            world = World(
                given,
                folder=place,
                clock=self.clock,
                entropy=entropy,
                rules=rules,
                ground=self.ground,
                heard=heard,
                watch=None if recorder is None else Watch(recorder),
                wire=self.wire,
                broker=BrokerServed(
                    place / "broker",
                    clock=self.clock,
                    machine=self.machine,
                    entropy=entropy.fork("broker"),
                    rules=rules,
                    stores=STORES,
                ),
                passes=self.clock.skip,
            )
            async with world:
                return await story(world)

        with tempfile.TemporaryDirectory(prefix="world-", dir=self.folder) as made:
            place = Path(made)
            with asyncio.Runner(loop_factory=lambda: SkippingLoop(self.clock)) as runner:
                return runner.run(told())


@contextmanager
def opened(wire: Wire, *, machine: Clock) -> Iterator[Street]:
    """Open real wires for a while. Raises: OSError with what is missing."""
    assert wire.real, "memory is sim.stage.world.virtual's"
    clock = SkippingClock(machine)
    with tempfile.TemporaryDirectory(prefix="ips-street-") as made:
        folder = Path(made)
        with standing(wire, folder=folder, clock=clock) as ground:
            yield Street(wire=wire, folder=folder, machine=machine, clock=clock, ground=ground)
