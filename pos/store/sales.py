"""Earlier sales of this till, found again by their names: for goods that come back.

A sale's name is store-terminal-YYYYMMDD-sale, as it stands in the record's references, in the attempt
keys and in the code on the receipt. The business date in it narrows the search to one day's sales.
"""

from pos.store.database import Database
from protocols.facts import RefundClosed, SaleClosed, decode_fact
from protocols.journal import Record, decode_record


class Sales:
    """Looks up what was sold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, order: str) -> Record | None:
        """Return the end of a sale by its name; None where it is not here. Raises: StoreError."""
        date = order.split("-")[-2] if order.count("-") >= 3 else ""
        rows = self._database.rows(
            "SELECT bytes FROM record WHERE kind = ? AND business_date = ? ORDER BY position DESC",
            (SaleClosed.kind, date),
        )
        for (data,) in rows:
            assert isinstance(data, bytes)
            record = decode_record(data)
            if record.references.get("sale") == order:
                return record
        return None

    def refunds(self, original: str) -> list[Record]:
        """Return what this till took back of a sale of any till. Raises: StoreError."""
        rows = self._database.rows(
            "SELECT bytes FROM record WHERE kind = ? ORDER BY position", (RefundClosed.kind,)
        )
        found = []
        for (data,) in rows:
            assert isinstance(data, bytes)
            record = decode_record(data)
            fact = decode_fact(record.kind, record.body)
            if isinstance(fact, RefundClosed) and fact.original == original:
                found.append(record)
        return found
