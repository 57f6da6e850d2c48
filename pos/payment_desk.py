"""What the till does for one attempt to pay: its key, its intent, what is journalled with its result."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from datetime import datetime
from typing import Any, TypeVar, assert_never

from msgspec.structs import replace

from pos.acquirer import Acquirer, NoAcquirer
from pos.attending import AttendedCards
from pos.club import Club, NoClub
from pos.doubted import NOTHING_KNOWN
from pos.messages import Language
from pos.payment_terminal import Terminal
from pos.points import ATTEMPT
from pos.purses import EXCHANGE_NS, Cards, Sides
from pos.register import Register
from pos.sale_events import AttemptMade, Event
from pos.store.journal import Draft
from pos.tenders.agreement import (
    Carded,
    GivenUp,
    Keypads,
    Membership,
    Recognising,
    Stripes,
    Tender,
    Unsettled,
    holds_money,
)
from pos.view import Notice, PaymentStep, PaymentView, Side, Stage
from protocols.card_rules import CardRules
from protocols.facts import AttemptClosed, AttemptOpened, Fact, Service, Slip
from protocols.iso7816 import SW, Command, parse_response
from protocols.journal import Record
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown
from protocols.passbook.rule import TransferRule
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel, Clock

T = TypeVar("T")


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
    service: Service = ""
    """What the transfer is for that is no payment."""
    refunds: str = ""
    """The payment that a refund gives back."""
    repays: str = ""
    """The late payment whose money this gives back."""
    of_sale: bool = True
    """Whether the attempt is one of the open sale's."""
    wanted: bool = True
    """Whether the money is still wanted."""
    publish: Callable[[], None] = lambda: None
    """Shows the view as it is now."""
    announce: Callable[[Notice], None] = lambda _: None
    """Tells clerk and customer what the payment waits for."""
    sides: Sides = NOTHING_KNOWN
    """What each side last said, while nobody knows the result."""
    known: Slip | None = None
    """What the papers will say of it, as far as that is known."""
    _stop: Callable[[], None] | None = None
    """Asks the peer to stop, once the intent stands."""
    _chosen: "asyncio.Future[int] | None" = None
    """What the clerk is asked to choose."""
    _waiting: "asyncio.Task[Any] | None" = None
    """What the clerk may give up."""

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
    def language(self) -> Language:
        """Return the till's language."""
        return self.register.setup.language

    @property
    def cards(self) -> Cards:
        """Return where purses are; a customer's card is given what its issuer wants of it."""
        return AttendedCards(self.register, self.key, lambda: self.intended)

    @property
    def club(self) -> Club:
        """Return whoever keeps members' points; nobody while the broker is away."""
        return NoClub() if self.register.offline else self.register.club

    @property
    def acquirer(self) -> Acquirer:
        """Return whoever has cards and accounts approved; nobody while the broker is away."""
        return NoAcquirer() if self.register.offline else self.register.acquirer

    @property
    def transfers(self) -> TransferRule | None:
        """Return how account transfers are taken, by the policy."""
        return self.register.policy.transfers

    @property
    def member(self) -> Membership | None:
        """Return whose sale it is."""
        return self.register.membership()

    @property
    def stripes(self) -> Stripes:
        """Return where a swipe is waited for."""
        return self.register.stripes

    @property
    def moment(self) -> datetime:
        """Return the time in the store."""
        seconds = self.clock.now_ns() // NANOSECONDS_PER_SECOND
        return datetime.fromtimestamp(seconds, self.register.setup.zone)

    @property
    def card_rules(self) -> CardRules:
        """Return which payment applications are taken."""
        return self.register.policy.cards or CardRules()

    def token(self, size: int) -> bytes:
        """Return random bytes."""
        assert self.register.entropy is not None, "whoever takes cards is given entropy"
        return self.register.entropy.token(size)

    @property
    def terminal(self) -> Terminal | None:
        """Return the stand-alone payment terminal."""
        return self.register.payment_terminal

    async def unsettled(self) -> list[Unsettled]:
        """Return this tender's other attempts in doubt. Raises: StoreError."""
        return [
            Unsettled(
                key=doubt.key,
                peer=doubt.fact.peer,
                amount=doubt.fact.amount,
                day=int(doubt.intent.business_date),
            )
            for doubt in await self.register.doubts()
            if doubt.fact.method == self.method and doubt.key != self.key
        ]

    def may_stop(self, stop: Callable[[], None] | None) -> None:
        """Say how the clerk's Esc reaches the peer."""
        self._stop = stop
        self._show_stoppable()

    @property
    def keypads(self) -> Keypads:
        """Return where customers enter their PIN."""
        return self.register.keypads

    def say(self, code: str, **blanks: str | int) -> None:
        """Tell clerk and customer something while the payment goes on."""
        self.announce(self.register.say(code, **blanks))
        self.publish()

    async def intend(self, peer: str = "") -> str:
        """Make the intent durable and return the attempt key. Raises: StoreError."""
        assert not self.intended, "one attempt has one intent"
        opened = AttemptOpened(
            sale=self.sale,
            method=self.method,
            amount=self.amount,
            peer=peer,
            service=self.service,
            refunds=self.refunds,
            repays=self.repays,
            slip=self.known,
        )
        draft = self.register.draft(opened, amount=self.amount, attempt=self.key)
        events: list[Event] = [AttemptMade(key=self.key)] if self.of_sale else []
        await self.register.append([draft], ATTEMPT, events=events)
        self.intended = True
        return self.key

    def progress(self, step: PaymentStep, *, balance: int | None = None) -> None:
        """Show how far the payment has come."""
        before = self.register.payment
        changed = PaymentView(
            method=self._label(),
            key=self.key,
            amount=self.amount,
            step=step,
            since_ns=self.clock.now_ns(),
            balance=balance,
            carded=self._carded,
            stoppable=self._stoppable,
        )
        if before is not None and before.key == self.key:
            balance = before.balance if balance is None else balance
            same = before.step is step
            passed = before.passed if same else (*before.passed, before.step)
            since_ns = before.since_ns if same else changed.since_ns
            changed = with_fields(changed, passed=passed, since_ns=since_ns, balance=balance)
        if before is None or before.step is not step:
            self._announce(step)
        self._show(changed)

    def told(self, *, card: Side, balance: int | None, shop: Side) -> None:
        """Keep what each side last said."""
        self.sides = Sides(card=card, balance=balance, shop=shop)

    def slip(self, slip: Slip) -> None:
        """Keep what the papers will say of it."""
        self.known = slip

    async def unless_given_up(self, waiting: Coroutine[Any, Any, T]) -> T | GivenUp:
        """Wait, unless the clerk gives up."""
        assert not self.intended, "what may move can no longer be given up"
        assert self._waiting is None, "one thing is waited for at a time"
        task = asyncio.get_running_loop().create_task(waiting, name=f"waiting {self.key}")
        self._waiting = task
        self._show_stoppable()
        try:
            await asyncio.wait([task])
        finally:
            # Also when the payment itself is cancelled: nothing waits on behind it.
            task.cancel()
            self._waiting = None
            self._show_stoppable()
        return GivenUp() if task.cancelled() else task.result()

    async def choose(self, labels: Sequence[str]) -> int | GivenUp:
        """Have the clerk choose; the view has what there is."""
        chosen: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._chosen = chosen
        self._show_choices(tuple(labels))
        self.announce(self.register.say("choose_application"))

        async def wait() -> int:
            return await chosen

        try:
            return await self.unless_given_up(wait())
        finally:
            self._chosen = None
            self._show_choices(())

    def take_choice(self, choice: int) -> bool:
        """Take what was chosen, from 1. Returns whether it is one of those that there are."""
        payment, chosen = self.register.payment, self._chosen
        if payment is None or chosen is None or not 1 <= choice <= len(payment.choices):
            return False
        if not chosen.done():
            chosen.set_result(choice - 1)
        return True

    def _show_choices(self, labels: tuple[str, ...]) -> None:
        payment = self.register.payment
        if payment is not None:
            self._show(with_fields(payment, choices=labels))

    def give_up(self) -> bool:
        """End the waiting, or ask the peer to stop. Returns whether there was any of them."""
        if self._stop is not None:
            self._stop()
            return True
        return self._waiting is not None and self._waiting.cancel()

    async def whose(self, card: CardChannel) -> Tender | None:
        """Return the tender that takes this card; the card is asked for the applications of each."""
        for tender in self.register.offered:
            if tender.name == self.method:
                continue
            if holds_money(tender) and not self.cards.keeps(tender.name):
                # Its card cannot be taken here: no use to name it.
                continue
            for aid in self._applications(tender):
                select = Command(0x00, 0xA4, 4, 0, aid, 256).encode()
                deadline_ns = self.clock.monotonic_ns() + EXCHANGE_NS
                answer = await card.transmit(select, deadline_ns=deadline_ns)
                response = None if answer is None else parse_response(answer)
                if response is not None and response.sw in (SW.OK, SW.SELECTED_LOCKED):
                    return tender
        return None

    def _applications(self, tender: Tender) -> Sequence[bytes]:
        match tender:
            case Carded():
                return (tender.aid,)
            case Recognising():
                return tender.applications(self.card_rules)
            case _:
                return ()

    def keep(self, fact: Fact) -> None:
        """Journal a fact together with the attempt's result."""
        self.kept.append(fact)

    def _announce(self, step: PaymentStep) -> None:
        say, carded = self.register.say, self._carded
        match step:
            case PaymentStep.CARD:
                code = "card_wanted" if carded else "bank_card_wanted"
                self.announce(say(code, amount=self.amount))
            case PaymentStep.PIN:
                self.announce(say("pin_wanted", amount=self.amount))
            case PaymentStep.MOVING:
                self.announce(say("value_moving" if carded else "bank_asked"))
            case PaymentStep.RECEIVED | PaymentStep.STORED:
                pass
            case _:
                assert_never(step)

    @property
    def _stoppable(self) -> bool:
        return self._waiting is not None or self._stop is not None

    def _show_stoppable(self) -> None:
        payment = self.register.payment
        if payment is not None:
            self._show(with_fields(payment, stoppable=self._stoppable))

    def _show(self, payment: PaymentView) -> None:
        if payment != self.register.payment:
            self.register.payment = payment
            self.publish()

    @property
    def _carded(self) -> bool:
        return holds_money(self.register.tenders.tender(self.method))

    def _label(self) -> str:
        tender = self.register.tenders.tender(self.method)
        return self.method if tender is None else tender.label(self.register.language)

    def results(self, outcome: Outcome, *, late: bool = False) -> list[Draft]:
        """Return what an outcome writes: the result, and what was kept for it.

        `late`: its sale was settled another way.
        """
        if not self.intended:
            return []
        drafts = [
            self.register.draft(fact, amount=self.amount, attempt=self.key)
            for fact in (replace(_result(self, outcome), late=late), *self.kept)
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


@contextmanager
def running(
    register: Register, desk: PaymentDesk, publish: Callable[[], None], *, back: Stage
) -> Iterator[None]:
    """Show that an attempt runs, for as long as its tender works."""
    doubted = register.doubted
    if doubted is not None and doubted.doubt.key == desk.key:
        # The takeover stays where it is, and says that it is being asked.
        register.doubted = with_fields(doubted, asking=True)
    else:
        register.stage = Stage.TENDER
    publish()
    try:
        yield
    finally:
        register.payment, register.stage = None, back
        register.doubted = doubted


def _result(desk: PaymentDesk, outcome: Outcome) -> AttemptClosed:
    fact = AttemptClosed(
        sale=desk.sale,
        method=desk.method,
        outcome="unknown",
        amount=desk.amount,
        service=desk.service,
        repays=desk.repays,
        refunds=desk.refunds,
        slip=desk.known,
    )
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
