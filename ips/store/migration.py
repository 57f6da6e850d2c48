"""Numbered SQL files, forward only: brings a database to the version of this program.

Each step runs in one transaction together with the row that remembers it and its checksum, so a
crash leaves the step undone or done. A step that was edited after it ran is refused: the change
belongs into the next number.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Final

from ips.store.errors import SchemaError

_NAME: Final = re.compile(r"(\d{4})\.sql")
_STEPS_TABLE: Final = """CREATE TABLE IF NOT EXISTS schema_step (
    number INTEGER PRIMARY KEY, checksum TEXT NOT NULL, done_ns INTEGER NOT NULL
) STRICT"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered file."""

    number: int
    text: str
    checksum: str


def steps(dialect: str) -> list[Step]:
    """Return all steps of a dialect, such as sqlite, in order; without gaps from 1."""
    found = []
    for file in resources.files("ips.store").joinpath(dialect).iterdir():
        match = _NAME.fullmatch(file.name)
        if match is not None:
            text = file.read_text(encoding="utf-8")
            checksum = hashlib.sha256(text.encode()).hexdigest()
            found.append(Step(number=int(match[1]), text=text, checksum=checksum))
    found.sort(key=lambda step: step.number)
    assert [step.number for step in found] == list(range(1, len(found) + 1)), "steps have no gaps"
    return found


def version(connection: sqlite3.Connection) -> int:
    """Return the number of the last step done; 0 for an empty database."""
    known = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_step'"
    ).fetchone()
    if known is None:
        return 0
    [number] = connection.execute("SELECT coalesce(max(number), 0) FROM schema_step").fetchone()
    return int(number)


def check(connection: sqlite3.Connection, known: list[Step]) -> None:
    """Compare what was done with what this program knows. Raises: SchemaError."""
    reached = version(connection)
    if reached > len(known):
        raise SchemaError(
            f"the database is of schema {reached}, this program knows {len(known)}: "
            "it was made by a newer ips-broker; use that one"
        )
    if reached == 0:
        return
    for number, checksum in connection.execute("SELECT number, checksum FROM schema_step"):
        if known[number - 1].checksum != checksum:
            raise SchemaError(
                f"schema step {number} differs from the one this database was made by"
            )


def migrate(connection: sqlite3.Connection, known: list[Step], *, now_ns: int) -> list[int]:
    """Do the steps that are missing and return their numbers. Raises: SchemaError."""
    check(connection, known)
    done = []
    for step in known[version(connection) :]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_STEPS_TABLE)
            for statement in statements(step.text):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_step VALUES (?, ?, ?)", (step.number, step.checksum, now_ns)
            )
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise SchemaError(
                f"schema step {step.number} failed and was undone: {error}"
            ) from error
        done.append(step.number)
    return done


def statements(text: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger's inner semicolons do not end it."""
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    assert not pending.strip() or pending.lstrip().startswith("--"), (
        "the last statement is complete"
    )
