"""The newest version of each versioned document: policy, catalogue, hotlist."""

from pos.store.database import Database


class Documents:
    """The table of documents, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, version: int, data: bytes) -> None:
        """Keep this version in place of the one before. Raises: StoreError."""
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO document (name, version, data) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET version = excluded.version, data = excluded.data",
                (name, version, data),
            )

    def get(self, name: str) -> tuple[int, bytes] | None:
        """Return (version, data) of the newest, or None."""
        match self._database.row("SELECT version, data FROM document WHERE name = ?", (name,)):
            case (int(version), bytes(data)):
                return version, data
            case _:
                return None

    def versions(self) -> dict[str, int]:
        """Return the newest version of each by name, without reading any: a catalogue is long."""
        return {
            name: version
            for name, version in self._database.rows("SELECT name, version FROM document")
            if isinstance(name, str) and isinstance(version, int)
        }
