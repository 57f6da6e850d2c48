"""Finds tenders by name: the files of this folder, and the entry-point group pos.tenders.

A stranger's package adds a way to pay by an entry point to an object of that name. Nothing is
imported before somebody pays with it; two different tenders under one name load nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from typing import Final

from pos.tenders.agreement import Tender

GROUP: Final = "pos.tenders"
_NOT_TENDERS: Final = frozenset({"__init__", "agreement", "registry"})


class TenderClashError(Exception):
    """Two tenders have one name."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Where each tender is, as module:object, by name."""

    places: dict[str, str]

    def names(self) -> tuple[str, ...]:
        """Return all names in order."""
        return tuple(sorted(self.places))

    def tender(self, name: str) -> Tender | None:
        """Import and return a tender, or None when no such one is installed."""
        place = self.places.get(name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        found: Tender = getattr(import_module(module), attribute)
        assert found.name == name, (
            f"{place} calls itself {found.name!r}, it is installed as {name!r}"
        )
        return found


def find_tenders(installed: Iterable[EntryPoint] | None = None) -> Registry:
    """List what there is. Raises: TenderClashError naming both places."""
    places = {name: f"{GROUP}.{name}:TENDER" for name in _own_files()}
    for entry in entry_points(group=GROUP) if installed is None else installed:
        known = places.setdefault(entry.name, entry.value)
        if known != entry.value:
            raise TenderClashError(
                f"two tenders are named {entry.name!r}: {known} and {entry.value}; "
                "uninstall one of the two packages"
            )
    return Registry(places)


def _own_files() -> list[str]:
    names = [entry.name for entry in files(GROUP).iterdir() if entry.name.endswith(".py")]
    return sorted(name[:-3] for name in names if name[:-3] not in _NOT_TENDERS)
