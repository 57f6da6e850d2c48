"""What can be seen on a device: paper, display, card, keypad; and on the till."""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from pos.ui.grid import Ink, Row, fit, row
from pos.view import TillView
from protocols.control import DeviceState
from sim.stage.hand.labels import Language, label

_COLUMNS: Final = 20
_CARDS_CELLS: Final = 50
"""So that every card can be read beside the list of devices on the narrowest screen."""


def is_faulty(state: DeviceState) -> bool:
    """Say whether anything was let go wrong on it that has not been put right."""
    wire: dict[str, Any] = state.state.get("wire", {})
    wrong = wire.get("cable") == "pulled" or wire.get("passage") == "mute"
    wrong |= any(wire.get(each) for each in ("delay_ms", "corrupt_per_mille", "lose_per_mille"))
    wrong |= state.state.get("cable") == "pulled" or bool(state.state.get("planned"))
    wrong |= any(
        state.state.get(each) for each in ("mute", "muted", "garbled", "delay_ms", "opened", "busy")
    )
    wrong |= state.state.get("power") == "off" or state.state.get("fault", "none") != "none"
    wrong |= state.state.get("paper", "ok") != "ok" or state.state.get("cover") == "open"
    wrong |= bool(state.state.get("jammed"))
    return wrong or state.state.get("cutter", "ok") != "ok"


def face(
    state: DeviceState, paper: str, width: int, height: int, language: Language
) -> tuple[Row, ...]:
    """Return at most `height` rows of what is on a device."""
    draw = _FACES.get(state.device, _anything)
    rows = [row(fit(line, width)) for line in draw(state.state, paper, height, language)]
    return tuple(rows[:height])


def till_face(view: TillView, width: int, height: int, language: Language) -> tuple[Row, ...]:
    """Return at most `height` rows of what the till shows."""
    rows = []
    if view.notice is not None:
        ink = {"A": Ink.ALERT, "B": Ink.WARN}.get(view.notice.level, Ink.PLAIN)
        code = f"{view.notice.code}: " if view.notice.code else ""
        rows.append(row(fit(f"{code}{view.notice.banner}", width), ink))
    lines = [f"{each.quantity:>5} {each.amount:>10}  {each.name}" for each in view.lines]
    room = max(0, height - len(rows) - 2)
    rows += [row(fit(line, width)) for line in lines[-room:]] if room else []
    rows.append(row(fit(label("total", language, view.total, view.due), width), Ink.STRONG))
    link = f"{view.stage.value}  {view.queue.link}: {view.queue.sent}+{view.queue.waiting}"
    rows.append(row(fit(link, width), Ink.DIM))
    return tuple(rows[:height])


def _printer(state: dict[str, Any], paper: str, height: int, language: Language) -> list[str]:
    room = max(0, height - 1)
    lines = paper.rstrip("\n").split("\n") if paper.strip() else [label("no_paper", language)]
    wrong = [name for name, good in (("power", "on"), ("fault", "none")) if state[name] != good]
    return [_told(state, *wrong, "paper", "cover", "cutter", "drawer"), *lines[-room:]]


def _display(state: dict[str, Any], paper: str, height: int, language: Language) -> list[str]:
    edge = f"+{'-' * _COLUMNS}+"
    lines = [f"|{fit(str(state[each]), _COLUMNS)}|" for each in ("upper", "lower")]
    return [edge, *lines, edge, _told(state, "power", "string_mode", "listening", "brightness")]


def _pin_pad(state: dict[str, Any], paper: str, height: int, language: Language) -> list[str]:
    edge = f"+{'-' * _COLUMNS}+"
    lines = [f"|{fit(str(state[each]), _COLUMNS)}|" for each in ("upper", "lower")]
    key = f"next key {state['ksn']}" if state["ksn"] else "no key for a bank"
    return [edge, *lines, edge, _told(state, "keypad", "opened", "mute"), key]


def _payment_terminal(
    state: dict[str, Any], paper: str, height: int, language: Language
) -> list[str]:
    edge = f"+{'-' * _COLUMNS}+"
    lines = [f"|{fit(str(state[each]), _COLUMNS)}|" for each in ("upper", "lower")]
    taken = f"{state['payments']} in the batch, total {state['total']}, number {state['batch']}"
    names = f"cards: {' '.join(str(each)[-4:] for each in state['cards'])}"
    cards = textwrap.wrap(names, _CARDS_CELLS, break_on_hyphens=False)
    told = _told(state, "phase", "power", "busy", "registered")
    roll = [f"  {line}" for line in state["roll"]]
    return [edge, *lines, edge, told, taken, f"last: {state['last']}", *roll, "", *cards]


def _card(state: dict[str, Any], paper: str, height: int, language: Language) -> list[str]:
    seen: dict[str, Any] = state["seen"]
    slot = f"[{state['card'] or label('no_card', language)}]"
    power = "powered" if state["powered"] else "unpowered"
    lines = [f"{slot} {power}, {state['commands']} commands", f"keypad: {state['keypad']}"]
    if len(state["antenna"]) > 1:
        lines.append(f"antenna: {' '.join(map(str, state['antenna']))}")
    names = f"cards: {' '.join(map(str, state['cards']))}"
    cards = textwrap.wrap(names, _CARDS_CELLS, break_on_hyphens=False)
    return [*lines, *_pairs(seen), "", *cards]


def _hybrid_reader(state: dict[str, Any], paper: str, height: int, language: Language) -> list[str]:
    return [_told(state, "jammed", "reset"), *_card(state, paper, height, language)]


def _stripe_reader(state: dict[str, Any], paper: str, height: int, language: Language) -> list[str]:
    cards = " ".join(map(str, state["cards"]))
    return [_told(state, "swiped", "last"), "", f"cards: {cards}"]


def _anything(state: dict[str, Any], paper: str, height: int, language: Language) -> list[str]:
    return list(_pairs({key: value for key, value in state.items() if key != "wire"}))


def _pairs(state: dict[str, Any]) -> Iterable[str]:
    for name, value in state.items():
        told = value
        if isinstance(value, dict):
            told = "  ".join(f"{key} {each}" for key, each in value.items())
        yield f"{name.replace('_', ' ')}: {told}"


def _told(state: dict[str, Any], *names: str) -> str:
    """Return the named parts of a state in a row."""
    return "  ".join(f"{name.replace('_', ' ')} {_word(state[name])}" for name in names)


def _word(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
    return str(value)


_Face = Callable[[dict[str, Any], str, int, Language], Sequence[str]]
_FACES: Final[dict[str, _Face]] = {
    "printer": _printer,
    "line_display": _display,
    "pin_pad": _pin_pad,
    "payment_terminal": _payment_terminal,
    "smart_card": _card,
    "hybrid_reader": _hybrid_reader,
    "stripe_reader": _stripe_reader,
}
