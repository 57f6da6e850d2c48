"""ips-sim: the virtual equipment, served on ptys, TCP and RFC 2217."""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from protocols.control import Endpoint
from protocols.malformed import MALFORMED
from sim.bus import bench_file
from sim.host import SystemClock, SystemEntropy
from sim.recorder import Recorder
from sim.stage.agent import add_parser as add_agent
from sim.stage.bench import Bench, ending
from sim.stage.cards import add_parser as add_cards
from sim.stage.hand.cli import add_parser as add_bench
from sim.stage.kinds import KINDS, WireKind
from sim.stage.plan import Plan, PlanError, presets, read_plan, read_preset
from sim.stage.playing import add_parsers as add_playing
from sim.stage.profiles import profiles
from sim.stage.recording import Watch, record_to
from sim.stage.remote import add_parsers as add_remote
from sim.stage.scenario.cli import add_parser as add_run
from sim.stage.searching import add_parser as add_verify
from sim.stage.soak.command import add_parser as add_soak
from sim.stage.tracing import add_parser as add_trace
from sim.trace_file import TraceFile

DONE: Final = 0
FAILED: Final = 1
MISUSED: Final = 2

_EXAMPLE: Final = """\
example:
  ips-sim up --preset counter        a printer, a customer display and a scanner on ptys
  ips-sim up bench.toml              what the file says
  ips-sim day build/day              a trading day, ending with 'books balance'
  ips-sim soak --hours 24            a shop of many hours where everything goes wrong
  ips-sim verify purse               the exhaustive search of the purse
  ips-sim cards make cards           virtual IC cards
  ips-sim trace show day.trace       what was recorded with up --trace day.trace
  ips-sim list                       kinds of device, presets, and what is running

While a bench runs, sim://printer opens its printer; this works it, and so does its HTTP interface:
  ips-sim do printer paper_out
  curl -H "Authorization: Bearer TOKEN" URL/devices
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    if not __debug__:
        print("ips-sim: python -O is refused: it takes the checks out", file=sys.stderr)
        return MISUSED
    chosen = _parser().parse_args(arguments)
    # What a broker of a world would write into its log is no news for whoever made things go wrong.
    logging.getLogger("ips").addHandler(logging.NullHandler())
    try:
        status: int = chosen.run(chosen)
        print(end="", flush=True)  # A full disk or a reader who has gone is met here.
    except PlanError as error:
        print(f"ips-sim: {error}", file=sys.stderr)
        return MISUSED
    except BrokenPipeError:
        return _unheard()
    except OSError as error:
        print(f"ips-sim: {_in_words(error)}", file=sys.stderr)
        return _unheard()
    except ImportError as error:
        print(f"ips-sim: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        # What serves until Ctrl-C ends by itself; whatever comes here was broken off.
        print("ips-sim: interrupted", file=sys.stderr)
        return FAILED
    return status


def _in_words(error: OSError) -> str:
    """Return what the operating system refuses, with the file first and without its number."""
    words = error.strerror or str(error)
    place = error.filename2 or error.filename
    return words if place is None else f"{place}: {words}"


def _unheard() -> int:
    """Give up the output, as when `head` has gone; Python flushes at its end and would complain."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ips-sim",
        description="Virtual equipment of a shop, for drivers that cannot tell it from real.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser(
        "up",
        help="serve the devices of a plan until Ctrl-C",
        description="Serve the devices of a plan; print one line of JSON (url, token, devices) "
        "once everything is open; end by Ctrl-C or SIGTERM.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = up.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a plan in TOML")
    what.add_argument("--preset", metavar="NAME", help=f"one of: {', '.join(presets())}")
    up.add_argument(
        "--folder",
        type=Path,
        help="where bench.json and the stable names of ptys go (else %(default)s)",
        default=bench_file().parent,
    )
    up.add_argument(
        "--trace", type=Path, metavar="FILE", help="record everything that passes, without secrets"
    )
    up.add_argument("--announce-fd", type=int, metavar="N", help="where the JSON line goes")
    up.add_argument("--parent-fd", type=int, metavar="N", help="end when this pipe's end closes")
    up.set_defaults(run=_up)
    listing = commands.add_parser("list", help="kinds of device, presets, and what is running")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.add_argument("--folder", type=Path, default=bench_file().parent, help="of the bench")
    listing.set_defaults(run=_list)
    add_remote(commands)
    add_run(commands)
    add_soak(commands)
    add_cards(commands)
    add_verify(commands)
    add_playing(commands)
    add_trace(commands)
    add_bench(commands)
    add_agent(commands)
    return parser


def _up(chosen: argparse.Namespace) -> int:
    plan = read_preset(chosen.preset) if chosen.preset else read_plan(chosen.file)
    return asyncio.run(_serve(plan, chosen))


async def _serve(plan: Plan, chosen: argparse.Namespace) -> int:
    clock = SystemClock()
    recorder = None if chosen.trace is None else Recorder(clock=clock)
    folder = chosen.folder.absolute()
    watch = Watch(recorder)
    bench = Bench(plan, folder=folder, clock=clock, entropy=SystemEntropy(), watch=watch)
    trace = None if recorder is None else record_to(recorder, chosen.trace)
    with ending(chosen.parent_fd) as ended:
        try:
            endpoint = await bench.start()
            _announce(endpoint, chosen.announce_fd)
            await ended.wait()
        finally:
            await bench.stop()
            if recorder is not None:
                recorder.settle()
            status = DONE if trace is None else _end_trace(trace, chosen.trace)
    return status


def _end_trace(trace: TraceFile, file: Path) -> int:
    """Close the trace; say so when it is not whole."""
    trace.close()
    if trace.broken:
        print(f"ips-sim: {file}: the trace is not whole: {trace.broken}", file=sys.stderr)
    return FAILED if trace.broken else DONE


def _announce(endpoint: Endpoint, descriptor: int | None) -> None:
    line = msgspec.json.encode(endpoint) + b"\n"
    if descriptor is None:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    else:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(line)
    if sys.stderr.isatty():
        for name, address in endpoint.devices.items():
            print(f"{name:<16} {address}", file=sys.stderr)
        print("Ctrl-C ends the bench.", file=sys.stderr)


def _list(chosen: argparse.Namespace) -> int:
    running = _running(chosen.folder / bench_file().name)
    if chosen.json:
        kinds = {name: kind.option_names() for name, kind in KINDS.items()}
        quirks = {
            name: {each: known.about for each, known in profiles(name).items()} for name in KINDS
        }
        known = {
            "kinds": kinds,
            "profiles": quirks,
            "wires": [wire.value for wire in WireKind],
            "presets": presets(),
            "running": running,
        }
        print(json.dumps(known, ensure_ascii=False))
        return DONE
    for name, kind in KINDS.items():
        print(f"kind     {name:<16} {', '.join(kind.option_names()) or 'no options'}")
    for name in KINDS:
        for each, quirk in profiles(name).items():
            print(f"profile  {name:<16} {each:<22} {quirk.about}")
    for preset in presets():
        print(f"preset   {preset}")
    for name, address in running.items():
        print(f"running  {name:<16} {address}")
    if not running:
        print("running  nothing; start a bench with: ips-sim up --preset counter")
    return DONE


def _running(file: Path) -> dict[str, str]:
    """Return what a bench of this folder serves; nothing where there is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Endpoint).devices
    except (FileNotFoundError, *MALFORMED):
        return {}


if __name__ == "__main__":
    sys.exit(main())
