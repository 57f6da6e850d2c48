"""A soak: a world, its actors, and one log of steps that follows from the seed alone.

    a day     tills are switched on; everybody acts until the evening; the trade goes home; the world comes
              to rest (what was broken is put right, who left comes back); the auditors look; night
    a step    one line of the log: when, who, what. After each one the auditors look at what is new

Whatever an auditor objects to ends the soak there: seed, step and the log's newest lines say how it
came to that, `places` where the money is.
"""

import asyncio
import hashlib
import traceback
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NoReturn

from protocols.ports import NANOSECONDS_PER_SECOND
from sim.entropy import SeededEntropy
from sim.stage.soak.dice import Dice
from sim.stage.soak.figures import SHOP, Figures
from sim.stage.soak.registry import Kind, kinds
from sim.stage.soak.watch import Watch
from sim.stage.told import Finding
from sim.stage.world import audit
from sim.stage.world.life import KilledError
from sim.stage.world.rest import UnrestError, rest
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere

OPEN_HOURS: Final = 14
"""Of a shop's day."""
DAY_SECONDS: Final = 24 * 3_600
JANITOR_SECONDS: Final = 60.0
"""Between two looks of the broker at what did not end; nobody waits for it here."""
TAIL_MAX: Final = 60
"""Lines of the log that are kept for whoever has to find out what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakWish:
    """What is soaked, and for how long."""

    seed: int
    hours: int
    """The shop is open, in all."""
    tills: int
    without: frozenset[str] = frozenset()
    """Who and what stays away (registry.MODULES)."""
    only: frozenset[str] | None = None
    """What happens of all that is drawn, by name (Soak.happens); None: everything."""


class ObjectedError(Exception):
    """An auditor objects; the findings say to what, and where the money is."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


@dataclass(slots=True)
class Log:
    """The lines of a soak: counted, condensed, the newest kept, all of them given to whoever wants them."""

    write: Callable[[str], None] = lambda line: None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_MAX))
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, line: str) -> None:
        """Add a line."""
        self.tail.append(line)
        self._digest.update(line.encode() + b"\n")
        self.write(line)

    @property
    def digest(self) -> str:
        """Return what all lines come to: equal logs have equal ones."""
        return str(self._digest.hexdigest())[:16]


class Soak:
    """The whole of it, for one world."""

    def __init__(
        self,
        wish: SoakWish,
        world: World,
        *,
        entropy: SeededEntropy,
        figures: Figures,
        log: Log,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """`tick` is called after every step: a progress display looks at the figures."""
        self.wish = wish
        self.world = world
        self.figures = figures
        self.log = log
        self.watch = Watch(world, figures)
        world.broker.look_seconds = JANITOR_SECONDS
        self.closing_ns = 0
        """When the shop closes today."""
        self.events: list[str] = []
        """The names of what happened."""
        self._entropy = entropy
        self._tick = tick
        self._kinds = [kind for name, kind in kinds().items() if name not in wish.without]
        self._broken: list[str] = []
        self._drawn: Counter[tuple[str, str]] = Counter()
        self._morning_ns = 0
        self._waiting: dict[str, list[tuple[str, asyncio.Future[None]]]] = {}
        for terminal, till in world.tills.items():
            till.viewed = partial(self._viewed, terminal)

    # What actors use

    @property
    def now_ns(self) -> int:
        """Return the world's monotonic time."""
        return self.world.clock.monotonic_ns()

    def is_open(self) -> bool:
        """Say whether customers still come in."""
        return self.now_ns < self.closing_ns

    def dice(self, name: str) -> Dice:
        """Return an actor's own luck, the same for each of its days."""
        return Dice(self._entropy.fork(f"{name} on day {self.figures.days}"))

    def happens(self, what: str, terminal: str = "") -> Dice | None:
        """Return the luck of something that was drawn; None where it is left out of a soak that is being shrunk.

        What happens in it is drawn from that alone: left out, it shifts nobody's luck.
        """
        self._drawn[what, terminal] += 1
        name = f"{self.figures.days}:{what}:{terminal}:{self._drawn[what, terminal]}"
        only = self.wish.only
        if only is not None and name not in only:
            return None
        self.events.append(name)
        return self.dice(name)

    def state_of(self, terminal: str) -> str:
        """Return what a till is doing, as one of figures.STATES."""
        if not terminal:
            return SHOP
        till = self.world.till(terminal)
        return "off" if not till.running else _doing(till)

    async def when(self, terminal: str, state: str, *, patience: float) -> None:
        """Wait until a till is in a state, or until patience ends."""
        if self.state_of(terminal) == state:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(terminal, [])
        waiting.append((state, reached))
        try:
            async with asyncio.timeout(patience):
                await reached
        except TimeoutError:
            return
        finally:
            waiting.remove((state, reached))

    def met(self, fault: str, terminal: str = "", *, state: str = "") -> None:
        """Count a fault: in the state that its till is in now, unless it is known to come in another."""
        self.figures.faults[fault, state or self.state_of(terminal)] += 1

    def recovered(self, how: str) -> None:
        """Count something that was put right."""
        self.figures.recoveries[how] += 1

    def step(self, who: str, what: str) -> None:
        """Add a line to the log and let the auditors look. Raises: ObjectedError."""
        self.figures.steps += 1
        seconds = self.now_ns / NANOSECONDS_PER_SECOND
        self.log.add(f"{self.figures.steps:>7} {seconds:>13.3f} {who:<14} {what}")
        if self._broken:
            raise ObjectedError([_failed(self._broken[0])])
        self._demand(self.watch.look())
        self._tick()

    def demand_drawer(self, terminal: str, amount: int) -> None:
        """Compare what lies in a drawer with its journal. Raises: ObjectedError."""
        self._demand(self.watch.counted(terminal, amount))

    def stuck(self, who: str, what: str, till: TillHere) -> NoReturn:
        """Say that somebody cannot go on, whatever is keyed. Raises: ObjectedError."""
        notice = till.view.notice if till.running else None
        says = "nothing" if notice is None else f"{notice.code} {notice.banner}".strip()
        raise ObjectedError(
            [
                Finding(
                    auditor="going on",
                    where=who,
                    what=f"{what}; the till says: {says}",
                    money="where journals, purses and drawers say",
                )
            ]
        )

    # The days

    async def run(self) -> None:
        """Soak for as long as was wished. Raises: ObjectedError."""
        asyncio.get_running_loop().set_exception_handler(self._heard_of)
        left = self.wish.hours * 3_600
        while left > 0:
            today = min(left, OPEN_HOURS * 3_600)
            await self._day(today)
            left -= today
            if left > 0:
                await self._night(today)
        self.step("auditors", "look at everything, from the first record on")
        self._demand(self.watch.end())

    async def _day(self, seconds: int) -> None:
        self.figures.days += 1
        self._drawn.clear()
        self.watch.morning()
        for till in self.world.tills.values():
            await till.start()
        self._morning_ns = self.now_ns
        self.closing_ns = self.now_ns + seconds * NANOSECONDS_PER_SECOND
        self.step("shop", f"opens on day {self.figures.days}")
        await self._act()
        self.figures.hours += (self.now_ns - self._morning_ns) / NANOSECONDS_PER_SECOND / 3_600
        self._morning_ns = 0
        self.step("shop", "closes")
        try:
            await rest(self.world)
            settled = await audit.settle(self.world) if self.world.banks else []
        except UnrestError as error:
            raise ObjectedError([_unrest(error)]) from error
        self.step("auditors", "look at the day")
        self._demand(self.watch.night(settled))

    async def _night(self, opened: int) -> None:
        for till in self.world.tills.values():
            await till.stop()
        await asyncio.sleep(max(0, DAY_SECONDS - opened))

    async def _act(self) -> None:
        """Let everybody act until the trade has gone home."""
        trade: list[asyncio.Task[None]] = []
        others: list[asyncio.Task[None]] = []
        try:
            async with asyncio.TaskGroup() as group:
                for kind in self._kinds:
                    for name, living in self._made(kind):
                        task = group.create_task(living, name=name)
                        (trade if kind.trade else others).append(task)
                await _all_done(trade)
                for task in others:
                    task.cancel()
        except BaseExceptionGroup as errors:
            raise _objection_in(errors) from errors

    def _made(self, kind: Kind) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        terminals = list(self.world.tills) if kind.each_till else [""]
        return [
            (f"{kind.name} {terminal}".strip(), kind.make(self, terminal).live())
            for terminal in terminals
        ]

    def shop_hours(self) -> float:
        """Return how long the shop was open so far."""
        if not self._morning_ns:
            return self.figures.hours
        today = (self.now_ns - self._morning_ns) / NANOSECONDS_PER_SECOND / 3_600
        return self.figures.hours + today

    def _viewed(self, terminal: str) -> None:
        """Wake whoever waits for what a till does now."""
        for state, reached in self._waiting.get(terminal, ()):
            if not reached.done() and self.state_of(terminal) == state:
                reached.set_result(None)

    def _demand(self, findings: list[Finding]) -> None:
        if findings:
            raise ObjectedError(findings)

    def _heard_of(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Keep what nobody caught: a program of the world has failed."""
        error = context.get("exception")
        if isinstance(error, KilledError):
            return  # A till's callback looked at a task that had died with it.
        what = context.get("message", "")
        self._broken.append(f"{what}: {type(error).__name__}: {error}" if error else str(what))


def _doing(till: TillHere) -> str:
    view = till.view
    match view.stage.value:
        case "closed" | "counted" as stage:
            return str(stage)
        case "tender":
            return "paying"
        case _:
            if view.lines:
                return "basket"
            return "printing" if view.paper_waiting else "idle"


async def _all_done(tasks: list[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks)


def _objection_in(errors: BaseExceptionGroup[BaseException]) -> ObjectedError:
    """Return the objection among them; what is none is a program that failed under somebody's hands."""
    leaves = list(_leaves(errors))
    for error in leaves:
        if isinstance(error, ObjectedError):
            return error
    error = leaves[0]
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{last.filename}:{last.lineno}"
    return ObjectedError([_failed(f"{type(error).__name__} at {place} {error}".strip())])


def _leaves(errors: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _failed(what: str) -> Finding:
    return Finding(
        auditor="programs",
        where="a program of the world",
        what=f"has failed: {what}",
        money="where journals, purses and drawers say",
    )


def _unrest(error: UnrestError) -> Finding:
    return Finding(
        auditor="rest",
        where="the shop after closing time",
        what=str(error),
        money="where journals, purses and drawers say; something waits for ever",
    )
