"""A flow as nodes and edges, ready to be drawn, and as Mermaid text for documents (I3, W6).

What `ips-broker flow draw` shows and the flow editor starts from. Everything comes from the flow
itself, so a drawing cannot be out of date.
"""

from dataclasses import dataclass

from ips.flows import Flow, StateClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A state as it is drawn."""

    name: str
    ko: str
    en: str
    state_class: StateClass
    due: str
    """Such as `inquire after 40 s`; empty where the state waits for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A transition as it is drawn."""

    source: str
    target: str
    command: str
    event: str
    guards: tuple[str, ...]
    postings: tuple[str, ...]
    """Such as `till <- sales`, one a transfer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A flow as a graph."""

    name: str
    pin: str
    initial: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def chart_of(flow: Flow) -> Chart:
    """Return a flow as a graph, in the order of its file."""
    nodes = [
        Node(
            name=state.name,
            ko=state.ko,
            en=state.en,
            state_class=state.state_class,
            due="" if state.due is None else f"{state.due.run} after {state.due.after_s} s",
        )
        for state in flow.states.values()
    ]
    edges = [
        Edge(
            source=source,
            target=step.to,
            command=verb.value,
            event=step.emit.value,
            guards=tuple(guard.value for guard in step.when),
            postings=tuple(_posting(flow, name) for name in step.post),
        )
        for (source, verb), alternatives in flow.cells.items()
        for step in alternatives
    ]
    return Chart(
        name=flow.name,
        pin=flow.pin,
        initial=flow.initial,
        nodes=tuple(nodes),
        edges=tuple(edges),
    )


def mermaid(chart: Chart, *, language: str = "en") -> str:
    """Return the graph as a Mermaid state diagram; language is en or ko."""
    assert language in ("en", "ko"), "flows speak Korean and English"
    lines = ["stateDiagram-v2", f"    [*] --> {chart.initial}"]
    for node in chart.nodes:
        label = node.ko if language == "ko" else node.en
        lines.append(f'    state "{label}" as {node.name}')
    for edge in chart.edges:
        guards = f" [{', '.join(edge.guards)}]" if edge.guards else ""
        lines.append(f"    {edge.source} --> {edge.target}: {edge.command}{guards}")
    lines += [f"    {node.name} --> [*]" for node in chart.nodes if node.state_class.final]
    return "\n".join(lines) + "\n"


def _posting(flow: Flow, name: str) -> str:
    posting = flow.postings[name]
    return f"{posting.phase}: {posting.debit} <- {posting.credit}"
