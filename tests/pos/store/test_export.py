"""The journal for other programs: JSON lines and CSV."""

import csv
import json
from pathlib import Path

import pytest

from pos.store.errors import StoreError
from pos.store.export import COLUMNS, export_lines
from pos.store.journal import Draft
from pos.store.store import Store
from protocols.facts import CashMoved


def test_the_journal_leaves_as_json_lines_and_as_csv(store: Store) -> None:
    """Both forms say the same; commas and Hangul in a reason survive."""
    fact = CashMoved(shift=1, direction="out", amount=5_000, reason='퀵, "급"')
    store.append([Draft(fact=fact, actor="kim", amount=5_000, business_date="20260417")])

    [line] = list(export_lines(store.database.path, "jsonl"))
    rows = list(csv.DictReader(export_lines(store.database.path, "csv")))

    record = json.loads(line)
    assert record["body"]["reason"] == '퀵, "급"'
    assert record["hash"] == store.head()[1].hex()
    assert tuple(rows[0]) == COLUMNS
    assert json.loads(rows[0]["body"]) == record["body"]
    assert rows[0]["amount"] == "5000"


def test_a_missing_journal_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open"):
        list(export_lines(tmp_path / "none.sqlite3", "jsonl"))
