"""ICash: what moved is a fact from a terminal; here nobody can be asked to move anything.

Value moves from a card into a security module at a counter, and nowhere else; back it moves as cash
or as a load. So the module takes no payment, gives nothing back, and answers an inquiry with no more
than it knows. It looks at what terminals report: that the details are a purchase of that device and
amount, and bound to that very attempt. Whether the card's proof is genuine only its issuer can
tell, and does before it pays (ips/icash).
"""

from typing import Final

from ips.manifests import manifest_beside
from ips.scrub import mask_secrets
from ips.spi import Context, Manifest, Operation, Order, Taken
from protocols.icash.attempt import order_reference
from protocols.icash.details import DETAILS_BYTES, decode_details
from protocols.icash.keys import MAC_BYTES
from protocols.outcome import Declined, NotSent, Outcome, Unknown


class Icash:
    """The ICash module."""

    def __init__(self) -> None:
        self._manifest = manifest_beside(__file__)

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        return self._manifest

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Answer what is true: only a card and a security module can move value."""
        if order.operation is Operation.INQUIRE:
            reason = "only card and module can tell; the terminal reports it when they have"
            return Unknown(case_id=order.key, reason=reason, code="ICS-15")
        if order.operation is Operation.REFUND:
            reason = f"goes back in cash, or as a load at the issuer: at a counter, as {order.key}"
            return NotSent(code="PAY-04", reason=reason)
        reason = f"ICash has no {order.operation} from afar: a card pays into a module, one way"
        return Declined(code="PAY-04", reason=reason)

    def examine(self, taken: Taken) -> str:
        """Return what is odd about a reported purchase, or nothing."""
        if len(taken.details) != DETAILS_BYTES:
            return f"the details of a purchase have {DETAILS_BYTES} bytes, not {len(taken.details)}"
        details = decode_details(taken.details)
        if details.module.hex() != taken.device:
            return f"it was paid into module {details.module.hex()}"
        if (details.amount, details.currency) != (taken.amount.minor, taken.amount.currency.number):
            return f"the card paid {details.amount} of currency {details.currency}"
        if details.reference != order_reference(taken.key):
            return "the card paid for another attempt"
        if taken.proof and len(taken.proof) != MAC_BYTES:
            return f"a proof has {MAC_BYTES} bytes, not {len(taken.proof)}"
        return ""

    def scrub(self, transcript: str) -> str:
        """Return the text without card numbers, should one have strayed into it."""
        return mask_secrets(transcript)


MODULE: Final = Icash
"""The entry point (group ips.modules): called once, when the module is activated."""
