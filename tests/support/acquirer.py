"""A bank behind a broker, in memory: for tests of a screen, which needs no more than its answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocols.money import Money
from protocols.outcome import Approved, Declined, NotSent, Outcome


@dataclass
class AcquirerHere:
    """Implements pos.acquirer.Acquirer: approves whatever it is asked, unless a test says otherwise."""

    says: Outcome | None = None
    """What it says to the next questions; None: what it does."""
    thinking: asyncio.Event | None = None
    """Until it answers."""
    asked: list[Mapping[str, str]] = field(default_factory=list)
    approved: dict[str, Money] = field(default_factory=dict)

    async def authorise(
        self, *, key: str, method: str, amount: Money, fields: Mapping[str, str]
    ) -> Outcome:
        """Approve it, once a key."""
        self.asked.append(fields)
        self.approved[key] = amount
        if self.thinking is not None:
            await self.thinking.wait()
        return self.says or Approved(amount=amount, reference="H00001", told={"code": "00"})

    async def inquire(self, *, key: str, amount: Money) -> Outcome:
        """Say what became of a key."""
        if self.says is not None:
            return self.says
        if key not in self.approved:
            return NotSent(code="CRD-50", reason="never heard of")
        return Approved(amount=self.approved[key], reference="H00001")

    async def cancel(self, *, key: str, method: str, amount: Money, why: str) -> Outcome:
        """Undo it."""
        self.approved.pop(key, None)
        return self.says or Declined(code="CRD-52", reason=why)

    async def give_back(self, **_: object) -> Outcome:
        """Give nothing back: no screen here asks for it."""
        return NotSent(code="CRD-50", reason="not here")
