"""Run every benchmark, print a table, write build/bench.json (`make bench`).

A row is {name, value, unit, goal, met, against, ratio}. Each module beside this one has a function
`measure() -> list[dict]`; every comparison is measured in one run, side by side.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
COLUMNS = ("name", "value", "unit", "goal", "met", "against", "ratio")


def _row(raw: dict[str, Any]) -> dict[str, Any]:
    return {column: raw.get(column) for column in COLUMNS}


def main() -> int:
    """Measure what was named on the command line, or everything."""
    wanted = sys.argv[1:] or sorted(p.stem for p in HERE.glob("*.py") if p.stem != "__main__")
    progress = Console(stderr=True)
    rows: list[dict[str, Any]] = []
    for name in wanted:
        progress.print(f"measuring {name} ...")
        rows += [_row(raw) for raw in importlib.import_module(f"tests.bench.{name}").measure()]
    build = Path("build")
    build.mkdir(exist_ok=True)
    (build / "bench.json").write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    table = Table(title="make bench")
    for column in COLUMNS:
        table.add_column(column, no_wrap=column == "name")
    for row in rows:
        table.add_row(*("" if row[column] is None else str(row[column]) for column in COLUMNS))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
