"""A soak in words: what happened, what was met in which state, and what an auditor objected to."""

import shlex
from collections.abc import Iterator
from typing import Final

from protocols.money import KRW, Money
from sim.stage.soak.figures import SHOP, STATES, Figures
from sim.stage.soak.outcome import Objection, Outcome
from sim.stage.soak.registry import kinds
from sim.stage.soak.soak import SoakWish

_WIDTH: Final = 38


def tell(outcome: Outcome, whole: Outcome | None = None) -> str:
    """Return all of it; `whole` is the soak that it was shrunk from."""
    return "\n".join(_lines(outcome, whole)) + "\n"


def command_of(wish: SoakWish) -> str:
    """Return the command that soaks the same again."""
    without = "".join(f" --without {name}" for name in sorted(wish.without))
    only = "".join(f" --only {shlex.quote(event)}" for event in sorted(wish.only or ()))
    counts = f"--seed {wish.seed} --hours {wish.hours} --tills {wish.tills}"
    return f"ips-sim soak {counts}{without}{only}"


def _lines(outcome: Outcome, whole: Outcome | None) -> Iterator[str]:
    figures, wish = outcome.figures, outcome.wish
    yield (
        f"seed {wish.seed}: {wish.tills} tills, {outcome.hours:.1f} shop hours on {figures.days} days, "
        f"in {outcome.seconds:.0f} s ({outcome.pace:.0f} shop hours a minute)"
    )
    yield ""
    yield from _trade(figures)
    yield ""
    yield from _coverage(outcome)
    yield ""
    for how, count in sorted(figures.recoveries.items()):
        yield f"{how:<{_WIDTH}} {count:>8,}"
    yield ""
    yield f"log {outcome.log.digest}: {figures.steps:,} steps, audited after each"
    yield from _verdict(outcome)
    if whole is not None:
        before, after = len(whole.events), len(outcome.events)
        yield f"shrunk to {after} of {before:,} events; what has to happen, of all that is drawn:"
        yield from (f"  {event}" for event in outcome.events)


def _trade(figures: Figures) -> Iterator[str]:
    taken = Money(figures.taken, KRW).format()
    rows = {
        "sales": figures.records("sale.closed"),
        "voided": figures.records("sale.voided"),
        "put aside": figures.records("sale.held"),
        "taken back": figures.records("refund.closed"),
        **{f"paid by {method}": count for method, count in sorted(figures.tenders.items())},
        "payments taken out": figures.records("tender.voided"),
        "payments changed": figures.records("tender.changed"),
        **{f"clerks: {name}": count for name, count in sorted(figures.moves.items())},
        "shifts closed": figures.records("shift.closed"),
        "papers cut off": figures.papers,
        "records": figures.records(),
        **{
            f"requests: {passing.replace('_', ' ')}": count
            for passing, count in sorted(figures.requests.items())
        },
    }
    yield f"{'taken':<{_WIDTH}} {taken:>8} won"
    for what, count in rows.items():
        yield f"{what:<{_WIDTH}} {count:>8,}"


def _coverage(outcome: Outcome) -> Iterator[str]:
    """Yield which kinds of fault were met, and what the till was doing."""
    states = (*STATES, SHOP)
    met = outcome.figures.met()
    yield f"{'fault, by what the till was doing':<{_WIDTH}}" + "".join(
        f" {state:>8}" for state in states
    )
    for kind in met:
        row = outcome.figures.states_of(kind)
        yield f"{kind:<{_WIDTH}}" + "".join(
            f" {row[state]:>8,}" if state in row else " " * 8 + "." for state in states
        )
    all_kinds = [
        fault
        for name, kind in kinds().items()
        if name not in outcome.wish.without
        for fault in kind.faults
    ]
    never = [fault for fault in all_kinds if fault not in met]
    yield f"{len(met)} of {len(all_kinds)} kinds of fault were met, {sum(met.values()):,} times"
    for fault in never:
        yield f"never: {fault}"


def _verdict(outcome: Outcome) -> Iterator[str]:
    if outcome.objection is not None:
        yield from _objection(outcome.objection, outcome.wish)
    elif outcome.complete:
        yield "no auditor objects: all money is where journals, purses and the broker's books say"
    else:
        yield "stopped before its end; until here no auditor objects"


def _objection(objection: Objection, wish: SoakWish) -> Iterator[str]:
    yield ""
    yield f"AN AUDITOR OBJECTS at step {objection.step} of seed {wish.seed}"
    for finding in objection.findings:
        yield f"  {finding}"
    yield "how it came to that:"
    for line in objection.tail:
        yield f"  {line}"
    yield "where the money is:"
    for place in objection.places:
        yield f"  {place}"
    yield f"again: {command_of(wish)}"
