"""What is done about an earlier payment or reservation: given back, released, booked, a tip added; no card is wanted."""

from dataclasses import replace

from protocols.zvt.controls import Control
from protocols.zvt.messages import Order
from protocols.zvt.results import Result
from sim.payment_terminal_commands import OF_RESERVATIONS
from sim.payment_terminal_journal import Entry, Journal, Kind, Request


def upon(
    journal: Journal, control: Control, order: Order, at: tuple[int, int]
) -> tuple[Entry, int] | Result:
    """Do it and write it: what stands in memory then, and how much it was about; or why it is impossible.

    `at` is MMDD and HHMMSS. What a bank had booked and is whole given back is to be undone there.
    """
    known = journal.find(order.receipt)
    wanted: Kind = "reservation" if control in OF_RESERVATIONS else "payment"
    if known is None or known.kind != wanted:
        return Result.REVERSAL_IMPOSSIBLE
    whole = control in (Control.REVERSAL, Control.PRE_AUTHORISATION_REVERSAL)
    amount = known.left_over if whole else order.amount
    if control is not Control.TIP and (not known.left_over or amount > known.left_over):
        return Result.AMOUNT_TOO_LARGE if known.left_over else Result.ALREADY_REVERSED
    if not amount:
        return Result.AMOUNT_TOO_SMALL
    with journal.writing():
        if control is Control.TIP:
            # The tip comes back with its payment: that is as much more.
            journal.grow(known, amount)
            grown = replace(known, amount=known.amount + amount, left_over=known.left_over + amount)
            return grown, amount
        books = control is Control.BOOK_TOTAL
        journal.take_off(known, known.left_over if books else amount)
        if whole and known.exchange:
            journal.keep(_undoing(known, amount))
        date, time = at
        entry = replace(
            known,
            kind="payment" if books else "release" if wanted == "reservation" else "reversal",
            amount=amount,
            left_over=amount if books else 0,
            text=order.text,
            date=date,
            time=time,
            trace=0,
        )
        return journal.add(entry), amount


def _undoing(known: Entry, amount: int) -> Request:
    stan, _, at = known.exchange.partition("/")
    return Request(stan=int(stan), at=at, kind="payment", amount=amount, currency=known.currency)
