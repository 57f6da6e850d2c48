"""A virtual agent of the tax office: gives cash receipts, takes them back, and fails on demand.

Its books are by key, so a request that comes twice has happened once. Numbers are checked and not kept.

    verbs   refuse CODE    the next request is refused
            lose           the next request is done, and its answer never comes
            drop           the next request never arrives
            hold           the next request is pending until `release`
            down, up       nobody is there, until told
            garble         the next answer is no answer
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocols.cash_receipt_agent import Answer, Approved, Cancel, Day, Issue
from protocols.malformed import MALFORMED
from protocols.ports import Clock

VERBS: Final = ("refuse", "lose", "drop", "hold", "release", "down", "up", "garble")
_SEOUL_NS: Final = 9 * 3_600 * 1_000_000_000
_DAY_NS: Final = 86_400 * 1_000_000_000
_REFUSED: Final = {
    "number": ("번호가 맞지 않습니다", "The number is none"),
    "amount": ("금액이 맞지 않습니다", "The amounts do not add up"),
    "original": ("원 승인이 없거나 날짜가 다릅니다", "There is no such approval on this date"),
    "too_much": ("취소할 수 있는 금액보다 많습니다", "More than is left of the receipt"),
    "shop": ("가맹점이 아닙니다", "This shop has no contract"),
}


class LostError(Exception):
    """The line broke: nothing arrived, or the answer did not."""


@dataclass(slots=True)
class _Known:
    """A request that was taken."""

    request: Issue | Cancel
    answer: Answer
    left: int = 0
    """Of a receipt: what has not been cancelled."""


@dataclass(slots=True)
class CashReceiptAgent:
    """One agent, with a contract with one shop or with all."""

    clock: Clock
    token: str = "agent-token"  # noqa: S105  of a virtual agent
    shops: frozenset[str] = frozenset()
    """Business numbers; empty: any."""
    asked: list[str] = field(default_factory=list)
    """The key of every request that arrived, again and again."""
    _known: dict[str, _Known] = field(default_factory=dict)
    _next: int = 100_000_001
    _faults: list[str] = field(default_factory=list)
    is_down: bool = False

    def do(self, verb: str) -> None:
        """Carry out a verb. Raises: ValueError."""
        word, _, argument = verb.partition(" ")
        if word not in VERBS or (word == "refuse" and argument not in _REFUSED):
            raise ValueError(f"{verb!r} is no verb of an agent: {', '.join(VERBS)}")
        match word:
            case "down" | "up":
                self.is_down = word == "down"
            case "release":
                for known in self._known.values():
                    if known.answer.state == "pending":
                        self._approve(known)
            case _:
                self._faults.append(verb)

    def issue(self, request: Issue) -> Answer:
        """Give a receipt."""
        return self._take(request, self._why_not_issue(request))

    def cancel(self, request: Cancel) -> Answer:
        """Take one back."""
        return self._take(request, self._why_not_cancel(request))

    def look(self, key: str) -> Answer | None:
        """Say what became of a request; None: it never came."""
        known = self._known.get(key)
        return None if known is None else known.answer

    def day(self, wanted: str) -> Day:
        """Return everything approved on a day."""
        rows = [
            Approved(
                key=known.request.key,
                what="issue" if isinstance(known.request, Issue) else "cancel",
                approval=known.answer.approval,
                amount=known.request.amount,
            )
            for known in self._known.values()
            if known.answer.state == "approved" and known.answer.approved_on == wanted
        ]
        return Day(date=wanted, rows=sorted(rows, key=lambda row: row.approval))

    def arrives(self) -> None:
        """Say whether a request gets here at all. Raises: LostError."""
        if self.is_down or self._fault("drop"):
            raise LostError

    def answers(self) -> bytes | None:
        """Return what is answered instead of the answer, if something is. Raises: LostError."""
        if self._fault("lose"):
            raise LostError
        return b"<html>502 Bad Gateway</html>" if self._fault("garble") else None

    def _take(self, request: Issue | Cancel, why_not: str) -> Answer:
        self.asked.append(request.key)
        known = self._known.get(request.key)
        if known is not None:
            return known.answer
        refusal = next((each for each in self._faults if each.startswith("refuse ")), "")
        if refusal:
            self._faults.remove(refusal)
            why_not = refusal.removeprefix("refuse ")
        if why_not:
            ko, en = _REFUSED[why_not]
            answer = Answer(
                key=request.key, state="refused", code=why_not, reason_ko=ko, reason_en=en
            )
            self._known[request.key] = _Known(_unnumbered(request), answer)
            return answer
        pending = Answer(key=request.key, state="pending")
        known = self._known[request.key] = _Known(_unnumbered(request), pending)
        return known.answer if self._fault("hold") else self._approve(known)

    def _approve(self, known: _Known) -> Answer:
        day = (self.clock.now_ns() + _SEOUL_NS) // _DAY_NS
        known.answer = Answer(
            key=known.request.key,
            state="approved",
            approval=f"{self._next:09d}",
            approved_on=_date(day),
        )
        self._next += 1
        if isinstance(known.request, Cancel):
            self._original(known.request).left -= known.request.amount
        else:
            known.left = known.request.amount
        return known.answer

    def _why_not_issue(self, request: Issue) -> str:
        if self.shops and request.business_number not in self.shops:
            return "shop"
        if not request.number.isdigit() or len(request.number) < 10:
            return "number"
        return "" if request.supply + request.vat == request.amount else "amount"

    def _why_not_cancel(self, request: Cancel) -> str:
        try:
            original = self._original(request)
        except LookupError:
            return "original"
        return "" if request.amount <= original.left else "too_much"

    def _original(self, request: Cancel) -> _Known:
        for known in self._known.values():
            same = known.answer.approval == request.approval
            if same and known.answer.approved_on == request.approved_on:
                return known
        raise LookupError(request.approval)

    def _fault(self, name: str) -> bool:
        if name not in self._faults:
            return False
        self._faults.remove(name)
        return True


def _unnumbered(request: Issue | Cancel) -> Issue | Cancel:
    return msgspec.structs.replace(request, number="") if isinstance(request, Issue) else request


def _date(day: int) -> str:
    """Return days since 1970 as YYYYMMDD."""
    return (date(1970, 1, 1) + timedelta(days=day)).strftime("%Y%m%d")


_ISSUE: Final = msgspec.json.Decoder(Issue)
_CANCEL: Final = msgspec.json.Decoder(Cancel)


def build_agent_app(agent: CashReceiptAgent) -> Starlette:
    """Return the agent's gateway as an ASGI application."""

    def told(answer: msgspec.Struct | None) -> Response:
        instead = agent.answers()
        if instead is not None:
            return Response(instead, 502, media_type="text/html")
        if answer is None:
            return Response(status_code=404)
        return Response(msgspec.json.encode(answer), media_type="application/json")

    def admitted(request: Request) -> bool:
        agent.arrives()
        return request.headers.get("authorization") == f"Bearer {agent.token}"

    async def issue(request: Request) -> Response:
        if not admitted(request):
            return Response(status_code=401)
        try:
            return told(agent.issue(_ISSUE.decode(await request.body())))
        except MALFORMED as error:
            return Response(str(error), 400)

    async def cancel(request: Request) -> Response:
        if not admitted(request):
            return Response(status_code=401)
        try:
            return told(agent.cancel(_CANCEL.decode(await request.body())))
        except MALFORMED as error:
            return Response(str(error), 400)

    async def look(request: Request) -> Response:
        if not admitted(request):
            return Response(status_code=401)
        return told(agent.look(request.path_params["key"]))

    async def day(request: Request) -> Response:
        if not admitted(request):
            return Response(status_code=401)
        return told(agent.day(request.path_params["date"]))

    return Starlette(
        routes=[
            Route("/v1/receipts", issue, methods=["POST"]),
            Route("/v1/cancellations", cancel, methods=["POST"]),
            Route("/v1/requests/{key}", look, methods=["GET"]),
            Route("/v1/days/{date}", day, methods=["GET"]),
        ]
    )
