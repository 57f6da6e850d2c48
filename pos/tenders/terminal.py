"""A stand-alone payment terminal: it reads the card, asks its bank, and says what came of it.

    take      its last result is asked for -> intent with that -> payment, said once -> result
              not where that would take away the result of an attempt in doubt, which it can still say
    resume    its last result is asked for again: the same as before, ours, or another (protocols.zvt.attempt)
    give_back the same with a reversal; where the terminal's day has ended or it is a part, with a refund

A payment is never said twice. Without an answer its result is asked for; a terminal that cannot say its last
result again takes none. The clerk's Esc asks the terminal to stop, and the terminal's word counts.
Source: clerk-and-courier.md 2.3 rules 2, 5 and 8b; devices.md 1.2.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from devices.payment_terminal import Finished, NoAnswer, NotAsked, Refused, TerminalResult
from pos.messages import Language
from pos.payment_terminal import Terminal
from pos.rights import Right
from pos.tenders.agreement import Ask, Desk, Mover, OverTender, Paid
from pos.view import PaymentStep
from protocols.facts import Slip
from protocols.money import Money
from protocols.outcome import Approved, Declined, NotSent, Outcome, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from protocols.zvt.attempt import Before, Verdict, before_in, judge, peer_of, reference_of
from protocols.zvt.messages import Order
from protocols.zvt.results import Result, State, is_declined_by_bank, result_name
from protocols.zvt.status import StatusInformation

NAME: Final = "terminal"
_UNUSABLE: Final = "TRM-05"
_STOPPED: Final = "TRM-06"
_CARD_FAILS: Final = "TRM-07"
_FAILS: Final = "TRM-08"
_BANK_AWAY: Final = "TRM-09"
_NOT_PAID: Final = "TRM-10"
_UNKNOWN: Final = "TRM-11"
_ANOTHER_RESULT: Final = "TRM-12"
_ANOTHER_TERMINAL: Final = "TRM-13"
_CANNOT_REPEAT: Final = "TRM-14"
_NOT_BACK: Final = "TRM-17"
_IN_DOUBT: Final = "TRM-18"
_CARDS: Final = frozenset(
    {
        Result.CARD_UNREADABLE,
        Result.NO_CARD_DATA,
        Result.NOT_FOR_DEBIT,
        Result.NOT_FOR_CREDIT,
        Result.BLOCKED_CARD,
        Result.CHIP_ERROR,
        Result.CARD_DATA_WRONG,
        Result.CARD_EXPIRED,
        Result.CARD_NOT_YET_VALID,
        Result.CARD_UNKNOWN,
        Result.NO_FALLBACK,
    }
)
_LINES: Final = frozenset(
    {
        Result.COMMUNICATION_ERROR,
        Result.DIAL_ERROR,
        Result.HOST_SILENT,
        Result.NO_CONNECTION,
    }
)
_BANK: Final = {1: "CRD-11", 3: "CRD-12", 4: "CRD-23", 13: "CRD-24", 14: "CRD-15", 41: "CRD-13", 43: "CRD-27",
                51: "CRD-16", 54: "CRD-17", 55: "CRD-18", 57: "CRD-19", 61: "CRD-20", 62: "CRD-28",
                65: "CRD-29", 75: "CRD-21", 91: "CRD-22", 96: "CRD-04"}  # fmt: skip
"""A bank's own answers, as in field 39 of ISO 8583."""
_DECLINED: Final = "CRD-10"
_STEPS: Final = {
    State.INSERT_CARD: (PaymentStep.CARD, ""),
    State.WATCH_PIN_PAD: (PaymentStep.PIN, "terminal_pin"),
    State.WRONG_PIN: (PaymentStep.PIN, "terminal_wrong_pin"),
    State.WAITING_FOR_BANK: (PaymentStep.MOVING, "terminal_bank"),
    State.APPROVED: (PaymentStep.RECEIVED, ""),
}
"""What a terminal is doing: how far that is, and what is said of it."""
Telling = Callable[[State], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandAlone:
    """Payments at a stand-alone terminal."""

    name: str = NAME
    verb: str = "TE"
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE
    says_last_only: bool = True

    def label(self, language: Language) -> str:
        """Return what the screen and the receipt call it."""
        return {"ko": "카드단말기", "en": "TERMINAL"}[language]

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        """Have the terminal take the payment."""

        async def pay(
            terminal: Terminal, order: Order, tell: Telling, last: Finished
        ) -> TerminalResult:
            return await terminal.pay(order, on_state=tell)

        return await _attempt(ask, desk, pay)

    async def resume(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Ask the terminal what became of the payment."""
        return await _asked(ask, peer, desk)

    async def give_back(self, ask: Ask, paid: Paid, desk: Desk) -> Outcome:
        """Have the terminal undo the payment, or give a part of it to the customer's card."""

        async def undo(
            terminal: Terminal, order: Order, tell: Telling, last: Finished
        ) -> TerminalResult:
            receipt, whole = _receipt_in(paid.reference) or _receipt_of(paid, last, ask)
            if receipt and whole == ask.amount.minor:
                upon = Order(receipt=receipt, text=order.text)
                result = await terminal.reverse(upon, on_state=tell)
                if not (isinstance(result, Finished) and result.failed):
                    return result
                # Certainly not undone: its day has ended since.
            return await terminal.refund(order, on_state=tell)

        return await _attempt(ask, desk, undo, back=True)

    async def resume_back(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Ask the terminal what became of money that was to go back."""
        return await _asked(ask, peer, desk)


async def _attempt(
    ask: Ask,
    desk: Desk,
    say: Callable[[Terminal, Order, Telling, Finished], Awaitable[TerminalResult]],
    *,
    back: bool = False,
) -> Outcome:
    terminal = desk.terminal
    if terminal is None:
        return NotSent(code=_UNUSABLE, reason="no payment terminal is configured")
    desk.progress(PaymentStep.CARD)
    last = await _last(terminal)
    if await _takes_away(last, desk):
        return NotSent(code=_IN_DOUBT, reason="an earlier attempt at it is in doubt")
    if isinstance(last, NotSent):
        return last
    before = _before(last, terminal)
    desk.say("terminal_wanted", amount=ask.amount.minor)
    key = await desk.intend(peer_of(before))
    order = Order(
        amount=ask.amount.minor, currency=ask.amount.currency.number, text=reference_of(key)
    )
    stopping = False

    def stop() -> None:
        nonlocal stopping
        stopping = True
        terminal.abort()
        desk.say("terminal_stopping")

    def tell(state: State) -> None:
        step, said = _STEPS.get(state, (None, ""))
        if step in (PaymentStep.MOVING, PaymentStep.RECEIVED):
            desk.may_stop(None)
        if step is not None:
            desk.progress(step)
        if said and not stopping:
            desk.say(said)

    desk.may_stop(stop)
    try:
        result = await say(terminal, order, tell, last)
    finally:
        desk.may_stop(None)
    match result:
        case Finished() if result.approved:
            return _approved(result, ask, desk)
        case Finished() if result.failed:
            return _declined(result.code, desk, result, back=back)
        case Refused(code):
            return _declined(code, desk, back=back)
        case NotAsked(reason):
            return Declined(code=_UNUSABLE, reason=reason)
        case _:
            return await _asked(ask, peer_of(before), desk)


async def _last(terminal: Terminal) -> Finished | NotSent:
    """Return the terminal's last result, which may be that it has none yet; why it cannot be had."""
    match await terminal.last_result():
        case Finished() as last:
            return last
        case Refused(Result.NOT_POSSIBLE):
            return NotSent(code=_CANNOT_REPEAT, reason="it cannot say its last result again")
        case Refused(code):
            return NotSent(code=_UNUSABLE, reason=result_name(code))
        case NotAsked(reason) | NoAnswer(reason):
            return NotSent(code=_UNUSABLE, reason=reason)


async def _takes_away(last: Finished | NotSent, desk: Desk) -> bool:
    """Tell whether another result would take away what the terminal may still say of an attempt in doubt.

    What it cannot say any more holds nothing up: another result since, another terminal, a sum for people to judge.
    """
    for each in await desk.unsettled():
        before = before_in(each.peer)
        if isinstance(last, NotSent):
            return True
        if before is None:
            continue
        match _judged(before, last, key=each.key, amount=each.amount, day=each.day, desk=desk):
            case Verdict.NOTHING:
                return True
            case Verdict.OURS if last.status is not None:
                if (last.status.amount or 0) <= each.amount:
                    return True
            case _:
                pass
    return False


def _before(last: Finished, terminal: Terminal) -> Before:
    """Return what an intent keeps of it."""
    status = None if last.code else last.status
    if status is None:
        return Before(terminal_id=terminal.terminal_id, receipt=0, trace=0)
    return Before(terminal_id=status.terminal_id, receipt=status.receipt, trace=status.trace)


async def _asked(ask: Ask, peer: str, desk: Desk) -> Outcome:
    """Find out what became of an attempt by the terminal's last result."""
    before, terminal = before_in(peer), desk.terminal
    if terminal is None or before is None:
        return Unknown(case_id=desk.key, reason="there is no terminal to ask", code=_UNKNOWN)
    result = await terminal.last_result()
    if not isinstance(result, Finished):
        reason = (
            result.reason if isinstance(result, NotAsked | NoAnswer) else result_name(result.code)
        )
        return Unknown(case_id=desk.key, reason=reason, code=_UNKNOWN)
    last = result.status if not result.code else None
    match _judged(before, result, key=desk.key, amount=ask.amount.minor, day=desk.day, desk=desk):
        case Verdict.OURS:
            assert last is not None, "what is ours has a result"
            return (
                _declined(last.result, desk, result)
                if last.result
                else _approved(result, ask, desk)
            )
        case Verdict.NOTHING:
            return Declined(code=_NOT_PAID, reason="the terminal was asked: nothing has happened")
        case Verdict.OTHER:
            told = f"the terminal's last result is another: receipt {0 if last is None else last.receipt}"
            return Unknown(case_id=desk.key, reason=told, code=_ANOTHER_RESULT)
        case Verdict.ANOTHER_TERMINAL:
            return Unknown(case_id=desk.key, reason="another terminal", code=_ANOTHER_TERMINAL)


def _judged(
    before: Before, result: Finished, *, key: str, amount: int, day: int, desk: Desk
) -> Verdict:
    """Say whether the terminal's last result is that of the attempt with this key."""
    return judge(
        before,
        result.status if not result.code else None,
        amount=amount,
        reference=reference_of(key),
        paper="\n".join(result.paper),
        dates=_dates(day, desk.clock),
    )


def _approved(result: Finished, ask: Ask, desk: Desk) -> Outcome:
    status = result.status
    assert status is not None, "what is approved has a result"
    moved = ask.amount.minor if status.amount is None else status.amount
    desk.slip(_slip(status, result.paper))
    if moved > ask.amount.minor:
        # More than was asked for, a tip or a mistake: only people can tell.
        reason = f"the terminal has taken {moved}"
        return Unknown(case_id=desk.key, reason=reason, code=_ANOTHER_RESULT)
    return Approved(amount=Money(moved, ask.amount.currency), reference=_reference(status, moved))


def _declined(
    code: int, desk: Desk, result: Finished | None = None, *, back: bool = False
) -> Declined:
    reason = f"terminal {result_name(code)}"
    if result is not None and result.status is not None and result.paper:
        desk.slip(_slip(result.status, result.paper))
    shown = {"code": f"{code:02X}"}
    if code == Result.ABORTED:
        return Declined(code=_STOPPED, reason=reason)
    if is_declined_by_bank(code):
        return Declined(code=_BANK.get(code, _DECLINED), reason=reason)
    if code in _CARDS:
        return Declined(code=_CARD_FAILS, reason=reason, blanks=shown)
    if code in _LINES:
        return Declined(code=_BANK_AWAY, reason=reason)
    return Declined(code=_NOT_BACK if back else _FAILS, reason=reason, blanks=shown)


def _reference(status: StatusInformation, amount: int) -> str:
    """Return what names a payment: terminal, receipt, trace, and what it was for."""
    return f"{status.terminal_id:08d}-{status.receipt:04d}-{status.trace:06d}-{amount}"


def _receipt_in(reference: str) -> tuple[int, int] | None:
    """Return the receipt and the whole amount of an earlier payment; None where nothing names them."""
    parts = reference.split("-")
    known = len(parts) == 4 and all(each.isascii() and each.isdecimal() for each in parts)
    return (int(parts[1]), int(parts[3])) if known else None


def _receipt_of(paid: Paid, last: Finished, ask: Ask) -> tuple[int, int]:
    """Return the same of a payment that came to light late, if it is the terminal's last; else zeros."""
    status = None if last.code else last.status
    said = "" if status is None else " ".join((status.text, *last.paper))
    if status is None or reference_of(paid.attempt) not in said:
        return 0, 0
    return status.receipt, ask.amount.minor if status.amount is None else status.amount


def _slip(status: StatusInformation, paper: tuple[str, ...]) -> Slip:
    return Slip(
        number=status.card_shown,
        label=status.card_name,
        aid=bytes.fromhex(status.aid),
        approval=status.approval,
        entry="terminal",
        terminal=f"{status.terminal_id:08d}" if status.terminal_id else "",
        merchant=status.contract,
        lines=list(paper),
    )


def _dates(day: int, clock: Clock) -> tuple[int, int]:
    """Return the days that a result of this attempt may be of, as MMDD: from its day on, give or take one."""
    first = datetime.strptime(str(day), "%Y%m%d").replace(tzinfo=UTC) - timedelta(days=1)
    now_s = clock.now_ns() // NANOSECONDS_PER_SECOND
    last = datetime.fromtimestamp(now_s, UTC) + timedelta(days=2)
    if last - first > timedelta(days=300):
        return 101, 1231
    return first.month * 100 + first.day, last.month * 100 + last.day


TENDER: Final = StandAlone()
