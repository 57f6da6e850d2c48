"""The open sale as it stands: lines, payments, totals; and how each event changes it.

Replaying the events rebuilds the sale; nothing is looked up again. A line's price is
price x quantity / 1000 rounded half up; VAT is split once per receipt from the taxed lines' sum.
Source: clerk-and-courier.md 1.2 (Tax).
"""

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import assert_never

from pos.sale_events import (
    AttemptMade,
    Begun,
    Event,
    Goods,
    LineAdded,
    LineDiscounted,
    LineVoided,
    QuantityChanged,
    TenderHeld,
)
from protocols.facts import Tender
from protocols.money import Money, Rounding, split_tax


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLine:
    """One line of the basket."""

    goods: Goods
    quantity: int
    percent: int = 0
    off: int = 0
    voided: bool = False

    gross: int = field(init=False, compare=False, repr=False)
    """Price x quantity, rounded half up to the minor unit."""
    discount: int = field(init=False, compare=False, repr=False)
    """What comes off; never more than the line costs."""
    amount: int = field(init=False, compare=False, repr=False)
    """What the line costs after discount; 0 once it is voided."""

    def __post_init__(self) -> None:
        # Reckoned once a line and not once a scan: the totals of a long basket are sums of these.
        gross = Rounding.HALF_UP.divide(self.goods.unit_price * self.quantity, 1000)
        share = Rounding.HALF_UP.divide(gross * self.percent, 100)
        discount = min(gross, share + self.off)
        object.__setattr__(self, "gross", gross)
        object.__setattr__(self, "discount", discount)
        object.__setattr__(self, "amount", 0 if self.voided else gross - discount)


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

    @property
    def total(self) -> int:
        """Return what all lines cost together."""
        return sum(line.amount for line in self.lines)

    @property
    def held(self) -> int:
        """Return what the payments so far count for."""
        return sum(tender.amount for tender in self.tenders)

    @property
    def due(self) -> int:
        """Return what is still to be paid."""
        return self.total - self.held

    @property
    def pieces(self) -> int:
        """Return how many things the customer carries; weighed goods count as one."""
        return sum(
            line.quantity // 1000 if line.goods.unit == "ea" else 1
            for line in self.lines
            if not line.voided
        )

    def is_empty(self) -> bool:
        """Return whether nothing is left to pay for or to give up."""
        return all(line.voided for line in self.lines)

    def totals(self) -> Totals:
        """Return the sums; net + vat + exempt is the total."""
        live = [line for line in self.lines if not line.voided]
        taxed = sum(line.amount for line in live if line.goods.tax == "taxed")
        exempt = sum(line.amount for line in live if line.goods.tax == "exempt")
        split = split_tax(Money(taxed), self.vat_percent, Rounding.HALF_UP)
        result = Totals(
            total=taxed + exempt,
            discount=sum(line.discount for line in live),
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
        case LineDiscounted(line=at, percent=percent, amount=amount):
            return _with_line(sale, at, replace(sale.lines[at], percent=percent, off=amount))
        case LineVoided(line=at):
            return _with_line(sale, at, replace(sale.lines[at], voided=True))
        case AttemptMade():
            return replace(sale, attempts=sale.attempts + 1)
        case TenderHeld(tender=tender):
            return replace(sale, tenders=(*sale.tenders, tender))
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
