"""Books sales: every tender is a payment that its flow settles; the rest of the receipt is a split."""

from typing import Final

from ips.booking_points import earned
from ips.books import Linked, OrderRecord
from ips.commands import Close, Park, Release
from ips.entry import EXCEPTIONS, Entry, order_of
from ips.flows import StateClass
from ips.payments import PaymentRecord, Refusal
from ips.postings import SALES
from ips.splits import Split, split_receipt
from protocols.facts import SaleClosed, SaleVoided, Tender

_UNDECIDED: Final = (StateClass.OPEN, StateClass.DOUBT)


def sale_closed(entry: Entry, fact: SaleClosed) -> None:
    """Book a sale. What was sold is credited by group and tax, what was paid debited by tender."""
    order = _order_of(entry, fact)
    if fact.training:
        let_go(entry, order, Release(at_ns=entry.occasion.at_ns), standing=frozenset())
        return
    if fact.cash_receipt is not None:
        entry.booking.cash_receipts.append((order, fact))
    if fact.link:
        entry.booking.links.append(Linked(order=order, token=fact.link))
    earlier = entry.books.order(order)
    split = split_receipt(fact, "sales", entry.books.policy(entry.occasion.store).vat_percent)
    for index, tender in enumerate(fact.tenders):
        settle(entry, tender, order, index)
    if earlier is None:
        _credit(entry, fact, split, order)
        standing = frozenset(tender.attempt for tender in fact.tenders)
        let_go(entry, order, Park(at_ns=entry.occasion.at_ns), standing=standing)
        earned(entry, fact, order)
    else:
        entry.ask("duplicate-sale", about=order, amount=fact.total)
        _to_suspense(entry)
    _count(entry, fact)
    entry.post_legs("sale")


def sale_voided(entry: Entry, fact: SaleVoided) -> None:
    """Book a sale given up: nothing is posted, and its attempts are let go."""
    order = entry.order_key(fact.sale)
    let_go(entry, order, Release(at_ns=entry.occasion.at_ns), standing=frozenset())
    entry.add_to_shift(fact.shift, voids=1)
    entry.post_legs("void")


def _order_of(entry: Entry, fact: SaleClosed) -> str:
    """Return the sale's key: as its attempts have it, so that a till's own store name is followed."""
    at = entry.occasion
    ending = f"-{at.terminal}-{at.business_date}-{fact.sale:04d}"
    named = (order_of(tender.attempt) for tender in fact.tenders)
    return next((order for order in named if order.endswith(ending)), entry.order_key(fact.sale))


def settle(entry: Entry, tender: Tender, order: str, index: int) -> None:
    """Let a payment stand in a closed sale: what it leaves to the receipt's split are legs."""
    payment = _payment_of(entry, tender, order, index)
    if payment.order != order:
        entry.ask(
            "attempt-of-another-sale",
            about=payment.key,
            amount=tender.amount,
            detail=payment.order,
        )
        _suspend(entry, tender)
        return
    if payment.amount != tender.amount:
        difference = tender.amount - payment.amount
        entry.ask("attempt-differs", about=payment.key, amount=difference)
    close = Close(at_ns=entry.occasion.at_ns, amount=tender.amount, reference=tender.reference)
    decision = entry.apply(payment, close)
    if isinstance(decision, Refusal):
        entry.ask("flow-refuses", about=payment.key, amount=tender.amount, detail=decision.reason)
        _suspend(entry, tender)


def _payment_of(entry: Entry, tender: Tender, order: str, index: int) -> PaymentRecord:
    """Return the payment of a tender; one that nobody announced is opened now."""
    payment = entry.payment(tender.attempt) if tender.attempt else None
    if payment is not None:
        return payment
    key = tender.attempt or f"{entry.booking.key}/{index}"
    if not tender.attempt or entry.needs_intent(tender.method):
        entry.ask("unknown-attempt", about=key, amount=tender.amount)
    return entry.open(
        key,
        module=tender.method,
        amount=tender.amount,
        order=order_of(tender.attempt) or order,
        business_date=entry.occasion.business_date,
    )


def _suspend(entry: Entry, tender: Tender) -> None:
    """Book money that its payment did not take: the fact says it is here, so it is in suspense.

    Only where the fact alone is the proof (`intent = false`, cash): of any other payment the broker
    or the bank has its own proof, and booking it again would invent money.
    """
    if not entry.needs_intent(tender.method):
        entry.leg(entry.asset(tender.method), tender.amount)
        entry.leg(EXCEPTIONS, -tender.amount)


def _credit(entry: Entry, fact: SaleClosed, split: Split, order: str) -> None:
    """Replace what the tenders left to the receipt's split by that split; the rest is asked about."""
    paid = -entry.leg_sum(SALES)
    for account, amount in split.parts.items():
        entry.leg(account, -amount)
    entry.leg(SALES, paid)
    if paid != fact.total:
        entry.leg(EXCEPTIONS, fact.total - paid)
        entry.ask("total-mismatch", about=order, amount=paid - fact.total)
    if split.lines_off:
        entry.ask("lines-mismatch", about=order, amount=split.lines_off)
    if split.tax_off:
        entry.ask("tax-split", about=order, detail=split.tax_off)
    entry.booking.order = OrderRecord(
        order=order,
        transaction=entry.booking.key,
        business_date=entry.occasion.business_date,
        at_ns=entry.occasion.at_ns,
        total=fact.total,
        currency=entry.occasion.currency,
        parts=split.parts,
        groups=split.groups,
    )


def _to_suspense(entry: Entry) -> None:
    paid = -entry.leg_sum(SALES)
    entry.leg(SALES, paid)
    entry.leg(EXCEPTIONS, -paid)


def let_go(entry: Entry, order: str, command: Park | Release, *, standing: frozenset[str]) -> None:
    """Tell every undecided attempt of a sale that does not stand in it (a parked attempt)."""
    for payment in entry.payments_of(order):
        if payment.key in standing or payment.state_class not in _UNDECIDED:
            continue
        decision = entry.apply(payment, command)
        if isinstance(decision, Refusal):
            entry.ask("flow-refuses", about=payment.key, detail=decision.reason)


def _count(entry: Entry, fact: SaleClosed) -> None:
    entry.add_to_shift(
        fact.shift,
        tenders=fact.tenders,
        sales=1,
        gross=fact.total,
        net=fact.net,
        vat=fact.vat,
        exempt=fact.exempt,
        discounts=fact.discount,
        members=int(bool(fact.customer)),
        points_earned=fact.points.amount if fact.points else 0,
    )
