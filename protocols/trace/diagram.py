"""A trace as a sequence diagram: the till at the left, everything it speaks to beside it.

     seconds  till  printer  customer  broker
    4.001000   |-------|-------->|        |    SELECT purse
    4.001200   |<------|---------|        |    9000 done, 49 bytes
    5.000000   |       *         |        |    * paper_out

As text every line is ASCII up to what is said, so that columns stand whatever the language; as SVG what is
said stands on the arrow. What one side says without a pause is one arrow: its first words, and how many
more there were.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from protocols.trace.events import Direction
from protocols.trace.words import Row

TILL: Final = "till"
_NS_PER_S: Final = 1_000_000_000
_STEP: Final = 26
_LANE: Final = 190
_LEFT: Final = 150
_TOP: Final = 56
_LABEL_MAX: Final = 96


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow, or one thing that happened to a party."""

    at_ns: int
    party: int
    """1 and on: the parties beside the till; 0 for everybody."""
    direction: Direction | None
    text: str


@dataclass(frozen=True, slots=True)
class Diagram:
    """Who speaks, and what is said."""

    parties: Sequence[str]
    steps: Sequence[Step]


def diagram(rows: Iterable[Row]) -> Diagram:
    """Return the diagram of a trace's rows."""
    kept = list(rows)
    channels = list(dict.fromkeys(row.channel for row in kept if row.channel))
    parties = (TILL, *(_party(each) for each in channels))
    return Diagram(parties, tuple(_steps(kept, channels)))


def _steps(rows: list[Row], channels: list[str]) -> Iterator[Step]:
    first: Row | None = None
    more = 0
    for row in (*rows, None):
        goes_on = (
            row is not None
            and first is not None
            and row.direction is not None
            and (row.channel, row.direction) == (first.channel, first.direction)
        )
        if goes_on:
            more += 1
            continue
        if first is not None:
            party = channels.index(first.channel) + 1 if first.channel else 0
            text = f"{first.text} (+{more} more)" if more else first.text
            yield Step(first.at_ns, party, first.direction, text)
        first, more = row, 0


def as_text(drawn: Diagram) -> Iterator[str]:
    """Return the diagram's lines."""
    places, place = [], 12
    for name in drawn.parties:
        places.append(place)
        place += max(len(name) + 2, 7)
    width = place
    head = f"{'seconds':>10}".ljust(width)
    for name, at in zip(drawn.parties, places, strict=True):
        head = head[: at - 1] + name + head[at - 1 + len(name) :]
    yield head.rstrip()
    for step in drawn.steps:
        line = [" "] * width
        line[:10] = _seconds(step.at_ns)
        for at in places:
            line[at] = "|"
        end = places[step.party]
        match step.direction:
            case Direction.TO | Direction.FROM:
                for at in range(places[0] + 1, end):
                    line[at] = "|" if at in places else "-"
                head_at = end - 1 if step.direction is Direction.TO else places[0] + 1
                line[head_at] = ">" if step.direction is Direction.TO else "<"
            case None if step.party:
                line[end] = "*"
            case None:
                line[places[0]] = "*"
        yield f"{''.join(line)}  {step.text}".rstrip()


def as_svg(drawn: Diagram, title: str = "") -> Iterator[str]:
    """Return the diagram as the lines of an SVG picture."""
    width = _LEFT + _LANE * (len(drawn.parties) - 1) + 320
    height = _TOP + _STEP * (len(drawn.steps) + 1)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="monospace" font-size="11">'
    )
    # Labels stand on lines: a white edge keeps them readable.
    yield "<style>text{paint-order:stroke;stroke:#fff;stroke-width:3px}</style>"
    yield f"<title>{escape(title)}</title>"
    yield f'<rect width="{width}" height="{height}" fill="#fff"/>'
    for number, name in enumerate(drawn.parties):
        at = _LEFT + _LANE * number
        yield f'<text x="{at}" y="24" text-anchor="middle" font-size="14">{escape(name)}</text>'
        yield f'<path d="M{at} 32V{height - 8}" stroke="#999" stroke-dasharray="4 3"/>'
    for number, step in enumerate(drawn.steps):
        yield from _svg_step(step, _TOP + _STEP * number)
    yield "</svg>"


def _svg_step(step: Step, y: int) -> Iterator[str]:
    till, end = _LEFT, _LEFT + _LANE * step.party
    label = step.text if len(step.text) <= _LABEL_MAX else f"{step.text[: _LABEL_MAX - 3]}..."
    yield f'<text x="8" y="{y + 4}" fill="#666">{_seconds(step.at_ns).strip()}</text>'
    match step.direction:
        case None:
            yield f'<circle cx="{end}" cy="{y}" r="4" fill="#b50"/>'
            yield f'<text x="{end + 8}" y="{y + 4}" fill="#b50">{escape(label)}</text>'
        case direction:
            tip, back = (end, -7) if direction is Direction.TO else (till, 7)
            yield f'<path d="M{till} {y}H{end}" stroke="#036"/>'
            yield f'<path d="M{tip} {y}l{back} -4v8z" fill="#036"/>'
            yield f'<text x="{till + 8}" y="{y - 4}">{escape(label)}</text>'


def _seconds(at_ns: int) -> str:
    return f"{at_ns / _NS_PER_S:10.6f}"[:10]


def _party(channel: str) -> str:
    """Return who is at the far end: the channel without its medium."""
    return channel.partition(":")[2] or channel
