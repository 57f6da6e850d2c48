"""Calls a payment module so that whatever it does becomes exactly one outcome.

    answered in time, and possible   the outcome itself
    silence until the deadline       Unknown
    an exception                     Unknown: a stranger's code may have sent something before
    an impossible answer             Unknown: more than was asked for, another currency, no outcome

Never more than one call under a key at a time, and never a second key: that is the caller's duty.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from ips.spi import Banks, Context, ModuleJournal, Operation, Order, PaymentModule
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown
from protocols.ports import Clock, FaultPoints

MILLISECONDS: Final = 1_000_000
"""Nanoseconds in one."""


class Caller:
    """Calls modules."""

    def __init__(
        self,
        *,
        clock: Clock,
        journal: ModuleJournal,
        faults: FaultPoints,
        banks: Banks | None = None,
    ) -> None:
        self._banks = banks
        self._clock = clock
        self._journal = journal
        self._faults = faults

    def told(self, key: str) -> Mapping[str, str]:
        """Return what a bank said of a key besides its outcome, as it is durable."""
        return {} if self._banks is None else self._banks.told(key)

    async def call(self, module: PaymentModule, order: Order) -> Outcome:
        """Ask a module once, within its manifest's time limit."""
        manifest = module.manifest
        if order.operation not in manifest.operations:
            reason = f"payment module {manifest.id} has no {order.operation}"
            return NotSent(code="PAY-04", reason=reason)
        context = Context(
            clock=self._clock,
            journal=self._journal,
            faults=self._faults,
            banks=self._banks,
            deadline_ns=self._clock.monotonic_ns() + manifest.timeout_ms * MILLISECONDS,
        )
        self._faults.reach("module.call")
        try:
            async with asyncio.timeout(manifest.timeout_ms / 1000):
                outcome: Outcome = await module.perform(order, context)
        except TimeoutError:
            outcome = _unknown(order, f"no answer within {manifest.timeout_ms} ms")
        # A stranger's module may raise anything, after it has sent anything: the one honest reading
        # of an exception about money is that nobody knows.
        except Exception as error:  # noqa: BLE001
            outcome = _unknown(order, f"raised {type(error).__name__}")
        self._faults.reach("module.answered")
        return checked(outcome, order)


def checked(outcome: object, order: Order) -> Outcome:
    """Return the outcome, or Unknown for one that cannot be."""
    match outcome:
        case Approved(amount=amount):
            if amount.currency != order.amount.currency:
                return _unknown(order, f"approved in {amount.currency.code}")
            if not 0 <= amount.minor <= order.amount.minor:
                return _unknown(order, f"approved {amount} of {order.amount}")
            if order.operation is Operation.REFUND and amount != order.amount:
                return _unknown(order, f"gave back {amount} of {order.amount}")
            return outcome
        case Declined() | Pending() | Unknown() | NotSent():
            return outcome
        case _:
            return _unknown(order, f"answered {type(outcome).__name__}, which is no outcome")


def _unknown(order: Order, reason: str) -> Unknown:
    return Unknown(case_id=order.key, reason=reason)
