"""How a purchase stands in a terminal's journal, and what its recovery and its collector need from there.

    attempt.opened  peer = card=NAME;module=NAME;td=DETAILS    hexadecimal, before the module is asked
    attempt.closed  reference = NAME-NUMBER                    of the card: it uses a number once
    value.taken     details TD, proof SI (8 bytes), device NAME of the module, with the result

The details alone say everything that `coordinator.recover` asks for; the names stand beside them for
people.
"""

import hashlib
from typing import Final

from protocols.icash.details import DETAILS_BYTES, Details, decode_details

_DETAILS: Final = "td"
PEER_LENGTH_MAX: Final = 128


def peer_of(details: Details) -> str:
    """Return what AttemptOpened.peer says about a purchase; at most PEER_LENGTH_MAX characters."""
    card, module = details.card.hex(), details.module.hex()
    return f"card={card};module={module};{_DETAILS}={details.encode().hex()}"


def details_in(peer: str) -> Details | None:
    """Return the purchase that an attempt's peer names; None for an attempt of another kind."""
    fields = dict(field.partition("=")[::2] for field in peer.split(";"))
    try:
        encoded = bytes.fromhex(fields.get(_DETAILS, ""))
    except ValueError:
        return None
    return decode_details(encoded) if len(encoded) == DETAILS_BYTES else None


def purchase_reference(details: Details) -> str:
    """Return a purchase's short name: the card and its number, at most 27 characters."""
    return f"{details.card.hex()}-{details.card_number}"


def order_reference(key: str) -> bytes:
    """Return the eight bytes that bind a purchase to its attempt."""
    return hashlib.sha256(key.encode()).digest()[:8]
