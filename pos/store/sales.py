"""Earlier sales of this till, found again by their names: for goods that come back.

A sale's name is store-terminal-YYYYMMDD-sale, as it stands in the record's references, in the attempt
keys and in the code on the receipt. The business date in it narrows the search to one day's sales.
"""

from pos.store.database import Database
from protocols.facts import (
    RefundClosed,
    SaleClosed,
    Tender,
    TenderChanged,
    TenderVoided,
    decode_fact,
)
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
        """Return what this till took back of a sale, or changed of its payments. Raises: StoreError."""
        rows = self._database.rows(
            "SELECT bytes FROM record WHERE kind IN (?, ?) ORDER BY position",
            (RefundClosed.kind, TenderChanged.kind),
        )
        found = []
        for (data,) in rows:
            assert isinstance(data, bytes)
            record = decode_record(data)
            fact = decode_fact(record.kind, record.body)
            if isinstance(fact, RefundClosed | TenderChanged) and fact.original == original:
                found.append(record)
        return found

    def keys(self, order: str) -> set[str]:
        """Return every attempt key that was minted for a sale of this till. Raises: StoreError."""
        rows = self._database.rows(
            "SELECT key FROM attempt WHERE key > ? AND key < ?", (f"{order}-", f"{order}.")
        )
        found = {str(key) for (key,) in rows}
        date = order.split("-")[-2]
        kinds = (SaleClosed.kind, RefundClosed.kind, TenderVoided.kind, TenderChanged.kind)
        records = self._database.rows(
            "SELECT bytes FROM record WHERE business_date = ? AND kind IN (?, ?, ?, ?)",
            (date, *kinds),
        )
        for (data,) in records:
            assert isinstance(data, bytes)
            record = decode_record(data)
            if record.references.get("sale") == order:
                fact = decode_fact(record.kind, record.body)
                found |= {each.attempt for each in _tenders(fact)}
        return {key for key in found if key.startswith(f"{order}-")}


def _tenders(fact: object) -> list[Tender]:
    match fact:
        case SaleClosed(tenders=tenders) | RefundClosed(tenders=tenders):
            return tenders
        case TenderVoided(tender=tender, back=back):
            return [tender, back]
        case TenderChanged(back=back, taken=taken):
            return [back, *taken]
        case _:
            return []
