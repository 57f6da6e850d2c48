"""Money on its way back to payments, by their attempt keys: what may have gone back already.

Set aside with the intent of giving it back, in the same transaction; an attempt in doubt counts until it
is proven dead. The schema itself refuses more than was paid. What has gone back and is told by a
refund's own record is not here (pos.store.sales). Source: purse.md 2.3 M12.
"""

from pos.store.database import Database
from protocols.facts import AttemptClosed, decode_fact
from protocols.journal import decode_record


class Refunds:
    """The table of attempts to give money back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_doubt(self, payment: str) -> int:
        """Return how much of a payment may have gone back and nobody knows. Raises: StoreError."""
        return self._database.number(
            "SELECT coalesce(sum(amount), 0) FROM refund"
            " WHERE payment = ? AND state IN ('opened', 'unknown')",
            (payment,),
        )

    def open(self, key: str, payment: str, amount: int) -> None:
        """Set aside what is about to go back. Raises: StoreError for more than was paid."""
        self._database.execute(
            "INSERT INTO refund (key, payment, paid, amount, state) VALUES (?, ?, ?, ?, 'opened')",
            (key, payment, self._paid(payment), amount),
        )

    def close(self, key: str, outcome: str) -> None:
        """Keep what became of it; nothing happens for what was not set aside."""
        self._database.execute("UPDATE refund SET state = ? WHERE key = ?", (outcome, key))

    def _paid(self, payment: str) -> int | None:
        """Return what was paid; None where another till took it."""
        row = self._database.row(
            "SELECT bytes FROM attempt JOIN record ON record.position = attempt.position"
            " WHERE key = ?",
            (payment,),
        )
        if row is None:
            return None
        assert isinstance(row[0], bytes)
        record = decode_record(row[0])
        fact = decode_fact(record.kind, record.body)
        return fact.amount if isinstance(fact, AttemptClosed) else None
