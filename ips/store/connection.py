"""Opens the broker's SQLite file: one connection that writes, others that only read.

The writer runs in WAL mode with synchronous = FULL: what COMMIT has answered for survives the loss
of power. With NORMAL it would not, so anything less is refused, whatever set it (broker.md 3.2).
Readers cannot write, whatever statement reaches them.
"""

import sqlite3
from pathlib import Path
from typing import Final

from ips.store.errors import StoreError

FILE_NAME: Final = "broker.sqlite"
BUSY_TIMEOUT_MS: Final = 5_000
CHECKPOINT_PAGES: Final = 4_000
CACHE_KIB: Final = 64 * 1024
READER_CACHE_KIB: Final = 16 * 1024
SYNCHRONOUS_FULL: Final = 2


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the file for writing; make it, readable by its owner alone, if it is missing.

    Whoever calls this holds the folder's lock. Raises: StoreError.
    """
    try:
        path.touch(mode=0o600, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"cannot open {path} for writing: {error}") from error
    refuse_weak_sync(connection)
    return connection


def refuse_weak_sync(connection: sqlite3.Connection) -> None:
    """Refuse a connection whose COMMIT is not durable. Raises: StoreError."""
    [mode] = connection.execute("PRAGMA journal_mode").fetchone()
    [synchronous] = connection.execute("PRAGMA synchronous").fetchone()
    if mode != "wal" or synchronous < SYNCHRONOUS_FULL:
        raise StoreError(
            f"the store runs with journal_mode {mode} and synchronous {synchronous}; the writer needs "
            "wal and FULL (2), or acknowledged payments could be lost when the power fails. "
            "A network folder cannot do this: put the broker's folder on a local disk"
        )


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the file for reading beside a running writer. Raises: StoreError."""
    if not path.exists():
        raise StoreError(f"there is no broker's database at {path}; `ips-broker migrate` makes one")
    try:
        connection = sqlite3.connect(
            f"file:{path}?mode=rw",
            uri=True,
            timeout=BUSY_TIMEOUT_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"cannot read {path}: {error}") from error
    return connection
