"""A passbook on disk: its personality as TOML.

scheme = "passbook"
transmission = "t1"           # or t0
account = "110220330440"
secret = "..."                # the card's own key: nobody else may read this file
certificate = "..."           # hexadecimal, as its bank signed it
"""

from pathlib import Path
from typing import Any, Final

import msgspec

from protocols.passbook.card import Personality
from protocols.passbook.order import decode_certificate
from protocols.purse.memory import Slots
from sim.cards.answers import Transmission
from sim.cards.passbook import PassbookCard
from sim.cards.private import write_private

SCHEME: Final = "passbook"


class _CardFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scheme: str
    account: str
    secret: str
    certificate: str
    transmission: Transmission = Transmission.T1


def write_card(file: Path, personality: Personality, transmission: Transmission) -> None:
    """Write a card's file, for its user alone. Raises: FileExistsError; a card is made once."""
    me = personality
    lines = [
        f'scheme = "{SCHEME}"',
        f'transmission = "{transmission.value}"',
        f'account = "{me.account}"',
        f'secret = "{me.secret:064x}"',
        f'certificate = "{me.certificate.hex()}"',
    ]
    write_private(file, "\n".join(lines) + "\n")


def passbook_of(label: str, table: dict[str, Any], slots: Slots) -> PassbookCard:
    """Return the card that a file's table describes. Raises: ValueError."""
    raw = msgspec.convert(table, _CardFile)
    certificate = bytes.fromhex(raw.certificate)
    if decode_certificate(certificate).account != raw.account:
        raise ValueError("certificate: it is another account's")
    return PassbookCard(
        label=label,
        personality=Personality(
            account=raw.account, secret=int(raw.secret, 16), certificate=certificate
        ),
        slots=slots,
        transmission=raw.transmission,
    )
