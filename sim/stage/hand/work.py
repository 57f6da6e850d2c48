"""What is worked by hand: the devices of a plan on real ports, or a whole shop in this program.

Either is recorded and can be held still. The shop has a till with goods that has joined a broker, cards
and equipment, all in memory, in the time of the machine: what is keyed and done can be played again in
virtual time by `ips-sim run`.
"""

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ips.rules import load_rules
from pos.view import Notice, TillView
from protocols.ports import Clock, Entropy
from sim.control import Served
from sim.entropy import SeededEntropy
from sim.hosting.held import Hold
from sim.recorder import Recorder
from sim.stage.bench import Bench
from sim.stage.hand.labels import Language
from sim.stage.plan import Plan
from sim.stage.recording import Watch
from sim.stage.world.given import Given, TillWish
from sim.stage.world.shop import World
from sim.stage.world.wires import MemoryGround


class Work(Protocol):
    """What stands on the bench."""

    @property
    def title(self) -> str:
        """What the screen calls it."""
        ...

    @property
    def watch(self) -> Watch:
        """Its recorder and its hold."""
        ...

    @property
    def devices(self) -> Mapping[str, Served]:
        """Its devices, once it is open."""
        ...

    @property
    def view(self) -> TillView | None:
        """What the till shows; None where there is none."""
        ...

    async def start(self) -> None:
        """Open everything. Raises: OSError, StoreError."""
        ...

    async def stop(self) -> None:
        """Close everything."""
        ...

    async def key(self, entry: str) -> Notice | None:
        """Key an entry into the till; returns what it answers."""
        ...

    def given(self, card: str) -> dict[str, Any] | None:
        """Return what a scenario must be given for this card; None where it has the same already."""
        ...


class PlanWork:
    """The devices of a plan, on real ports."""

    view = None

    def __init__(
        self, plan: Plan, *, title: str, folder: Path, clock: Clock, entropy: Entropy
    ) -> None:
        self.title = title
        self.watch = Watch(Recorder(clock=clock), Hold())
        self._bench: Bench | None = None
        # Ports belong to a loop that runs.
        self._make = partial(
            Bench, plan, folder=folder, clock=clock, entropy=entropy, watch=self.watch
        )

    @property
    def devices(self) -> Mapping[str, Served]:
        """Its devices, once it is open."""
        return {} if self._bench is None else self._bench.devices

    async def start(self) -> None:
        """Open everything. Raises: OSError."""
        self._bench = self._make()
        await self._bench.start()

    async def stop(self) -> None:
        """Close everything."""
        if self._bench is not None:
            await self._bench.stop()

    async def key(self, entry: str) -> Notice | None:
        """There is no till."""
        raise AssertionError("nobody offers an entry line here")

    def given(self, card: str) -> dict[str, Any] | None:
        """Return the balance of a card that lies beside the slots."""
        for device in self.devices.values():
            seen = device.state().state
            if seen.get("card") == card and "balances" in seen["seen"]:
                return {"balance": sum(seen["seen"]["balances"].values())}
        return None


class ShopWork:
    """A whole shop in this program."""

    title = "shop"

    def __init__(self, *, language: Language, seed: int, clock: Clock) -> None:
        self.watch = Watch(Recorder(clock=clock), Hold())
        self._folder = tempfile.TemporaryDirectory(prefix="ips-bench-")
        self._world = World(
            Given(tills=(TillWish(language=language),)),
            folder=Path(self._folder.name),
            clock=clock,
            entropy=SeededEntropy(seed),
            rules=load_rules(),
            ground=MemoryGround(clock),
            watch=self.watch,
        )
        self._open = False

    @property
    def devices(self) -> Mapping[str, Served]:
        """Its devices."""
        return self._world.equipment().devices if self._open else {}

    @property
    def view(self) -> TillView | None:
        """What the till shows."""
        till = self._world.till() if self._open else None
        return till.view if till is not None and till.running else None

    async def start(self) -> None:
        """Open everything. Raises: OSError, StoreError."""
        await self._world.open()
        self._open = True

    async def stop(self) -> None:
        """Close everything; nothing is kept."""
        self.watch_hold().run()
        self._open = False
        await self._world.close()
        self._folder.cleanup()

    async def key(self, entry: str) -> Notice | None:
        """Key an entry into the till."""
        return await self._world.till().key(entry)

    def given(self, card: str) -> dict[str, Any] | None:
        """Nothing: a scenario begins with the same cards."""
        return None

    def watch_hold(self) -> Hold:
        """Return the hold, which is always there."""
        assert self.watch.hold is not None
        return self.watch.hold
