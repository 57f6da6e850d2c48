"""Who did what at this till, and who allowed it: its journal, read as deeds (protocols.deeds)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pos.messages import cells
from pos.store.errors import StoreError
from pos.store.store import Store
from protocols.deeds import Deed, Wanted, deeds_of
from protocols.journal import RecordError, decode_record
from protocols.money import Money, currency
from protocols.ports import NANOSECONDS_PER_SECOND

PAGE_ROWS: Final = 1_000


def deeds(store: Store, wanted: Wanted) -> Iterator[Deed]:
    """Yield what is asked for, oldest first. Raises: StoreError."""
    after = 0
    while rows := store.database.rows(
        "SELECT position, bytes FROM record WHERE position > ? ORDER BY position LIMIT ?",
        (after, PAGE_ROWS),
    ):
        for position, data in rows:
            assert isinstance(position, int) and isinstance(data, bytes)
            after = position
            try:
                record = decode_record(data)
            except RecordError as error:
                raise StoreError(f"record {position} cannot be read: {error}") from error
            yield from (deed for deed in deeds_of(record) if wanted.takes(deed))


def lines(found: list[Deed], names: dict[str, str], zone: ZoneInfo) -> Iterator[str]:
    """Yield them as a table for people."""
    rows: list[tuple[str, ...]] = [("time", "what", "by", "allowed by", "sale", "amount", "about")]
    rows += [_row(deed, names, zone) for deed in found]
    widths = [max(cells(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        padded = (
            text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True)
        )
        yield "  ".join(padded).rstrip()


def _row(deed: Deed, names: dict[str, str], zone: ZoneInfo) -> tuple[str, ...]:
    moment = datetime.fromtimestamp(deed.at_ns // NANOSECONDS_PER_SECOND, UTC).astimezone(zone)
    amount = Money(deed.amount, currency(deed.currency)).format() if deed.amount else ""
    return (
        f"{moment:%Y-%m-%d %H:%M:%S}",
        deed.kind,
        names.get(deed.actor, deed.actor),
        names.get(deed.approver, deed.approver) or "-",
        deed.sale or "-",
        amount or "-",
        deed.what,
    )
