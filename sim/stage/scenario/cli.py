"""`ips-sim run`: plays scenarios, says what each party saw and where the money is."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.host import SystemClock
from sim.stage.scenario.shelf import find, names
from sim.stage.world.wires import Wire
from sim.trace_file import save_trace

if TYPE_CHECKING:
    from sim.stage.scenario.language import Scenario
    from sim.stage.scenario.outcome import Outcome

DONE: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
_UNFIT: Final = re.compile(r"[^\w.=-]+")
"""What stands in no file's name."""
_EXAMPLE: Final = """\
example:
  ips-sim run card-pulled-after-debit       a scenario that is shipped
  ips-sim run my.toml --seed 7              a file, with another seed
  ips-sim run all                           every shipped one, a line each
  ips-sim run scenarios/ --json             a folder, for programs
"""


def add_parser(commands: Any) -> None:
    """Add `run` to the command's parser."""
    run = commands.add_parser(
        "run",
        help="play scenarios: given, when, then over the whole system",
        description="Play scenarios and have them audited. One alone is told in full, many in a line "
        "each; what fails is told in full, with the shortest fault schedule that fails so. Status 1 "
        "when an auditor objects or something was not as it must be.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help="a shipped name, a file, a folder, or all; none lists what is shipped",
    )
    run.add_argument("--seed", type=int, metavar="N", help="of noise and storms (else the file's)")
    run.add_argument(
        "--wire",
        choices=[wire.value for wire in Wire],
        default=Wire.MEMORY.value,
        help="what equipment is reached over (%(default)s: in virtual time; the others take real time)",
    )
    run.add_argument(
        "--traces",
        type=Path,
        metavar="FOLDER",
        help="write what passed on every wire there, a file for each scenario: ips-sim trace show FILE",
    )
    run.add_argument("--json", action="store_true", help="for programs")
    run.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if not chosen.scenarios:
        return _list(chosen)
    # Loaded when something is played: the list needs neither broker nor till.
    from sim.stage.scenario.language import read_scenarios
    from sim.stage.scenario.words import ScenarioError

    try:
        scenarios = [
            scenario
            for wanted in chosen.scenarios
            for file in find(wanted)
            for scenario in read_scenarios(file)
        ]
    except (ScenarioError, LookupError) as error:
        print(f"ips-sim: {error}", file=sys.stderr)
        return MISUSED
    if chosen.traces is not None:
        chosen.traces.mkdir(parents=True, exist_ok=True)
    outcomes = []
    for outcome in _played(scenarios, chosen):
        outcomes.append(outcome)
        if chosen.traces is not None and outcome.trace is not None:
            save_trace(outcome.trace, chosen.traces / f"{_UNFIT.sub('_', outcome.label)}.trace")
        if not chosen.json:
            _tell(outcome, alone=len(scenarios) == 1)
    if chosen.json:
        print(json.dumps([outcome.told() for outcome in outcomes], ensure_ascii=False))
    failed = sum(not outcome.passed for outcome in outcomes)
    if len(outcomes) > 1 and not chosen.json:
        print(f"\n{len(outcomes) - failed} passed, {failed} failed")
    return FAILED if failed else DONE


def _played(scenarios: "list[Scenario]", chosen: argparse.Namespace) -> "Iterator[Outcome]":
    from ips.rules import load_rules
    from sim.stage.scenario.player import play, play_on
    from sim.stage.scenario.shrink import shortened
    from sim.stage.world.street import opened

    rules, wire = load_rules(), Wire(chosen.wire)
    if wire.real:
        with opened(wire, machine=SystemClock()) as street:
            for scenario in scenarios:
                yield play_on(street, scenario, seed=chosen.seed, rules=rules)
        return
    for scenario in scenarios:
        yield shortened(scenario, play(scenario, seed=chosen.seed, rules=rules), rules=rules)


def _tell(outcome: "Outcome", *, alone: bool) -> None:
    full = alone or not outcome.passed
    for line in outcome.lines() if full else outcome.verdict():
        print(line)
    sys.stdout.flush()


def _list(chosen: argparse.Namespace) -> int:
    if chosen.json:
        print(json.dumps(names()))
        return DONE
    from sim.stage.scenario.language import read_scenarios

    for name in names():
        scenario, *rows = read_scenarios(find(name)[0])
        count = f" ({1 + len(rows)} rows)" if rows else ""
        print(f"{name:<34} {scenario.about}{count}")
    return DONE
