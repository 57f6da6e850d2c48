"""What was done by hand, and how it is written as a scenario that `ips-sim run` plays.

Steps are the verbs and entries word for word, with the waits between them. An entry that somebody did
something during (a card inserted, a PIN keyed) is begun, and its answer comes when it came. What a
scenario's one till has no device for is left out, and said so in a comment.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.control import Verb
from sim.stage.world.equipment import DEVICES, SLOTS

WAIT_MIN_NS: Final = 300_000_000
"""Shorter pauses are a hand's, and nothing waits for them."""
_SLOT_KIND: Final = "smart_card"
"""What a scenario's slots are unless it says otherwise."""
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_LONG_NS: Final = 10 * _NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDeed:
    """Something that was done to a device."""

    at_ns: int
    device: str
    """As the bench calls it."""
    kind: str
    verb: Verb


@dataclass(slots=True, kw_only=True)
class EntryDeed:
    """An entry that was keyed into the till."""

    at_ns: int
    entry: str
    ended_ns: int | None = None
    """When the till answered; None while it has not."""
    code: str | None = None
    """What it answered; None for no answer."""


Deed = DeviceDeed | EntryDeed


def scenario_text(deeds: Sequence[Deed], *, about: str, cards: Mapping[str, Any]) -> str:
    """Return a scenario. `cards` are those to be given besides a scenario's own: label to fields."""
    lines = [f"about = {json.dumps(about, ensure_ascii=False)}"]
    for name, fields in cards.items():
        told = ", ".join(f"{key} = {json.dumps(value)}" for key, value in fields.items())
        lines.append(f"given.cards.{json.dumps(name)} = {{ {told} }}")
    names = _names(deeds)
    kinds = {names[each.device]: each.kind for each in deeds
             if isinstance(each, DeviceDeed) and each.device in names}  # fmt: skip
    lines += [
        f'given.{name} = {{ kind = "{kind}" }}'
        for name, kind in kinds.items()
        if name in SLOTS and kind != _SLOT_KIND
    ]
    lines.append("when = [")
    before_ns = deeds[0].at_ns if deeds else 0
    for at_ns, line in _steps(deeds, names):
        if at_ns - before_ns >= WAIT_MIN_NS:
            lines.append(f'  {{ wait = "{_duration(at_ns - before_ns)}" }},')
        before_ns = max(before_ns, at_ns)
        lines.append(f"  {line}")
    return "\n".join((*lines, "]", ""))


def _steps(deeds: Sequence[Deed], names: Mapping[str, str]) -> list[tuple[int, str]]:
    """Return each step's line with its time, in the order of time."""
    steps: list[tuple[int, str]] = []
    for deed in deeds:
        match deed:
            case DeviceDeed():
                steps.append((deed.at_ns, _device_line(deed, names)))
            case EntryDeed(code=code, ended_ns=ended_ns) if _interrupted(deed, deeds):
                steps.append((deed.at_ns, _table(begin=deed.entry)))
                if ended_ns is not None and code is not None:
                    steps.append((ended_ns, _table(answer=code)))
            case EntryDeed(code=code):
                says = {} if code is None else {"says": code}
                steps.append((deed.at_ns, _table(key=deed.entry, **says)))
    return sorted(steps, key=lambda step: step[0])


def _interrupted(entry: EntryDeed, deeds: Sequence[Deed]) -> bool:
    """Say whether something else was done while the till worked on an entry."""
    if entry.ended_ns is None:
        return True
    return any(entry.at_ns < deed.at_ns < entry.ended_ns for deed in deeds if deed is not entry)


def _device_line(deed: DeviceDeed, names: Mapping[str, str]) -> str:
    name = names.get(deed.device)
    table = {name or deed.device: deed.verb.verb, **deed.verb.arguments}
    line = _table(**table)
    return line if name else f"# left out, a scenario has no such device: {line}"


def _names(deeds: Sequence[Deed]) -> dict[str, str]:
    """Return what a scenario calls each device: by name, else by kind, the first of its kind."""
    names: dict[str, str] = {}
    for deed in deeds:
        if not isinstance(deed, DeviceDeed) or deed.device in names:
            continue
        wanted = SLOTS if deed.kind in (_SLOT_KIND, "hybrid_reader") else (deed.kind,)
        free = [each for each in wanted if each in DEVICES and each not in names.values()]
        if deed.device in free:
            names[deed.device] = deed.device
        elif free:
            names[deed.device] = free[0]
    return names


def _table(**fields: str) -> str:
    told = ", ".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()
    )
    return f"{{ {told} }},"


def _duration(duration_ns: int) -> str:
    if duration_ns >= _LONG_NS:
        return f"{round(duration_ns / _NS_PER_S)} s"
    return f"{round(duration_ns / _NS_PER_MS / 100) * 100} ms"
