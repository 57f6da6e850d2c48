"""Cards on disk: FOLDER/LABEL.toml is a card's personality, LABEL.a and LABEL.b its memory.

    scheme = "purse"              # purse, icash, icash_module, emv, passbook; the rest is the scheme's
    transmission = "t1"           # or t0
    ...                           # purse_file, icash_file, emv_file, passbook_file

The folder is the drawer that cards lie in; a card is whole by itself, and may be copied to another
folder for as long as only one of the two is ever used.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from protocols.purse.memory import Slots
from sim.cards import emv_file, icash_file, passbook_file, purse_file
from sim.cards.card import Card
from sim.cards.slots import SlotFiles

ISSUER_FILE: Final = "issuer.toml"
ICASH_ISSUER_FILE: Final = "icash-issuer.toml"
CARDS_MAX: Final = 1_000
"""In one folder; a bench opens each."""
_SCHEMES: Final[dict[str, Callable[[str, dict[str, Any], Slots], Card]]] = {
    purse_file.SCHEME: purse_file.purse_of,
    icash_file.CARD_SCHEME: icash_file.card_of,
    icash_file.MODULE_SCHEME: icash_file.module_of,
    emv_file.SCHEME: emv_file.emv_of,
    passbook_file.SCHEME: passbook_file.passbook_of,
}


class CardFileError(ValueError):
    """A card's file cannot be used. The message names the file and what is wrong."""


def read_card(file: Path) -> Card:
    """Return the card of a file, of whatever scheme it is. Raises: CardFileError."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        scheme = table.get("scheme")
        make = _SCHEMES.get(scheme) if isinstance(scheme, str) else None
        if make is None:
            raise ValueError(f"scheme: {scheme!r} is none of {', '.join(_SCHEMES)}")
        return make(file.stem, table, SlotFiles(file.with_suffix("")))
    except FileNotFoundError:
        raise CardFileError(f"{file}: no such card; make some: ips-sim cards make FOLDER") from None
    except (OSError, ValueError) as error:
        raise CardFileError(f"{file}: {error}") from error


def read_cards(folder: Path) -> dict[str, Card]:
    """Return every card of a folder by its label. Raises: CardFileError."""
    issuers = (ISSUER_FILE, ICASH_ISSUER_FILE, emv_file.ISSUER_FILE)
    files = sorted(file for file in folder.glob("*.toml") if file.name not in issuers)
    if not files:
        raise CardFileError(f"{folder}: no cards; make some: ips-sim cards make {folder}")
    if len(files) > CARDS_MAX:
        raise CardFileError(f"{folder}: {len(files)} cards; a folder has {CARDS_MAX} at most")
    return {file.stem: read_card(file) for file in files}
