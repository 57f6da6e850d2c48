"""Baskets that were put aside, in the till's own store: an offline till goes on with its own.

They outlive the shift in which they were held. What is taken away is taken in the transaction that
begins the sale which goes on with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from pos.store.database import Database, Value
from pos.store.errors import StoreError

HELD_MAX: Final = 200
"""Baskets put aside at one till; more are nobody's any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBasket:
    """One of them."""

    hold: str
    """store-terminal-YYYYMMDD-sale of the sale that was put aside."""
    label: str
    total: int
    pieces: int
    held_ns: int
    events: Sequence[bytes]
    """Of the basket (pos.sale_events), its beginning included."""


class HeldBaskets:
    """The table of held baskets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, basket: HeldBasket) -> None:
        """Put one aside. Raises: StoreError."""
        self._database.execute(
            "INSERT INTO held (hold, label, total, pieces, held_ns, events)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                basket.hold,
                basket.label,
                basket.total,
                basket.pieces,
                basket.held_ns,
                msgspec.msgpack.encode(list(basket.events)),
            ),
        )

    def take(self, hold: str) -> None:
        """Take one away; harmless when it is gone. Raises: StoreError."""
        self._database.execute("DELETE FROM held WHERE hold = ?", (hold,))

    def all(self) -> list[HeldBasket]:
        """Return what is put aside, the oldest first. Raises: StoreError."""
        rows = self._database.rows(
            "SELECT hold, label, total, pieces, held_ns, events FROM held"
            " ORDER BY held_ns, hold LIMIT ?",
            (HELD_MAX,),
        )
        return [_basket(row) for row in rows]


def _basket(row: tuple[Value, ...]) -> HeldBasket:
    match row:
        case (str(hold), str(label), int(total), int(pieces), int(held_ns), bytes(events)):
            return HeldBasket(
                hold=hold,
                label=label,
                total=total,
                pieces=pieces,
                held_ns=held_ns,
                events=msgspec.msgpack.decode(events, type=list[bytes]),
            )
        case _:
            raise StoreError(f"a held basket is not of its shape: {row!r}")
