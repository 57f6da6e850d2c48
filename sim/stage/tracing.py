"""`ips-sim trace`: a trace told in words, drawn, and turned into a capture file."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from protocols.trace.capture import capture
from protocols.trace.diagram import as_svg, as_text, diagram
from protocols.trace.events import Direction, Trace, TraceError
from protocols.trace.words import Row, Teller
from sim.stage.plan import PlanError
from sim.trace_file import find_channel, load_trace

_NS_PER_S: Final = 1_000_000_000
_ARROWS: Final = {Direction.TO: ">", Direction.FROM: "<", None: " "}
_EXAMPLE: Final = """\
example:
  ips-sim up --preset purse --trace day.trace
  ips-sim trace show day.trace --channel customer
  ips-sim trace diagram day.trace --from 4 --to 6 --svg sale.svg
  ips-sim trace pcapng day.trace --out day.pcapng
"""


def add_parser(commands: Any) -> None:
    """Add `trace` to the command's parser."""
    trace = commands.add_parser(
        "trace",
        help="what was recorded: in words, drawn, or for Wireshark",
        description="What `ips-sim up --trace FILE` recorded.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = trace.add_subparsers(required=True, metavar="WHAT")
    show = inner.add_parser("show", help="every command, answer and event in words")
    _selecting(show)
    show.add_argument("--bytes", action="store_true", help="the bytes beside the words")
    show.add_argument("--json", action="store_true", help="one JSON object a row, for programs")
    show.set_defaults(run=_show)
    drawn = inner.add_parser("diagram", help="a sequence diagram, as text or SVG")
    _selecting(drawn)
    drawn.add_argument("--svg", type=Path, metavar="OUT", help="write an SVG picture there")
    drawn.set_defaults(run=_diagram)
    pcapng = inner.add_parser("pcapng", help="a capture file that Wireshark and tshark dissect")
    pcapng.add_argument("file", type=Path, metavar="FILE", help="the trace")
    pcapng.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="where to")
    pcapng.set_defaults(run=_pcapng)


def _selecting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the trace")
    parser.add_argument(
        "--channel",
        action="append",
        metavar="NAME",
        help="only this one, several times for several: printer, card:customer",
    )
    parser.add_argument("--from", dest="since", type=_seconds, metavar="S", help="from this second")
    parser.add_argument("--to", dest="until", type=_seconds, metavar="S", help="before this second")


def _seconds(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r}: seconds since the trace began, 0 or more")
    return int(seconds * _NS_PER_S)


def load(file: Path) -> Trace:
    """Read a trace from a file. Raises: PlanError naming file and line, OSError."""
    try:
        return load_trace(file)
    except TraceError as error:
        raise PlanError(str(error)) from error


def _rows(trace: Trace, chosen: argparse.Namespace) -> Iterator[Row]:
    """Return what is asked for. Raises: PlanError for a channel that is not there."""
    wanted = _channels(trace, chosen)
    teller = Teller()
    for event in trace.events:
        # Everything is decoded, so that what is shown begins in the right state.
        rows = teller.tell(event)
        inside = chosen.since is None or event.at_ns >= chosen.since
        inside &= chosen.until is None or event.at_ns < chosen.until
        if inside and (wanted is None or event.channel in wanted):
            yield from rows


def _channels(trace: Trace, chosen: argparse.Namespace) -> set[str] | None:
    if not chosen.channel:
        return None
    try:
        return {find_channel(trace, name) for name in chosen.channel}
    except TraceError as error:
        raise PlanError(f"{chosen.file}: {error}") from error


def _show(chosen: argparse.Namespace) -> int:
    trace = load(chosen.file)
    rows = _rows(trace, chosen)
    if chosen.json:
        for row in rows:
            print(json.dumps(_fields(row), ensure_ascii=False))
        return 0
    began = datetime.fromtimestamp(trace.header.wall_ns // _NS_PER_S, UTC)
    print(f"{trace.header.program}, begun {began:%Y-%m-%d %H:%M:%S} UTC; seconds since then")
    width = max(map(len, trace.channels()), default=0)
    for row in rows:
        data = f"  [{row.data.hex(' ')}]" if chosen.bytes and row.data else ""
        arrow = _ARROWS[row.direction]
        print(f"{row.at_ns / _NS_PER_S:12.6f} {row.channel:<{width}} {arrow} {row.text}{data}")
    return 0


def _fields(row: Row) -> dict[str, Any]:
    return {
        "at_ns": row.at_ns,
        "channel": row.channel,
        "direction": row.direction and row.direction.value,
        "text": row.text,
        "data": row.data.hex(),
    }


def _diagram(chosen: argparse.Namespace) -> int:
    trace = load(chosen.file)
    drawn = diagram(_rows(trace, chosen))
    if chosen.svg is None:
        for line in as_text(drawn):
            print(line)
        return 0
    lines = as_svg(drawn, title=str(chosen.file.name))
    chosen.svg.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def _pcapng(chosen: argparse.Namespace) -> int:
    trace = load(chosen.file)
    with chosen.out.open("wb") as stream:
        stream.writelines(capture(trace))
    print(f"{chosen.out}: {len(trace.events)} events", file=sys.stderr)
    return 0
