"""Cards and accounts beyond the counter: their banks, asked through the broker.

    authorise   asks for money under an attempt's key, in one exchange; nothing is sent twice
    inquire     asks what became of a key; moves nothing
    cancel      gives a key up: what was approved is undone, and what comes late is refused
    give_back   gives money of a payment back, under a key of its own; the same request again asks about it

Approved and Declined carry what the bank told this very request: `code` its response code, `rrn` its own
reference, `icc` field 55 for a chip. It is kept nowhere: who asks later is told without it. A card's number
and its PIN block go through here and are not kept either. Every silence is Unknown, and is resolved by
asking under the same key. Implementations of Acquirer are NoAcquirer and AcquirerAtBroker.
Source: clerk-and-courier.md 2.3 rules 2 and 5; devices.md 4 (reversal discipline).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from protocols.broker import CancelRequest, GiveBackRequest, PaymentAnswer, PaymentRequest
from protocols.money import Money
from protocols.outcome import Approved, Declined, NotSent, Outcome, Unknown

if TYPE_CHECKING:
    from pos.broker_client import BrokerClient
    from pos.broker_link import Failure

UNREACHED: Final = "CRD-50"
"""Nothing was sent: there is no way to the broker."""
IN_DOUBT: Final = "CRD-05"
REFUSED: Final = "CRD-51"
"""The broker does not take it: it is not set up for it, or not for this till."""
UNDONE: Final = "CRD-52"
BEING_UNDONE: Final = "CRD-53"
"""The broker tells the bank until it has; nothing will stay paid."""

_NEVER: Final = frozenset({"unknown-payment", "give-back", "amount", "key", "not-paid"})
"""Why a broker never gives back what it is asked for, however often."""


class Acquirer(Protocol):
    """Whoever has cards and accounts approved. Nothing here raises."""

    async def authorise(
        self, *, key: str, method: str, amount: Money, fields: Mapping[str, str]
    ) -> Outcome:
        """Ask for money, once a key. `fields` are what the module of this name needs."""
        ...

    async def inquire(self, *, key: str, amount: Money) -> Outcome:
        """Ask what became of a key; NotSent where it was never heard of, and may still come."""
        ...

    async def cancel(self, *, key: str, method: str, amount: Money, why: str) -> Outcome:
        """Give a key up for good, before its sale is closed.

        Declined: nothing is paid, nor will be. Approved: it cannot be given up any more. Unknown: ask again.
        """
        ...

    async def give_back(
        self, *, key: str, method: str, amount: Money, payment: str, again: bool
    ) -> Outcome:
        """Give money of a payment back to the card or the account that paid, once a key.

        NotSent: nothing has gone back, nor will under this key. `again`: it was asked before, so that who
        cannot be asked now leaves it Unknown.
        """
        ...


class NoAcquirer:
    """A till without a broker, or whose broker is away."""

    async def authorise(
        self, *, key: str, method: str, amount: Money, fields: Mapping[str, str]
    ) -> Outcome:
        """Nothing is sent."""
        return NotSent(code=UNREACHED, reason="no broker is there")

    async def inquire(self, *, key: str, amount: Money) -> Outcome:
        """Nobody answers."""
        return Unknown(case_id=key, reason="no broker is there", code=IN_DOUBT)

    async def cancel(self, *, key: str, method: str, amount: Money, why: str) -> Outcome:
        """Nobody answers."""
        return Unknown(case_id=key, reason="no broker is there", code=IN_DOUBT)

    async def give_back(
        self, *, key: str, method: str, amount: Money, payment: str, again: bool
    ) -> Outcome:
        """Nothing is sent, now."""
        if again:
            return Unknown(case_id=key, reason="no broker is there", code=IN_DOUBT)
        return NotSent(code=UNREACHED, reason="no broker is there")


class AcquirerAtBroker:
    """The broker asks the bank, and keeps what it was told."""

    def __init__(self, client: "BrokerClient", *, store: str, terminal: str) -> None:
        self._client = client
        self._store = store
        self._terminal = terminal

    async def authorise(
        self, *, key: str, method: str, amount: Money, fields: Mapping[str, str]
    ) -> Outcome:
        """Ask for money; what the broker says, or its silence, as an outcome."""
        request = PaymentRequest(
            key=key,
            module=method,
            amount=amount.minor,
            currency=amount.currency.code,
            store=self._store,
            terminal=self._terminal,
            fields=dict(fields),
        )
        answer = await self._client.pay(request)
        if isinstance(answer, PaymentAnswer):
            return _outcome(answer, amount)
        return _unanswered(answer, key)

    async def inquire(self, *, key: str, amount: Money) -> Outcome:
        """Ask what became of a key."""
        from pos.broker_link import Refused

        answer = await self._client.ask(key)
        if isinstance(answer, PaymentAnswer):
            return _outcome(answer, amount)
        if isinstance(answer, Refused) and answer.problem.error == "unknown-payment":
            return NotSent(code=UNREACHED, reason="the broker never heard of it")
        return Unknown(case_id=key, reason=str(answer), code=IN_DOUBT)

    async def cancel(self, *, key: str, method: str, amount: Money, why: str) -> Outcome:
        """Give a key up."""
        request = CancelRequest(
            key=key,
            module=method,
            amount=amount.minor,
            currency=amount.currency.code,
            store=self._store,
            terminal=self._terminal,
            reason=why,
        )
        answer = await self._client.cancel(request)
        if not isinstance(answer, PaymentAnswer):
            return Unknown(case_id=key, reason=str(answer), code=IN_DOUBT)
        match answer.outcome:
            case "approved":
                return _outcome(answer, amount)
            case "declined" | "not_sent":
                return Declined(code=answer.code or UNDONE, reason=answer.reason or answer.state)
            case "pending" | "unknown":
                # The broker holds it now, and lets go of it only when the bank has undone it.
                return Declined(code=BEING_UNDONE, reason=answer.state)

    async def give_back(
        self, *, key: str, method: str, amount: Money, payment: str, again: bool
    ) -> Outcome:
        """Ask for it to go back."""
        from pos.broker_link import Refused

        request = GiveBackRequest(
            key=key,
            payment=payment,
            module=method,
            amount=amount.minor,
            currency=amount.currency.code,
            store=self._store,
            terminal=self._terminal,
        )
        answer = await self._client.give_back(request)
        if isinstance(answer, PaymentAnswer):
            return _outcome(answer, amount)
        never = isinstance(answer, Refused) and answer.problem.error in _NEVER
        if again and not never:
            return Unknown(case_id=key, reason=str(answer), code=IN_DOUBT)
        return _unanswered(answer, key)


def _outcome(answer: PaymentAnswer, asked: Money) -> Outcome:
    match answer.outcome:
        case "approved":
            approved = Money(answer.amount, asked.currency)
            return Approved(amount=approved, reference=answer.reference, told=answer.told)
        case "declined":
            reason = answer.reason or answer.state
            return Declined(code=answer.code or UNDONE, reason=reason, told=answer.told)
        case "not_sent":
            return NotSent(code=answer.code or REFUSED, reason=answer.reason or answer.state)
        case "pending" | "unknown":
            return Unknown(case_id=answer.key, reason=answer.state, code=IN_DOUBT)


def _unanswered(failure: "Failure", key: str) -> Outcome:
    from pos.broker_link import Refused, Silent

    match failure:
        case Silent(reason=reason):
            return Unknown(case_id=key, reason=reason, code=IN_DOUBT)
        case Refused(problem=problem):
            return NotSent(code=REFUSED, reason=f"{problem.error}: {problem.reason}")
        case _:
            return NotSent(code=UNREACHED, reason=str(failure))
