"""Devices as they are sold, set and met: a name for a set of options, with what a till needs to live with it.

    quirks/KIND.toml   [NAME]  about, options, line, faults, pace, wire, port, start, till

A plan says `profile = "NAME"`; what the plan says itself goes before. `start` is what is done to the
device before anybody meets it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from protocols.control import Verb

_FOLDER: Final = Path(__file__).parent / "quirks"
_OF_THE_PLAN: Final = ("options", "line", "faults", "pace", "wire", "port", "quick_ack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of device as it comes."""

    about: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    """Keys of a device's table in a plan."""
    start: tuple[Verb, ...] = ()
    """What is done to it before anybody meets it."""
    till: Mapping[str, Any] = field(default_factory=dict)
    """Keys of [devices] of ips-pos."""

    def under(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Return a device's table with this beneath it: what the table says itself goes before."""
        merged = dict(self.plan)
        for key, value in table.items():
            below = merged.get(key)
            merged[key] = {**below, **value} if isinstance(below, dict) else value
        return merged


@cache
def profiles(kind: str) -> Mapping[str, Profile]:
    """Return the profiles of a kind of device by name; none where it has no file."""
    file = _FOLDER / f"{kind}.toml"
    if not file.is_file():
        return {}
    return {
        name: Profile(
            about=table["about"],
            plan={key: table[key] for key in _OF_THE_PLAN if key in table},
            start=tuple(_verb(each) for each in table.get("start", ())),
            till=table.get("till", {}),
        )
        for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items()
    }


def _verb(table: Mapping[str, Any]) -> Verb:
    arguments = {key: str(value) for key, value in table.items() if key != "verb"}
    return Verb(verb=table["verb"], arguments=arguments)
