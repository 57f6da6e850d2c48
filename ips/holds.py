"""Held sales: baskets that a till put aside unpaid, kept for whichever till of the store goes on with them.

    sale.held      the basket comes with the till's journal
    take           another till asks for it: the first gets it, and again when it asks again
    sale.recalled  a till went on with it, its own or one that had asked

No money is in a held basket, so the worst that can come of two tills that both went on with one (one of
them offline) is a basket too many on a screen; the broker asks about it all the same.
Source: clerk-and-courier.md 1.2 (Basket: recall from any till when online).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from ips.books import Question
from ips.purse.records import Asks
from ips.questions import question
from ips.store.group import Group
from ips.store.rows import OwnRow
from ips.terminals import Refused
from protocols.broker import HeldAnswer, HeldSale
from protocols.facts import SaleHeld, SaleRecalled
from protocols.journal import Record

LISTED_MAX: Final = 50


class HoldRow(NamedTuple):
    """One held sale, without its basket."""

    hold: str
    store: str
    terminal: str
    label: str
    total: int
    currency: str
    pieces: int
    held_ns: int
    taken_by: str
    """The terminal that asked for it or went on with it; empty while it is free."""
    taken_sale: str
    recalled_ns: int
    """When a till went on with it, by its journal; 0 until then."""


_COLUMNS: Final = ", ".join(HoldRow._fields)


def held_sales(reader: Asks, *, store: str, terminal: str) -> HeldAnswer:
    """Return what a terminal may go on with, the oldest first; baskets are given with `TakeHeld`.

    What it asked for before is still there: the answer to that may have been lost.
    """
    found = reader.ask(
        f"SELECT {_COLUMNS} FROM held_sale WHERE store = ? AND recalled_ns = 0"  # noqa: S608  our own words
        " AND taken_by IN ('', ?) ORDER BY held_ns, hold LIMIT ?",
        (store, terminal, LISTED_MAX),
    )
    gone = reader.ask(
        "SELECT hold FROM held_sale WHERE store = ? AND terminal = ? AND taken_by NOT IN ('', ?)"
        " ORDER BY held_ns DESC, hold LIMIT ?",
        (store, terminal, terminal, LISTED_MAX),
    )
    return HeldAnswer(
        rows=[_shown(HoldRow._make(row), []) for row in found], gone=[hold for (hold,) in gone]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeHeld:
    """A terminal asks for a held sale, to go on with it under a number of its own."""

    hold: str
    terminal: str
    store: str
    sale: str
    """store-terminal-YYYYMMDD-sale of the sale that goes on with it."""

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 512

    @property
    def is_batch(self) -> bool:
        """Answer with the online requests."""
        return False

    def apply(self, group: Group) -> HeldSale | Refused:
        """Give the basket to the first who asks, and to him again."""
        group.flush()
        row = _hold(group.store, self.hold)
        if row is None or row.store != self.store:
            return Refused(
                code="not_found",
                reason=f"no sale {self.hold} is held in store {self.store}",
                reason_ko="그런 보류 판매가 없습니다.",
            )
        mine = (row.taken_by, row.taken_sale) == (self.terminal, self.sale)
        if row.recalled_ns or (row.taken_by and row.taken_by != self.terminal):
            return Refused(
                code="taken",
                reason=f"sale {self.hold} was taken by terminal {row.taken_by}",
                reason_ko=f"{row.taken_by}호기가 이미 가져갔습니다.",
            )
        if not mine:
            group.changes.own.append(
                OwnRow(
                    "UPDATE held_sale SET taken_by = ?, taken_sale = ? WHERE hold = ?",
                    (self.terminal, self.sale, self.hold),
                )
            )
        [[basket]] = group.store.ask("SELECT basket FROM held_sale WHERE hold = ?", (self.hold,))
        return _shown(row, msgspec.msgpack.decode(basket, type=list[bytes]))


def enter_holds(
    group: Group, reported: Sequence[tuple[Record, SaleHeld | SaleRecalled]]
) -> list[tuple[Record, Question]]:
    """Enter what terminals held and went on with; return what is asked about it."""
    asked: list[tuple[Record, Question]] = []
    for record, fact in reported:
        match fact:
            case SaleHeld():
                _keep(group, record, fact)
            case SaleRecalled():
                asked += [(record, each) for each in _go_on(group, record, fact)]
    return asked


def _keep(group: Group, record: Record, fact: SaleHeld) -> None:
    terminal = group.terminal(record.terminal)
    group.changes.own.append(
        OwnRow(
            f"INSERT OR IGNORE INTO held_sale ({_COLUMNS}, basket)"  # noqa: S608  our own words
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, ?)",
            (
                fact.hold,
                "" if terminal is None else terminal.store,
                record.terminal,
                fact.label,
                fact.total,
                record.currency,
                fact.pieces,
                record.at_ns,
                msgspec.msgpack.encode(fact.basket),
            ),
        )
    )


def _go_on(group: Group, record: Record, fact: SaleRecalled) -> list[Question]:
    group.flush()
    row = _hold(group.store, fact.hold)
    if row is None:
        return [question("unknown-hold", about=fact.hold, amount=0, currency=record.currency)]
    sale = record.references.get("sale", "")
    if row.recalled_ns or (row.taken_by and row.taken_by != record.terminal):
        return [
            question(
                "held-twice",
                about=fact.hold,
                amount=row.total,
                currency=row.currency,
                detail=f"{row.taken_by}, {record.terminal}",
            )
        ]
    group.changes.own.append(
        OwnRow(
            "UPDATE held_sale SET taken_by = ?, taken_sale = ?, recalled_ns = ? WHERE hold = ?",
            (record.terminal, sale, record.at_ns, fact.hold),
        )
    )
    return []


def _hold(store: Asks, hold: str) -> HoldRow | None:
    found = store.ask(
        f"SELECT {_COLUMNS} FROM held_sale WHERE hold = ?",  # noqa: S608  our own words
        (hold,),
    )
    return HoldRow._make(found[0]) if found else None


def _shown(row: HoldRow, basket: list[bytes]) -> HeldSale:
    return HeldSale(
        hold=row.hold,
        terminal=row.terminal,
        label=row.label,
        total=row.total,
        currency=row.currency,
        pieces=row.pieces,
        held_ns=row.held_ns,
        basket=basket,
    )
