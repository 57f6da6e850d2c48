"""Chaos: answers whatever it is told to, so that every path of a flow can be walked on demand.

    outcome =   approved   partial (half of it)   declined   pending   unknown   not_sent
                silent     never answers, and nothing moved
                lost       moves the money and never answers: an inquiry finds it approved

Faults make it break the contract of a module, one way each, so that `ips-broker module check` can
be shown to notice: a check that cannot fail is none. It keeps a peer's memory of its own.
"""

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NoReturn

from ips.manifests import manifest_beside
from ips.scrub import mask_secrets
from ips.spi import Context, Manifest, Operation, Order
from protocols.money import Money
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND

PENDING_SECONDS: Final = 3600


class Fault(Enum):
    """A way to break a module's contract."""

    CHARGES_TWICE = "charges_twice"
    """A repeated order moves money again."""
    ANSWERS_ANEW = "answers_anew"
    """A repeated order gets another answer."""
    FORGETS = "forgets"
    """An inquiry does not know what was approved."""
    RAISES = "raises"
    """An exception instead of an outcome."""
    OVER_APPROVES = "over_approves"
    """Approves more than was asked for."""
    LEAKS = "leaks"
    """Its scrubber leaves card numbers in."""
    OVER_REFUNDS = "over_refunds"
    """Gives back more than was paid."""
    INQUIRY_MOVES = "inquiry_moves"
    """An inquiry about an unknown key moves money."""


@dataclass(slots=True)
class Peer:
    """What stands in the books of the other side."""

    moved: dict[str, int] = field(default_factory=dict)
    """Minor units taken, by key."""
    answers: dict[str, Outcome] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    """Minor units given back, by the key of the payment."""
    calls: int = 0


class Chaos:
    """The chaos module."""

    def __init__(self, fault: Fault | None = None) -> None:
        self._manifest = manifest_beside(__file__)
        self._fault = fault
        self.peer = Peer()

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        return self._manifest

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Answer what the order's field `outcome` says, once per key."""
        self.peer.calls += 1
        if self._fault is Fault.RAISES:
            raise RuntimeError("chaos was told to break its contract")
        if order.operation not in self.manifest.operations:
            return Declined(code="PAY-04", reason=f"chaos has no {order.operation}")
        if order.operation is Operation.INQUIRE:
            return self._inquire(order)
        known = self.peer.answers.get(order.key)
        if known is not None and self._fault not in (Fault.CHARGES_TWICE, Fault.ANSWERS_ANEW):
            return known
        wanted = order.fields.get("outcome", "approved")
        outcome = self._outcome(order, wanted, context)
        if known is not None and self._fault is Fault.ANSWERS_ANEW:
            return Declined(code="PAY-13", reason="a second mind")
        self._remember(order, outcome)
        if wanted in ("silent", "lost"):
            context.faults.reach(f"module.chaos.{wanted}")
            await _never()
        return outcome

    def scrub(self, transcript: str) -> str:
        """Return the text with card numbers masked."""
        return transcript if self._fault is Fault.LEAKS else mask_secrets(transcript)

    def _inquire(self, order: Order) -> Outcome:
        known = self.peer.answers.get(order.key)
        if self._fault is Fault.INQUIRY_MOVES and known is None:
            self.peer.moved[order.key] = order.amount.minor
        if known is None or self._fault is Fault.FORGETS:
            return NotSent(code="PAY-09", reason=f"nothing is known of {order.key}")
        return known

    def _outcome(self, order: Order, wanted: str, context: Context) -> Outcome:
        reference = f"chaos-{order.key}"
        match wanted:
            case "declined":
                return Declined(code="PAY-13", reason="chaos was told to decline")
            case "pending":
                until_ns = context.clock.now_ns() + PENDING_SECONDS * NANOSECONDS_PER_SECOND
                return Pending(reference=reference, until_ns=until_ns)
            case "unknown":
                return Unknown(case_id=order.key, reason="chaos was told not to know")
            case "not_sent" | "silent":
                return NotSent(code="PAY-11", reason="chaos was told to send nothing")
            case "partial":
                return Approved(amount=_halved(order), reference=reference)
            case _:
                return self._approved(order, reference)

    def _approved(self, order: Order, reference: str) -> Outcome:
        if order.operation is Operation.REFUND and self._fault is not Fault.OVER_REFUNDS:
            left = self.peer.moved.get(order.payment, 0) - self.peer.refunded.get(order.payment, 0)
            if order.amount.minor > left:
                return Declined(code="PAY-12", reason="more than was paid")
        amount = order.amount * 2 if self._fault is Fault.OVER_APPROVES else order.amount
        return Approved(amount=amount, reference=reference)

    def _remember(self, order: Order, outcome: Outcome) -> None:
        if isinstance(outcome, NotSent):
            return
        self.peer.answers[order.key] = outcome
        if not isinstance(outcome, Approved):
            return
        books, key = self.peer.moved, order.key
        if order.operation is Operation.REFUND:
            books, key = self.peer.refunded, order.payment
        books[key] = books.get(key, 0) + outcome.amount.minor


def _halved(order: Order) -> Money:
    return Money(order.amount.minor // 2, order.amount.currency)


async def _never() -> NoReturn:
    """Wait until the broker stops listening."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody answers for silence")


MODULE: Final = Chaos
"""Called once, when the module is activated."""
