"""What journals ask for: a cash receipt for a sale, and its cancellation for cash that went back.

Entered in the batch's own commit, once by its key, which is made of what the terminal minted: the sale's
order, or the refund's place in its journal. Never more is cancelled than was asked for. A refund that
comes before its sale, from another till, is entered when the sale comes. Cash that is changed for another
payment has gone back as well; cash that came in by a change has a receipt of its own. What goes back is
taken off a sale's receipts in the order in which they were asked for.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from ips.books import Question
from ips.cash_receipts.records import RequestRow, add, issue_key, requests
from ips.questions import question
from ips.returns import closed_sale, refunds_of
from ips.store.group import Group
from protocols.facts import (
    CashReceiptAsked,
    RefundClosed,
    SaleClosed,
    Tender,
    TenderChanged,
    decode_fact,
)
from protocols.journal import Record, decode_record
from protocols.money import Rounding

_ISSUES: Final = "WHERE order_key = ? AND what = 'issue' ORDER BY epoch, sequence, key"


def _place(record: Record) -> str:
    return f"{record.terminal}-{record.epoch}-{record.sequence}"


def enter_cash_receipts(
    group: Group,
    sales: Sequence[tuple[Record, str, SaleClosed]],
    refunds: Sequence[tuple[Record, RefundClosed | TenderChanged]],
) -> list[tuple[Record, Question]]:
    """Enter what records ask for; return what a person has to do instead."""
    asked = []
    for record, order, sale in sales:
        wanted = sale.cash_receipt
        asked += _issue(group, issue_key(order), record, order, sale, wanted)
    for record, refund in refunds:
        if not refund.original:
            continue
        group.flush()
        wanted = refund.cash_receipt if isinstance(refund, TenderChanged) else None
        sold = None if wanted is None else closed_sale(group.store, refund.original)
        if wanted is not None and sold is not None:
            key = f"{_place(record)}-cr"
            asked += _issue(group, key, record, refund.original, sold, wanted)
        else:
            _cancel(group, refund.original, [(record, refund)])
    return asked


def _issue(
    group: Group,
    key: str,
    record: Record,
    order: str,
    sale: SaleClosed,
    wanted: CashReceiptAsked | None,
) -> list[tuple[Record, Question]]:
    """Enter a receipt, and what is known to have gone back of it; return what a person has to do."""
    if wanted is None or wanted.amount <= 0 or record.currency != "KRW":
        return []
    row = _issued(group, key, record, order, sale, wanted)
    add(group, row)
    group.flush()
    _cancel(group, order, _known_refunds(group, order))
    return [(record, _by_hand(row))] if row.state == "by_hand" else []


def _issued(
    group: Group,
    key: str,
    record: Record,
    order: str,
    sale: SaleClosed,
    wanted: CashReceiptAsked,
) -> RequestRow:
    vat = Rounding.HALF_UP.divide(sale.vat * wanted.amount, sale.total) if sale.total > 0 else 0
    sendable = bool(wanted.sealed) or wanted.purpose == "self"
    return RequestRow(
        key=key,
        what="issue",
        of="",
        order_key=order,
        store=_store_of(group, record),
        terminal=record.terminal,
        epoch=record.epoch,
        sequence=record.sequence,
        business_date=record.business_date,
        purpose=wanted.purpose,
        shown=wanted.shown,
        sealed=wanted.sealed,
        amount=wanted.amount,
        vat=min(max(0, vat), wanted.amount),
        state="waiting" if sendable else "by_hand",
        approval="",
        approved_on="",
        reason="" if sendable else "no number was sealed at the till",
        tries=0,
        due_ns=group.now_ns,
        changed_ns=group.now_ns,
    )


def _cancel(
    group: Group, order: str, refunds: Iterable[tuple[Record, RefundClosed | TenderChanged]]
) -> None:
    issues = requests(group.store, _ISSUES, (order,))
    for record, refund in refunds:
        cash = sum(tender.amount for tender in _gone(refund) if tender.method == "cash")
        for number, issue in enumerate(issues):
            key = f"{_place(record)}-cx{number or ''}"
            others = requests(group.store, "WHERE of = ? AND key <> ?", (issue.key, key))
            amount = min(issue.amount - sum(each.amount for each in others), cash)
            if amount <= 0:
                continue
            add(group, _cancelled(group, key, record, issue, amount))
            group.flush()
            cash -= amount


def _cancelled(
    group: Group, key: str, record: Record, issue: RequestRow, amount: int
) -> RequestRow:
    return issue._replace(
        key=key,
        what="cancel",
        of=issue.key,
        terminal=record.terminal,
        epoch=record.epoch,
        sequence=record.sequence,
        business_date=record.business_date,
        sealed=b"",
        amount=amount,
        vat=Rounding.HALF_UP.divide(issue.vat * amount, issue.amount),
        state="waiting",
        approval="",
        approved_on="",
        reason="",
        tries=0,
        due_ns=group.now_ns,
        changed_ns=group.now_ns,
    )


def _gone(fact: RefundClosed | TenderChanged) -> list[Tender]:
    """Return how money of the sale went back: for goods, or because it is paid another way now."""
    return [fact.back] if isinstance(fact, TenderChanged) else fact.tenders


def _known_refunds(group: Group, order: str) -> list[tuple[Record, RefundClosed | TenderChanged]]:
    found = []
    for data in refunds_of(group.store, order):
        record = decode_record(data)
        fact = decode_fact(record.kind, record.body)
        assert isinstance(fact, RefundClosed | TenderChanged), "only these are noted beside a sale"
        found.append((record, fact))
    return found


def _store_of(group: Group, record: Record) -> str:
    terminal = group.terminal(record.terminal)
    return "" if terminal is None else terminal.store


def _by_hand(row: RequestRow) -> Question:
    return question(
        "cash-receipt-by-hand",
        about=row.order_key,
        amount=row.amount,
        currency="KRW",
        detail=row.shown,
    )
