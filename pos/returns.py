"""Goods that come back: how much of which line of an earlier sale, and what that is worth.

A line is worth what was paid for it, its part of whole-sale discounts off. Of a part of a line, the
part by quantity, rounded half up; the last part is worth whatever is left, so that a line that comes
back in pieces gives back exactly what it cost. Pure. Source: clerk-and-courier.md 1.2 (Returns).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from pos.sale_events import (
    EarnedPoints,
    Goods,
    GoodsReturned,
    LineReturned,
    ReturnableLine,
    ReturnableTender,
)
from protocols.facts import Line, RefundClosed, SaleClosed, Tender, TenderChanged
from protocols.money import Money, Rounding, split_tax
from protocols.points import PointsRule, base


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """What comes back in the open sale."""

    original: str = ""
    """store-terminal-YYYYMMDD-sale; empty without a receipt."""
    lines: tuple[ReturnableLine, ...] = ()
    tenders: tuple[ReturnableTender, ...] = ()
    taken: tuple[int, ...] = ()
    """Thousandths that come back, a line each."""
    given: tuple[Tender, ...] = ()
    """What has gone back to the customer already."""
    reason: str = ""
    approver: str = ""
    void: bool = False
    """The whole sale is voided."""
    points: EarnedPoints | None = None

    def worth(self, at: int) -> int:
        """Return what the returned part of a line is worth; lines count from 0."""
        return part_of(self.lines[at], self.taken[at])

    @property
    def total(self) -> int:
        """Return what everything that comes back is worth."""
        return sum(map(self.worth, range(len(self.lines))))

    @property
    def any_taken(self) -> bool:
        """Tell whether anything comes back, be it worth nothing."""
        return any(self.taken)

    @property
    def standing(self) -> int:
        """Return what of the sale's payments has not gone back before: no more goes back for its goods."""
        return sum(tender.amount for tender in self.tenders)

    @property
    def given_back(self) -> int:
        """Return what has gone back to the customer already."""
        return sum(tender.amount for tender in self.given)

    def after(self, event: LineReturned | GoodsReturned) -> "Returning":
        """Return it after an event."""
        match event:
            case LineReturned(number=number, quantity=quantity):
                taken = tuple(
                    quantity if line.number == number else before
                    for line, before in zip(self.lines, self.taken, strict=True)
                )
                return replace(self, taken=taken)
            case GoodsReturned(goods=goods, quantity=quantity):
                amount = Rounding.HALF_UP.divide(goods.unit_price * quantity, 1000)
                line = ReturnableLine(
                    number=len(self.lines) + 1, goods=goods, quantity=quantity, amount=amount
                )
                return replace(self, lines=(*self.lines, line), taken=(*self.taken, quantity))

    def ways_back(self) -> list[ReturnableTender]:
        """Return how much may still go back to which payment of the sale; cash last.

        A card's money belongs on the card, so that no till turns cards into cash.
        """
        gone: dict[str, int] = {}
        for tender in self.given:
            gone[tender.back_to] = gone.get(tender.back_to, 0) + tender.amount
        left = [
            structs.replace(tender, amount=tender.amount - gone.get(tender.attempt, 0))
            for tender in self.tenders
        ]
        return sorted(
            (tender for tender in left if tender.amount > 0),
            key=lambda tender: tender.method == "cash",
        )


def part_of(line: ReturnableLine, quantity: int) -> int:
    """Return what so many thousandths of a line are worth."""
    if quantity >= line.quantity:
        return line.amount
    return Rounding.HALF_UP.divide(line.amount * quantity, line.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """An earlier sale, and what of it has come and gone back already."""

    order: str
    sale: SaleClosed
    business_date: str
    returned: dict[int, tuple[int, int]]
    """By number of the line: thousandths and minor units that have come back."""
    given_back: dict[str, int]
    """By attempt key: what has gone back to that payment."""
    paid: list[Tender]
    """The payments of the sale, with those that replaced others later."""
    points_taken: int = 0
    """Points that went back with it."""

    def lines(self) -> list[ReturnableLine]:
        """Return what may still come back."""
        found = []
        for number, line in enumerate(self.sale.lines, start=1):
            quantity, amount = self.returned.get(number, (0, 0))
            if line.voided or line.quantity <= quantity:
                continue
            found.append(
                ReturnableLine(
                    number=number,
                    goods=goods_of(line),
                    quantity=line.quantity - quantity,
                    amount=line.amount - amount,
                )
            )
        return found

    def tenders(self) -> list[ReturnableTender]:
        """Return what may still go back, and where to."""
        return [
            ReturnableTender(
                method=tender.method,
                attempt=tender.attempt,
                amount=left,
                reference=tender.reference,
                slip=tender.slip,
            )
            for tender in self.paid
            if (left := tender.amount - self.given_back.get(tender.attempt, 0)) > 0
        ]

    def points(self, rule: PointsRule) -> EarnedPoints | None:
        """Return what the sale earned its member, and how much of its price still stands for it."""
        earned = self.sale.points
        if earned is None or not self.sale.customer:
            return None
        of = base(rule, self.sale.lines)
        back = sum(
            self.returned.get(number, (0, 0))[1]
            for number, line in enumerate(self.sale.lines, start=1)
            if line.group not in rule.groups_out
        )
        return EarnedPoints(
            number=self.sale.customer,
            shown=earned.shown,
            earned=earned.amount,
            taken=self.points_taken,
            of=of,
            left=of - back,
        )


def original_of(
    order: str,
    business_date: str,
    sale: SaleClosed,
    refunds: Sequence[RefundClosed],
    changes: Sequence[TenderChanged] = (),
) -> Original:
    """Return a sale with what these refunds took back of it, and the payments that were replaced."""
    returned: dict[int, tuple[int, int]] = {}
    given_back: dict[str, int] = {}
    paid = [*sale.tenders, *(tender for change in changes for tender in change.taken)]
    for change in changes:
        key = change.back.back_to
        given_back[key] = given_back.get(key, 0) + change.back.amount
    for refund in refunds:
        for line in refund.lines:
            quantity, amount = returned.get(line.original, (0, 0))
            returned[line.original] = quantity + line.quantity, amount + line.amount
        for tender in refund.tenders:
            given_back[tender.back_to] = given_back.get(tender.back_to, 0) + tender.amount
    return Original(
        order=order,
        sale=sale,
        business_date=business_date,
        returned=returned,
        given_back=given_back,
        paid=paid,
        points_taken=sum(each.points.amount for each in refunds if each.points),
    )


def refunded(
    returning: Returning,
    *,
    number: int,
    shift: int,
    vat_percent: int,
    tenders: Sequence[Tender],
) -> RefundClosed:
    """Return the fact of what came back and how the money went."""
    lines = [
        _line(line, quantity)
        for line, quantity in zip(returning.lines, returning.taken, strict=True)
        if quantity
    ]
    taxed = sum(line.amount for line in lines if line.tax == "taxed")
    exempt = sum(line.amount for line in lines if line.tax == "exempt")
    split = split_tax(Money(taxed), vat_percent)
    return RefundClosed(
        sale=number,
        shift=shift,
        original=returning.original,
        lines=lines,
        total=taxed + exempt,
        net=split.net.minor,
        vat=split.tax.minor,
        exempt=exempt,
        tenders=list(tenders),
        reason=returning.reason,
        void=returning.void,
    )


def goods_of(line: Line) -> Goods:
    """Return what a line sold, as a basket has it."""
    return Goods(
        sku=line.sku,
        barcode=line.barcode,
        name_ko=line.name_ko,
        name_en=line.name_en,
        unit_price=line.unit_price,
        tax=line.tax,
        unit=line.unit,
        group=line.group,
    )


def _line(line: ReturnableLine, quantity: int) -> Line:
    goods, amount = line.goods, part_of(line, quantity)
    gross = Rounding.HALF_UP.divide(goods.unit_price * quantity, 1000)
    return Line(
        sku=goods.sku,
        barcode=goods.barcode,
        name_ko=goods.name_ko,
        name_en=goods.name_en,
        quantity=quantity,
        unit=goods.unit,
        unit_price=goods.unit_price,
        discount=gross - amount,
        amount=amount,
        tax=goods.tax,
        group=goods.group,
        original=line.number,
    )
