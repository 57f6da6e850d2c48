"""Account transfers: from the customer's account to the shop's, by his card and PIN (T4). Online only."""

from typing import Final

from ips.bank.codes import NOT_REACHED
from ips.bank.requests import TRANSFER_CODE
from ips.manifests import manifest_beside
from ips.modules.card import UNREADABLE
from ips.scrub import mask_secrets
from ips.spi import BankRequest, Context, Manifest, Operation, Order
from protocols.iso8583 import elements as de
from protocols.iso8583.field import Value
from protocols.iso8583.icc import read_icc
from protocols.iso8583.message import MalformedError
from protocols.iso8583.pin import EncipheredPin, pin_fields
from protocols.outcome import Declined, NotSent, Outcome


class Transfer:
    """The transfer module."""

    def __init__(self) -> None:
        self._manifest = manifest_beside(__file__)

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        return self._manifest

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Ask the account's bank, once a key."""
        if order.operation not in self._manifest.operations:
            return Declined(code="PAY-04", reason=f"transfers have no {order.operation}")
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
    block, ksn = bytes.fromhex(given["pin_block"]), bytes.fromhex(given.get("ksn", ""))
    fields: dict[int, Value] = {
        de.PROCESSING_CODE: TRANSFER_CODE,
        de.ENTRY_MODE: "051",
        de.ACCOUNT_FROM: given["account"],
        **pin_fields(EncipheredPin(block=block, ksn=ksn)),
    }
    if given.get("icc"):
        fields[de.ICC] = bytes.fromhex(given["icc"])
        read_icc(bytes.fromhex(given["icc"]))
    return BankRequest(number=given["account"], among="accounts", fields=fields)


MODULE: Final = Transfer
"""The entry point (group ips.modules): called once, when the module is activated."""
