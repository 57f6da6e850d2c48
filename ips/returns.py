"""Goods that came back: which refund took what of which sale, for the till that is asked next.

    tender.changed   noted beside the sale too: what comes back later goes to its new payments
    refund.closed    noted beside the sale that it names; more of a line than was sold is asked about
    GET /v1/sales    a sale as it was closed, and all refunds of it so far

Two tills without a line may both take one thing back: that has happened, and the broker asks. Where the
till has a line it knows before what is left. Source: clerk-and-courier.md 1.2 (Returns).
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ips.books import OrderRecord, Question
from ips.cash_receipts.records import issue_key, request
from ips.purse.records import Asks
from ips.questions import question
from ips.store.group import Group
from ips.store.rows import OwnRow, RecordRow, SaleRow
from protocols.broker import SaleAnswer
from protocols.facts import Fact, RefundClosed, SaleClosed, TenderChanged, decode_fact
from protocols.journal import Record, decode_record

_ORDER = msgspec.msgpack.Decoder(OrderRecord)


class Shelves(Asks, Protocol):
    """Where sales and records are: a store, or a reader beside it."""

    def sale(self, order_key: str) -> SaleRow | None:
        """Return a closed sale."""
        ...

    def records(self, terminal: str, epoch: int, first: int, last: int) -> list[RecordRow]:
        """Return records of one chain, in order."""
        ...


def sale_of(shelves: Shelves, order: str, *, store: str) -> SaleAnswer | None:
    """Return a sale of a store and what was taken back of it; None for one that is not known."""
    row = shelves.sale(order)
    sale = None if row is None else _record_of(shelves, row)
    if sale is None:
        return None
    at = shelves.ask("SELECT store FROM terminal WHERE id = ?", (decode_record(sale).terminal,))
    if not at or at[0][0] != store:
        return None
    own = request(shelves, issue_key(order))
    return SaleAnswer(
        order=order,
        sale=sale,
        refunds=refunds_of(shelves, order),
        cash_receipt="" if own is None else own.approval,
    )


def enter_returns(
    group: Group, reported: Sequence[tuple[Record, RefundClosed | TenderChanged]]
) -> list[tuple[Record, Question]]:
    """Note refunds beside their sales; return what is asked about them."""
    asked: list[tuple[Record, Question]] = []
    for record, fact in reported:
        if not fact.original:
            continue
        group.flush()
        if isinstance(fact, RefundClosed):
            asked += [(record, each) for each in _too_much(group.store, record, fact)]
        group.changes.own.append(
            OwnRow(
                "INSERT OR IGNORE INTO sale_refund VALUES (?, ?, ?, ?)",
                (fact.original, record.terminal, record.epoch, record.sequence),
            )
        )
    return asked


def _too_much(shelves: Shelves, record: Record, fact: RefundClosed) -> list[Question]:
    """Ask about more of a line than was sold; a sale that is not here yet is asked about nowhere."""
    sale = closed_sale(shelves, fact.original)
    if sale is None:
        return []
    back: dict[int, int] = {}
    earlier = [_fact(data) for data in refunds_of(shelves, fact.original)]
    for refund in (*earlier, fact):
        for line in refund.lines if isinstance(refund, RefundClosed) else ():
            back[line.original] = back.get(line.original, 0) + line.quantity
    lines = {number: line.quantity for number, line in enumerate(sale.lines, start=1)}
    return [
        question(
            "returned-twice",
            about=fact.original,
            amount=line.amount,
            currency=record.currency,
            detail=line.name_ko,
        )
        for line in fact.lines
        if line.original and back[line.original] > lines.get(line.original, 0)
    ]


def closed_sale(shelves: Shelves, order: str) -> SaleClosed | None:
    """Return a sale as it was closed; None for one that is not here yet."""
    row = shelves.sale(order)
    data = None if row is None else _record_of(shelves, row)
    sale = None if data is None else _fact(data)
    return sale if isinstance(sale, SaleClosed) else None


def _record_of(shelves: Shelves, row: SaleRow) -> bytes | None:
    terminal, epoch, sequence = _ORDER.decode(row.record).transaction.rsplit("/", 2)
    found = shelves.records(terminal, int(epoch), int(sequence), int(sequence))
    return found[0].bytes if found else None


def refunds_of(shelves: Asks, order: str) -> list[bytes]:
    """Return the records of all refunds that name a sale."""
    rows = shelves.ask(
        "SELECT r.bytes FROM sale_refund AS s JOIN record AS r ON r.terminal = s.terminal"
        " AND r.epoch = s.epoch AND r.sequence = s.sequence WHERE s.order_key = ?"
        " ORDER BY r.terminal, r.epoch, r.sequence",
        (order,),
    )
    return [data for (data,) in rows]


def _fact(data: bytes) -> Fact:
    record = decode_record(data)
    return decode_fact(record.kind, record.body)
