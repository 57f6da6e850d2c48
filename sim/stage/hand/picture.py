"""The whole screen of the bench as rows: equipment, the chosen one's face, its verbs, the trace, a line.

BENCH shop                                        RUNNING   00:01:23
+- EQUIPMENT -----------+- printer ------------------------------------------+
| >printer      escpos  | power on  paper ok ...                             |
+-----------------------+- DO 1/3 -------------------------------------------+
|                       | 1 Let the paper end now    6 ...                   |
+- TRACE: all -----------------------------------------------------------+
ENTRY> 8801...
F1 help  F2 pause ...
"""

from typing import Final

from pos.messages import cells, clip
from pos.ui.grid import Ink, Row, fit, pair, row, row_text
from protocols.control import VerbHelp
from protocols.trace.events import Direction
from protocols.trace.words import Row as Told
from sim.stage.hand.desk import PAGE, Desk, Mode
from sim.stage.hand.faces import face, is_faulty, till_face
from sim.stage.hand.labels import Language, label
from sim.stage.hand.seen import TILL, Seen

COLUMNS_MIN: Final = 80
ROWS_MIN: Final = 24
_LEFT: Final = 24
_VERB_ROWS: Final = PAGE // 2
_BELOW: Final = 2
_TRACE_MIN: Final = 7
_NS_PER_S: Final = 1_000_000_000
_ARROWS: Final = {Direction.TO: ">", Direction.FROM: "<", None: " "}
_KEYS: Final = (
    ("F1", "help"), ("F2", "pause"), ("F3", "step"), ("F4", "clear"), ("F5", "trace"),
    ("F6", "entry"), ("F8", "save"), ("F10", "leave"),
)  # fmt: skip


def paint(desk: Desk, seen: Seen, width: int, height: int, language: Language) -> tuple[Row, ...]:
    """Return the picture: `height` rows of `width` cells."""
    if width < COLUMNS_MIN or height < ROWS_MIN:
        said = label("too_small", language, COLUMNS_MIN, ROWS_MIN)
        return (row(clip(said, width)), *(row("") for _ in range(height - 1)))
    desk.look(seen)
    trace = max(_TRACE_MIN, (height - _BELOW) // 3)
    above = height - _BELOW - trace
    rows = [
        _title(seen, width, language),
        *_upper(desk, seen, width, above - 1, language),
        *_trace(desk, seen, width, trace, language),
        _line(desk, seen, width, language),
        _keys(seen, width, language),
    ]
    assert len(rows) == height, "every row of the screen is drawn"
    return tuple(rows)


def _title(seen: Seen, width: int, language: Language) -> Row:
    seconds = seen.elapsed_ns // _NS_PER_S
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    state, ink = label("running", language), Ink.STRONG
    if seen.paused:
        state, ink = label("paused", language, seen.waiting), Ink.WARN
        if seen.next:
            state = f"{state}, {label('next', language, seen.next)}"
    return pair(f"{label('title', language)} {seen.title}", f"{state}  {clock} ", width, ink)


def _upper(desk: Desk, seen: Seen, width: int, height: int, language: Language) -> list[Row]:
    right = width - _LEFT - 1
    inside = height - 1
    body = inside - _VERB_ROWS - 1
    names = _names(desk, seen, inside, language)
    if desk.mode is Mode.HELP:
        shown = [row(fit(label(f"help.{number}", language), right - 3)) for number in range(1, 10)]
        panes = [*_padded(shown, inside, right)]
    else:
        panes = [
            *_padded(_face(desk, seen, right - 3, body, language), body, right),
            _edge(label("verbs", language, desk.page + 1, desk.pages(seen)), right),
            *_padded(_verbs(desk, seen, right - 3, language), _VERB_ROWS, right),
        ]
    title = label("till", language) if desk.chosen == TILL else desk.chosen
    left_edge = row_text(_edge(label("equipment", language), _LEFT))
    rows: list[Row] = [row(f"+{left_edge}{row_text(_edge(title, right))}")]
    for left, pane in zip(names, panes, strict=True):
        border = "+" if _is_border(pane) else "|"
        rows.append((("|", Ink.PLAIN), *left, (border, Ink.PLAIN), *pane))
    return rows


def _is_border(pane: Row) -> bool:
    return bool(pane) and pane[0][0].startswith("-")


def _edge(title: str, width: int) -> Row:
    """Return a border with a title in it, without its left corner."""
    text = f"- {clip(title, width - 5)} " if title else ""
    return row(f"{text}{'-' * (width - 1 - cells(text))}+")


def _padded(content: list[Row] | tuple[Row, ...], height: int, width: int) -> list[Row]:
    """Return exactly so many rows between a neighbour's border and one at the right."""
    blank: Row = row(" " * (width - 3))
    rows = [*content, *(blank for _ in range(height - len(content)))]
    return [((" ", Ink.PLAIN), *each, (" |", Ink.PLAIN)) for each in rows[:height]]


def _names(desk: Desk, seen: Seen, height: int, language: Language) -> list[Row]:
    names = seen.names()
    place = names.index(desk.chosen) if desk.chosen in names else 0
    first = max(0, min(place - height // 2, len(names) - height))
    rows = []
    for name in names[first : first + height]:
        device = seen.device(name)
        wrong = device is not None and is_faulty(device)
        sign = "!" if wrong else " "
        mark = ">" if name == desk.chosen else " "
        ink = Ink.REVERSE if name == desk.chosen else Ink.ALERT if wrong else Ink.PLAIN
        shown = label("till", language) if device is None else name
        rows.append(row(fit(f"{mark}{sign}{shown}", _LEFT - 1), ink))
    blank: Row = row(" " * (_LEFT - 1))
    return [*rows, *(blank for _ in range(height - len(rows)))]


def _face(desk: Desk, seen: Seen, width: int, height: int, language: Language) -> tuple[Row, ...]:
    device = seen.device(desk.chosen)
    if device is not None:
        return face(device, seen.paper, width, height, language)
    if desk.chosen == TILL and seen.till is not None:
        return till_face(seen.till, width, height, language)
    return ()


def _verbs(desk: Desk, seen: Seen, width: int, language: Language) -> list[Row]:
    verbs = list(seen.verbs(desk.chosen))[desk.page * PAGE : (desk.page + 1) * PAGE]
    half = width // 2
    rows = []
    for number in range(_VERB_ROWS):
        left = _verb(verbs, number, half, language)
        right = _verb(verbs, number + _VERB_ROWS, width - half, language)
        rows.append(row(left + right))
    return rows


def _verb(verbs: list[VerbHelp], number: int, width: int, language: Language) -> str:
    if number >= len(verbs):
        return " " * width
    verb = verbs[number]
    said = verb.label_ko if language == "ko" else verb.label_en
    more = " ..." if verb.arguments else ""
    return fit(f"{(number + 1) % PAGE} {said}{more}", width - 1) + " "


def _trace(desk: Desk, seen: Seen, width: int, height: int, language: Language) -> list[Row]:
    title = label("trace", language)
    told = list(seen.told)
    if desk.only:
        title = label("trace.one", language, desk.chosen)
        told = [each for each in told if each.channel.partition(":")[2] == desk.chosen]
    rows: list[Row] = [(("+", Ink.PLAIN), *_edge(title, width - 1))]
    inside = height - 1
    for each in told[-inside:]:
        rows.append(_told(each, width))
    rows += [row("") for _ in range(height - len(rows))]
    return rows


def _told(each: Told, width: int) -> Row:
    name = each.channel.partition(":")[2]
    head = f"{each.at_ns / _NS_PER_S:11.3f} {fit(name, 12)} {_ARROWS[each.direction]} "
    ink = Ink.WARN if each.direction is None else Ink.PLAIN
    return row(fit(head + each.text, width), ink)


def _line(desk: Desk, seen: Seen, width: int, language: Language) -> Row:
    match desk.mode:
        case Mode.ENTRY:
            return row(fit(f"{label('entry', language)}> {desk.text}_", width), Ink.STRONG)
        case Mode.SAVING:
            return row(fit(f"{label('save', language)}> {desk.text}_", width), Ink.STRONG)
        case Mode.ASKING if desk.asking is not None:
            asking = desk.asking
            choices = desk.choices(seen)
            said = "  ".join(f"{n} {each}" for n, each in enumerate(choices, start=1))
            asked = label("asked", language, asking.name, said or asking.meaning)
            typed = f"> {desk.text}_"
            room = width - cells(typed)
            return row(fit(clip(asked, room - 1), room) + typed, Ink.STRONG)
    return row(fit(desk.said, width), Ink.PLAIN)


def _keys(seen: Seen, width: int, language: Language) -> Row:
    parts = []
    for key, name in _KEYS:
        if name == "entry" and seen.till is None:
            continue
        shown = "run" if name == "pause" and seen.paused else name
        parts.append(f"{key} {label(f'key.{shown}', language)}")
    return row(fit("  ".join(parts), width), Ink.DIM)
