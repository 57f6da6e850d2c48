"""The payment desk: intent, call, result, each durable before the next (I2, I4, broker.md 3.2).

    terminal --pay--> write intent --> call module --> write result --> answer
                          |                |                |
                       a crash here: nothing sent       a crash here: known by an inquiry
                                a crash here: Unknown, an inquiry under the same key

Only one call is ever made for a key: who asks again is answered from the record. What was left
without a result, by a crash or by silence, is found by `recover` through the flows' deadlines.
The writer decides; the desk never holds money facts of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from ips import refunds
from ips.booking import book_command
from ips.books import Booking, Books, RefundRecord
from ips.calls import Caller
from ips.commands import Ask, Command, Resolve, Return, Void
from ips.flows import DueRun, StateClass, Verb
from ips.janitor import (
    Chore,
    Inquire,
    Lapse,
    Stuck,
    Undo,
    chore_of,
    inquiry_of,
    refund_inquiry_of,
    void_of,
)
from ips.ledger import Bound, Phase, bound_of
from ips.payments import PaymentOpened, PaymentRecord, Refusal, evolve, open_payment
from ips.refund_policy import RefundPolicy
from ips.refunds import RefundAsk, RefundState
from ips.requests import (
    answer_of,
    answer_of_outcome,
    check_give_back,
    check_request,
    order_of_request,
    refund_answer_of,
    refund_order,
)
from ips.spi import Operation, PaymentModule
from protocols.broker import (
    CancelRequest,
    GiveBackRequest,
    PaymentAnswer,
    PaymentRequest,
    Problem,
    RefundRequest,
)
from protocols.outcome import Approved, Declined, Outcome, Unknown
from protocols.ports import Clock, FaultPoints

SHORT: Final = "PTS-02"
"""What a till shows where a holder's account has less than was asked for."""
Decision = Callable[[Books], Booking | Refusal]


class BookWriter(Protocol):
    """What the desk needs of the writer and the store."""

    async def write(self, decide: Decision, short: Decision | None = None) -> Booking | Refusal:
        """Run a decision on the writer's own books and write what it answers; durable on return.

        `short` decides in its place where a holder's account has not what it promises.
        """
        ...

    async def payment(self, key: str) -> PaymentRecord | None:
        """Return a payment as it is durable now."""
        ...

    async def refund(self, key: str) -> RefundRecord | None:
        """Return a refund as it is durable now."""
        ...

    async def due(
        self, now_ns: int, limit: int
    ) -> tuple[Sequence[PaymentRecord], Sequence[RefundRecord]]:
        """Return what has a deadline at or before now, the oldest first."""
        ...


class Desk:
    """Takes requests for money. One per broker; safe for many at once on one loop."""

    def __init__(
        self,
        *,
        books: BookWriter,
        modules: Mapping[str, PaymentModule],
        caller: Caller,
        policy: RefundPolicy,
        clock: Clock,
        faults: FaultPoints,
    ) -> None:
        self._books = books
        self._modules = modules
        self._caller = caller
        self._policy = policy
        self._clock = clock
        self._faults = faults

    async def pay(self, request: PaymentRequest) -> PaymentAnswer | Problem:
        """Ask for money. The same key again answers what happened the first time."""
        module = self._modules.get(request.module)
        problem = check_request(request, None if module is None else module.manifest)
        if module is None or problem is not None:
            assert problem is not None
            return problem
        opening = _Opening(request, self._clock.now_ns())
        written = await self._books.write(opening.decide)
        if isinstance(written, Refusal):
            return Problem(error=written.code, reason=written.reason)
        self._faults.reach("desk.intent")
        if not opening.fresh:
            return await self._look(request.key)
        outcome = await self._caller.call(module, order_of_request(request))
        return await self._resolve(request.key, outcome)

    async def look(self, key: str) -> PaymentAnswer | Problem:
        """Say what became of a key; where nobody knows yet, its module is asked now.

        A customer stands there, and the janitor may look again in minutes only.
        """
        payment = await self._books.payment(key)
        if payment is not None and payment.state_class is StateClass.DOUBT:
            await self._inquire(payment)
        return await self._look(key)

    async def cancel(self, request: CancelRequest) -> PaymentAnswer | Problem:
        """Give a payment up; what its module approved is undone, now or as soon as it can be."""
        giving_up = _GivingUp(request, self._clock.now_ns())
        written = await self._books.write(giving_up.decide)
        if isinstance(written, Refusal):
            return Problem(error=written.code, reason=written.reason)
        self._faults.reach("desk.cancel")
        payment = giving_up.undoes
        if payment is not None:
            await self._undo(payment)
        return await self._look(request.key)

    async def request_refund(self, request: RefundRequest) -> PaymentAnswer | Problem:
        """Ask for money back; what the policy allows at once is paid at once."""
        ask = RefundAsk(
            key=request.key,
            payment=request.payment,
            amount=request.amount,
            currency=request.currency,
            reason=request.reason,
            actor=request.actor,
            at_ns=self._clock.now_ns(),
        )
        policy = self._policy
        written = await self._books.write(lambda books: refunds.request(ask, books, policy))
        if isinstance(written, Refusal):
            return Problem(error=written.code, reason=written.reason)
        fresh = written.refunds.get(request.key)
        if fresh is not None and fresh.state == RefundState.APPROVED:
            return await self.pay_refund(request.key)
        return await self._refund_answer(request.key)

    async def give_back(self, request: GiveBackRequest) -> PaymentAnswer | Problem:
        """Give money of a payment back by its module, once a key; the terminal's record of it is booked.

        The module keeps what it has given back under which key, and never gives more than was paid.
        """
        payment = await self._books.payment(request.payment)
        problem = check_give_back(request, payment)
        module = self._modules.get(request.module)
        if payment is None or problem is not None:
            assert problem is not None
            return problem
        if module is None:
            reason = f"there is no active payment module {request.module!r}"
            return Problem(error="unknown-module", reason=reason)
        self._faults.reach("desk.give_back")
        outcome = await self._caller.call(module, refund_order(request, payment, final=True))
        return answer_of_outcome(request, outcome)

    async def approve_refund(self, key: str, *, actor: str, why: str) -> PaymentAnswer | Problem:
        """Approve a refund that somebody else asked for, and pay it."""
        at_ns = self._clock.now_ns()
        written = await self._books.write(
            lambda books: refunds.approve(key, approver=actor, why=why, at_ns=at_ns, books=books)
        )
        if isinstance(written, Refusal):
            return Problem(error=written.code, reason=written.reason)
        return await self.pay_refund(key)

    async def reject_refund(self, key: str, *, actor: str, why: str) -> PaymentAnswer | Problem:
        """Reject a refund, with a reason."""
        at_ns = self._clock.now_ns()
        written = await self._books.write(
            lambda books: refunds.reject(key, approver=actor, why=why, at_ns=at_ns, books=books)
        )
        if isinstance(written, Refusal):
            return Problem(error=written.code, reason=written.reason)
        return await self._refund_answer(key)

    async def pay_refund(self, key: str) -> PaymentAnswer | Problem:
        """Pay an approved refund: intent, call, result."""
        at_ns = self._clock.now_ns()
        written = await self._books.write(
            lambda books: refunds.begin(key, at_ns=at_ns, books=books)
        )
        if isinstance(written, Refusal):
            return Problem(error=written.code, reason=written.reason)
        self._faults.reach("desk.refund")
        refund = written.refunds[key]
        payment = await self._books.payment(refund.payment)
        module = self._modules.get(refund.method)
        if payment is None or module is None:
            outcome: Outcome = Unknown(case_id=key, reason=f"{refund.method} is not active")
        else:
            outcome = await self._caller.call(module, refund_order(refund, payment))
        return await self._resolve_refund(key, outcome)

    async def take_back(self, key: str, *, code: str, reason: str) -> None:
        """Enter that a payment that was approved without its bank is not paid by it."""
        command = Return(at_ns=self._clock.now_ns(), code=code, reason=reason)
        if await self._books.payment(key) is not None:
            await self._say(key, command)

    async def recover(self, *, limit: int) -> int:
        """Look again at what is due; return how many were looked at. Called by the janitor's clock."""
        now_ns = self._clock.now_ns()
        payments, pending_refunds = await self._books.due(now_ns, limit)
        for payment in payments:
            await self._recover_payment(payment, now_ns)
        for refund in pending_refunds:
            await self._recover_refund(refund)
        return len(payments) + len(pending_refunds)

    async def _recover_payment(self, payment: PaymentRecord, now_ns: int) -> None:
        module = self._modules.get(payment.module)
        manifest = None if module is None else module.manifest
        found: list[Chore | None] = []

        def look(books: Books) -> Booking | Refusal:
            flow = books.flow(payment.flow, payment.flow_pin)
            assert flow is not None, "a payment's flow is kept with it"
            found[:] = [chore_of(payment, flow, manifest, now_ns=now_ns)]
            return Booking(key=f"{payment.key}/look")

        await self._books.write(look)
        match found[0]:
            case Inquire(order=order) if module is not None:
                await self._resolve(payment.key, await self._caller.call(module, order))
            case Undo():
                await self._undo(payment)
            case Lapse(command=command):
                await self._say(payment.key, command)
            case Stuck(reason=reason):
                await self._resolve(payment.key, Unknown(case_id=payment.key, reason=reason))
            case _:
                pass

    async def _inquire(self, payment: PaymentRecord) -> None:
        """Ask the module what became of a payment; an answer that is none changes nothing, nor its deadline."""
        module = self._modules.get(payment.module)
        if module is None or Operation.INQUIRE not in module.manifest.operations:
            return
        outcome = await self._caller.call(module, inquiry_of(payment))
        if not isinstance(outcome, Unknown):
            await self._say(payment.key, Resolve(at_ns=self._clock.now_ns(), outcome=outcome))

    async def _undo(self, payment: PaymentRecord) -> None:
        """Have its module undo a payment that was given up; whatever it cannot say yet is asked again."""
        module = self._modules.get(payment.module)
        if module is None:
            outcome: Outcome = Unknown(case_id=payment.key, reason=f"{payment.module} is not here")
        else:
            outcome = await self._caller.call(module, void_of(payment))
        at_ns = self._clock.now_ns()
        if isinstance(outcome, Approved):
            await self._say(payment.key, Void(at_ns=at_ns, reason="undone"))
        else:
            reason = getattr(outcome, "reason", "")
            unknown = Unknown(case_id=payment.key, reason=reason)
            await self._say(payment.key, Resolve(at_ns=at_ns, outcome=unknown))

    async def _recover_refund(self, refund: RefundRecord) -> None:
        module = self._modules.get(refund.method)
        if module is None:
            reason = f"payment module {refund.method} is not active"
            await self._resolve_refund(refund.key, Unknown(case_id=refund.key, reason=reason))
            return
        outcome = await self._caller.call(module, refund_inquiry_of(refund))
        await self._resolve_refund(refund.key, outcome)

    async def _resolve(self, key: str, outcome: Outcome) -> PaymentAnswer | Problem:
        refusal = await self._say(key, Resolve(at_ns=self._clock.now_ns(), outcome=outcome))
        self._faults.reach("desk.result")
        if refusal is not None:
            return Problem(error=refusal.code, reason=refusal.reason)
        answer = await self._look(key)
        if isinstance(answer, PaymentAnswer) and isinstance(outcome, Approved | Declined):
            return msgspec.structs.replace(answer, told={**answer.told, **outcome.told})
        return answer

    async def _say(self, key: str, command: Command) -> Refusal | None:
        written = await self._books.write(_saying(key, command), _declining(key, command))
        return written if isinstance(written, Refusal) else None

    async def _resolve_refund(self, key: str, outcome: Outcome) -> PaymentAnswer | Problem:
        at_ns = self._clock.now_ns()
        written = await self._books.write(
            lambda books: refunds.resolve(key, outcome, at_ns=at_ns, books=books)
        )
        if isinstance(written, Refusal):
            return Problem(error=written.code, reason=written.reason)
        return await self._refund_answer(key)

    async def _look(self, key: str) -> PaymentAnswer | Problem:
        payment = await self._books.payment(key)
        if payment is None:
            return Problem(error="unknown-payment", reason=f"there is no payment {key!r}")
        return msgspec.structs.replace(answer_of(payment), told=dict(self._caller.told(key)))

    async def _refund_answer(self, key: str) -> PaymentAnswer | Problem:
        refund = await self._books.refund(key)
        if refund is None:
            return Problem(error="unknown-refund", reason=f"there is no refund {key!r}")
        return msgspec.structs.replace(refund_answer_of(refund), told=dict(self._caller.told(key)))


def _saying(key: str, command: Command) -> Decision:
    """Return the decision that says something to a payment."""

    def decide(books: Books) -> Booking | Refusal:
        payment = books.payment(key)
        assert payment is not None, "it was opened before it was asked for"
        return book_command(payment, command, books)

    return decide


def _declining(key: str, command: Command) -> Decision:
    """Return the decision that declines it for want of means: a request may be, a fact never is."""
    reason = "the account does not hold that much"
    declined = Declined(code=SHORT, reason=reason)
    return _saying(key, Resolve(at_ns=command.at_ns, outcome=declined))


def is_short(booking: Booking, books: Books) -> bool:
    """Tell whether a request promises more than a holder's account has, or lets go of."""
    promised = [
        each
        for each in booking.transfers
        if each.phase is Phase.HOLD and bound_of(each.debit) is Bound.DEBITS_WITHIN_CREDITS
    ]
    holders = {record.holder for record in booking.records.values() if record.holder}
    stopped = any(books.member_state(holder) == "stopped" for holder in holders)
    return any(
        stopped or each.amount > books.available(each.debit, each.currency) for each in promised
    )


class _Opening:
    """Decides in the writer whether a key is new; `fresh` says whether the module may be called."""

    def __init__(self, request: PaymentRequest, at_ns: int) -> None:
        self._request = request
        self._at_ns = at_ns
        self.fresh = False

    def decide(self, books: Books) -> Booking | Refusal:
        """Open the payment, or find it."""
        self.fresh = False
        known = books.payment(self._request.key)
        return self._open(books) if known is None else self._again(known, books)

    def announce(self, books: Books) -> tuple[PaymentOpened, PaymentRecord] | Refusal:
        """Return the payment as it begins, of which nothing was asked yet."""
        request = self._request
        manifest = books.manifest(request.module)
        named = request.flow if request.flow != "sale" or manifest is None else manifest.flow
        flow = books.flow(named)
        if flow is None:
            return Refusal(code="unknown-flow", reason=f"there is no flow {named!r}")
        opened = open_payment(
            flow,
            key=request.key,
            at_ns=self._at_ns,
            module=request.module,
            amount=request.amount,
            currency=request.currency,
            store=request.store,
            terminal=request.terminal,
            order=request.order or request.key.rpartition("-")[0],
            business_date=_date_in(request.key),
            holder=self._holder(books),
        )
        return opened, evolve(None, opened)

    def _open(self, books: Books) -> Booking | Refusal:
        announced = self.announce(books)
        if isinstance(announced, Refusal):
            return announced
        opened, record = announced
        self.fresh = True
        request, flow = self._request, books.flow(record.flow, record.flow_pin)
        assert flow is not None, "it was just found"
        booking = Booking(key=f"{request.key}/1", payments=[opened], records={request.key: record})
        if (record.state, Verb.ASK) not in flow.cells:
            return booking
        asked = book_command(record, Ask(at_ns=self._at_ns), books)
        assert not isinstance(asked, Refusal), "the flow has a cell for it"
        asked.payments.insert(0, opened)
        return asked

    def _holder(self, books: Books) -> str:
        manifest = books.manifest(self._request.module)
        named = "" if manifest is None else manifest.holder
        return self._request.fields.get(named, "") if named else ""

    def _again(self, known: PaymentRecord, books: Books) -> Booking | Refusal:
        request = self._request
        same = (known.module, known.amount, known.currency, known.holder) == (
            request.module,
            request.amount,
            request.currency,
            self._holder(books),
        )
        if not same:
            reason = (
                f"key {known.key} was used for {known.amount} {known.currency} by {known.module}"
            )
            return Refusal(code="key-reused", reason=reason)
        flow = books.flow(known.flow, known.flow_pin)
        if flow and (known.state, Verb.ASK) in flow.cells:
            self.fresh = True
            return book_command(known, Ask(at_ns=self._at_ns), books)
        return Booking(key=f"{known.key}/again")


class _GivingUp:
    """Decides in the writer what giving a payment up comes to; `undoes` has to be undone by its module."""

    def __init__(self, request: CancelRequest, at_ns: int) -> None:
        self._request = request
        self._at_ns = at_ns
        self.undoes: PaymentRecord | None = None

    def decide(self, books: Books) -> Booking | Refusal:
        """Void the payment, or begin to; of a key that nobody knows, so that it never can be asked for."""
        self.undoes = None
        request = self._request
        known = books.payment(request.key)
        if known is None:
            return self._forestall(books)
        if (known.module, known.amount, known.terminal) != (
            request.module,
            request.amount,
            request.terminal,
        ):
            return Refusal(code="key-reused", reason=f"key {known.key} is of another payment")
        if _is_undoing(known, books):
            self.undoes = known
            return Booking(key=f"{known.key}/again")
        given_up = book_command(known, Void(at_ns=self._at_ns, reason=request.reason), books)
        if isinstance(given_up, Booking):
            payment = given_up.records.get(known.key, known)
            self.undoes = payment if _is_undoing(payment, books) else None
        return given_up

    def _forestall(self, books: Books) -> Booking | Refusal:
        request = self._request
        opening = _Opening(
            PaymentRequest(
                key=request.key,
                module=request.module,
                amount=request.amount,
                currency=request.currency,
                store=request.store,
                terminal=request.terminal,
                order=request.order,
            ),
            self._at_ns,
        )
        opened = opening.announce(books)
        if isinstance(opened, Refusal):
            return opened
        event, record = opened
        voided = book_command(record, Void(at_ns=self._at_ns, reason=request.reason), books)
        if isinstance(voided, Booking):
            voided.payments.insert(0, event)
        return voided


def _is_undoing(payment: PaymentRecord, books: Books) -> bool:
    """Tell whether a payment is one that its module is told to undo."""
    flow = books.flow(payment.flow, payment.flow_pin)
    due = None if flow is None else flow.states[payment.state].due
    return due is not None and due.run is DueRun.VOID


def _date_in(key: str) -> str:
    """Return the business date that stands in an attempt key, or nothing."""
    parts = key.split("-")
    date = parts[-3] if len(parts) >= 5 else ""
    return date if len(date) == 8 and date.isdigit() else ""
