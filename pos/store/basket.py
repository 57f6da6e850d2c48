"""The open sale on disk: every event is durable before the screen shows it, so a kill loses no scan.

The events' bytes are the sale's own affair (pos.sale); here they are a list that is emptied in the
transaction that closes or voids the sale.
"""

from collections.abc import Sequence

from pos.store.database import Database


class Basket:
    """The table of the open sale's events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, events: Sequence[bytes]) -> None:
        """Add events, durable on return. Raises: StoreError."""
        with self._database.transaction():
            self._database.execute_many(
                "INSERT INTO basket (event) VALUES (?)", [(event,) for event in events]
            )

    def events(self) -> list[bytes]:
        """Return the open sale's events in order; none when no sale is open."""
        rows = self._database.rows("SELECT event FROM basket ORDER BY number")
        return [event for (event,) in rows if isinstance(event, bytes)]

    def clear(self) -> None:
        """Forget the open sale; belongs into the transaction that journals its end."""
        self._database.execute("DELETE FROM basket")
