"""A world in virtual time: the same story from the same seed, on every machine and every hash seed."""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from ips.rules import Rules, load_rules
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.recorder import Recorder
from sim.stage.recording import Watch
from sim.stage.world.given import Given
from sim.stage.world.network import Heard
from sim.stage.world.shop import World
from sim.stage.world.wires import MemoryGround

T = TypeVar("T")
_FAST: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
"""Memory that looks like a disk: virtual time does not wait for a real one."""


def live(
    story: Callable[[World], Awaitable[T]],
    *,
    given: Given | None = None,
    seed: int = 0,
    folder: Path | None = None,
    rules: Rules | None = None,
    heard: Heard = lambda *_: None,
    recorded: Callable[[Recorder], None] | None = None,
) -> T:
    """Open a world, have a story happen in it, close it. `folder` keeps its files; None keeps none.

    `recorded` is given the recorder of everything on every wire before anything happens.
    Raises: what the story raises.
    """

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> T:
        recorder = None if recorded is None else Recorder(clock=clock, program="world")
        if recorded is not None and recorder is not None:
            recorded(recorder)
        world = World(
            given or Given(),
            folder=place,
            clock=clock,
            entropy=entropy,
            rules=rules or load_rules(),
            ground=MemoryGround(clock),
            heard=heard,
            watch=None if recorder is None else Watch(recorder),
        )
        async with world:
            return await story(world)

    fast = _FAST if _FAST.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="ips-world-", dir=fast) as made:
        place = folder or Path(made)
        return run(told, seed=seed)
