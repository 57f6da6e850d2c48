"""Sends what waits to the agent: intent, call, result, each durable before the next.

    waiting --(intent durable)--> asked --> approved | refused | pending
       ^                            |
       +------ it never came -------+      an answer that was lost is asked for under the same key

After a crash everything that is `asked` is asked about first. The number is opened for the call alone,
and erased from the table with the answer. Waits: 10 s, 30 s, 2 min, 10 min, then an hour.
"""

from typing import Final, Protocol

from ips.bookkeeping import question_row
from ips.books import Question
from ips.cash_receipts.outcomes import NeverCame, NotSent, Unknown
from ips.cash_receipts.records import Change, RequestRow, due, request
from ips.config import StoreConfig
from ips.questions import question
from ips.store.reader import Reader
from ips.store.rows import QuestionRow
from ips.writer import InlineWriter, Writer
from protocols.cash_receipt_agent import Answer, Cancel, Issue, open_number
from protocols.hpke import SealError
from protocols.ports import NANOSECONDS_PER_SECOND, Clock

ROUND_MAX: Final = 20
WAITS_S: Final = (10, 30, 120, 600, 3_600)
PENDING_S: Final = 60


class Agent(Protocol):
    """Whoever the tax office has named: ips.cash_receipts.agent, or another gateway."""

    async def issue(self, request: Issue) -> Answer | NotSent | Unknown:
        """Ask for a receipt."""
        ...

    async def cancel(self, request: Cancel) -> Answer | NotSent | Unknown:
        """Ask for one to be taken back."""
        ...

    async def look(self, key: str) -> Answer | NeverCame | Unknown:
        """Ask what became of a request."""
        ...


class Sender:
    """Takes the cash receipts of one broker to one agent."""

    def __init__(
        self,
        *,
        agent: Agent,
        secret: int,
        stores: dict[str, StoreConfig],
        reader: Reader,
        writer: Writer | InlineWriter,
        clock: Clock,
    ) -> None:
        self._agent = agent
        self._secret = secret
        self._stores = stores
        self._reader = reader
        self._writer = writer
        self._clock = clock

    async def round(self, limit: int = ROUND_MAX) -> int:
        """Send and ask what is due; return how many were looked at.

        Raises: BusyError, PoisonError, StoreError.
        """
        rows = due(self._reader, self._clock.now_ns(), limit)
        for row in rows:
            if row.state == "waiting":
                await self._send(row)
            else:
                await self._ask(row)
        return len(rows)

    async def _send(self, row: RequestRow) -> None:
        prepared = self._prepared(row)
        if isinstance(prepared, RequestRow):
            await self._keep(prepared)
            return
        # Whatever happens from here on: somebody asks first what became of it.
        row = row._replace(state="asked", tries=row.tries + 1, due_ns=self._after(row.tries))
        await self._keep(row)
        if isinstance(prepared, Issue):
            answer = await self._agent.issue(prepared)
        else:
            answer = await self._agent.cancel(prepared)
        match answer:
            case NotSent(reason=reason):
                await self._keep(row._replace(state="waiting", reason=reason))
            case Unknown(reason=reason):
                await self._keep(row._replace(reason=reason))
            case Answer():
                await self._settle(row, answer)

    async def _ask(self, row: RequestRow) -> None:
        answer = await self._agent.look(row.key)
        match answer:
            case NeverCame():
                await self._keep(row._replace(state="waiting", due_ns=self._clock.now_ns()))
            case Unknown(reason=reason):
                tries = row.tries + 1
                later = row._replace(reason=reason, tries=tries, due_ns=self._after(row.tries))
                await self._keep(later)
            case Answer():
                await self._settle(row, answer)

    async def _settle(self, row: RequestRow, answer: Answer) -> None:
        match answer.state:
            case "pending":
                until = self._clock.now_ns() + PENDING_S * NANOSECONDS_PER_SECOND
                await self._keep(row._replace(state="pending", due_ns=until, reason=""))
            case "approved":
                done = row._replace(
                    state="approved",
                    approval=answer.approval,
                    approved_on=answer.approved_on,
                    sealed=b"",
                    reason="",
                )
                await self._keep(done)
            case "refused":
                refused = row._replace(
                    state="refused", sealed=b"", reason=answer.reason_en or answer.code
                )
                await self._keep(refused, _asked(refused, "cash-receipt-refused", self._clock))

    def _prepared(self, row: RequestRow) -> Issue | Cancel | RequestRow:
        """Return what is sent; or the row as it is when there is nothing to send now."""
        shop = self._stores.get(row.store, StoreConfig()).business_number.replace("-", "")
        if row.what == "cancel":
            issue = request(self._reader, row.of)
            if issue is None or issue.state in ("refused", "by_hand", "needless"):
                return row._replace(state="needless", reason="its receipt was never approved")
            if issue.state != "approved":
                return row._replace(tries=row.tries + 1, due_ns=self._after(row.tries))
            return Cancel(
                key=row.key,
                business_number=shop,
                approval=issue.approval,
                approved_on=issue.approved_on,
                amount=row.amount,
            )
        number = row.shown.replace("-", "")
        if row.purpose != "self":
            try:
                number = open_number(row.sealed, shown=row.shown, secret=self._secret)
            except SealError as error:
                return row._replace(state="by_hand", reason=f"its number cannot be opened: {error}")
        return Issue(
            key=row.key,
            business_number=shop,
            purpose=row.purpose,  # type: ignore[arg-type]  # as the fact had it
            number=number,
            amount=row.amount,
            supply=row.amount - row.vat,
            vat=row.vat,
            sold_on=row.business_date,
        )

    def _after(self, tries: int) -> int:
        wait = WAITS_S[min(tries, len(WAITS_S) - 1)]
        return self._clock.now_ns() + wait * NANOSECONDS_PER_SECOND

    async def _keep(self, row: RequestRow, asked: QuestionRow | None = None) -> None:
        if asked is None and row.state == "by_hand":
            asked = _asked(row, "cash-receipt-by-hand", self._clock)
        await self._writer.run(Change(row=row, asked=asked))


def _asked(row: RequestRow, code: str, clock: Clock) -> QuestionRow:
    """Return what a person is asked about a request, beside the record that it is of."""
    detail = row.reason or row.shown
    told: Question = question(
        code, about=row.order_key, amount=row.amount, currency="KRW", detail=detail
    )
    found = question_row(None, told, clock.now_ns())
    return found._replace(terminal=row.terminal, epoch=row.epoch, sequence=row.sequence)
