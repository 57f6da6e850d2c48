"""The broker's rules as they are loaded: flows, old and new, and the manifests of modules.

A payment keeps the flow it began under: a flow is looked up by its pin, and new payments take the
newest file. So an edited file changes the next sale and no payment under way. The store keeps the
text of every pinned flow; `with_flow` brings those back at the start.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ips.flow_checks import Problem
from ips.flow_files import FlowError, nearest, parse_flow
from ips.flows import Flow
from ips.registry import Listing, list_modules
from ips.spi import Manifest

FLOWS_FOLDER: Final = Path(__file__).parent / "flows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Immutable; a reload makes another."""

    newest: Mapping[str, Flow]
    """By name: what new payments begin under."""
    pinned: Mapping[tuple[str, str], Flow]
    """By name and pin: what payments under way stay on."""
    manifests: Mapping[str, Manifest]

    def flow(self, name: str, pin: str = "") -> Flow | None:
        """Return a flow by the pin of a payment, or the newest."""
        return self.pinned.get((name, pin)) if pin else self.newest.get(name)

    def manifest(self, module: str) -> Manifest | None:
        """Return a module's manifest."""
        return self.manifests.get(module)

    def read_flow(self, name: str, source: str) -> Flow:
        """Return the flow of a text that was once in use here. Raises: FlowError."""
        return parse_flow(source, file=f"{name}.toml")

    def with_flow(self, source: str, *, file: str) -> "Rules":
        """Return rules that also know an older text of a flow. Raises: FlowError."""
        flow = parse_flow(source, file=file)
        pinned = {**self.pinned, (flow.name, flow.pin): flow}
        return Rules(newest=self.newest, pinned=pinned, manifests=self.manifests)


def load_rules(
    folder: Path = FLOWS_FOLDER, *, listings: Mapping[str, Listing] | None = None
) -> Rules:
    """Read all flow files and manifests. Raises: FlowError, ModuleError; nothing is half-loaded."""
    flows = read_flows(folder)
    modules = list_modules() if listings is None else listings
    manifests = {name: each.manifest for name, each in modules.items() if each.manifest is not None}
    for manifest in manifests.values():
        _check_pair(manifest, flows, folder)
    return make_rules(flows.values(), manifests)


def _check_pair(manifest: Manifest, flows: Mapping[str, Flow], folder: Path) -> None:
    """Refuse a module whose flow is missing, or asks about it while a call may still be running."""
    flow = flows.get(manifest.flow)
    if flow is None:
        hint = nearest(manifest.flow, flows)
        sentence = f"module {manifest.id} follows flow {manifest.flow!r}, which is not here{hint}"
        raise FlowError(str(folder), [Problem("flow", sentence)])
    due = flow.states[flow.initial].due
    if due is not None and due.after_s * 1000 <= manifest.timeout_ms:
        sentence = f"asks after {due.after_s} s, while module {manifest.id} may take {manifest.timeout_ms} ms"
        place = f"states.{flow.initial}.due"
        raise FlowError(f"{flow.name}.toml", [Problem(place, sentence)], flow.source)


def make_rules(flows: Iterable[Flow], manifests: Mapping[str, Manifest]) -> Rules:
    """Return rules of checked parts."""
    newest = {flow.name: flow for flow in flows}
    pinned = {(flow.name, flow.pin): flow for flow in newest.values()}
    return Rules(newest=newest, pinned=pinned, manifests=dict(manifests))


def read_flows(folder: Path = FLOWS_FOLDER) -> dict[str, Flow]:
    """Read every flow file of a folder. Raises: FlowError."""
    flows: dict[str, Flow] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            source = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FlowError(path.name, [Problem("file", f"cannot be read: {error}")]) from error
        flow = parse_flow(source, file=path.name)
        if flow.name != path.stem:
            problem = Problem("name", f"is {flow.name!r}; a flow is called as its file")
            raise FlowError(path.name, [problem], source)
        flows[flow.name] = flow
    return flows
