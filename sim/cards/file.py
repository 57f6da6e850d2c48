"""A card on disk: FOLDER/LABEL.toml is its personality, LABEL.a and LABEL.b its memory.

    scheme = "purse"
    transmission = "t1"           # or t0
    name = "CUST0001"
    secret = "..."                # the card's own key: nobody else may read this file
    certificate = "..."           # hexadecimal, as the issuer signed it
    currencies = [410, 0, 0, 0, 0]
    ceilings = [200000, 0, 0, 0, 0]
    issuer_keys = { 1 = "..." }

The folder is the drawer that cards lie in; a card is whole by itself, and may be copied to another
folder for as long as only one of the two is ever used.
"""

import os
import tomllib
from pathlib import Path
from typing import Final

import msgspec

from protocols.purse.details import decode_certificate
from protocols.purse.image import Flow, Personality
from protocols.purse.suite import Suite
from sim.cards.answers import Transmission
from sim.cards.purse import PurseCard
from sim.cards.slots import SlotFiles

SCHEME: Final = "purse"
ISSUER_FILE: Final = "issuer.toml"
CARDS_MAX: Final = 1_000
"""In one folder; a bench opens each."""


class CardFileError(ValueError):
    """A card's file cannot be used. The message names the file and what is wrong."""


class _CardFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scheme: str
    name: str
    secret: str
    certificate: str
    currencies: tuple[int, int, int, int, int]
    ceilings: tuple[int, int, int, int, int]
    issuer_keys: dict[str, str]
    transmission: Transmission = Transmission.T1
    flow: Flow = Flow.OFFER
    log_slots: int = 10
    narrative_slots: int = 10
    tries_max: int = 3


def write_card(file: Path, personality: Personality, transmission: Transmission) -> None:
    """Write a card's file, for its user alone. Raises: FileExistsError; a card is made once."""
    me = personality
    keys = ", ".join(f'{key} = "{public.hex()}"' for key, public in me.issuer_keys.items())
    lines = [
        f'scheme = "{SCHEME}"',
        f'transmission = "{transmission.value}"',
        f'name = "{me.name.decode("ascii")}"',
        f'secret = "{me.secret:064x}"',
        f'certificate = "{me.certificate.hex()}"',
        f"currencies = {list(me.currencies)}",
        f"ceilings = {list(me.ceilings)}",
        f"issuer_keys = {{ {keys} }}",
        f'flow = "{me.flow.value}"',
        f"log_slots = {me.log_slots}",
        f"narrative_slots = {me.narrative_slots}",
        f"tries_max = {me.tries_max}",
    ]
    write_private(file, "\n".join(lines) + "\n")


def write_private(file: Path, text: str) -> None:
    """Write a file that holds a key. Raises: FileExistsError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def read_card(file: Path, suite: Suite) -> PurseCard:
    """Return the card of a file. Raises: CardFileError."""
    try:
        raw = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _CardFile)
        personality = _personality(raw)
    except FileNotFoundError:
        raise CardFileError(f"{file}: no such card; make some: ips-sim cards make FOLDER") from None
    except (OSError, ValueError) as error:
        raise CardFileError(f"{file}: {error}") from error
    return PurseCard(
        label=file.stem,
        personality=personality,
        slots=SlotFiles(file.with_suffix("")),
        suite=suite,
        transmission=raw.transmission,
    )


def read_cards(folder: Path, suite: Suite) -> dict[str, PurseCard]:
    """Return every card of a folder by its label. Raises: CardFileError."""
    files = sorted(file for file in folder.glob("*.toml") if file.name != ISSUER_FILE)
    if not files:
        raise CardFileError(f"{folder}: no cards; make some: ips-sim cards make {folder}")
    if len(files) > CARDS_MAX:
        raise CardFileError(f"{folder}: {len(files)} cards; a folder has {CARDS_MAX} at most")
    return {file.stem: read_card(file, suite) for file in files}


def _personality(raw: _CardFile) -> Personality:
    """Raises: ValueError."""
    if raw.scheme != SCHEME:
        raise ValueError(f"scheme: {raw.scheme!r} is not known; this is for {SCHEME!r}")
    certificate = bytes.fromhex(raw.certificate)
    if len(certificate) != 112:
        raise ValueError("certificate: a certificate has 112 bytes")
    return Personality(
        name=raw.name.encode("ascii"),
        purse_class=decode_certificate(certificate).purse_class,
        secret=int(raw.secret, 16),
        certificate=certificate,
        issuer_keys={int(key): bytes.fromhex(public) for key, public in raw.issuer_keys.items()},
        currencies=raw.currencies,
        ceilings=raw.ceilings,
        flow=raw.flow,
        log_slots=raw.log_slots,
        narrative_slots=raw.narrative_slots,
        tries_max=raw.tries_max,
    )
