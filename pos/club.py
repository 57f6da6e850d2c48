"""The points programme beyond the counter: who a member is, and points spent, asked of the broker.

    who      a member by card or telephone, several by four digits; None where nobody answers
    spend    asks for points under an attempt's key; the same key again answers what happened

A till without a line knows no member and spends no points: what it sells earns all the same, by the
number on the card, when its records come through. Implementations of Club are NoClub and ClubAtBroker.
Source: clerk-and-courier.md 2.3 rules 2, 5 and 8 (points offline: off).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from protocols.broker import Member, MemberAnswer, PaymentAnswer, PaymentRequest
from protocols.money import Money
from protocols.outcome import Approved, Declined, NotSent, Outcome, Unknown
from protocols.points import POINTS

if TYPE_CHECKING:
    from pos.broker_client import BrokerClient
    from pos.broker_link import Failure

UNREACHED = "PTS-03"
IN_DOUBT = "PTS-07"


class Club(Protocol):
    """Whoever keeps members and their points."""

    async def who(self, named: str) -> Sequence[Member] | None:
        """Return who a card, a telephone or four digits may be; None where nobody answers."""
        ...

    async def spend(self, *, key: str, member: str, amount: Money) -> Outcome:
        """Ask for points; never raises. After Unknown: the same again, under the same key."""
        ...


class NoClub:
    """A till without a broker, or whose broker is away."""

    async def who(self, named: str) -> Sequence[Member] | None:
        """Nobody answers."""
        return None

    async def spend(self, *, key: str, member: str, amount: Money) -> Outcome:
        """Nothing is sent."""
        return NotSent(code=UNREACHED, reason="no broker is there")


class ClubAtBroker:
    """The broker keeps members in its own ledger."""

    def __init__(self, client: "BrokerClient", *, store: str, terminal: str) -> None:
        self._client = client
        self._store = store
        self._terminal = terminal

    async def who(self, named: str) -> Sequence[Member] | None:
        """Return who it may be; None where nobody answers."""
        answer = await self._client.members(named)
        return answer.members if isinstance(answer, MemberAnswer) else None

    async def spend(self, *, key: str, member: str, amount: Money) -> Outcome:
        """Ask for points; what the broker says, or its silence, as an outcome."""
        request = PaymentRequest(
            key=key,
            module=POINTS,
            amount=amount.minor,
            currency=amount.currency.code,
            store=self._store,
            terminal=self._terminal,
            fields={"member": member},
        )
        answer = await self._client.spend(request)
        if not isinstance(answer, PaymentAnswer):
            return _unanswered(answer, key)
        match answer.outcome:
            case "approved":
                approved = Money(answer.amount, amount.currency)
                return Approved(amount=approved, reference=answer.reference)
            case "declined" | "not_sent":
                return Declined(code=answer.code or "PTS-08", reason=answer.reason or answer.state)
            case "pending" | "unknown":
                return Unknown(case_id=key, reason=answer.state, code=IN_DOUBT)


def _unanswered(failure: "Failure", key: str) -> Outcome:
    from pos.broker_link import Refused, Silent

    match failure:
        case Silent(reason=reason):
            return Unknown(case_id=key, reason=reason, code=IN_DOUBT)
        case Refused(problem=problem):
            return Declined(code="PTS-08", reason=f"{problem.error}: {problem.reason}")
        case _:
            return NotSent(code=UNREACHED, reason=str(failure))
