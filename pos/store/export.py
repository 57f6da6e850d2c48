"""The journal for other programs: one JSON object a line, or CSV with the body as JSON.

Read through sqlite-utils, beside the running till if need be (readers never block the writer in WAL).
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from pos.store.errors import StoreError
from protocols.facts import FactError, decode_fact
from protocols.journal import Record, RecordError, decode_record

COLUMNS: Final = (
    "terminal",
    "epoch",
    "sequence",
    "kind",
    "actor",
    "approver",
    "attempt",
    "at_ns",
    "business_date",
    "currency",
    "amount",
    "references",
    "body",
    "hash",
)


def export_lines(path: Path, form: Literal["jsonl", "csv"]) -> Iterator[str]:
    """Yield the journal line by line, without line ends. Raises: StoreError."""
    if form == "csv":
        yield _csv_row(COLUMNS)
    for row in _rows(path):
        if form == "jsonl":
            yield msgspec.json.encode(row).decode()
        else:
            yield _csv_row([_plain(row[name]) for name in COLUMNS])


def _rows(path: Path) -> Iterator[dict[str, object]]:
    # Imported here: sqlite-utils costs 0.17 s, and the screen must be usable long before that.
    import sqlite3

    import sqlite_utils

    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise StoreError(f"cannot open {path}: {error}") from error
    try:
        table = sqlite_utils.Database(connection)["record"]
        for stored in table.rows_where(order_by="position", select="bytes, hash"):
            yield _row(decode_record(stored["bytes"]), stored["hash"])
    except (sqlite3.Error, RecordError, FactError) as error:
        raise StoreError(f"cannot read {path}: {error}; try `ips-pos journal verify`") from error
    finally:
        connection.close()


def _row(record: Record, digest: bytes) -> dict[str, object]:
    values: dict[str, object] = {
        name: getattr(record, name) for name in COLUMNS if name not in ("body", "hash")
    }
    values["body"] = msgspec.to_builtins(decode_fact(record.kind, record.body))
    values["hash"] = digest.hex()
    return values


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case str() | int():
            return str(value)
        case _:
            return msgspec.json.encode(value).decode()


def _csv_row(values: object) -> str:
    assert isinstance(values, tuple | list)
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
