"""What the till does for one attempt to pay: its key, its intent, what is journalled with its result."""

from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from typing import assert_never

from msgspec.structs import replace

from pos.points import ATTEMPT
from pos.purses import Cards
from pos.register import Register
from pos.sale_events import AttemptMade
from pos.store.journal import Draft
from protocols.facts import AttemptClosed, AttemptOpened, Fact
from protocols.journal import Record
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown
from protocols.ports import Clock


@dataclass(slots=True, kw_only=True)
class PaymentDesk:
    """One attempt. Implements pos.tenders.agreement.Desk."""

    register: Register
    key: str
    sale: int
    method: str
    amount: int
    intent: Record | None = None
    """The attempt's intent, where it was journalled before; its result goes to the same day and sale."""
    intended: bool = False
    """Whether the intent stands in the journal."""
    kept: list[Fact] = field(default_factory=list)

    @property
    def day(self) -> int:
        """Return the business date as a number, YYYYMMDD."""
        earlier = "0" if self.intent is None else self.intent.business_date
        return int(self.register.business_date or earlier)

    @property
    def clock(self) -> Clock:
        """Return the till's clock."""
        return self.register.clock

    @property
    def cards(self) -> Cards:
        """Return where purses are."""
        return self.register.cards

    async def intend(self, peer: str = "") -> str:
        """Make the intent durable and return the attempt key. Raises: StoreError."""
        assert not self.intended, "one attempt has one intent"
        opened = AttemptOpened(sale=self.sale, method=self.method, amount=self.amount, peer=peer)
        draft = self.register.draft(opened, amount=self.amount, attempt=self.key)
        await self.register.append([draft], ATTEMPT, events=[AttemptMade(key=self.key)])
        self.intended = True
        return self.key

    def keep(self, fact: Fact) -> None:
        """Journal a fact together with the attempt's result."""
        self.kept.append(fact)

    def results(self, outcome: Outcome) -> list[Draft]:
        """Return what an outcome writes: the result, and what was kept for it."""
        if not self.intended:
            return []
        drafts = [
            self.register.draft(fact, amount=self.amount, attempt=self.key)
            for fact in (_result(self, outcome), *self.kept)
        ]
        intent = self.intent
        if intent is None:
            return drafts
        return [
            with_fields(
                draft, business_date=intent.business_date, references=dict(intent.references)
            )
            for draft in drafts
        ]


def _result(desk: PaymentDesk, outcome: Outcome) -> AttemptClosed:
    fact = AttemptClosed(sale=desk.sale, method=desk.method, outcome="unknown", amount=desk.amount)
    match outcome:
        case Approved(amount=amount, reference=reference):
            return replace(fact, outcome="approved", amount=amount.minor, reference=reference)
        case Declined(code=code, reason=reason):
            return replace(fact, outcome="declined", code=code, reason=reason)
        case NotSent(code=code, reason=reason):
            return replace(fact, outcome="not_sent", code=code, reason=reason)
        case Pending(reference=reference):
            return replace(fact, outcome="pending", reference=reference)
        case Unknown(code=code, reason=reason):
            return replace(fact, code=code, reason=reason)
        case _:
            assert_never(outcome)
