"""The connection to the till's one SQLite file: durable or refused, and one error for all failures.

Write-ahead log and synchronous=FULL are checked after they are set, because SQLite silently keeps
another mode on some file systems. Schema files are numbered, applied in order, one transaction each,
and never taken back; PRAGMA user_version holds the last one applied.
Source: SQLite documentation, "PRAGMA journal_mode", "PRAGMA synchronous", "Write-Ahead Logging".
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from pos.store.errors import StoreError

BUSY_SECONDS_MAX: Final = 5.0
"""How long a statement waits for another process that holds the file."""
_SYNCHRONOUS_FULL: Final = 2
_NUMBERED: Final = re.compile(r"(\d{4})_\w+\.sql")

Value = int | str | bytes | None
Parameters = Sequence[Value] | Mapping[str, Value]


class Database:
    """One connection; every failure of SQLite leaves as StoreError, with its transaction undone."""

    def __init__(self, path: Path) -> None:
        """Open or make the file and bring its schema up to date. Raises: StoreError."""
        self.path = path
        self._depth = 0
        with self._explained("open"):
            # The thread that uses the connection is not always the one that opened it, but there
            # is only ever one at a time (pos.store.threads).
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS_MAX, isolation_level=None, check_same_thread=False
            )
            try:
                self._demand_durability()
                self._migrate()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file; the log is folded into it."""
        with self._explained("close"):
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside durable together, or undo it all. May be nested.

        Raises: StoreError.
        """
        if self._depth:
            yield
            return
        with self._explained("write to"):
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement. Returns the row id that it inserted, if it did. Raises: StoreError."""
        try:
            return self._connection.execute(sql, parameters).lastrowid or 0
        except sqlite3.Error as error:
            raise self._explain("write to", error) from error

    def execute_many(self, sql: str, rows: Iterator[Parameters] | Sequence[Parameters]) -> None:
        """Run one statement for many rows. Raises: StoreError."""
        with self._explained("write to"):
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Value, ...]]:
        """Return all rows of a question. Raises: StoreError."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._explain("read", error) from error

    def row(self, sql: str, parameters: Parameters = ()) -> tuple[Value, ...] | None:
        """Return the first row of a question, or None. Raises: StoreError."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    def number(self, sql: str, parameters: Parameters = ()) -> int:
        """Return the one whole number that a question asks for; 0 when there is none."""
        row = self.row(sql, parameters)
        value = None if row is None else row[0]
        return value if isinstance(value, int) else 0

    def _demand_durability(self) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA synchronous = FULL")
        mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        level = self._connection.execute("PRAGMA synchronous").fetchone()[0]
        if mode != "wal" or level != _SYNCHRONOUS_FULL:
            raise StoreError(
                f"{self.path} cannot be kept durably here (journal mode {mode}, sync level {level}): "
                "put the till's folder on a local disk"
            )

    def _migrate(self) -> None:
        scripts = schema_scripts()
        done = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if done > len(scripts):
            raise StoreError(
                f"{self.path} has schema {done}, this program knows {len(scripts)}: it was written "
                "by a newer program; install that one again"
            )
        for number in range(done + 1, len(scripts) + 1):
            try:
                self._connection.executescript(
                    f"BEGIN IMMEDIATE;\n{scripts[number - 1]}\nPRAGMA user_version = {number};\nCOMMIT;"
                )
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self, verb: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._explain(verb, error) from error

    def _explain(self, verb: str, error: sqlite3.Error) -> StoreError:
        return StoreError(
            f"cannot {verb} {self.path}: {error}. Nothing of this step was kept, everything "
            "before it was; check the disk (space, rights), then start the till again"
        )


def schema_scripts() -> list[str]:
    """Return the schema files' texts in order; their numbers run from 1 without a gap."""
    found: dict[int, str] = {}
    for entry in files("pos.store").iterdir():
        if match := _NUMBERED.fullmatch(entry.name):
            number = int(match[1])
            assert number not in found, f"two schema files have the number {match[1]}"
            found[number] = entry.read_text(encoding="utf-8")
    assert sorted(found) == list(range(1, len(found) + 1)), "schema files are numbered from 1"
    return [found[number] for number in sorted(found)]
