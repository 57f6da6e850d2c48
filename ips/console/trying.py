"""Payment modules and flows: listed, and tried out before they are used."""

import argparse
import asyncio
from pathlib import Path

import msgspec

from ips.config import Config
from ips.conformance import check_module
from ips.console.answers import Answer, CommandError, table
from ips.flow_charts import chart_of, mermaid
from ips.flow_files import FlowError, parse_flow
from ips.flows import Flow
from ips.host import HostClock
from ips.registry import list_modules, load
from ips.rules import read_flows
from ips.store.connection import FILE_NAME, open_reader
from ips.store.reader import Reader


def module_list(_: argparse.Namespace, config: Config) -> Answer:
    """List the modules that were found, and whether they work."""
    states = _states(config)
    rows: list[list[object]] = [["module", "version", "state", "flow", "operations", "source"]]
    for name, listing in list_modules().items():
        manifest = listing.manifest
        flow = manifest.flow if manifest else "?"
        operations = " ".join(sorted(manifest.operations)) if manifest else "?"
        state = states.get(name, "installed")
        rows.append([name, listing.version, state, flow, operations, listing.source])
    value = [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]
    return Answer(value=value, text=table(rows), rows=rows)


def _states(config: Config) -> dict[str, str]:
    path = config.place() / FILE_NAME
    if not path.exists():
        return {}
    reader = Reader(open_reader(path))
    try:
        return {row.name: row.state for row in reader.modules()}
    finally:
        reader.close()


def module_check(arguments: argparse.Namespace, _: Config) -> Answer:
    """Try a module out; status 1 when it does what it must not."""
    listings = list_modules()
    load(arguments.module, listings)
    fields = {}
    for each in arguments.field:
        name, equals, value = each.partition("=")
        if not equals:
            raise CommandError(f"--field {each!r} is not NAME=VALUE")
        fields[name] = value
    findings = asyncio.run(
        check_module(lambda: load(arguments.module, listings), clock=HostClock(), fields=fields)
    )
    told = [f"{each.check}: {each.sentence}" for each in findings]
    return Answer(
        value={
            "module": arguments.module,
            "findings": [{"check": each.check, "sentence": each.sentence} for each in findings],
        },
        text="\n".join([f"{arguments.module}: {'NOT FIT' if told else 'fit'}", *told]),
        status=int(bool(findings)),
    )


def flow_list(_: argparse.Namespace, config: Config) -> Answer:
    """List the flows that new payments begin under."""
    rows: list[list[object]] = [["flow", "pin", "model", "states", "한국어", "English"]]
    for flow in read_flows(config.flows_folder()).values():
        rows.append([flow.name, flow.pin, str(flow.model), len(flow.states), flow.ko, flow.en])
    value = [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]
    return Answer(value=value, text=table(rows), rows=rows)


def flow_draw(arguments: argparse.Namespace, config: Config) -> Answer:
    """Draw a flow of the broker's own, or of a file that is not yet used."""
    flow = _flow(arguments.flow, config)
    chart = chart_of(flow)
    text = mermaid(chart, language=arguments.language)
    return Answer(value=msgspec.to_builtins(chart), text=text.rstrip("\n"))


def _flow(name: str, config: Config) -> Flow:
    flows = read_flows(config.flows_folder())
    if name in flows:
        return flows[name]
    path = Path(name)
    if path.suffix != ".toml":
        known = ", ".join(flows)
        raise CommandError(f"there is no flow {name}: choose {known}, or name a .toml file")
    try:
        return parse_flow(path.read_text("utf-8"), file=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: cannot be read: {error}") from error


def flow_check(arguments: argparse.Namespace, config: Config) -> Answer:
    """Check flow files; status 1 names everything that is wrong."""
    files = [Path(name) for name in arguments.files]
    files = files or sorted(config.flows_folder().glob("*.toml"))
    value, lines = [], []
    for path in files:
        problem = ""
        try:
            flow = parse_flow(path.read_text("utf-8"), file=path.name)
            lines.append(f"{path.name}: {flow.name} {flow.pin} is fit")
        except FlowError as error:
            problem = str(error)
        except (OSError, UnicodeDecodeError) as error:
            problem = f"{path}: cannot be read: {error}"
        lines += [problem] if problem else []
        value.append({"file": str(path), "fit": not problem, "problem": problem})
    return Answer(
        value=value, text="\n".join(lines), status=int(any(not each["fit"] for each in value))
    )
