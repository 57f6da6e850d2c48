"""The sale as a decider: what may happen to a basket, and what ends it.

    decide(sale, step) -> events | Refusal        evolve(sale, event) -> sale  (pos.sale_state)

Pure. Every step either happens whole, as events, or is refused with a code of the message table. The
tenders held never exceed the total: a step that would bring the total below them is refused.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Final, assert_never

from pos.sale_events import (
    Event,
    Goods,
    LineAdded,
    LineDiscounted,
    LineVoided,
    QuantityChanged,
    TenderHeld,
)
from pos.sale_state import Sale, evolve, text_bytes
from pos.tenders.agreement import OverTender
from protocols.facts import Line, SaleClosed, SaleVoided, Tender

LINES_MAX: Final = 999
QUANTITY_MAX: Final = 9_999_000
"""Thousandths of a unit."""
TOTAL_MAX: Final = 999_999_999
"""Minor units, of a sale and of one payment."""
TEXT_BYTES_MAX: Final = 256 * 1024
"""Of all names and codes together: the sale must fit into one journal record."""
ATTEMPTS_MAX: Final = 26 * 26


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing happened; why, as a code of the message table and what fills its blanks."""

    code: str
    blanks: dict[str, str | int]


def refuse(code: str, /, **blanks: str | int) -> Refusal:
    """Return a refusal."""
    return Refusal(code, blanks)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItem:
    """Sell so many thousandths of this; the same goods at the same price join their line."""

    goods: Goods
    quantity: int = 1000


@dataclass(frozen=True, slots=True)
class ChangeQuantity:
    """Sell another quantity of a line."""

    line: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountLine:
    """Take per cent or money off a line; replaces the discount before."""

    line: int
    percent: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Void a line; without a number, the last one that stands."""

    line: int | None = None


@dataclass(frozen=True, slots=True)
class HoldTender:
    """Let a payment stand in the sale; its money has moved."""

    tender: Tender


Step = AddItem | ChangeQuantity | DiscountLine | TakeBack | HoldTender


def decide(sale: Sale, step: Step) -> list[Event] | Refusal:
    """Return what happens, or why nothing does."""
    assert sale.number, "a sale begins before anything happens to it"
    match step:
        case AddItem():
            events = _add(sale, step)
        case ChangeQuantity(line, quantity):
            events = _change_quantity(sale, line, quantity)
        case DiscountLine():
            events = _discount(sale, step)
        case TakeBack(line):
            events = _take_back(sale, line)
        case HoldTender(tender):
            events = _hold(sale, tender)
        case _:
            assert_never(step)
    return events if isinstance(events, Refusal) else _within_bounds(sale, events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a payment would count for."""

    amount: int
    offered: int

    @property
    def change(self) -> int:
        """Return what goes back to the customer."""
        return self.offered - self.amount


def consider(sale: Sale, offered: int | None, over: OverTender) -> Offer | Refusal:
    """Return what an offer would count for; without an amount, the sum due is offered."""
    due = sale.due
    if due <= 0:
        return refuse("PAY-01")
    if offered is None:
        return Offer(amount=due, offered=due)
    if offered <= 0:
        return refuse("PAY-06")
    if offered > TOTAL_MAX:
        return refuse("PAY-03", amount=offered, limit=TOTAL_MAX)
    if offered > due and over is OverTender.REFUSED:
        return refuse("PAY-03", amount=offered, limit=due)
    return Offer(amount=min(offered, due), offered=offered)


def closed(sale: Sale, *, shift: int) -> SaleClosed:
    """Return the fact that ends a paid sale."""
    assert sale.due == 0, "a sale closes when it is paid"
    totals = sale.totals()
    return SaleClosed(
        sale=sale.number,
        shift=shift,
        lines=_lines(sale),
        total=totals.total,
        discount=totals.discount,
        net=totals.net,
        vat=totals.vat,
        exempt=totals.exempt,
        tenders=list(sale.tenders),
    )


def given_up(sale: Sale, *, shift: int, reason: str) -> SaleVoided:
    """Return the fact that ends a sale nobody paid."""
    assert not sale.tenders, "money that was taken is given back first"
    return SaleVoided(
        sale=sale.number, shift=shift, lines=_lines(sale), total=sale.total, reason=reason
    )


def _add(sale: Sale, step: AddItem) -> list[Event] | Refusal:
    for at, line in enumerate(sale.lines):
        if line.goods == step.goods and not (line.voided or line.percent or line.off):
            return [QuantityChanged(line=at, quantity=line.quantity + step.quantity)]
    full = sale.text_bytes + text_bytes(step.goods) > TEXT_BYTES_MAX
    if len(sale.lines) >= LINES_MAX or full:
        return refuse("ENT-05", limit=len(sale.lines))
    return [LineAdded(goods=step.goods, quantity=step.quantity)]


def _change_quantity(sale: Sale, at: int, quantity: int) -> list[Event] | Refusal:
    return refuse("ENT-07") if _is_gone(sale, at) else [QuantityChanged(line=at, quantity=quantity)]


def _discount(sale: Sale, step: DiscountLine) -> list[Event] | Refusal:
    if _is_gone(sale, step.line):
        return refuse("ENT-07")
    if not (0 <= step.percent <= 100 and step.amount >= 0):
        return refuse("PAY-03", amount=step.amount or step.percent, limit=100)
    return [LineDiscounted(line=step.line, percent=step.percent, amount=step.amount)]


def _take_back(sale: Sale, at: int | None) -> list[Event] | Refusal:
    if at is None:
        standing = [at for at, line in enumerate(sale.lines) if not line.voided]
        return [LineVoided(line=standing[-1])] if standing else refuse("ENT-08")
    return refuse("ENT-07") if _is_gone(sale, at) else [LineVoided(line=at)]


def _hold(sale: Sale, tender: Tender) -> list[Event] | Refusal:
    assert 0 < tender.amount <= sale.due, "a sale never holds more than its total"
    assert tender.change == 0 or tender.tendered - tender.change == tender.amount
    return [TenderHeld(tender=tender)]


def _is_gone(sale: Sale, at: int) -> bool:
    return not 0 <= at < len(sale.lines) or sale.lines[at].voided


def _within_bounds(sale: Sale, events: list[Event]) -> list[Event] | Refusal:
    after = reduce(evolve, events, sale)
    for event in events:
        if (
            isinstance(event, LineAdded | QuantityChanged)
            and not 0 < event.quantity <= QUANTITY_MAX
        ):
            return refuse("ENT-04", quantity=shown(event.quantity), limit=QUANTITY_MAX // 1000)
    if after.total > TOTAL_MAX:
        return refuse("PAY-03", amount=after.total, limit=TOTAL_MAX)
    if after.due < 0:
        return refuse("PAY-08", due=sale.due)
    return events


def shown(quantity: int) -> str:
    """Return a quantity in thousandths as people write it: 3, 0.512."""
    whole, part = divmod(abs(quantity), 1000)
    text = f"{whole}.{part:03d}".rstrip("0").rstrip(".") if part else str(whole)
    return f"-{text}" if quantity < 0 else text


def _lines(sale: Sale) -> list[Line]:
    return [
        Line(
            sku=line.goods.sku,
            barcode=line.goods.barcode,
            name_ko=line.goods.name_ko,
            name_en=line.goods.name_en,
            quantity=line.quantity,
            unit=line.goods.unit,
            unit_price=line.goods.unit_price,
            discount=line.discount,
            amount=line.gross - line.discount,
            tax=line.goods.tax,
            group=line.goods.group,
            voided=line.voided,
        )
        for line in sale.lines
    ]
