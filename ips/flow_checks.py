"""Does a flow make sense: the checks of broker.md 6 over its graph, before any payment follows it.

Every state can be reached; every path can end (settled, refused, void, returned or refunded); every
hold is resolved exactly once on every path; what was paid can be refunded; an event leads to a
state of its own kind; a state that waits for its peer asks again by itself.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ips.flows import DueRun, EventName, Flow, Guard, StateClass, Transition, Verb
from ips.ledger import Phase


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a place of a flow file."""

    place: str
    """Dotted, such as states.taken.on.close."""
    sentence: str


def check_sense(flow: Flow) -> list[Problem]:
    """Return everything that makes the flow unfit; nothing when it is fit."""
    reached = _reachable(flow, flow.initial)
    problems = [
        Problem(f"states.{name}", f"cannot be reached from {flow.initial}")
        for name in flow.states
        if name not in reached
    ]
    problems += _paths_without_end(flow, reached)
    problems += _holds(flow)
    problems += _refunds(flow)
    problems += _events(flow)
    problems += _deadlines(flow)
    used = {name for row in flow.cells.values() for step in row for name in step.post}
    problems += [
        Problem(f"postings.{name}", "is used by no transition")
        for name in flow.postings
        if name not in used
    ]
    return problems


def _steps(flow: Flow, state: str) -> list[tuple[Verb, Transition]]:
    return [
        (verb, step)
        for (source, verb), alternatives in flow.cells.items()
        if source == state
        for step in alternatives
    ]


def _reachable(flow: Flow, start: str) -> set[str]:
    reached = {start}
    waiting = deque([start])
    while waiting:
        for _, step in _steps(flow, waiting.popleft()):
            if step.to not in reached:
                reached.add(step.to)
                waiting.append(step.to)
    return reached


def _paths_without_end(flow: Flow, reached: set[str]) -> list[Problem]:
    problems = []
    for name, state in flow.states.items():
        if name not in reached:
            continue
        ends = [s for s in _reachable(flow, name) if flow.states[s].state_class.final]
        if not ends:
            problems.append(
                Problem(f"states.{name}", "no path from here ends settled, refused or void")
            )
        if not state.state_class.final and not _steps(flow, name):
            problems.append(
                Problem(
                    f"states.{name}.on",
                    f"class {state.state_class} is no end, and nothing leads on",
                )
            )
    if not any(flow.states[name].state_class is StateClass.SETTLED for name in reached):
        problems.append(Problem("states", "no state of class settled can be reached"))
    return problems


def _holds(flow: Flow) -> list[Problem]:
    """Walk (state, is a hold open) and refuse a second hold, a void of none, an end with one open."""
    problems: dict[tuple[str, str], Problem] = {}
    seen = {(flow.initial, False)}
    waiting = deque(seen)
    while waiting:
        name, held = waiting.popleft()
        if held and flow.states[name].state_class.final:
            place = f"states.{name}"
            problems[place, "end"] = Problem(place, "ends with a hold that nobody resolves")
        for verb, step in _steps(flow, name):
            place = f"states.{name}.on.{verb}"
            after = held
            for posting in step.post:
                match flow.postings[posting].phase:
                    case Phase.HOLD:
                        if after:
                            sentence = "holds while a hold is open"
                            problems[place, sentence] = Problem(place, sentence)
                        after = True
                    case Phase.SETTLE | Phase.VOID:
                        if not after:
                            sentence = "resolves a hold where none is open"
                            problems[place, sentence] = Problem(place, sentence)
                        after = False
                    case Phase.POST:
                        pass
            if (step.to, after) not in seen:
                seen.add((step.to, after))
                waiting.append((step.to, after))
    return list(problems.values())


def _refunds(flow: Flow) -> list[Problem]:
    problems = []
    for name, state in flow.states.items():
        if state.state_class not in (StateClass.SETTLED, StateClass.OWED):
            continue
        place = f"states.{name}.on"
        if state.state_class is StateClass.SETTLED and (
            (name, Verb.REFUND_REQUEST) not in flow.cells
            or (name, Verb.REFUND_REJECT) not in flow.cells
        ):
            problems.append(
                Problem(place, "what is settled can be asked back and the asking rejected")
            )
        refunded = [
            s for s in _reachable(flow, name) if flow.states[s].state_class is StateClass.REFUNDED
        ]
        if not refunded or (name, Verb.REFUND_PAY) not in flow.cells:
            problems.append(Problem(place, "no refund_pay leads from here to a refunded state"))
    return problems


def _events(flow: Flow) -> list[Problem]:
    problems = []
    for (name, verb), alternatives in flow.cells.items():
        for step in alternatives:
            allowed = _EVENT_CLASSES[step.emit]
            place = f"states.{name}.on.{verb}"
            reached = flow.states[step.to].state_class
            if reached not in allowed:
                problems.append(
                    Problem(
                        f"{place}.emit",
                        f"{step.emit} leads to a state of class {' or '.join(sorted(allowed))}, "
                        f"{step.to} is {reached}",
                    )
                )
            missing = [g for g in _EVENT_GUARDS.get(step.emit, ()) if g not in step.when]
            if missing:
                problems.append(
                    Problem(f"{place}.when", f"{step.emit} needs the guard {missing[0]}")
                )
            if reached is StateClass.REFUNDED and Guard.PAYS_ALL not in step.when:
                problems.append(Problem(f"{place}.when", "only what pays_all leads to refunded"))
            paid = flow.states[name].state_class in _PAID
            if step.emit is EventName.RETURNED and paid and Guard.UNREFUNDED not in step.when:
                problems.append(Problem(f"{place}.when", "a return of paid money needs unrefunded"))
            if step.emit in _VERB_EVENTS and verb != _VERB_EVENTS[step.emit]:
                problems.append(
                    Problem(f"{place}.emit", f"{step.emit} answers only {_VERB_EVENTS[step.emit]}")
                )
    return problems


def _deadlines(flow: Flow) -> list[Problem]:
    problems = []
    for name, state in flow.states.items():
        place = f"states.{name}"
        if state.state_class is StateClass.DOUBT and state.due is None:
            problems.append(
                Problem(f"{place}.due", "a state in doubt asks by itself: due is missing")
            )
        if state.due is None:
            continue
        if state.due.run is DueRun.EXPIRE and (name, Verb.EXPIRE) not in flow.cells:
            problems.append(
                Problem(f"{place}.on.expire", "the deadline runs expire, which is missing")
            )
        if state.due.run is DueRun.VOID:
            problems += [
                Problem(f"{place}.on.{verb}", "undoing may answer this, and nothing is said to it")
                for verb in (Verb.VOID, Verb.UNKNOWN)
                if (name, verb) not in flow.cells
            ]
        if state.due.run is DueRun.INQUIRE:
            problems += [
                Problem(
                    f"{place}.on.{verb}", "an inquiry may answer this, and nothing is said to it"
                )
                for verb in (Verb.APPROVED, Verb.DECLINED, Verb.UNKNOWN, Verb.PENDING)
                if (name, verb) not in flow.cells and verb not in state.ignore
            ]
    return problems


_WAITING: Final = frozenset({StateClass.OPEN, StateClass.DOUBT})
_PAID: Final = frozenset({StateClass.SETTLED, StateClass.OWED})
_EVENT_CLASSES: Final[Mapping[EventName, frozenset[StateClass]]] = {
    EventName.ASKED: _WAITING,
    EventName.APPROVED: _WAITING,
    EventName.PENDED: _WAITING,
    EventName.DOUBTED: frozenset({StateClass.DOUBT}),
    EventName.REFUSED: frozenset({StateClass.REFUSED}),
    EventName.BILLED: _WAITING,
    EventName.SUBMITTED: _WAITING,
    EventName.SETTLED: frozenset({StateClass.SETTLED}),
    EventName.VOIDED: frozenset({StateClass.VOID}),
    EventName.PARKED: frozenset({StateClass.DOUBT}),
    EventName.OWED: frozenset({StateClass.OWED}),
    EventName.RETURNED: frozenset({StateClass.RETURNED}),
    EventName.REFUND_REQUESTED: _PAID,
    EventName.REFUND_REJECTED: _PAID,
    EventName.REFUND_PAID: _PAID | {StateClass.REFUNDED},
}
_EVENT_GUARDS: Final[Mapping[EventName, tuple[str, ...]]] = {
    EventName.REFUND_REQUESTED: (Guard.REFUNDABLE,),
    EventName.REFUND_REJECTED: (Guard.WITHIN_REQUESTED,),
    EventName.REFUND_PAID: (Guard.WITHIN_REQUESTED,),
}
"""What no flow file may leave out: a refund is never above what was paid."""
_VERB_EVENTS: Final[Mapping[EventName, Verb]] = {
    EventName.REFUND_REQUESTED: Verb.REFUND_REQUEST,
    EventName.REFUND_REJECTED: Verb.REFUND_REJECT,
    EventName.REFUND_PAID: Verb.REFUND_PAY,
}
"""Events whose amount and refund only these commands carry."""
