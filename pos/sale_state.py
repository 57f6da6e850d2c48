"""The open sale as it stands: lines, payments, totals; and how each event changes it.

Replaying the events rebuilds the sale; nothing is looked up again. A line's price is
price x quantity / 1000 rounded half up. What comes off the whole sale is spread over its lines by what
they cost (largest remainder), so that a returned line gives back what was paid for it; VAT is split once
per receipt from the taxed lines' sum after that.
Source: clerk-and-courier.md 1.2 (Price, Tax).
"""

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import assert_never

from pos.returns import Returning
from pos.sale_events import (
    AttemptMade,
    Begun,
    CashReceiptWanted,
    ChangeBegun,
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
    PaperChosen,
    QuantityChanged,
    Recalled,
    ReturnBegun,
    ReturnOver,
    SaleDiscounted,
    TenderHeld,
    TenderTakenOut,
)
from protocols.facts import Tender
from protocols.money import Money, Rounding, allocate, split_tax


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLine:
    """One line of the basket."""

    goods: Goods
    quantity: int
    percent: int = 0
    off: int = 0
    before: tuple[int, int] = (0, 0)
    """Per cent and money off before the newest discount: the same key twice moves it to the sale."""
    price: int = 0
    """Another price than the catalogue's; 0 is the catalogue's."""
    reason: str = ""
    """Why it has another price."""
    approver: str = ""
    """Who allowed price or discount, where the clerk alone may not."""
    voided: bool = False

    gross: int = field(init=False, compare=False, repr=False)
    """Price x quantity, rounded half up to the minor unit."""
    discount: int = field(init=False, compare=False, repr=False)
    """What comes off; never more than the line costs."""
    amount: int = field(init=False, compare=False, repr=False)
    """What the line costs after discount; 0 once it is voided."""

    @property
    def unit_price(self) -> int:
        """Return what one unit costs here, in minor units."""
        return self.price or self.goods.unit_price

    @property
    def plain(self) -> bool:
        """Say whether more of the same goods may join this line."""
        return not (self.voided or self.percent or self.off or self.price)

    def __post_init__(self) -> None:
        # Reckoned once a line and not once a scan: the totals of a long basket are sums of these.
        gross = Rounding.HALF_UP.divide(self.unit_price * self.quantity, 1000)
        share = Rounding.HALF_UP.divide(gross * self.percent, 100)
        discount = min(gross, share + self.off)
        object.__setattr__(self, "gross", gross)
        object.__setattr__(self, "discount", discount)
        object.__setattr__(self, "amount", 0 if self.voided else gross - discount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """What comes off the whole sale: the clerk's discount (no code), or a coupon."""

    code: str = ""
    name_ko: str = ""
    name_en: str = ""
    percent: int = 0
    amount: int = 0
    minimum: int = 0
    """What the goods must cost for it to count."""
    approver: str = ""

    def of(self, subtotal: int) -> int:
        """Return what it takes off so much."""
        if subtotal < self.minimum:
            return 0
        return Rounding.HALF_UP.divide(subtotal * self.percent, 100) + self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What stands at the foot of a receipt, in minor units."""

    total: int
    discount: int
    net: int
    vat: int
    exempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An open sale; number 0 is no sale at all."""

    number: int = 0
    vat_percent: int = 10
    catalogue: str = ""
    policy: str = ""
    lines: tuple[SaleLine, ...] = ()
    tenders: tuple[Tender, ...] = ()
    attempts: int = 0
    text_bytes: int = 0
    reductions: tuple[Reduction, ...] = ()
    """The clerk's discount first, then coupons in the order in which they came."""
    recalled: str = ""
    """The held sale that this one goes on with."""
    returning: Returning | None = None
    """What comes back in the same ticket."""
    cash_receipt: CashReceiptWanted | None = None
    paper: bool | None = None
    """Whether the customer wants a paper; None: nobody has said."""
    changing: ChangeBegun | None = None
    """No sale, but a payment of a closed one that is being replaced."""

    @property
    def voiding(self) -> bool:
        """Tell whether this ticket voids a closed sale."""
        return self.returning is not None and self.returning.void

    member: MemberNamed | None = None

    @property
    def subtotal(self) -> int:
        """Return what all lines cost together, before anything comes off the whole sale."""
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> int:
        """Return what the sale costs."""
        return self.subtotal - self.reduced if self.reductions else self.subtotal

    @property
    def reduced(self) -> int:
        """Return what comes off the whole sale; never more than it costs."""
        return sum(self.taken_off())

    def taken_off(self) -> list[int]:
        """Return what each reduction really takes off, the earlier ones first."""
        subtotal = left = self.subtotal
        taken = []
        for reduction in self.reductions:
            taken.append(min(left, reduction.of(subtotal)))
            left -= taken[-1]
        return taken

    def shares(self) -> list[int]:
        """Return each line's part of what comes off the whole sale; they sum to it exactly."""
        reduced = self.reduced
        if not reduced:
            return [0] * len(self.lines)
        parts = allocate(Money(reduced), [line.amount for line in self.lines])
        return [part.minor for part in parts]

    @property
    def held(self) -> int:
        """Return what the payments so far count for."""
        return sum(tender.amount for tender in self.tenders)

    @property
    def returned(self) -> int:
        """Return what the goods that come back are worth."""
        return 0 if self.returning is None else self.returning.total

    @property
    def due(self) -> int:
        """Return what is still to be paid; negative, what is still to go back to the customer."""
        back = self.returning
        given = 0 if back is None else back.given_back
        if self.changing is not None:
            return self.changing.tender.amount - self.held
        return self.total - self.returned - self.held + given

    @property
    def pieces(self) -> int:
        """Return how many things the customer carries; weighed goods count as one."""
        return sum(
            line.quantity // 1000 if line.goods.unit == "ea" else 1
            for line in self.lines
            if not line.voided
        )

    def is_empty(self) -> bool:
        """Return whether nothing is left to pay for, to give back or to give up."""
        nothing = all(line.voided for line in self.lines) and not self.returned
        return nothing and self.changing is None

    def totals(self) -> Totals:
        """Return the sums; net + vat + exempt is the total."""
        live = [line for line in self.lines if not line.voided]
        taxed = sum(line.amount for line in live if line.goods.tax == "taxed")
        exempt = sum(line.amount for line in live if line.goods.tax == "exempt")
        if self.reductions:
            for line, share in zip(self.lines, self.shares(), strict=True):
                if line.goods.tax == "taxed":
                    taxed -= share
                else:
                    exempt -= share
        split = split_tax(Money(taxed), self.vat_percent, Rounding.HALF_UP)
        result = Totals(
            total=taxed + exempt,
            discount=sum(line.discount for line in live) + self.reduced,
            net=split.net.minor,
            vat=split.tax.minor,
            exempt=exempt,
        )
        assert result.net + result.vat + result.exempt == result.total == self.total
        return result


def evolve(sale: Sale, event: Event) -> Sale:
    """Return the sale after an event."""
    match event:
        case Begun(sale=number):
            assert not sale.number, "a sale begins once"
            return Sale(
                number=number,
                vat_percent=event.vat_percent,
                catalogue=event.catalogue,
                policy=event.policy,
            )
        case LineAdded(goods=goods, quantity=quantity):
            line = SaleLine(goods=goods, quantity=quantity)
            weight = sale.text_bytes + text_bytes(goods)
            return replace(sale, lines=(*sale.lines, line), text_bytes=weight)
        case QuantityChanged(line=at, quantity=quantity):
            return _with_line(sale, at, replace(sale.lines[at], quantity=quantity))
        case LineDiscounted(line=at):
            line = sale.lines[at]
            changed = replace(
                line,
                percent=event.percent,
                off=event.amount,
                before=(line.percent, line.off),
                approver=event.approver or line.approver,
            )
            return _with_line(sale, at, changed)
        case LinePriced(line=at):
            line = sale.lines[at]
            changed = replace(
                line,
                price=event.price,
                reason=event.reason,
                approver=event.approver or line.approver,
            )
            return _with_line(sale, at, changed)
        case SaleDiscounted():
            coupons = tuple(each for each in sale.reductions if each.code)
            own = Reduction(percent=event.percent, amount=event.amount, approver=event.approver)
            kept = (own,) if event.percent or event.amount else ()
            return replace(sale, reductions=(*kept, *coupons))
        case CouponTaken():
            coupon = Reduction(
                code=event.code,
                name_ko=event.name_ko,
                name_en=event.name_en,
                percent=event.percent,
                amount=event.amount,
                minimum=event.minimum,
            )
            return replace(sale, reductions=(*sale.reductions, coupon))
        case CashReceiptWanted():
            return replace(sale, cash_receipt=event)
        case PaperChosen(wanted=wanted):
            return replace(sale, paper=wanted)
        case MemberNamed():
            return replace(sale, member=event if event.number else None)
        case ReturnBegun():
            begun = Returning(
                original=event.original,
                lines=tuple(event.lines),
                tenders=tuple(event.tenders),
                taken=(0,) * len(event.lines),
                reason=event.reason,
                approver=event.approver,
                void=event.void,
                points=event.points,
            )
            return replace(sale, returning=begun)
        case ChangeBegun():
            return replace(sale, changing=event, attempts=event.attempts)
        case LineReturned() | GoodsReturned():
            assert sale.returning is not None, "a return is begun before anything comes back"
            return replace(sale, returning=sale.returning.after(event))
        case ReturnOver():
            return replace(sale, returning=None)
        case MoneyGivenBack(tender=tender):
            assert sale.returning is not None, "money goes back for what comes back"
            given = (*sale.returning.given, tender)
            return replace(sale, returning=replace(sale.returning, given=given))
        case Recalled(hold=hold):
            return replace(sale, recalled=hold)
        case LineVoided(line=at):
            return _with_line(sale, at, replace(sale.lines[at], voided=True))
        case AttemptMade():
            return replace(sale, attempts=sale.attempts + 1)
        case TenderHeld(tender=tender):
            return replace(sale, tenders=(*sale.tenders, tender))
        case TenderTakenOut(attempt=key):
            return replace(
                sale, tenders=tuple(each for each in sale.tenders if each.attempt != key)
            )
        case _:
            assert_never(event)


def replay(events: list[Event]) -> Sale:
    """Return the sale that these events lead to; of none, no sale."""
    return reduce(evolve, events, Sale())


def text_bytes(goods: Goods) -> int:
    """Return how much of a journal record the texts of a line take."""
    texts = (goods.sku, goods.barcode, goods.name_ko, goods.name_en, goods.group)
    return sum(len(text.encode()) for text in texts)


def _with_line(sale: Sale, at: int, line: SaleLine) -> Sale:
    return replace(sale, lines=(*sale.lines[:at], line, *sale.lines[at + 1 :]))
