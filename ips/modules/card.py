"""Cards: what the reader found, as a message to the bank; what the bank says, as an outcome (T3).

Everything that makes a payment safe is beside it, in ips/bank: the exchange is durable before it is sent,
and undone when nobody answers.
"""

from typing import Final

from ips.bank.codes import NOT_REACHED
from ips.bank.requests import PURCHASE_CODE
from ips.manifests import manifest_beside
from ips.scrub import mask_secrets
from ips.spi import BankRequest, Context, Manifest, Operation, Order
from protocols.iso8583 import elements as de
from protocols.iso8583.field import Value
from protocols.iso8583.icc import read_icc
from protocols.iso8583.message import MalformedError
from protocols.iso8583.pin import EncipheredPin, pin_fields
from protocols.outcome import Declined, NotSent, Outcome

_ENTRY: Final = {"chip": "051", "stripe": "021", "fallback": "801", "keyed": "011"}
"""Field 22: how the number was read, and that a PIN can be taken."""
UNREADABLE: Final = "CRD-14"


class Card:
    """The card module."""

    def __init__(self) -> None:
        self._manifest = manifest_beside(__file__)

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        return self._manifest

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Ask the card's bank, once a key."""
        if order.operation not in self._manifest.operations:
            return Declined(code="PAY-04", reason=f"cards have no {order.operation}")
        if context.banks is None:
            if order.operation is Operation.INQUIRE:
                return NotSent(code="PAY-09", reason="no bank was asked: this broker has none")
            return NotSent(code=NOT_REACHED, reason="this broker has no bank")
        request = None
        if order.operation is Operation.AUTHORISE:
            try:
                request = _request(order)
            except (MalformedError, ValueError) as error:
                return Declined(code=UNREADABLE, reason=str(error))
        return await context.banks.perform(order, request, deadline_ns=context.deadline_ns)

    def scrub(self, transcript: str) -> str:
        """Return the text without card numbers, tracks and PIN blocks."""
        return mask_secrets(transcript)


def _request(order: Order) -> BankRequest:
    """Return what is asked. Raises: MalformedError, ValueError for what cannot be."""
    given = order.fields
    pan, track = given.get("pan", ""), given.get("track2", "")
    if track and track.partition("=")[0] != pan:
        raise ValueError("the stripe belongs to another number")
    fields: dict[int, Value] = {de.PAN: pan, de.PROCESSING_CODE: PURCHASE_CODE}
    fields[de.ENTRY_MODE] = _ENTRY[given.get("entry", "keyed")]
    if given.get("expiry"):
        fields[de.EXPIRY] = given["expiry"]
    if given.get("sequence"):
        fields[de.PAN_SEQUENCE] = given["sequence"]
    if track:
        fields[de.TRACK_2] = track
    if given.get("icc"):
        fields[de.ICC] = bytes.fromhex(given["icc"])
        read_icc(bytes.fromhex(given["icc"]))
    pin = given.get("pin_block", "")
    if pin:
        block, ksn = bytes.fromhex(pin), bytes.fromhex(given.get("ksn", ""))
        fields |= pin_fields(EncipheredPin(block=block, ksn=ksn))
    return BankRequest(
        number=pan,
        fields=fields,
        promise=given.get("capture") == "later",
        # A PIN is for the bank alone, and is not kept for later (broker.md 5.3).
        offline=given.get("entry") == "chip" and not pin,
    )


MODULE: Final = Card
"""The entry point (group ips.modules): called once, when the module is activated."""
