"""Whole trading days with all their troubles, forty sales each; the unit's number is the seed."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import httpx

from sim.host import SystemClock
from sim.stage.children import ChildError
from sim.stage.day import Day, DayError

NAME = "trading days"
UNITS = 50
SALES = 40


def run(unit: int) -> dict[str, Any]:
    """Prove one unit. Raises: AssertionError."""
    folder = Path(tempfile.mkdtemp(prefix="day"))
    day = Day(folder, clock=SystemClock(), seed=unit, sales=SALES, say=lambda text: None)
    try:
        day.play()
    except (ChildError, DayError, httpx.HTTPError) as error:
        raise AssertionError(f"{error}; see {folder}") from error
    shutil.rmtree(folder)
    return {"sales": SALES, "days": 1}
