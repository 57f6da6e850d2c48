"""The end of a ticket: everything it was, in one durable transaction with its papers.

goods sold            sale.closed, its receipt
goods that came back  refund.closed, its receipt
both                  both facts under one number: what the goods that came back are worth pays for the
                      new ones, as far as it goes, by the tender "exchange"; the rest is paid, or goes back
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from pos.cash_receipt import asked
from pos.e_receipts import on_paper, shown
from pos.last_sale import LastSale, ended
from pos.member_points import back_from, with_points
from pos.points import SALE
from pos.register import Register
from pos.returns import refunded
from pos.sale import closed
from pos.sale_events import AttemptMade
from pos.sale_state import Sale, evolve
from pos.store.journal import Draft, Ending
from pos.store.papers import Paper
from pos.view import Notice, Stage
from protocols.facts import EXCHANGE, AttemptClosed, RefundClosed
from protocols.facts import Tender as TenderFact
from protocols.journal import attempt_key, attempt_letter
from receipts.forms.slip import on_slip


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A sale was closed: what the drawer, the display and the printer now have to do."""

    notice: Notice
    cash: bool
    link: bool = False
    """Its receipt is not on paper: the link is shown."""


def mint(register: Register, sale: Sale) -> str:
    """Return the key of the sale's next attempt to move money."""
    return attempt_key(
        store=register.setup.store,
        terminal=register.terminal,
        business_date=register.business_date,
        sale=sale.number,
        letter=attempt_letter(sale.attempts),
    )


async def close(
    register: Register, sale: Sale, results: list[Draft], first: Sequence[Paper] = ()
) -> Paid:
    """End a ticket in which nothing is due any more. Raises: StoreError, and nothing happened.

    `first` are papers that come out before its own.
    """
    sale, swap = _swapped(register, sale)
    drafts, papers = [*results, *by_hand(register, sale)], list(first)
    register.sale = sale
    kept = False
    back, fact = _refund(register, sale, swap), None
    if back is not None:
        drafts.append(register.draft(back, amount=back.total))
        papers.append(register.paper("refund", back, sale=sale.number))
    if sale.lines:
        paid = replace(sale, tenders=(*swap, *sale.tenders), returning=None)
        receipt = asked(paid, register.cash_receipt_from)
        fact = closed(
            paid,
            shift=register.shift.number,
            training=register.setup.training,
            cash_receipt=receipt,
            link=register.new_link(),
        )
        fact = with_points(fact, sale.member, register.policy.points)
        kept = not on_paper(register, sale)
        drafts.append(register.draft(fact, amount=fact.total))
        papers.append(register.paper("sale", fact, sale=sale.number, kept=kept))
        if register.setup.slip_apart and on_slip(fact):
            papers.append(register.paper("slip", fact, sale=sale.number, kept=kept))
    await register.append(drafts, SALE, papers=papers, ending=Ending.CLEAR_BASKET)
    register.stage = Stage.ENTRY
    register.last = ended(sale.number, fact, back, unprinted=kept)
    register.shown_link = shown(register, sale.number, register.last.link) if kept else None
    said = _said(register, sale, register.last, back)
    return replace(said, link=register.shown_link is not None)


def _swapped(register: Register, sale: Sale) -> tuple[Sale, list[TenderFact]]:
    """Let what came back pay for what is taken instead, each payment of the earlier sale in turn."""
    swap: list[TenderFact] = []
    back = sale.returning
    left = 0 if back is None else min(sale.total, back.total - back.given_back)
    ways = [] if back is None else back.ways_back()
    while left:
        way = ways.pop(0) if ways else None
        amount = left if way is None or not ways else min(left, way.amount)
        key = mint(register, sale)
        sale = evolve(sale, AttemptMade(key=key))
        to = "" if way is None else way.attempt
        swap.append(TenderFact(method=EXCHANGE, attempt=key, amount=amount, back_to=to))
        left -= amount
    return sale, swap


def _refund(register: Register, sale: Sale, swap: list[TenderFact]) -> RefundClosed | None:
    returning = sale.returning
    if returning is None or not returning.any_taken:
        return None
    fact = refunded(
        returning,
        number=sale.number,
        shift=register.shift.number,
        vat_percent=sale.vat_percent,
        tenders=[*swap, *returning.given],
    )
    points = back_from(returning, register.policy.points, fact.lines)
    if points is None or returning.points is None:
        return fact
    return structs.replace(fact, customer=returning.points.number, points=points)


def _said(register: Register, sale: Sale, last: LastSale, back: RefundClosed | None) -> Paid:
    name = register.sale_name(sale.number)
    methods = "+".join(register.method(each) for each in last.methods)
    if back is not None and not last.paid:
        done = "sale_undone" if back.void else "return_done"
        message = register.say(done, sale=name, method=methods or "-", amount=last.change)
    elif last.balance is not None:
        message = register.say(
            "sale_done_by_card", sale=name, method=methods, amount=sale.total, balance=last.balance
        )
    else:
        receipt = asked(sale, register.cash_receipt_from)
        if receipt is not None and receipt.purpose == "self":
            message = register.say(
                "sale_done_self_issued", sale=name, amount=sale.total, change=last.change
            )
        else:
            message = register.say(
                "sale_done", sale=name, method=methods, amount=sale.total, change=last.change
            )
    return Paid(notice=message, cash=last.cash)


def by_hand(register: Register, sale: Sale) -> list[Draft]:
    """Return the results of what moved by hand: cash in, and cash that goes back."""
    return [
        register.draft(
            AttemptClosed(
                sale=sale.number,
                method=held.method,
                outcome="approved",
                amount=held.amount,
                tendered=held.tendered,
                change=held.change,
            ),
            amount=held.amount,
            attempt=held.attempt,
        )
        for held in sale.tenders
        if held.tendered
    ]
