"""How an attempt to pay with e-cash stands in a journal, and what its recovery needs from there.

    attempt.opened  peer = payer=NAME;payee=NAME;pd=DETAILS    hexadecimal, before the first START
    attempt.closed  reference = NAME-SEQUENCE                  of the payer (protocols.purse.proof)
    purse.moved     details and the VAL or ACK, with the result

The payment details alone say everything that `coordinator.recover` asks for; the names stand beside
them for people. Source: purse.md 4.4 "Terminal journal".
"""

from typing import Final

from protocols.iso7816 import SW, Command
from protocols.purse.card import AID
from protocols.purse.coordinator import Ask, Dialogue, InDoubt, Slot, Transferred
from protocols.purse.details import DETAILS_BYTES, PaymentDetails, decode_details

_DETAILS: Final = "pd"
PEER_LENGTH_MAX: Final = 128


def peer_of(details: PaymentDetails) -> str:
    """Return what AttemptOpened.peer says about a transfer; at most PEER_LENGTH_MAX characters."""
    encoded = details.encode().hex()
    return f"payer={details.payer.hex()};payee={details.payee.hex()};{_DETAILS}={encoded}"


def details_in(peer: str) -> PaymentDetails | None:
    """Return the transfer that an attempt's peer names; None for an attempt of another kind."""
    fields = dict(field.partition("=")[::2] for field in peer.split(";"))
    try:
        encoded = bytes.fromhex(fields.get(_DETAILS, ""))
    except ValueError:
        return None
    return decode_details(encoded) if len(encoded) == DETAILS_BYTES else None


def attest(details: PaymentDetails) -> Dialogue:
    """Have the payee say again that it was credited; the ACK is in the answers.

    For a transfer that is known to be done and whose messages nobody kept. Moves nothing.
    """
    select = Command(0x00, 0xA4, 4, 0, AID, 256).encode()
    again = Command(0x90, 0x5A, 2, 0, details.encode(), 256).encode()
    for command in (select, again):
        response = yield Ask(Slot.PAYEE, command)
        if response is None:
            return InDoubt(details, Slot.PAYEE, "no answer")
        if response.sw not in (SW.OK, SW.SELECTED_LOCKED):
            return InDoubt(details, Slot.PAYEE, f"refused: {response.sw:04X}")
    return Transferred(details)
