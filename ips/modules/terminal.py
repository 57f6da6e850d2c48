"""Stand-alone payment terminals: the money has moved at the counter before the broker hears of it.

A terminal reads the card, asks the acquirer's bank and says what came of it; its till keeps that in its
journal. So the module takes no payment, answers an inquiry with no more than it knows, and leaves an
approved refund to a counter, whose terminal gives it back. What an acquirer owes for it stands in one
account until it pays; what the terminals themselves say at the end of their day stands in the Z.
"""

from typing import Final

from ips.manifests import manifest_beside
from ips.scrub import mask_secrets
from ips.spi import Context, Manifest, Operation, Order
from protocols.outcome import Declined, NotSent, Outcome, Unknown


class Terminal:
    """The module of stand-alone terminals."""

    def __init__(self) -> None:
        self._manifest = manifest_beside(__file__)

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        return self._manifest

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Answer what is true: only the terminal at the counter can move it."""
        match order.operation:
            case Operation.INQUIRE:
                reason = "only the terminal can tell; its till reports it when it has"
                return Unknown(case_id=order.key, reason=reason, code="TRM-11")
            case Operation.REFUND:
                reason = f"goes back at the terminal: at a counter, as refund {order.key}"
                return NotSent(code="TRM-17", reason=reason, blanks={"code": "00"})
            case _:
                reason = f"a terminal has no {order.operation} from afar"
                return Declined(code="PAY-04", reason=reason)

    def scrub(self, transcript: str) -> str:
        """Return the text without card numbers, should one have strayed into it."""
        return mask_secrets(transcript)


MODULE: Final = Terminal
"""The entry point (group ips.modules): called once, when the module is activated."""
