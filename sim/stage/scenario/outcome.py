"""What came of a scenario: what each party saw, where the money is, and what was wrong."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from protocols.facts import SaleClosed, TerminalNoted
from protocols.journal import decode_record
from protocols.trace.events import Direction, Mark, Trace
from protocols.trace.words import Teller
from sim.stage import auditors
from sim.stage.scenario.faults import Scheduled
from sim.stage.scenario.stage import Stage
from sim.stage.world import audit
from sim.stage.world.audit import Place

_SECOND: Final = 1_000_000_000
_DATE: Final = re.compile(r"-\d{8}-")
"""In an attempt key: a world on real wires lives today."""
_SEEN_MAX: Final = 400
"""Lines of what the parties saw that are shown."""
_AFTER_MAX: Final = 60
"""Of these, lines after the first failure."""
_WIDE_MAX: Final = 160
"""Characters of what passed on a wire that are shown."""
_ARROWS: Final = {Direction.TO: ">", Direction.FROM: "<", None: "*"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that was not as it must be."""

    kind: str
    """step, check, unrest, crash, or an auditor's name."""
    line: int
    """Of the scenario; 0 for what no line says."""
    sentence: str
    at_ns: int = 0
    """When, by the world's clock; 0 where there was none any more."""

    @property
    def likeness(self) -> tuple[str, int]:
        """What two failures share that are the same."""
        return (self.kind, self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one party saw at one time."""

    at_ns: int
    who: str
    what: str


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Everything."""

    label: str
    file: str
    wire: str
    seed: int
    schedule: tuple[Scheduled, ...]
    failures: list[Failure] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    receipts: int = 0
    copies: int = 0
    sales: int = 0
    facts: dict[str, int] = field(default_factory=dict)
    """How many of each kind stand in the till's journal."""
    began_ns: int = 0
    """When the first step began, by the world's own clock."""
    trace_began_ns: int = 0
    """The same moment in the trace."""
    took_ns: int = 0
    """Of the world's own time."""
    trace: Trace | None = None
    """Everything that passed on every wire, without secrets; of a very long play, the newest of it."""
    shortened_from: int | None = None
    """How many faults there were before, when this is the play of the shortest schedule that fails so."""

    @property
    def passed(self) -> bool:
        """Say whether nobody objects."""
        return not self.failures

    def result(self) -> dict[str, Any]:
        """Return what is the same on every wire: money, sales and paper, not moments."""
        return {
            "passed": self.passed,
            "sales": self.sales,
            "receipts": self.receipts,
            "money": {_DATE.sub("-DATE-", place.where): place.amount for place in self.places},
        }

    def lines(self) -> Iterator[str]:
        """Yield the whole report."""
        yield from self.verdict()
        yield ""
        yield from self._seen()
        yield ""
        yield "where the money is"
        for place in self.places:
            yield f"  {place}"

    def verdict(self) -> Iterator[str]:
        """Yield the verdict and, where it is a bad one, why, and how to have it again."""
        yield f"{'passed' if self.passed else 'FAILED'}  {self.label}  ({self.wire}, seed {self.seed})"
        for failure in self.failures:
            place = f"{self.file}:{failure.line}: " if failure.line else ""
            yield f"  {place}{failure.kind}: {failure.sentence}"
        if self.passed:
            return
        if self.shortened_from is not None:
            yield f"  the shortest fault schedule that fails so ({self.shortened_from} before):"
        elif self.schedule:
            yield "  the fault schedule:"
        for fault in self.schedule:
            yield f"    {fault}"
        if self.shortened_from is not None and not self.schedule:
            yield "    none: it fails without any fault"

    def _seen(self) -> Iterator[str]:
        """Yield what each party saw, and when it failed what passed on the wires around that."""
        if self.passed:
            yield "what each party saw"
            sights = self.sights
            until = len(sights)
        else:
            yield "what each party saw, and what passed on the wires"
            sights = sorted((*self.sights, *self._passed_on_wires()), key=lambda sight: sight.at_ns)
            failed_ns = min((each.at_ns for each in self.failures if each.at_ns), default=0)
            until = bisect_right(sights, failed_ns, key=lambda sight: sight.at_ns) + _AFTER_MAX
        until = min(max(until, _SEEN_MAX), len(sights))
        if until > _SEEN_MAX:
            yield f"    ... {until - _SEEN_MAX} lines before these"
        for sight in sights[max(0, until - _SEEN_MAX) : until]:
            seconds = (sight.at_ns - self.began_ns) / _SECOND
            yield f"  {max(0, seconds):11.3f}  {sight.who:<13} {sight.what}"
        if until < len(sights):
            yield f"    ... {len(sights) - until} lines after these"

    def _passed_on_wires(self) -> Iterator[Sight]:
        teller = Teller()
        for event in () if self.trace is None else self.trace.events:
            if isinstance(event, Mark):
                continue  # It is told by who did it.
            for row in teller.tell(event):
                what = f"{_ARROWS[row.direction]} {row.text}"
                yield Sight(
                    at_ns=row.at_ns - self.trace_began_ns + self.began_ns,
                    who=row.channel.rpartition(":")[2],
                    what=what if len(what) <= _WIDE_MAX else f"{what[: _WIDE_MAX - 3]}...",
                )

    def told(self) -> dict[str, Any]:
        """Return it for a program to read."""
        return {
            "scenario": self.label,
            "file": self.file,
            "wire": self.wire,
            "seed": self.seed,
            "passed": self.passed,
            "failures": [
                {"kind": each.kind, "line": each.line, "sentence": each.sentence}
                for each in self.failures
            ],
            "faults": [str(each) for each in self.schedule],
            "shortened_from": self.shortened_from,
            "result": self.result(),
            "copies": self.copies,
            "facts": self.facts,
            "seconds": self.took_ns / _SECOND,
            "seen": [
                {"at_ns": each.at_ns, "who": each.who, "what": each.what} for each in self.sights
            ],
        }


def see(outcome: Outcome, stage: Stage, steps: list[Sight]) -> None:
    """Note what is to be seen of a world that has come to its end."""
    world, till = stage.world, stage.till
    sights = list(steps)
    sights += [
        Sight(
            at_ns=heard.at_ns, who="till", what=f"{heard.notice.code} {heard.notice.banner}".strip()
        )
        for heard in till.heard
    ]
    sights += [
        Sight(at_ns=event.at_ns, who=device, what=f"{event.what} {event.detail}".strip())
        for device in stage.equipment.devices
        for event in stage.equipment.history(device)
    ]
    sights += [
        Sight(at_ns=each.at_ns, who="network", what=f"{each.what} {each.passed}")
        for each in stage.requests
    ]
    outcome.sights = sorted(sights, key=lambda sight: sight.at_ns)
    outcome.places = audit.places(world)
    texts = [text for text in audit.papers(till) if auditors.is_receipt(text)]
    outcome.receipts = len(texts)
    outcome.copies = sum(auditors.is_copy(text) for text in texts)
    kinds = Counter(decode_record(record).kind for record in till.records())
    outcome.sales = kinds[SaleClosed.kind]
    kinds.pop(TerminalNoted.kind, None)
    outcome.facts = dict(sorted(kinds.items()))
