"""Books facts: what happened at a terminal becomes transfers, payments and questions (T1, I3, I6).

Pure. A fact is never refused, whatever is in it: what is odd is asked about, and money that fits
nowhere lies in suspense by name. The chart is broker.md 4.2:

    shift opened      till            <- capital/float
    sale              till, clearing  <- sales/GROUP, tax/vat       by the flow of each tender
    payment voided    what it was paid with <- what it went back with     (ips.booking_voids)
    sale voided       nothing; nor for one that was held, or gone on with (ips.holds)
    paid in, out      till <- capital/float       expense <- till
    paid in for e-cash  till <- bank/e-cash
    drop              safe <- till
    points earned     points/MEMBER <- expense/points                (ips.booking_points)
    refund            returns/GROUP, tax/vat <- refunds-payable <- till
    value taken       the accounts that its module names             (ips.booking_value)
    e-cash moved      purse/merchant/NAME, clearing/purse, float-issued   (ips.booking_purse)
    shift closed      over-short <-> till, then the float and the takings leave the till, so that
                      it is empty between shifts:  capital/float <- till   safe <- till
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from ips.booking_attempts import attempt_closed, attempt_opened, attempt_parked
from ips.booking_purse import purse_moved
from ips.booking_refunds import refund_closed
from ips.booking_sales import sale_closed, sale_voided
from ips.booking_shifts import cash_moved, shift_closed, shift_counted, shift_opened
from ips.booking_value import value_taken
from ips.booking_voids import tender_changed, tender_voided
from ips.books import Booking, Books, transaction_key
from ips.commands import Command
from ips.entry import EXCEPTIONS, Entry, Occasion
from ips.payments import AMOUNT_MAX, PaymentRecord, Refusal
from ips.postings import RETURNS, SALES
from ips.splits import Split, part_of, returns_of
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    AttemptParked,
    CashMoved,
    Fact,
    FactError,
    PurseClaimed,
    PurseCommanded,
    PurseMoved,
    RefundClosed,
    SaleClosed,
    SaleHeld,
    SaleRecalled,
    SaleVoided,
    ShiftClosed,
    ShiftCounted,
    ShiftOpened,
    TenderChanged,
    TenderVoided,
    ValueTaken,
    decode_fact,
)
from protocols.journal import Record
from protocols.money import CURRENCIES
from protocols.ports import NANOSECONDS_PER_SECOND

DATE_DRIFT_DAYS_MAX: Final = 1
"""A business date may be this far from the terminal's own clock: shops close after midnight."""


def book_record(record: Record, books: Books) -> Booking:
    """Decode a record's body and book it; a body that cannot be read is kept and asked about."""
    try:
        fact = decode_fact(record.kind, record.body)
    except FactError:
        entry = _entry(record, books)
        entry.ask("unknown-kind", about=entry.booking.key, detail=repr(record.kind[:40]))
        return entry.booking
    return book(record, fact, books)


def book(record: Record, fact: Fact, books: Books) -> Booking:
    """Return everything that one record does to the books."""
    entry = _entry(record, books)
    if record.currency not in CURRENCIES:
        entry.ask("unknown-currency", about=entry.booking.key, detail=repr(record.currency[:8]))
        return entry.booking
    if odd := _odd_amount(fact):
        entry.ask("amount-range", about=entry.booking.key, detail=odd)
        return entry.booking
    _check_date(entry, fact)
    match fact:
        case AttemptOpened():
            attempt_opened(entry, fact, record.attempt or "")
        case AttemptClosed():
            attempt_closed(entry, fact, record.attempt or "")
        case AttemptParked():
            attempt_parked(entry, fact, record.attempt or "")
        case TenderChanged():
            tender_changed(entry, fact)
            entry.booking.returns.append(fact)
        case TenderVoided():
            tender_voided(entry, fact)
        case SaleClosed():
            sale_closed(entry, fact)
        case SaleVoided():
            sale_voided(entry, fact)
        case SaleHeld() | SaleRecalled():
            entry.booking.holds.append(fact)
        case CashMoved():
            cash_moved(entry, fact)
        case RefundClosed():
            refund_closed(entry, fact)
            entry.booking.returns.append(fact)
        case PurseMoved():
            purse_moved(entry, fact)
        case ValueTaken():
            value_taken(entry, fact)
        case PurseClaimed():
            entry.booking.claimed.append(fact)
        case PurseCommanded():
            entry.booking.commanded.append(fact)
        case ShiftOpened():
            shift_opened(entry, fact)
        case ShiftCounted():
            shift_counted(entry, fact)
        case ShiftClosed():
            shift_closed(entry, fact)
        case _:
            pass
    return entry.booking


def book_command(
    payment: PaymentRecord, command: Command, books: Books, *, asset: str = ""
) -> Booking | Refusal:
    """Return what one step that the broker itself takes does to the books.

    `asset` is another account than the module's own, where money goes back another way.
    Called in the writer, with the payment as the writer knows it, so that two who ask for the same
    money at once are decided one after the other. Empty booking: nothing new was said.
    """
    entry = Entry(
        Occasion(
            key=f"{payment.key}/{payment.steps + 1}",
            store=payment.store,
            terminal=payment.terminal,
            currency=payment.currency,
            business_date=payment.business_date,
            at_ns=command.at_ns,
        ),
        books,
    )
    decision = entry.apply(payment, command, asset=asset)
    if isinstance(decision, Refusal):
        return decision
    _split_by_order(entry, payment.order)
    entry.post_legs(command_memo(command))
    return entry.booking


def command_memo(command: Command) -> str:
    """Return the ledger's word for a command, such as refund."""
    return _MEMOS.get(type(command).__name__, "payment")


_MEMOS: Final = {"RequestRefund": "refund", "RejectRefund": "refund", "PayRefund": "refund"}


def _entry(record: Record, books: Books) -> Entry:
    occasion = Occasion(
        key=transaction_key(record),
        store=books.store_of(record.terminal),
        terminal=record.terminal,
        epoch=record.epoch,
        currency=record.currency,
        business_date=record.business_date,
        at_ns=record.at_ns,
        actor=record.actor,
        approver=record.approver or "",
    )
    return Entry(occasion, books)


def _split_by_order(entry: Entry, order: str) -> None:
    """Replace what is left to a receipt's split by the split its sale had, or by suspense."""
    known = entry.books.order(order)
    for marker in (RETURNS, SALES):
        amount = entry.leg_sum(marker)
        if not amount:
            continue
        entry.leg(marker, -amount)
        if known is None or not known.parts:
            entry.leg(EXCEPTIONS, amount)
            continue
        split = Split(parts=known.parts, groups=known.groups)
        if marker == RETURNS:
            split = returns_of(split)
        sign = 1 if amount > 0 else -1
        for account, part in part_of(split, abs(amount)).items():
            entry.leg(account, sign * part)


def _odd_amount(fact: Fact) -> str:
    """Name the first amount of a fact that no shop can mean: negative, or beyond all bounds."""
    for name, amount, negative in _amounts(fact):
        if abs(amount) > AMOUNT_MAX or (amount < 0 and not negative):
            return f"{name} = {amount}"
    return ""


def _amounts(fact: Fact) -> list[tuple[str, int, bool]]:
    """Return (name, amount, whether it may be negative) of what will be posted or summed."""
    match fact:
        case SaleClosed() | RefundClosed():
            rows = [(f"line {n + 1}", line.amount, True) for n, line in enumerate(fact.lines)]
            rows += [(f"tender {n + 1}", each.amount, False) for n, each in enumerate(fact.tenders)]
            figures = ("total", "net", "vat", "exempt")
            rows += [("points", fact.points.amount, False)] if fact.points else []
            return [(name, getattr(fact, name), False) for name in figures] + rows
        case ShiftClosed():
            rows = [(name, getattr(fact, name), True) for name in _Z_FIGURES]
            return [("counted", fact.counted, False), *rows]
        case AttemptOpened() | AttemptClosed() | AttemptParked() | CashMoved() | ValueTaken():
            return [("amount", fact.amount, False)]
        case TenderChanged(taken=taken):
            rows = [(f"tender {n + 1}", each.amount, False) for n, each in enumerate(taken)]
            return [("back", fact.back.amount, False), *rows]
        case TenderVoided():
            return [("tender", fact.tender.amount, False), ("back", fact.back.amount, False)]
        case ShiftOpened():
            return [("float", fact.float_amount, False)]
        case ShiftCounted():
            return [("counted", fact.counted, False)]
        case SaleVoided():
            return [("total", fact.total, True)]
        case _:
            return []


_Z_FIGURES: Final = ("gross", "net", "vat", "exempt", "expected", "over_short", "float_amount")


def _check_date(entry: Entry, fact: Fact) -> None:
    """Ask about a business date that is no date, far from the clock, or not the shift's."""
    if not isinstance(fact, _DATED):
        return
    date, key = entry.occasion.business_date, entry.booking.key
    noon = _noon_of(date)
    if noon is None:
        entry.ask("business-date", about=key, detail=repr(date[:10]))
        return
    if isinstance(fact, ShiftOpened):
        days = abs(entry.occasion.at_ns / NANOSECONDS_PER_SECOND - noon) / 86_400
        if days > DATE_DRIFT_DAYS_MAX + 1:
            entry.ask("business-date", about=key, detail=f"{date}, {days:.0f} days from its clock")
        return
    shift = entry.shift(fact.shift)
    if shift is not None and shift.business_date != date:
        entry.ask(
            "business-date", about=key, detail=f"{date}, its shift's is {shift.business_date}"
        )


@lru_cache(maxsize=64)
def _noon_of(date: str) -> float | None:
    """Return the seconds of a date's noon, UTC; None for what is no YYYYMMDD."""
    try:
        return datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC).timestamp() + 43_200
    except ValueError:
        return None


_DATED: Final = (ShiftOpened, SaleClosed, RefundClosed, CashMoved, ShiftClosed)
