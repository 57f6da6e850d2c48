"""How the ticket before this one ended: what the screen keeps showing of it, also after a restart.

Until the next item is taken it is what the clerk acts on: the change to count out, the money that went
back, or what the customer's card holds now.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocols.facts import EXCHANGE, Fact, RefundClosed, SaleClosed, Tender


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSale:
    """One ticket that is closed."""

    number: int
    paid: tuple[Tender, ...] = ()
    given: tuple[Tender, ...] = ()
    """What went back; it is told where nothing was paid."""
    link: str = ""
    """The token of its e-receipt; empty where it has none."""
    unprinted: bool = False
    """Its receipt was to come out on no paper: the link is what the customer has."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the names of the tenders, each once."""
        return tuple(dict.fromkeys(each.method for each in self.paid or self.given))

    @property
    def change(self) -> int:
        """Return what the clerk hands over: change, or money that went back."""
        if self.paid:
            return sum(each.change for each in self.paid)
        return sum(each.amount for each in self.given)

    @property
    def cash(self) -> bool:
        """Tell whether the drawer was needed."""
        if self.paid:
            return any(each.tendered for each in self.paid)
        return any(each.method == "cash" for each in self.given)

    @property
    def balance(self) -> int | None:
        """Return what the customer's card holds since; None where cash was counted out, or it never said."""
        if self.cash:
            return None
        told = [each.balance for each in self.paid if each.balance is not None]
        return told[-1] if told else None


def ended(
    number: int, sale: SaleClosed | None, back: RefundClosed | None, *, unprinted: bool = False
) -> LastSale:
    """Return how a ticket ended; goods that pay for others are no payment."""
    return LastSale(
        number=number,
        link="" if sale is None else sale.link,
        unprinted=unprinted,
        paid=_by_hand_or_device([] if sale is None else sale.tenders),
        given=_by_hand_or_device([] if back is None else back.tenders),
    )


def last_in(facts: Sequence[Fact]) -> LastSale | None:
    """Return how the newest ticket of a shift ended; its facts in their order."""
    for fact in reversed(facts):
        if isinstance(fact, SaleClosed | RefundClosed):
            ticket = [each for each in facts if getattr(each, "sale", 0) == fact.sale]
            sale = next((each for each in ticket if isinstance(each, SaleClosed)), None)
            back = next((each for each in ticket if isinstance(each, RefundClosed)), None)
            return ended(fact.sale, sale, back)
    return None


def _by_hand_or_device(tenders: Sequence[Tender]) -> tuple[Tender, ...]:
    return tuple(each for each in tenders if each.method != EXCHANGE)
