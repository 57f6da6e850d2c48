"""`ips-sim show` and `ips-sim do`: a running bench, looked at and worked from a shell or a script."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from protocols.control import DeviceState
from sim.bus import bench_file
from sim.stage.plan import PlanError

if TYPE_CHECKING:
    from sim.control_client import Bench

DONE: Final = 0
FAILED: Final = 1
_NS_PER_S: Final = 1_000_000_000
_EXAMPLE: Final = """\
example:
  ips-sim show                                every device of the running bench
  ips-sim show printer                        what is seen on it, what can be done to it
  ips-sim show printer --paper
  ips-sim do printer paper_out
  ips-sim do customer insert card=customer-1
  ips-sim do customer tear_after count=5
"""


def add_parsers(commands: Any) -> None:
    """Add `show` and `do` to the command's parser."""
    show = _parser(
        commands,
        "show",
        "what is seen on a running bench's devices",
        "Show every device of a running bench, or one with what can be done to it.",
    )
    show.add_argument("device", nargs="?", metavar="DEVICE", help="only this one")
    what = show.add_mutually_exclusive_group()
    what.add_argument("--paper", action="store_true", help="a printer's paper so far")
    what.add_argument("--history", action="store_true", help="what happened to it")
    show.set_defaults(run=_show)
    do = _parser(
        commands,
        "do",
        "do something to a running bench's device",
        "Do something to a device of a running bench, and show what is seen on it then. "
        "`ips-sim show DEVICE` lists what can be done.",
    )
    do.add_argument("device", metavar="DEVICE", help="printer, scanner, customer, ...")
    do.add_argument("verb", metavar="VERB", help="paper_out, scan, insert, ...")
    do.add_argument(
        "arguments", nargs="*", metavar="NAME=VALUE", help="what the verb needs: card=customer-1"
    )
    do.set_defaults(run=_do)


def _parser(commands: Any, name: str, help_: str, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=about,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, default=bench_file().parent, help="of the bench")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser


def _show(chosen: argparse.Namespace) -> int:
    if chosen.device is None and (chosen.paper or chosen.history):
        raise PlanError("of which device? For example: ips-sim show printer --paper")
    return _told(chosen, _shown)


def _shown(bench: "Bench", chosen: argparse.Namespace) -> Iterator[str]:
    if chosen.device is None:
        states = bench.devices()
        yield from [_json(states)] if chosen.json else map(_line, states)
        return
    device = bench.device(chosen.device)
    if chosen.paper:
        yield json.dumps(device.paper(), ensure_ascii=False) if chosen.json else device.paper()
    elif chosen.history:
        events = device.history()
        told = (f"{each.at_ns / _NS_PER_S:14.3f}  {each.what} {each.detail}" for each in events)
        yield from [_json(events)] if chosen.json else told
    else:
        state = device.look()
        yield from [_json(state)] if chosen.json else _in_full(state)


def _do(chosen: argparse.Namespace) -> int:
    pairs = [argument.partition("=") for argument in chosen.arguments]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise PlanError(f"{name!r} is no argument: write NAME=VALUE, as in count=5")
    chosen.arguments = {name: value for name, _, value in pairs}
    return _told(chosen, _done)


def _done(bench: "Bench", chosen: argparse.Namespace) -> Iterator[str]:
    state = bench.device(chosen.device).do(chosen.verb, **chosen.arguments)
    yield from [_json(state)] if chosen.json else _seen(state)


def _told(
    chosen: argparse.Namespace,
    lines: "Callable[[Bench, argparse.Namespace], Iterator[str]]",
) -> int:
    # Loaded when a bench is asked something.
    from sim.control_client import Bench, BenchError

    try:
        with Bench.running(chosen.folder / bench_file().name) as bench:
            for line in lines(bench, chosen):
                print(line)
    except BenchError as error:
        print(f"ips-sim: {error}", file=sys.stderr)
        return FAILED
    return DONE


def _line(device: DeviceState) -> str:
    return f"{device.name:<16} {device.device:<14} {device.address}"


def _in_full(device: DeviceState) -> Iterator[str]:
    yield _line(device)
    yield from _seen(device.state)
    for verb in device.verbs:
        arguments = "".join(f" {name}=..." for name in verb.arguments)
        arguments += "".join(f" [{name}=...]" for name in verb.optional)
        yield f"  do  {verb.name + arguments:<34} {verb.label_en}"
        for name, about in {**verb.arguments, **verb.optional}.items():
            values = verb.choices.get(name, [])
            yield f"        {name}: {about}{': ' if values else ''}{', '.join(values)}"


def _seen(state: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in state.items():
        if isinstance(value, dict):
            yield from _seen(value, f"{prefix}{name}.")
        else:
            yield f"  {prefix + name:<26} {value if isinstance(value, str) else _json(value)}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
