"""A purse on disk: its personality as TOML.

scheme = "purse"
transmission = "t1"           # or t0
name = "CUST0001"
secret = "..."                # the card's own key: nobody else may read this file
certificate = "..."           # hexadecimal, as the issuer signed it
currencies = [410, 0, 0, 0, 0]
ceilings = [200000, 0, 0, 0, 0]
issuer_keys = { 1 = "..." }
"""

from pathlib import Path
from typing import Any, Final

import msgspec

from protocols.purse.details import decode_certificate
from protocols.purse.image import Flow, Personality
from protocols.purse.memory import Slots
from protocols.purse.suite import P256
from sim.cards.answers import Transmission
from sim.cards.private import write_private
from sim.cards.purse import PurseCard

SCHEME: Final = "purse"


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


def purse_of(label: str, table: dict[str, Any], slots: Slots) -> PurseCard:
    """Return the purse that a file's table describes. Raises: ValueError."""
    raw = msgspec.convert(table, _CardFile)
    return PurseCard(
        label=label,
        personality=_personality(raw),
        slots=slots,
        suite=P256(),
        transmission=raw.transmission,
    )


def _personality(raw: _CardFile) -> Personality:
    """Raises: ValueError."""
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
