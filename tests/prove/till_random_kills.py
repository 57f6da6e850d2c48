"""Random SIGKILLs to a selling till, twenty a unit; the unit's number is the seed."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from tests.support.random_kills import sell_and_kill
from tests.support.till_forks import TillForks

NAME = "till killed at random"
UNITS = 100
KILLS = 20


def run(unit: int) -> dict[str, Any]:
    """Prove one unit. Raises: AssertionError."""
    folder = Path(tempfile.mkdtemp(prefix="kills"))
    try:
        with TillForks(folder) as forks:
            outcome = sell_and_kill(folder / "till", forks, kills=KILLS, seed=unit)
    finally:
        shutil.rmtree(folder)
    return {"kills": outcome.kills, "answered": outcome.answered, "stored": outcome.stored}
