"""Cards: what the reader found, as a message to the bank (T3)."""

from typing import Final

from ips.bank.module import BankModule, pin_in
from ips.bank.requests import PURCHASE_CODE
from ips.manifests import manifest_beside
from ips.spi import BankRequest, Order
from protocols.iso8583 import elements as de
from protocols.iso8583.field import Value
from protocols.iso8583.icc import read_icc

_ENTRY: Final = {"chip": "051", "stripe": "021", "fallback": "801", "keyed": "011"}
"""Field 22: how the number was read, and that a PIN can be taken."""


class Card(BankModule):
    """The card module."""

    def __init__(self) -> None:
        super().__init__(manifest_beside(__file__))

    def request(self, order: Order) -> BankRequest:
        """Return what the card's bank is asked. Raises: MalformedError, ValueError."""
        given = order.fields
        pan, track, pin = given.get("pan", ""), given.get("track2", ""), pin_in(order)
        if track and track.partition("=")[0] != pan:
            raise ValueError("the stripe belongs to another number")
        fields: dict[int, Value] = {de.PAN: pan, de.PROCESSING_CODE: PURCHASE_CODE, **pin}
        fields[de.ENTRY_MODE] = _ENTRY[given.get("entry", "keyed")]
        if given.get("expiry"):
            fields[de.EXPIRY] = given["expiry"]
        if given.get("sequence"):
            fields[de.PAN_SEQUENCE] = given["sequence"].zfill(3)
        if track:
            fields[de.TRACK_2] = track
        if given.get("icc"):
            fields[de.ICC] = bytes.fromhex(given["icc"])
            read_icc(bytes.fromhex(given["icc"]))
        return BankRequest(
            number=pan,
            fields=fields,
            promise=given.get("capture") == "later",
            # A PIN is for the bank alone, and is not kept for later (broker.md 5.3).
            offline=given.get("entry") == "chip" and not pin,
        )


MODULE: Final = Card
"""The entry point (group ips.modules): called once, when the module is activated."""
