"""The file: durable or refused, forward only, and every failure one StoreError that says what to do."""

import sqlite3
from pathlib import Path

import pytest

from pos.store.database import Database, schema_scripts
from pos.store.errors import StoreError
from pos.store.journal import Draft
from pos.store.store import FILE_NAME, Store
from pos.store.verify import Sound, verify
from protocols.facts import TerminalNoted

RELEASED = Path(__file__).parent / "released"
"""One database of every schema that was ever released, as SQL text."""


def test_the_file_is_in_wal_mode_with_full_sync(store: Store) -> None:
    assert store.database.rows("PRAGMA journal_mode") == [("wal",)]
    assert store.database.number("PRAGMA synchronous") == 2


def test_a_file_system_that_cannot_keep_a_log_is_refused() -> None:
    """SQLite answers another journal mode instead of an error: memory has no WAL."""
    with pytest.raises(StoreError, match="local disk"):
        Database(Path(":memory:"))


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(schema_scripts()) + 1}")
    connection.close()

    with pytest.raises(StoreError, match="newer program"):
        Database(path)


def test_a_corrupt_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"this was a photograph of a cat, " * 200)

    with pytest.raises(StoreError, match=r"till\.sqlite3.*check the disk"):
        Database(path)


def test_a_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        Database(tmp_path / "nowhere" / FILE_NAME)


def test_a_full_disk_undoes_the_step_and_keeps_what_was_before(store: Store) -> None:
    """The page limit stands for the disk's: SQLite answers both with SQLITE_FULL."""
    draft = Draft(fact=TerminalNoted(note="x" * 20_000), actor="till")
    store.append([draft])
    pages = store.database.number("PRAGMA page_count")
    store.database.rows(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(StoreError, match="full"):
        for _ in range(10):
            store.append([draft])

    kept = store.head()[0]
    assert 1 <= kept < 10
    assert verify(store) == Sound(records=kept, head=store.head()[1].hex())


def test_nested_transactions_are_one(store: Store) -> None:
    with pytest.raises(KeyError), store.database.transaction():
        store.set_setting("inner", b"1")
        raise KeyError

    assert store.setting("inner") is None


def test_every_released_schema_is_kept_as_a_database() -> None:
    """A schema file may only be added: each one has a database that was written under it."""
    assert len(sorted(RELEASED.glob("*.sql"))) >= 1


@pytest.mark.parametrize("dump", sorted(RELEASED.glob("*.sql")), ids=lambda path: path.stem)
def test_a_database_of_every_released_schema_opens_and_continues(
    tmp_path: Path, clock, dump: Path
) -> None:
    path = tmp_path / FILE_NAME
    connection = sqlite3.connect(path)
    connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()

    with Store(path, clock=clock) as store:
        before = verify(store)
        store.append([Draft(fact=TerminalNoted(note="continued"), actor="till")])
        after = verify(store)

    assert isinstance(before, Sound)
    assert isinstance(after, Sound)
    assert after.records == before.records + 1
