"""`ips-sim bench`: equipment worked by hand on a terminal."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from sim.bus import bench_file
from sim.host import SystemClock, SystemEntropy
from sim.stage.plan import presets, read_plan, read_preset

DONE: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
_EXAMPLE: Final = """\
example:
  ips-sim bench                       a whole shop: a till, its equipment, cards, a broker
  ips-sim bench --preset purse        equipment on real ports, for a counter in another window
"""


def add_parser(commands: Any) -> None:
    """Add `bench` to the command's parser."""
    bench = commands.add_parser(
        "bench",
        help="equipment worked by hand: faces, verbs, the live trace, time held still",
        description="Work equipment by hand on a terminal. With a plan its devices are served as by "
        "`ips-sim up`; without one there is a whole shop in this program, with a till to key into. "
        "What was done can be saved as a scenario that `ips-sim run` plays.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = bench.add_mutually_exclusive_group()
    what.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a plan in TOML")
    what.add_argument("--preset", metavar="NAME", help=f"one of: {', '.join(presets())}")
    bench.add_argument(
        "--folder",
        type=Path,
        default=bench_file().parent,
        help="where bench.json and the stable names of ptys go (else %(default)s)",
    )
    bench.add_argument("--trace", type=Path, metavar="FILE", help="record everything there, too")
    bench.add_argument("--language", choices=("ko", "en"), default="ko", help="of the screen (ko)")
    bench.add_argument("--seed", type=int, default=1, metavar="N", help="of the shop (1)")
    bench.set_defaults(run=_bench)


def _bench(chosen: argparse.Namespace) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("ips-sim: bench needs a terminal; without one: ips-sim up", file=sys.stderr)
        return MISUSED
    plan = None
    if chosen.preset or chosen.file:
        plan = read_preset(chosen.preset) if chosen.preset else read_plan(chosen.file)
    # Loaded when it is shown: the screen library takes its time.
    from sim.stage.hand.app import BenchApp
    from sim.stage.hand.work import PlanWork, ShopWork, Work
    from sim.stage.recording import record_to

    clock = SystemClock()
    work: Work
    if plan is None:
        work = ShopWork(language=chosen.language, seed=chosen.seed, clock=clock)
    else:
        work = PlanWork(
            plan,
            title=chosen.preset or chosen.file.name,
            folder=chosen.folder.absolute(),
            clock=clock,
            entropy=SystemEntropy(),
        )
    recorder = work.watch.recorder
    assert recorder is not None
    trace = None if chosen.trace is None else record_to(recorder, chosen.trace)
    app = BenchApp(work, clock=clock, language=chosen.language, folder=Path.cwd())
    why = app.run()
    if trace is not None:
        trace.close()
    if why:
        print(f"ips-sim: {why}", file=sys.stderr)
    return FAILED if why else DONE
