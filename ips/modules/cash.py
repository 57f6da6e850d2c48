"""Cash: a person has counted it, so asking for it is having it.

The first payment module and the plainest: no peer, no line, no secret. It still keeps the contract
of all modules: once per key, the same answer to a repeated order, an inquiry that only reads.
"""

from typing import Final

from ips.manifests import manifest_beside
from ips.scrub import mask_secrets
from ips.spi import Context, Manifest, Operation, Order
from protocols.money import Money, currency
from protocols.outcome import Approved, Declined, NotSent, Outcome

_UNKNOWN_KEY: Final = NotSent(code="PAY-09", reason="no cash was recorded under this key")


class Cash:
    """The cash module."""

    def __init__(self) -> None:
        self._manifest = manifest_beside(__file__)

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        return self._manifest

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Record cash taken or given back; a repeated order answers what was recorded first."""
        match order.operation:
            case Operation.INQUIRE:
                return _recorded(order, context) or _UNKNOWN_KEY
            case Operation.AUTHORISE | Operation.REFUND | Operation.VOID:
                recorded = _recorded(order, context)
                if recorded is not None:
                    return recorded
                fields = {"amount": str(order.amount.minor), "currency": order.amount.currency.code}
                context.journal.note(order.key, order.operation.value, fields)
                return Approved(amount=order.amount, reference="")
            case _:
                reason = f"cash has no {order.operation}"
                return Declined(code="PAY-04", reason=reason)

    def scrub(self, transcript: str) -> str:
        """Return the text without card numbers, should one have strayed into it."""
        return mask_secrets(transcript)


def _recorded(order: Order, context: Context) -> Outcome | None:
    """Return what was recorded under a key; a different amount under the same key is declined."""
    notes = context.journal.notes(order.key)
    if not notes:
        return None
    _, fields = notes[0]
    amount = Money(int(fields["amount"]), currency(fields["currency"]))
    if order.operation is not Operation.INQUIRE and amount != order.amount:
        return Declined(code="PAY-10", reason=f"{order.key} was recorded with {amount}")
    return Approved(amount=amount, reference="")


MODULE: Final = Cash
"""The entry point (group ips.modules): called once, when the module is activated."""
