"""What came of a soak: its figures, and what an auditor objected to, with how it came to that."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.entropy import SeededEntropy
from sim.stage.soak.figures import Figures
from sim.stage.soak.given import given
from sim.stage.soak.soak import Log, ObjectedError, Soak, SoakWish
from sim.stage.told import Finding
from sim.stage.world import audit
from sim.stage.world.shop import World
from sim.stage.world.virtual import live

COLLECT_AFTER: Final = 100_000
"""New objects between two of the collector's looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What must never be, and was."""

    step: int
    findings: tuple[Finding, ...]
    tail: tuple[str, ...]
    """The newest lines of the log."""
    places: tuple[str, ...]
    """Where all the money is."""

    def as_json(self) -> dict[str, Any]:
        """Return it, fit for JSON."""
        return {
            "step": self.step,
            "findings": [str(finding) for finding in self.findings],
            "trace": list(self.tail),
            "money": list(self.places),
        }


@dataclass(slots=True, kw_only=True)
class Outcome:
    """A soak as it stands; while it runs, what it has come to so far."""

    wish: SoakWish
    clock: Clock
    """The machine's: how long the soak takes is no part of what happens in it."""
    figures: Figures = field(default_factory=Figures)
    log: Log = field(default_factory=Log)
    complete: bool = False
    objection: Objection | None = None
    hours: float = 0.0
    """That the shop was open so far."""
    began_ns: int = 0
    events: Sequence[str] = ()
    """The names of what happened (Soak.happens)."""

    @property
    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return (self.clock.monotonic_ns() - self.began_ns) / NANOSECONDS_PER_SECOND

    @property
    def pace(self) -> float:
        """Return shop hours a minute."""
        return 60 * self.hours / max(self.seconds, 1e-9)

    def as_json(self) -> dict[str, Any]:
        """Return everything, fit for JSON."""
        return {
            "seed": self.wish.seed,
            "tills": self.wish.tills,
            "hours": self.wish.hours,
            "without": sorted(self.wish.without),
            "only": None if self.wish.only is None else sorted(self.wish.only),
            "complete": self.complete,
            "shop_hours": round(self.hours, 2),
            "seconds": round(self.seconds, 1),
            "shop_hours_per_minute": round(self.pace, 1),
            "log": self.log.digest,
            "objection": None if self.objection is None else self.objection.as_json(),
            **self.figures.as_json(),
        }


def soak(outcome: Outcome, tick: Callable[[], None] = lambda: None) -> None:
    """Soak as was wished, and put down in `outcome` what happens; `tick` is called after every step.

    Raises: KeyboardInterrupt; then `outcome` tells how far it came.
    """
    wish, figures = outcome.wish, outcome.figures
    outcome.began_ns = outcome.clock.monotonic_ns()

    async def story(world: World) -> None:
        made = Soak(
            wish,
            world,
            entropy=SeededEntropy(wish.seed).fork("soak"),
            figures=figures,
            log=outcome.log,
            tick=stepped,
        )

        outcome.events = made.events
        hours.append(made.shop_hours)
        try:
            await made.run()
            outcome.complete = True
        except ObjectedError as error:
            world.broker.start()
            outcome.objection = Objection(
                step=figures.steps,
                findings=tuple(error.findings),
                tail=tuple(outcome.log.tail),
                places=tuple(str(place) for place in audit.places(world)),
            )
        finally:
            outcome.hours = made.shop_hours()

    hours: list[Callable[[], float]] = []

    def stepped() -> None:
        outcome.hours = hours[0]()
        tick()

    def heard(path: str, passing: str) -> None:
        figures.requests[passing] += 1

    with _rare_collections():
        live(story, given=given(wish.tills), seed=wish.seed, heard=heard)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage in circles less often: a world has many objects, and few of them are any."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
