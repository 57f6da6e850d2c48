"""Run the long campaigns, resumably, and write build/evidence.json (`make prove`).

A campaign is a module beside this one with `NAME`, `UNITS` (how many units the full campaign has)
and `run(unit: int) -> dict` that proves one unit from its number alone (the number is the seed) and
raises AssertionError when something is wrong. Finished units are kept in build/prove/NAME.jsonl, so a
campaign that was stopped goes on where it was; a failing unit is printed as one command.

    python -m tests.prove [--campaign NAME] [--units N] [--minutes M] [--unit K]
"""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.progress import Progress, TextColumn, TimeElapsedColumn

HERE = Path(__file__).parent
DONE = Path("build/prove")


def _finished(name: str) -> dict[int, dict[str, Any]]:
    path = DONE / f"{name}.jsonl"
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    return {row["unit"]: row for row in rows}


def _run(name: str, limit: int | None, deadline: float) -> dict[str, Any]:
    module = importlib.import_module(f"tests.prove.{name}")
    units = module.UNITS if limit is None else min(limit, module.UNITS)
    finished = _finished(name)
    failures: list[int] = [unit for unit, row in finished.items() if "failed" in row]
    with (
        (DONE / f"{name}.jsonl").open("a") as log,
        Progress(
            TextColumn("{task.description}"),
            *Progress.get_default_columns()[1:],
            TimeElapsedColumn(),
            transient=False,
        ) as progress,
    ):
        task = progress.add_task(module.NAME, total=units, completed=len(finished))
        for unit in range(units):
            if unit in finished:
                continue
            if time.monotonic() > deadline:
                break
            row: dict[str, Any] = {"unit": unit}
            try:
                row |= module.run(unit)
            except AssertionError as error:
                row["failed"] = str(error)
                failures.append(unit)
                print(f"FAILED: python -m tests.prove --campaign {name} --unit {unit}")
            finished[unit] = row
            log.write(json.dumps(row, ensure_ascii=False) + "\n")
            log.flush()
            progress.advance(task)
    sums: dict[str, int] = {}
    for row in finished.values():
        for key, value in row.items():
            if isinstance(value, int) and key != "unit":
                sums[key] = sums.get(key, 0) + value
    return {
        "campaign": module.NAME,
        "units": len(finished),
        "of": module.UNITS,
        "failed_units": failures,
        "sums": sums,
        "command": f"python -m tests.prove --campaign {name}",
    }


def main() -> int:
    """Run what was asked for; status 1 when a unit failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("--campaign", help="only this one")
    parser.add_argument("--units", type=int, help="at most so many units of each")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long (60)")
    parser.add_argument("--unit", type=int, help="run one unit again, without the log")
    options = parser.parse_args()
    names = sorted(path.stem for path in HERE.glob("*.py") if path.stem != "__main__")
    if options.campaign:
        if options.campaign not in names:
            print(f"no campaign {options.campaign!r}; there are: {', '.join(names)}")
            return 2
        names = [options.campaign]
    if options.unit is not None:
        for name in names:
            print(importlib.import_module(f"tests.prove.{name}").run(options.unit))
        return 0
    DONE.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + options.minutes * 60
    try:
        evidence = [_run(name, options.units, deadline) for name in names]
    except KeyboardInterrupt:
        print("stopped; what is finished is kept, run again to go on")
        return 1
    Path("build/evidence.json").write_text(json.dumps(evidence, indent=2) + "\n")
    for row in evidence:
        print(f"{row['campaign']}: {row['units']}/{row['of']} units, failed {row['failed_units']}")
    return 1 if any(row["failed_units"] for row in evidence) else 0


if __name__ == "__main__":
    sys.exit(main())
