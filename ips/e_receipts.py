"""E-receipts: which record a link opens, and what stands under it.

    sale.closed with a token    its digest is kept beside the record, in the batch's own commit
    GET /r/TOKEN                the sale as it was closed, and every refund of it so far

A token that comes a second time still opens what it opened first: a capability is never turned on
something else. Links are forgotten after `receipts.keep_days`; the records are not.
Source: issue 5 (4e), protocols.receipt_link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ips.books import Linked
from ips.returns import Shelves, refunds_of
from ips.store.group import Group
from ips.store.rows import OwnRow
from protocols.facts import RefundClosed, SaleClosed, decode_fact
from protocols.journal import Record, decode_record
from protocols.receipt_link import digest

DAY_NS: Final = 86_400 * 1_000_000_000
FORGOTTEN_MAX: Final = 5_000
"""In one go: what is left over is forgotten a minute later."""
_FORGET: Final = (
    "DELETE FROM receipt_link WHERE digest IN"
    " (SELECT digest FROM receipt_link WHERE kept_ns < ? ORDER BY kept_ns LIMIT ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a link opens."""

    store: str
    order: str
    record: Record
    sale: SaleClosed
    refunds: list[tuple[Record, RefundClosed]]
    """In the order of their terminals' journals."""


def enter_links(group: Group, issued: Sequence[tuple[Record, Linked]]) -> None:
    """Note under which links customers may read sales."""
    for record, linked in issued:
        where = (record.terminal, record.epoch, record.sequence, group.now_ns)
        group.changes.own.append(
            OwnRow(
                "INSERT OR IGNORE INTO receipt_link VALUES (?, ?, ?, ?, ?, ?)",
                (digest(linked.token), linked.order, *where),
            )
        )


def opened(shelves: Shelves, token: str, *, since_ns: int) -> Opened | None:
    """Return what a link opens; None for one that is not known, not yet, or older than `since_ns`."""
    rows = shelves.ask(
        "SELECT l.order_key, t.store, r.bytes FROM receipt_link AS l"
        " JOIN record AS r ON r.terminal = l.terminal AND r.epoch = l.epoch"
        " AND r.sequence = l.sequence JOIN terminal AS t ON t.id = l.terminal"
        " WHERE l.digest = ? AND l.kept_ns >= ?",
        (digest(token), since_ns),
    )
    if not rows:
        return None
    [(order, store, data)] = rows
    record = decode_record(data)
    sale = decode_fact(record.kind, record.body)
    assert isinstance(sale, SaleClosed), "only sales that were booked have links"
    refunds = []
    for data in refunds_of(shelves, order):
        back = decode_record(data)
        fact = decode_fact(back.kind, back.body)
        assert isinstance(fact, RefundClosed), "only refunds are noted beside a sale"
        refunds.append((back, fact))
    return Opened(store=store, order=order, record=record, sale=sale, refunds=refunds)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetLinks:
    """Work: forget the links of sales that came before a moment."""

    before_ns: int

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 64

    @property
    def is_batch(self) -> bool:
        """Answer with the online requests."""
        return False

    def apply(self, group: Group) -> None:
        """Forget them."""
        group.changes.own.append(OwnRow(_FORGET, (self.before_ns, FORGOTTEN_MAX)))
