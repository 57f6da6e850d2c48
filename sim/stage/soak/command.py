"""`ips-sim soak`: its arguments, and its progress; what it does is in `outcome`, loaded when asked for."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.host import SystemClock, SystemEntropy
from sim.stage.soak.registry import MODULES

if TYPE_CHECKING:
    from sim.stage.soak.outcome import Outcome
    from sim.stage.soak.soak import SoakWish

TILLS_MAX: Final = 16
HOURS_MAX: Final = 100_000
EVERY_SECONDS: Final = 15.0
"""Between two lines of progress, where there is no terminal."""
LOOK_STEPS: Final = 20
"""Steps between two looks at the machine's clock."""
_EXAMPLE: Final = """\
example:
  ips-sim soak --hours 24
  ips-sim soak --seed 7 --hours 1000 --tills 4 --json
  ips-sim soak --seed 7 --hours 14 --without killer --without broker
  ips-sim soak --seed 7 --hours 14 --shrink
"""


def add_parser(commands: Any) -> None:
    """Add `soak` to the command's parser."""
    soak = commands.add_parser(
        "soak",
        help="a shop of many hours in virtual time, where everything goes wrong, audited at every step",
        description="Trade for many shop hours in virtual time: tills, equipment, cards and the broker, "
        "all real but for their wires, and everything goes wrong. The auditors look after every step. "
        "Status 1 when one objects; seed, step and the newest steps then say how it came to that, and "
        "where the money is. The same seed is the same log, on every machine.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    soak.add_argument(
        "--seed", type=_seed, metavar="N", help="what everything is drawn from (a new one)"
    )
    soak.add_argument(
        "--hours", type=_hours, default=14, metavar="H", help="how long the shop is open (14)"
    )
    soak.add_argument("--tills", type=_tills, default=4, metavar="N", help="tills (4)")
    soak.add_argument(
        "--without",
        action="append",
        choices=[name for name in MODULES if name != "clerk"],
        default=[],
        metavar="WHO",
        help=f"who stays away: {', '.join(name for name in MODULES if name != 'clerk')}",
    )
    soak.add_argument(
        "--shrink",
        action="store_true",
        help="when an auditor objects, find the smallest soak that fails alike",
    )
    soak.add_argument(
        "--only",
        action="append",
        metavar="EVENT",
        help="of all that is drawn let only this happen, as --shrink says it; several times",
    )
    soak.add_argument("--log", type=Path, metavar="FILE", help="every step, one a line")
    soak.add_argument("--json", action="store_true", help="for programs")
    soak.set_defaults(run=_soak)


def _number(text: str, most: int, what: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number of {what} from 1 to {most}")
    return int(text)


def _hours(text: str) -> int:
    return _number(text, HOURS_MAX, "hours")


def _tills(text: str) -> int:
    return _number(text, TILLS_MAX, "tills")


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number of at most 12 digits")
    return int(text)


def _soak(chosen: argparse.Namespace) -> int:
    from sim.stage.soak.outcome import Outcome, soak
    from sim.stage.soak.soak import Log, SoakWish
    from sim.stage.soak.telling import tell

    drawn = int.from_bytes(SystemEntropy().token(3))
    wish = SoakWish(
        seed=drawn if chosen.seed is None else chosen.seed,
        hours=chosen.hours,
        tills=chosen.tills,
        without=frozenset(chosen.without),
        only=None if chosen.only is None else frozenset(chosen.only),
    )
    whole: Outcome | None = None
    kept: _LogFile | None = None
    with ExitStack() as stack:
        outcome = Outcome(wish=wish, clock=SystemClock())
        if chosen.log is not None:
            kept = _LogFile(chosen.log)
            stack.callback(kept.close)
            outcome.log = Log(write=kept.write)
        print(f"ips-sim soak: seed {wish.seed}", file=sys.stderr)
        tick = stack.enter_context(_showing(outcome))
        try:
            soak(outcome, tick)
        except KeyboardInterrupt:
            print("ips-sim soak: stopped by Ctrl-C", file=sys.stderr)
    if chosen.shrink and outcome.objection is not None:
        whole, outcome = outcome, _shrunk(outcome)
    if chosen.json:
        print(json.dumps(outcome.as_json(), ensure_ascii=False))
    else:
        print(tell(outcome, whole), end="")
    if kept is not None and kept.failed is not None:
        why = f"{chosen.log}: {kept.failed.strerror}; the log is not whole, the soak is"
        print(f"ips-sim soak: {why}", file=sys.stderr)
        return 1
    return 0 if outcome.objection is None else 1


class _LogFile:
    """The log on a disk that may fill up: that ends the log, and is no fault of the shop's."""

    def __init__(self, path: Path) -> None:
        """Raises: OSError where it cannot be begun."""
        self._file = path.open("w", encoding="utf-8")
        self.failed: OSError | None = None
        """Why it is not whole."""

    def write(self, line: str) -> None:
        """Add a line."""
        if self.failed is None:
            try:
                print(line, file=self._file)
            except OSError as error:
                self.failed = error

    def close(self) -> None:
        """Write what is left."""
        try:
            self._file.close()
        except OSError as error:
            self.failed = self.failed or error


def _shrunk(outcome: "Outcome") -> "Outcome":
    """Return the smallest soak that fails alike; Ctrl-C ends it with the smallest so far."""
    from sim.stage.soak.outcome import Outcome, soak
    from sim.stage.soak.shrink import Shrinking

    def play(wish: "SoakWish") -> Outcome:
        again = Outcome(wish=wish, clock=outcome.clock)
        soak(again)
        return again

    shrinking = Shrinking(outcome, play, lambda so_far: print(so_far, file=sys.stderr, flush=True))
    try:
        shrinking.run()
    except KeyboardInterrupt:
        print("ips-sim soak: stopped by Ctrl-C; the smallest so far", file=sys.stderr)
    return shrinking.found


@contextmanager
def _showing(outcome: "Outcome") -> Iterator[Callable[[], None]]:
    """Show how far it is: a bar on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines(outcome)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    ) as progress:  # fmt: skip
        task = progress.add_task("opening the shop", total=outcome.wish.hours)

        def show() -> None:
            if outcome.figures.steps % LOOK_STEPS == 0:
                progress.update(task, completed=outcome.hours, description=_so_far(outcome))

        yield show


class _Lines:
    """Progress for a file: one line every EVERY_SECONDS."""

    def __init__(self, outcome: "Outcome") -> None:
        self._outcome = outcome
        self._next_s = EVERY_SECONDS

    def __call__(self) -> None:
        """Say how far it is, if it is time."""
        outcome = self._outcome
        if outcome.figures.steps % LOOK_STEPS == 0 and outcome.seconds >= self._next_s:
            self._next_s = outcome.seconds + EVERY_SECONDS
            print(_so_far(outcome), file=sys.stderr, flush=True)


def _so_far(outcome: "Outcome") -> str:
    figures = outcome.figures
    return (
        f"{outcome.hours:.1f} of {outcome.wish.hours} shop hours, "
        f"{figures.records('sale.closed'):,} sales, {sum(figures.faults.values()):,} faults, "
        f"{outcome.pace:.0f} shop hours a minute"
    )
