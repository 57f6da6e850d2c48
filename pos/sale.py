"""The sale as a decider: what may happen to a basket, and what ends it.

    decide(sale, step) -> events | Refusal        evolve(sale, event) -> sale  (pos.sale_state)

Pure. Every step either happens whole, as events, or is refused with a code of the message table. The
tenders held never exceed the total: a step that would bring the total below them is refused.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Final, assert_never

from pos.sale_events import (
    CouponTaken,
    Event,
    Goods,
    GoodsReturned,
    LineAdded,
    LineDiscounted,
    LinePriced,
    LineReturned,
    LineVoided,
    MemberNamed,
    MoneyGivenBack,
    QuantityChanged,
    ReturnBegun,
    ReturnOver,
    SaleDiscounted,
    TenderHeld,
    TenderTakenOut,
)
from pos.sale_state import Sale, SaleLine, evolve, text_bytes
from pos.tenders.agreement import OverTender
from protocols.facts import CashReceiptAsked, Line, Reduction, SaleClosed, SaleVoided, Tender

LINES_MAX: Final = 999
QUANTITY_MAX: Final = 9_999_000
"""Thousandths of a unit."""
TOTAL_MAX: Final = 999_999_999
"""Minor units, of a sale and of one payment."""
TEXT_BYTES_MAX: Final = 256 * 1024
"""Of all names and codes together: the sale must fit into one journal record."""
ATTEMPTS_MAX: Final = 26 * 26
COUPONS_MAX: Final = 20
"""In one sale."""
REASON_MAX: Final = 80
"""Characters."""


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
    approver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """Sell a line at another price than the catalogue's; 0 is the catalogue's again."""

    line: int
    price: int
    reason: str
    approver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountSale:
    """Take per cent or money off the whole sale; replaces the discount before."""

    percent: int = 0
    amount: int = 0
    moved_from: int | None = None
    """A line that was given this discount by mistake: it gets back the one it had before."""
    approver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeCoupon:
    """Let a coupon count; each once in a sale."""

    code: str
    name_ko: str
    name_en: str
    percent: int = 0
    amount: int = 0
    minimum: int = 0
    """What the goods must cost at least, in minor units."""


@dataclass(frozen=True, slots=True)
class NameMember:
    """Say whose sale it is."""

    named: MemberNamed


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Void a line; without a number, the last one that stands."""

    line: int | None = None


@dataclass(frozen=True, slots=True)
class HoldTender:
    """Let a payment stand in the sale; its money has moved."""

    tender: Tender


@dataclass(frozen=True, slots=True)
class TakeOut:
    """Let a payment stand in the sale no more."""

    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginReturn:
    """Goods of an earlier sale come back, or goods without a receipt; one sale's a ticket."""

    begun: ReturnBegun


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLine:
    """So many thousandths of a line of the earlier sale come back, in all."""

    number: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnGoods:
    """Goods come back without a receipt; `limit` is what they may be worth together."""

    goods: Goods
    quantity: int
    limit: int


@dataclass(frozen=True, slots=True)
class EndReturn:
    """Nothing comes back after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """Money has gone back to the customer."""

    tender: Tender


Step = (
    BeginReturn
    | ReturnLine
    | ReturnGoods
    | EndReturn
    | GiveBack
    | AddItem
    | ChangeQuantity
    | DiscountLine
    | PriceLine
    | DiscountSale
    | TakeCoupon
    | NameMember
    | TakeBack
    | HoldTender
    | TakeOut
)


_CORRECTING: Final = (HoldTender, TakeOut, GiveBack, EndReturn)
"""All that happens where a closed sale is voided, or a payment of it changed; points that are paid instead are
somebody's."""


def decide(sale: Sale, step: Step) -> list[Event] | Refusal:
    """Return what happens, or why nothing does."""
    assert sale.number, "a sale begins before anything happens to it"
    whose = sale.changing is not None and isinstance(step, NameMember)
    if (sale.voiding or sale.changing) and not (isinstance(step, _CORRECTING) or whose):
        return refuse("VOI-05")
    match step:
        case AddItem():
            events = _add(sale, step)
        case ChangeQuantity(line, quantity):
            events = _change_quantity(sale, line, quantity)
        case DiscountLine():
            events = _discount(sale, step)
        case PriceLine():
            events = _price(sale, step)
        case BeginReturn() | ReturnLine() | ReturnGoods() | EndReturn() | GiveBack():
            events = _return(sale, step)
        case DiscountSale():
            events = _discount_sale(sale, step)
        case TakeCoupon():
            events = _take_coupon(sale, step)
        case NameMember(named):
            events = [named]
        case TakeBack(line):
            events = _take_back(sale, line)
        case HoldTender(tender):
            events = _hold(sale, tender)
        case TakeOut(attempt=key):
            assert key in [each.attempt for each in sale.tenders], "only what stands is taken out"
            events = [TenderTakenOut(attempt=key)]
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


def closed(
    sale: Sale,
    *,
    shift: int,
    training: bool = False,
    cash_receipt: CashReceiptAsked | None = None,
    link: str = "",
) -> SaleClosed:
    """Return the fact that ends a paid sale; of a training sale it says so."""
    assert sale.due == 0, "a sale closes when it is paid"
    totals = sale.totals()
    return SaleClosed(
        sale=sale.number,
        shift=shift,
        lines=lines_of(sale),
        total=totals.total,
        discount=totals.discount,
        net=totals.net,
        vat=totals.vat,
        exempt=totals.exempt,
        tenders=list(sale.tenders),
        training=training,
        reductions=_reductions(sale),
        recalled=sale.recalled,
        cash_receipt=cash_receipt,
        link=link,
    )


def given_up(sale: Sale, *, shift: int, reason: str) -> SaleVoided:
    """Return the fact that ends a sale nobody paid."""
    assert not sale.tenders, "money that was taken is given back first"
    return SaleVoided(
        sale=sale.number, shift=shift, lines=lines_of(sale), total=sale.total, reason=reason
    )


def _add(sale: Sale, step: AddItem) -> list[Event] | Refusal:
    for at, line in enumerate(sale.lines):
        if line.goods == step.goods and line.plain:
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
    line = sale.lines[step.line]
    if not 0 <= step.percent <= 100:
        return refuse("DSC-01", percent=step.percent)
    if not 0 <= step.amount <= line.gross:
        return refuse("PAY-03", amount=step.amount, limit=line.gross)
    return [
        LineDiscounted(
            line=step.line, percent=step.percent, amount=step.amount, approver=step.approver
        )
    ]


def _price(sale: Sale, step: PriceLine) -> list[Event] | Refusal:
    if _is_gone(sale, step.line):
        return refuse("ENT-07")
    if not 0 <= step.price <= TOTAL_MAX:
        return refuse("PAY-03", amount=step.price, limit=TOTAL_MAX)
    reason = step.reason.strip()[:REASON_MAX]
    if step.price and not reason:
        return refuse("ENT-12")
    return [LinePriced(line=step.line, price=step.price, reason=reason, approver=step.approver)]


def _discount_sale(sale: Sale, step: DiscountSale) -> list[Event] | Refusal:
    if sale.is_empty():
        return refuse("PAY-01")
    if not 0 <= step.percent <= 100:
        return refuse("DSC-01", percent=step.percent)
    if not 0 <= step.amount <= sale.subtotal:
        return refuse("PAY-03", amount=step.amount, limit=sale.subtotal)
    events: list[Event] = []
    if step.moved_from is not None and not _is_gone(sale, step.moved_from):
        percent, amount = sale.lines[step.moved_from].before
        events.append(LineDiscounted(line=step.moved_from, percent=percent, amount=amount))
    taken = SaleDiscounted(percent=step.percent, amount=step.amount, approver=step.approver)
    return [*events, taken]


def _take_coupon(sale: Sale, step: TakeCoupon) -> list[Event] | Refusal:
    if sale.is_empty():
        return refuse("PAY-01")
    coupons = [each.code for each in sale.reductions if each.code]
    if step.code in coupons:
        return refuse("DSC-04", code=step.code)
    if len(coupons) >= COUPONS_MAX:
        return refuse("DSC-06", limit=COUPONS_MAX)
    if sale.subtotal < step.minimum:
        return refuse("DSC-05", minimum=step.minimum)
    return [
        CouponTaken(
            code=step.code,
            name_ko=step.name_ko,
            name_en=step.name_en,
            percent=step.percent,
            amount=step.amount,
            minimum=step.minimum,
        )
    ]


def _return(
    sale: Sale, step: BeginReturn | ReturnLine | ReturnGoods | EndReturn | GiveBack
) -> list[Event] | Refusal:
    back = sale.returning
    if isinstance(step, BeginReturn):
        if sale.tenders:
            return refuse("RET-06")
        if back is not None and back.any_taken:
            return refuse("RET-05")
        return [step.begun]
    if back is None:
        return refuse("RET-07")
    if isinstance(step, GiveBack):
        assert step.tender.amount > 0, "what goes back is money"
        if step.tender.amount > back.total - back.given_back:
            return refuse("RET-06")  # A card was asked for it, and then less came back after all.
        return [MoneyGivenBack(tender=step.tender)]
    if sale.tenders or back.given:
        # Money has moved for the ticket as it stands: what comes back stands too.
        return refuse("RET-06")
    match step:
        case EndReturn():
            return [ReturnOver()]
        case ReturnLine(number=number, quantity=quantity):
            line = next((each for each in back.lines if each.number == number), None)
            if line is None:
                return refuse("ENT-10", choice=str(number))
            if not 0 <= quantity <= line.quantity:
                return refuse("RET-04", quantity=shown(line.quantity))
            taken = LineReturned(number=number, quantity=quantity)
            if quantity and back.original and back.after(taken).total > back.standing:
                # Its money went back without goods: it does not go back for them once more.
                return refuse("RET-11", left=back.standing)
            return [taken]
        case ReturnGoods(goods=goods, quantity=quantity, limit=limit):
            if not 0 < quantity <= QUANTITY_MAX:
                return refuse("ENT-04", quantity=shown(quantity), limit=QUANTITY_MAX // 1000)
            if len(back.lines) >= LINES_MAX:
                return refuse("ENT-05", limit=len(back.lines))
            event = GoodsReturned(goods=goods, quantity=quantity)
            if back.after(event).total > limit:
                return refuse("RET-03", limit=limit)
            return [event]


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
    if after.due < 0 and after.tenders:
        return refuse("PAY-08", due=sale.due)
    return events


def shown(quantity: int) -> str:
    """Return a quantity in thousandths as people write it: 3, 0.512."""
    whole, part = divmod(abs(quantity), 1000)
    text = f"{whole}.{part:03d}".rstrip("0").rstrip(".") if part else str(whole)
    return f"-{text}" if quantity < 0 else text


def lines_of(sale: Sale) -> list[Line]:
    """Return the basket's lines as a fact has them."""
    return [_line(line, share) for line, share in zip(sale.lines, sale.shares(), strict=True)]


def _line(line: SaleLine, share: int) -> Line:
    """Return a line as a fact; `share` is its part of what comes off the whole sale."""
    discount = line.discount + share
    return Line(
        sku=line.goods.sku,
        barcode=line.goods.barcode,
        name_ko=line.goods.name_ko,
        name_en=line.goods.name_en,
        quantity=line.quantity,
        unit=line.goods.unit,
        unit_price=line.unit_price,
        discount=discount,
        amount=line.gross - discount,
        tax=line.goods.tax,
        group=line.goods.group,
        voided=line.voided,
        sale_discount=share,
        list_price=line.goods.unit_price if line.price else 0,
        reason=line.reason,
        approver=line.approver,
    )


def _reductions(sale: Sale) -> list[Reduction]:
    return [
        Reduction(
            amount=amount,
            percent=each.percent,
            code=each.code,
            name_ko=each.name_ko,
            name_en=each.name_en,
            approver=each.approver,
        )
        for each, amount in zip(sale.reductions, sale.taken_off(), strict=True)
        if amount
    ]
