"""Finds tenders by name: the files of this folder, and the entry-point group pos.tenders.

A stranger's package adds a way to pay by an entry point to an object of that name, and the object
names the two letters that it is keyed with. Two tenders under one name or one word load nothing; one
that cannot be imported is left out, and selling goes on without it.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from typing import Final

from pos.entry import WORDS
from pos.tenders.agreement import Tender

log: Final = logging.getLogger("pos.tenders")
GROUP: Final = "pos.tenders"
_NOT_TENDERS: Final = frozenset({"__init__", "agreement", "registry"})


class TenderClashError(Exception):
    """Two tenders have one name or one word, or a word is none that could be keyed."""


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

    def offered(self, names: Iterable[str] = ()) -> tuple[Tender, ...]:
        """Import and return tenders in this order, without those that are not here; all without names.

        Raises: TenderClashError where two of all that are here have one word.
        """
        found: dict[str, Tender] = {}
        words: dict[str, str] = {}
        for name in self.names():
            try:
                tender = self.tender(name)
                assert tender is not None, "it is one of the names"
                verb = tender.verb
            except Exception:
                log.exception("tender.broken", extra={"tender": name})
                continue
            _check_word(name, verb, words)
            words[verb] = name
            found[name] = tender
        return tuple(found[name] for name in (tuple(names) or found) if name in found)


def _check_word(name: str, verb: str, words: dict[str, str]) -> None:
    if len(verb) != 2 or not (verb.isascii() and verb.isalpha() and verb.isupper()):
        raise TenderClashError(f"the word of tender {name!r} is two capitals, not {verb!r}")
    if verb in WORDS:
        raise TenderClashError(f"tender {name!r}: {verb} is a word of the entry line itself")
    if verb in words:
        raise TenderClashError(
            f"tenders {words[verb]!r} and {name!r} are both keyed {verb}; "
            "uninstall one of the two packages"
        )


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
