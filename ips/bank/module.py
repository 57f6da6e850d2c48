"""What card and transfer have in common: an order to a bank, once a key, through the broker's lines.

A module says what the bank is asked, and nothing else; everything that makes a payment safe is beside it:
the exchange is durable before it is sent, and undone when nobody answers.
"""

from abc import ABC, abstractmethod
from typing import Final

from ips.bank.codes import NOT_REACHED
from ips.scrub import mask_secrets
from ips.spi import BankRequest, Context, Manifest, Operation, Order
from protocols.iso8583.field import Value
from protocols.iso8583.message import MalformedError
from protocols.iso8583.pin import EncipheredPin, pin_fields
from protocols.outcome import Declined, NotSent, Outcome

UNREADABLE: Final = "CRD-25"
"""What a till sent is nothing that a bank could be asked."""


class BankModule(ABC):
    """The base of modules whose peer is a bank. Implements PaymentModule."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        return self._manifest

    @abstractmethod
    def request(self, order: Order) -> BankRequest:
        """Return what is asked. Raises: MalformedError, ValueError for what cannot be."""

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Ask the bank, once a key."""
        if order.operation not in self._manifest.operations:
            return Declined(code="PAY-04", reason=f"{self._manifest.id} has no {order.operation}")
        if context.banks is None:
            if order.operation is Operation.INQUIRE:
                return NotSent(code="PAY-09", reason="no bank was asked: this broker has none")
            return NotSent(code=NOT_REACHED, reason="this broker has no bank")
        request = None
        if order.operation is Operation.AUTHORISE:
            try:
                request = self.request(order)
            except (MalformedError, ValueError) as error:
                return Declined(code=UNREADABLE, reason=str(error))
        return await context.banks.perform(order, request, deadline_ns=context.deadline_ns)

    def scrub(self, transcript: str) -> str:
        """Return the text without card numbers, tracks and PIN blocks."""
        return mask_secrets(transcript)


def pin_in(order: Order) -> dict[int, Value]:
    """Return the fields of the PIN that came with an order; none where there is none.

    Raises: MalformedError, ValueError.
    """
    block, ksn = order.fields.get("pin_block", ""), order.fields.get("ksn", "")
    if not block:
        return {}
    return pin_fields(EncipheredPin(block=bytes.fromhex(block), ksn=bytes.fromhex(ksn)))
