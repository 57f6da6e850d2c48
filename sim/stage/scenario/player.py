"""Plays one scenario in one world: the people's steps, the fault schedule beside them, the auditors.

    open -> when, step by step; faults at their times -> what was begun ends -> rest -> auditors -> then
                  | after every step: no purse may have made or lost value, no key moved twice

The first step that fails ends the play; rest, auditors and the report follow in any case, because
where the money is matters most then.
"""

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ips.rules import Rules, load_rules
from protocols.ports import Clock
from protocols.trace.events import Trace
from sim.entropy import SeededEntropy
from sim.recorder import Recorder
from sim.stage.scenario.checks import Check
from sim.stage.scenario.faults import Scheduled
from sim.stage.scenario.language import Placed, Scenario
from sim.stage.scenario.outcome import Failure, Outcome, Sight, see
from sim.stage.scenario.stage import Request, Stage, StepError
from sim.stage.told import Finding
from sim.stage.world import audit
from sim.stage.world.rest import UnrestError, rest
from sim.stage.world.shop import World
from sim.stage.world.street import Street
from sim.stage.world.virtual import live
from sim.stage.world.wires import Wire
from sim.twin import VerbError

NS_PER_S: Final = 1_000_000_000
BEGUN_NS: Final = 120 * NS_PER_S
"""How long what was begun may still take when everybody is done."""
_EXPECTED: Final = (StepError, UnrestError, VerbError, OSError)


def schedule_of(scenario: Scenario, seed: int) -> tuple[Scheduled, ...]:
    """Return what will go wrong: what is written down, and what the seed draws."""
    drawn: tuple[Scheduled, ...] = ()
    if scenario.storm is not None:
        drawn = scenario.storm.draw(SeededEntropy(seed).fork("storm"))
    return tuple(sorted((*scenario.faults, *drawn), key=lambda each: each.at_ns))


def play(
    scenario: Scenario,
    *,
    seed: int | None = None,
    schedule: tuple[Scheduled, ...] | None = None,
    rules: Rules | None = None,
    folder: Path | None = None,
) -> Outcome:
    """Play in memory, in virtual time. `schedule` takes the place of the scenario's own."""
    number = scenario.seed if seed is None else seed
    playing = _Playing(scenario, Wire.MEMORY, number, schedule)
    return playing.of(
        lambda: live(
            playing.story,
            given=scenario.given,
            seed=number,
            folder=folder,
            rules=rules or load_rules(),
            heard=playing.heard,
            recorded=playing.recorded,
        )
    )


def play_on(
    street: Street, scenario: Scenario, *, seed: int | None = None, rules: Rules | None = None
) -> Outcome:
    """Play on real wires, with a broker of its own process, as fast as these are."""
    number = scenario.seed if seed is None else seed
    playing = _Playing(scenario, street.wire, number, None)
    return playing.of(
        lambda: street.live(
            playing.story,
            given=scenario.given,
            seed=number,
            rules=rules or load_rules(),
            heard=playing.heard,
            recorded=playing.recorded,
        )
    )


class _Playing:
    """One play, and what is noted of it on the way."""

    def __init__(
        self,
        scenario: Scenario,
        wire: Wire,
        seed: int,
        schedule: tuple[Scheduled, ...] | None,
    ) -> None:
        self._scenario = scenario
        self._outcome = Outcome(
            label=scenario.label,
            file=str(scenario.file),
            wire=wire.value,
            seed=seed,
            schedule=schedule_of(scenario, seed) if schedule is None else schedule,
        )
        self._requests: list[Request] = []
        self._clock: Clock | None = None
        self._recorder: Recorder | None = None

    def of(self, lived: Callable[[], None]) -> Outcome:
        """Return what came of it, whatever is raised: that is what was looked for."""
        try:
            lived()
        except Exception:  # noqa: BLE001 - see above
            self._outcome.failures.append(_crash(0))
        if self._recorder is not None:
            self._outcome.trace = Trace(self._recorder.header, self._recorder.events())
        return self._outcome

    async def story(self, world: World) -> None:
        """Have it happen."""
        assert self._recorder is not None, "it is there before the world"
        self._clock = world.clock
        stage = Stage(world=world, recorder=self._recorder, requests=self._requests)
        await _perform(self._scenario, stage, self._outcome)

    def recorded(self, recorder: Recorder) -> None:
        """Take the recorder of everything that passes."""
        self._recorder = recorder

    def heard(self, what: str, passed: str) -> None:
        """Note what a till asks its broker, from when there is a clock to tell it by."""
        if self._clock is not None:
            self._requests.append(Request(self._clock.monotonic_ns(), what, passed))


async def _perform(scenario: Scenario, stage: Stage, outcome: Outcome) -> None:
    """Play a scenario in an open world, and note what came of it."""
    await stage.settled()
    acting = _Acting(scenario, stage, outcome.schedule, outcome)
    outcome.began_ns = stage.world.clock.monotonic_ns()
    outcome.trace_began_ns = stage.recorder.now_ns()
    beside = asyncio.create_task(acting.break_things(), name="faults")
    try:
        await acting.act()
        await acting.end(beside)
        await acting.come_to_rest()
        acting.look()
    finally:
        beside.cancel()
        await asyncio.wait([beside])
        outcome.took_ns = stage.world.clock.monotonic_ns() - outcome.began_ns
        see(outcome, stage, acting.sights)


@dataclass(slots=True)
class _Acting:
    """The people of a scenario, at work."""

    scenario: Scenario
    stage: Stage
    faults: tuple[Scheduled, ...]
    outcome: Outcome
    sights: list[Sight] = field(default_factory=list)

    async def act(self) -> None:
        """Do what is written under `when`, up to the first step that fails."""
        for placed in self.scenario.when:
            self._note("step", f"line {placed.line}: {placed.text}")
            if not await self._one(placed):
                return
            if findings := audit.now(self.stage.world):
                self._objects(findings, placed.line)
                return

    async def break_things(self) -> None:
        """Let go wrong what is scheduled, each at its time."""
        clock = self.stage.world.clock
        began_ns = clock.monotonic_ns()
        for fault in self.faults:
            await asyncio.sleep(max(0, began_ns + fault.at_ns - clock.monotonic_ns()) / NS_PER_S)
            try:
                await fault.step.play(self.stage)
                self._note("fault", fault.text)
            except _EXPECTED as error:
                # A drawn fault may find nothing that it could break.
                if not fault.drawn:
                    self._fails("step", fault.line, str(error))
            except Exception:  # noqa: BLE001 - whatever a program raises is what was looked for
                self._crashes(fault.line)

    async def end(self, beside: "asyncio.Task[None]") -> None:
        """Let the schedule run out, and what was begun come to its end."""
        if self.outcome.passed:
            await asyncio.wait([beside])
        if self.stage.begun is None:
            return
        try:
            await self.stage.answered(BEGUN_NS)
        except StepError as error:
            self._fails("step", 0, f"it does not end: {error}")

    async def come_to_rest(self) -> None:
        """Put everything right, and have everything audited."""
        self._note("step", "everything is put right, every card comes back")
        try:
            await rest(self.stage.world)
        except UnrestError as error:
            self._fails("unrest", 0, str(error))
        except _EXPECTED as error:
            self._fails("unrest", 0, f"it cannot be put right: {error}")
        except Exception:  # noqa: BLE001 - whatever a program raises is what was looked for
            self._crashes(0)
            return
        self._objects(audit.at_rest(self.stage.world), 0)
        for crash in self.stage.world.crashes:
            self._fails("crash", 0, "".join(traceback.format_exception(crash, limit=-6)).strip())

    def look(self) -> None:
        """Look for what is written under `then`."""
        for placed in self.scenario.then:
            assert isinstance(placed.step, Check), "the reader takes nothing else"
            try:
                placed.step.demand(self.stage)
            except StepError as error:
                self._fails("check", placed.line, str(error))

    async def _one(self, placed: Placed) -> bool:
        try:
            await placed.step.play(self.stage)
        except _EXPECTED as error:
            self._fails("step", placed.line, str(error))
            return False
        except Exception:  # noqa: BLE001 - whatever a program raises is what was looked for
            self._crashes(placed.line)
            return False
        return True

    def _objects(self, findings: list[Finding], line: int) -> None:
        for finding in findings:
            self._fails(
                finding.auditor,
                line,
                f"{finding.where}: {finding.what}. The money: {finding.money}",
            )

    def _crashes(self, line: int) -> None:
        self._fails("crash", line, traceback.format_exc(limit=-6).strip())

    def _fails(self, kind: str, line: int, sentence: str) -> None:
        at_ns = self.stage.world.clock.monotonic_ns()
        self.outcome.failures.append(Failure(kind=kind, line=line, sentence=sentence, at_ns=at_ns))
        self.stage.recorder.mark(f"FAILED {kind}")

    def _note(self, who: str, what: str) -> None:
        at_ns = self.stage.world.clock.monotonic_ns()
        self.sights.append(Sight(at_ns=at_ns, who=who, what=what))
        self.stage.recorder.mark(f"{who}: {what}")


def _crash(line: int) -> Failure:
    """Return what was raised, with where: for whoever mends it."""
    return Failure(kind="crash", line=line, sentence=traceback.format_exc(limit=-6).strip())
