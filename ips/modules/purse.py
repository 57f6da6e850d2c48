"""E-cash: what moved is a fact from a terminal; here nobody can be asked to move anything.

Value moves between two cards at a counter or at a door, and nowhere else. So the module takes no
payment, answers no inquiry with more than it knows, and leaves an approved refund waiting until a
terminal has given it back as an ordinary transfer (a refund.closed under the refund's own key).
The float, the shadow ledger, claims and hotlist are beside it, in ips/purse/.
"""

from typing import Final

from ips.manifests import manifest_beside
from ips.scrub import mask_secrets
from ips.spi import Context, Manifest, Operation, Order
from protocols.outcome import Declined, NotSent, Outcome, Unknown


class Purse:
    """The e-cash module."""

    def __init__(self) -> None:
        self._manifest = manifest_beside(__file__)

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        return self._manifest

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Answer what is true: only two cards can move e-cash."""
        match order.operation:
            case Operation.INQUIRE:
                reason = "only the cards can tell; the terminal reports it when they have"
                return Unknown(case_id=order.key, reason=reason, code="PUR-08")
            case Operation.REFUND:
                reason = f"goes back card to card: at a counter, as refund {order.key}"
                return NotSent(code="PUR-19", reason=reason)
            case _:
                reason = f"e-cash has no {order.operation} from afar: it moves card to card"
                return Declined(code="PAY-04", reason=reason)

    def scrub(self, transcript: str) -> str:
        """Return the text without card numbers, should one have strayed into it."""
        return mask_secrets(transcript)


MODULE: Final = Purse
"""The entry point (group ips.modules): called once, when the module is activated."""
