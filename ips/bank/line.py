"""One bank's line: kept open, questions in parallel, and what the bank is still to be told, one at a time.

    ask ---- reversals wait? until they are accepted ---- row durable ---- 0200 ---- answer durable
                                                             |               |
                                          a crash here, silence, a broken line: reversing, durable
                                                             |
    forward   oldest first, one in flight:  0420, 0421 ... until 00 or 25    0220, 0221 ... until answered

Nothing here sends a financial request twice. Whoever asks may go away: the exchange goes on to its end.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from ips.bank import records
from ips.bank.exchanges import OFFLINE, Ask, Exchanges, numbers
from ips.bank.records import ExchangeRow, SettlementRow
from ips.bank.session import (
    Answered,
    Broken,
    Event,
    Expired,
    Late,
    Phase,
    Ready,
    Session,
    Speech,
    Unheard,
)
from ips.points import BankPoint
from ips.received import Asks
from ips.store.errors import StoreError
from ips.store.group import PoisonError
from ips.writer import BusyError
from protocols.iso8583 import elements as de
from protocols.iso8583 import mti
from protocols.iso8583.field import Value
from protocols.iso8583.message import MalformedError, Message
from protocols.iso8583.original import original_of
from protocols.iso8583.response import Response
from protocols.ports import NANOSECONDS_PER_SECOND, ByteLink, Clock, FaultPoints, LinkDownError

log = logging.getLogger("ips.bank")
DIAL_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Between two tries to dial, or to tell a bank the same; the last for good."""
CLEAR_SECONDS: Final = 5.0
"""How long a question waits for a line that is ready and has no reversal waiting."""
ANSWER_SECONDS: Final = 20.0
TELL_SECONDS: Final = 20.0
_ACCEPTED: Final = (Response.APPROVED, Response.NOT_FOUND)
_NOT_NOW: Final = (Response.ISSUER_AWAY, Response.MALFUNCTION)
_TOTALS: Final = (
    de.CREDITS_NUMBER, de.CREDITS_REVERSAL_NUMBER, de.DEBITS_NUMBER, de.DEBITS_REVERSAL_NUMBER,
    de.CREDITS_AMOUNT, de.CREDITS_REVERSAL_AMOUNT, de.DEBITS_AMOUNT, de.DEBITS_REVERSAL_AMOUNT,
)  # fmt: skip
CURRENCIES: Final = {"KRW": "410", "USD": "840", "EUR": "978", "JPY": "392"}
_FAILED: Final = (BusyError, PoisonError, StoreError)
Dial = Callable[[str], Awaitable[ByteLink]]
TakenBack = Callable[[ExchangeRow, str], Awaitable[None]]


class NotReached(Enum):
    """Nothing was asked."""

    DOWN = "down"
    """The line is not there."""
    REVERSALS = "reversals"
    """The bank has to accept a reversal first."""
    REFUSED = "refused"
    """Whoever asks may not, as it stands now."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a question; the answer itself where it has just come."""

    row: ExchangeRow
    answer: Message | None = None


class BankLine:
    """A bank, as the desk asks it."""

    def __init__(
        self,
        name: str,
        address: str,
        speech: Speech,
        *,
        dial: Dial,
        exchanges: Exchanges,
        clock: Clock,
        faults: FaultPoints,
        taken_back: TakenBack,
    ) -> None:
        """`taken_back` books that a bank refuses what was approved without it."""
        self.name = name
        self.exchanges = exchanges
        self._address = address
        self._session = Session(speech)
        self._dial = dial
        self._clock = clock
        self._faults = faults
        self._taken_back = taken_back
        self._link: ByteLink | None = None
        self._ended = asyncio.Event()
        self._ready = asyncio.Event()
        self._clear = asyncio.Event()
        self._work = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._answers: dict[int, asyncio.Future[Message | None]] = {}
        self._running: dict[str, asyncio.Task[Done | NotReached]] = {}
        self._watchers: dict[str, list[asyncio.Future[None]]] = {}
        self.late_count = 0
        """Answers that came when their question had been given up."""

    @property
    def ready(self) -> bool:
        """Say whether the bank can be asked now."""
        return self._session.phase is Phase.READY

    async def run(self) -> None:
        """Keep the line open and tell the bank what waits, until cancelled."""
        while True:
            work = [asyncio.create_task(each) for each in (self._keep_open(), self._forward())]
            try:
                await asyncio.gather(*work)
            # One bank's line must not end for good, and take a reversal with it, whatever went wrong.
            except Exception:
                log.exception("bank.line_failed", extra={"bank": self.name})
            finally:
                for each in work:
                    each.cancel()
                self._hang_up()
            await asyncio.sleep(AGAIN_SECONDS[-1])

    # Asking

    async def ask(
        self, ask: Ask, *, deadline_ns: int, admits: Callable[[Asks], bool] = lambda _: True
    ) -> Done | NotReached:
        """Ask once a key, and return what became of it, durable. A repeat is told the same.

        `admits` is asked in the writer, as the exchange begins.
        """
        running = self._running.get(ask.key)
        if running is None:
            exchange = self._exchange(ask, deadline_ns, admits)
            running = asyncio.get_running_loop().create_task(exchange)
            self._running[ask.key] = running
            running.add_done_callback(lambda done: self._over(ask.key, done))
        # Whoever asked may stop listening; what is under way is ended in any case.
        return await asyncio.shield(running)

    async def give_back(
        self, key: str, why: str, *, deadline_ns: int, admits: Callable[[Asks], bool]
    ) -> ExchangeRow:
        """Undo what was approved; returns once the bank has accepted it, or the deadline is there."""
        self._clear.clear()
        row = await self.exchanges.reverse(key, why, admits)
        self._work.set()
        return await self.watch(row, deadline_ns=deadline_ns)

    async def watch(self, row: ExchangeRow, *, deadline_ns: int) -> ExchangeRow:
        """Wait until the bank was told of it."""
        self._work.set()
        while row.state in records.WAITING:
            left = (deadline_ns - self._clock.monotonic_ns()) / NANOSECONDS_PER_SECOND
            told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.setdefault(row.key, []).append(told)
            try:
                async with asyncio.timeout(max(0.0, left)):
                    await told
            except TimeoutError:
                break
            finally:
                self._watchers.get(row.key, [told]).remove(told)
            row = self.exchanges.find(row.key) or row
        return row

    async def reach(self) -> NotReached | None:
        """Wait a little until the bank can be asked; None when it can."""
        try:
            async with asyncio.timeout(CLEAR_SECONDS):
                await self._ready.wait()
                await self._clear.wait()
        except TimeoutError:
            return NotReached.REVERSALS if self.ready else NotReached.DOWN
        return None if self.ready else NotReached.DOWN

    def look_after(self) -> None:
        """Have what waits looked at."""
        self._work.set()

    async def _exchange(
        self, ask: Ask, deadline_ns: int, admits: Callable[[Asks], bool]
    ) -> Done | NotReached:
        known = self.exchanges.find(ask.key)
        if known is not None:
            return Done(known)
        unreached = await self.reach()
        if unreached is not None:
            return unreached
        begun = await self.exchanges.begin(ask, admits=admits)
        if begun is None:
            return NotReached.REFUSED
        row, message = begun
        if row.state != "open":
            return Done(row)
        self._faults.reach(BankPoint.INTENT)
        until_ns = self._clock.monotonic_ns() + int(ANSWER_SECONDS * NANOSECONDS_PER_SECOND)
        answer = await self._put(message, min(deadline_ns, until_ns))
        if answer is None:
            # Nobody is asked anything else before this is undone.
            self._clear.clear()
            row = await self.exchanges.reverse(ask.key, "no answer")
            self._work.set()
            return Done(row)
        self._faults.reach(BankPoint.ANSWERED)
        code, approval = answer.text(de.RESPONSE_CODE), answer.text(de.APPROVAL)
        self._doubt_sign_on(code)
        return Done(await self.exchanges.answered(ask.key, code, approval), answer)

    def _over(self, key: str, done: asyncio.Task[Done | NotReached]) -> None:
        del self._running[key]
        if not done.cancelled() and done.exception() is not None:
            log.error("bank.exchange_failed", extra={"key": key, "error": str(done.exception())})
        # A question whose end could not be written is found, and undone, by `forward`.
        self._work.set()

    async def _put(self, message: Message, deadline_ns: int) -> Message | None:
        """Send a question and wait; None: nobody answered in time, or the line is not there."""
        if not self.ready:
            return None
        try:
            ticket = self._session.ask(message, self._clock.monotonic_ns(), deadline_ns=deadline_ns)
        except MalformedError as error:
            log.error("bank.malformed", extra={"bank": self.name, "error": str(error)})
            return None
        answer: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        self._answers[ticket] = answer
        self._pump([])
        try:
            return await answer
        finally:
            self._answers.pop(ticket, None)

    # Telling what waits

    async def _forward(self) -> None:
        failed = 0
        while True:
            self._work.clear()
            try:
                told = await self._tell_next()
            except _FAILED as error:
                log.error("bank.store", extra={"bank": self.name, "error": str(error)})
                told = False
            if told is None:
                failed = 0
                await self._work.wait()
            elif told:
                failed = 0
            else:
                await asyncio.sleep(AGAIN_SECONDS[min(failed, len(AGAIN_SECONDS) - 1)])
                failed += 1

    async def _tell_next(self) -> bool | None:
        """Tell the bank the oldest that waits; None: nothing does."""
        for row in records.unanswered(self.exchanges.reader, self.name):
            if row.key not in self._running:
                # Its program has died, or its answer could not be written: it may have moved.
                self._clear.clear()
                await self.exchanges.reverse(row.key, "found unanswered")
        settlement = records.settlement(self.exchanges.reader, self.name)
        waiting = records.waiting(self.exchanges.reader, self.name)
        if settlement is None and not any(row.state == "reversing" for row in waiting):
            self._clear.set()
        else:
            self._clear.clear()
        if settlement is None and not waiting:
            return None
        await self._ready.wait()
        if settlement is not None and not any(row.state == "reversing" for row in waiting):
            return await self._compare(settlement)
        return await self._tell(waiting[0])

    async def _tell(self, row: ExchangeRow) -> bool:
        message = _told(row, self.exchanges.message(row))
        row = await self.exchanges.tried(row.key)
        self._faults.reach(BankPoint.TELL)
        answer = await self._put(message, self._within(TELL_SECONDS))
        if answer is None:
            return False
        self._faults.reach(BankPoint.TOLD)
        code = answer.text(de.RESPONSE_CODE)
        self._doubt_sign_on(code)
        if row.state == "reversing":
            if code not in _ACCEPTED:
                log.error("bank.reversal_refused", extra={"key": row.key, "code": code})
                return False
            await self.exchanges.reversed(row.key, code)
        else:
            if code in _NOT_NOW:
                return False
            if row.why == OFFLINE and code != Response.APPROVED:
                await self._taken_back(row, code)
            await self.exchanges.answered(row.key, code, answer.text(de.APPROVAL))
        for told in self._watchers.get(row.key, ()):
            if not told.done():
                told.set_result(None)
        return True

    def _doubt_sign_on(self, code: str) -> None:
        """Sign on once more where a bank cannot work: it may have been switched off and on behind its line."""
        if code == Response.MALFUNCTION:
            self._session.sign_on_again(self._clock.monotonic_ns(), self._date())
            self._pump([])

    async def _compare(self, row: SettlementRow) -> bool:
        await self.exchanges.change_settlement(row._replace(tries=row.tries + 1))
        answer = await self._put(_totals(row), self._within(TELL_SECONDS))
        if answer is None:
            return False
        self._doubt_sign_on(answer.text(de.RESPONSE_CODE))
        if answer.text(de.RESPONSE_CODE) in _NOT_NOW:
            return False
        theirs = ",".join(str(int(answer.text(number) or "0")) for number in _TOTALS)
        code = answer.text(de.RESPONSE_CODE)
        agreed = code == Response.APPROVED
        await self.exchanges.change_settlement(
            row._replace(
                theirs=theirs, code=code, state="agreed" if agreed else "differs",
                tries=row.tries + 1,
            )
        )  # fmt: skip
        return True

    def _within(self, seconds: float) -> int:
        return self._clock.monotonic_ns() + int(seconds * NANOSECONDS_PER_SECOND)

    # The line

    async def _keep_open(self) -> None:
        failed = 0
        while True:
            try:
                async with asyncio.timeout(DIAL_SECONDS):
                    link = await self._dial(self._address)
            except (LinkDownError, TimeoutError) as error:
                log.info("bank.not_there", extra={"bank": self.name, "error": str(error)})
            else:
                if await self._stay(link):
                    failed = 0
            await asyncio.sleep(AGAIN_SECONDS[min(failed, len(AGAIN_SECONDS) - 1)])
            failed += 1

    async def _stay(self, link: ByteLink) -> bool:
        """Use a line until it ends; say whether the bank had let us in."""
        self._ended.clear()
        self._link, entered = link, False
        self._session.opened(self._clock.monotonic_ns(), self._date())
        link.attach(self._received, lambda _: self._ended.set())
        self._pump([])
        try:
            await self._ended.wait()
        finally:
            entered = self.ready
            self._hang_up()
        return entered

    def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()
        self._ready.clear()
        self._heed(self._session.lost())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _received(self, data: bytes) -> None:
        self._pump(self._session.receive(data, self._clock.monotonic_ns()))

    def _pump(self, events: list[Event]) -> None:
        """Hand on what the session says, both ways, and be called when it wants to."""
        self._heed(events)
        said = self._session.outgoing()
        if said and self._link is not None:
            self._link.write(said)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._session.deadline_ns
        if due is not None:
            wait_ns = max(0, due - self._clock.monotonic_ns())
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait_ns / NANOSECONDS_PER_SECOND, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._pump(self._session.tick(self._clock.monotonic_ns()))

    def _heed(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Ready():
                    self._ready.set()
                    self._work.set()
                case Answered(ticket, message):
                    self._answer(ticket, message)
                case Expired(ticket):
                    self._answer(ticket, None)
                case Late(message):
                    self.late_count += 1
                    log.warning("bank.late", extra={"bank": self.name, "mti": message.mti,
                                                    "stan": message.text(de.STAN)})  # fmt: skip
                case Unheard(reason):
                    log.warning("bank.unheard", extra={"bank": self.name, "reason": reason})
                case Broken(reason):
                    log.warning("bank.broken", extra={"bank": self.name, "reason": reason})
                    self._ended.set()

    def _answer(self, ticket: int, message: Message | None) -> None:
        answer = self._answers.get(ticket)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _date(self) -> str:
        now_s = self._clock.now_ns() // NANOSECONDS_PER_SECOND
        return datetime.fromtimestamp(now_s, UTC).strftime("%m%d%H%M%S")


def _told(row: ExchangeRow, message: Message) -> Message:
    """Return the reversal or the advice of an exchange; the same one each time, but for its type."""
    if row.state == "advising":
        return message.typed(mti.repeat_of(message.mti)) if row.tries else message
    fields: dict[int, Value] = {
        **message.only(de.PAN, de.PROCESSING_CODE, de.AMOUNT, de.STAN, de.LOCAL_TIME,
                       de.LOCAL_DATE, de.ENTRY_MODE, de.ACQUIRER, de.RRN, de.TERMINAL,
                       de.MERCHANT, de.CURRENCY),
        de.TRANSMITTED_AT: message.text(de.TRANSMITTED_AT),
        de.ORIGINAL: original_of(message).digits(),
    }  # fmt: skip
    if row.approval:
        fields[de.APPROVAL] = row.approval
    return Message(mti.repeat_of(mti.REVERSAL) if row.tries else mti.REVERSAL, fields)


def _totals(row: SettlementRow) -> Message:
    """Return the question whether a shop's totals are the bank's."""
    stated = row.ours.split(",")
    counts = [int(each) for each in stated]
    net = counts[6] - counts[7] - counts[4] + counts[5]
    given: dict[int, Value] = dict(zip(_TOTALS, stated, strict=True))
    told = numbers(row.id, row.at_ns)
    return Message(
        mti.repeat_of(mti.RECONCILIATION) if row.tries else mti.RECONCILIATION,
        {
            **given,
            de.TRANSMITTED_AT: told[de.TRANSMITTED_AT],
            de.STAN: told[de.STAN],
            de.TERMINAL: row.terminal,
            de.MERCHANT: row.merchant,
            de.CURRENCY: CURRENCIES[row.currency],
            de.NET: f"{'C' if net >= 0 else 'D'}{abs(net):016d}",
        },
    )
