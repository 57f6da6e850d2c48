"""Copies of the database: made beside a running writer, proved before they are called done."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ips.store.connection import open_reader
from ips.store.errors import StoreError

PAGES_AT_ONCE: Final = 1_024


def copy_database(
    source: Path, target: Path, *, progress: Callable[[int, int], None] = lambda done, all_: None
) -> None:
    """Copy a database whole, as of one commit, to a file that is not there yet.

    `progress` is told pages done and in all. Raises: StoreError; then no target is left.
    """
    if target.exists():
        raise StoreError(f"{target} exists already; a copy never overwrites")
    reader = open_reader(source)
    fresh = target.with_name(target.name + ".part")
    fresh.unlink(missing_ok=True)
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.close(descriptor)
        made = sqlite3.connect(fresh, isolation_level=None)
        try:
            reader.backup(
                made,
                pages=PAGES_AT_ONCE,
                progress=lambda _, left, all_: progress(all_ - left, all_),
            )
            prove(made, fresh)
        finally:
            made.close()
        _make_durable(fresh, target)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"cannot copy {source} to {target}: {error}") from error
    finally:
        reader.close()
        for rest in (fresh, Path(f"{fresh}-wal"), Path(f"{fresh}-shm")):
            rest.unlink(missing_ok=True)


def prove(connection: sqlite3.Connection, path: Path) -> None:
    """Check that every page and every index of a database is whole. Raises: StoreError."""
    [verdict] = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise StoreError(f"{path} is damaged: {verdict}")
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise StoreError(f"{path} is damaged: table {broken[0]} refers to what is not there")


def _make_durable(fresh: Path, target: Path) -> None:
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.rename(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
