"""A scripted clerk at the real counter, a thousand sales a unit; the unit's number is the seed."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from pos.host import HostClock
from sim.stage.shop import Shop
from tests.support.scripted_clerk import ScriptedClerk

NAME = "a clerk at full speed"
UNITS = 10
SALES = 1_000


def run(unit: int) -> dict[str, Any]:
    """Prove one unit. Raises: AssertionError."""
    folder = Path(tempfile.mkdtemp(prefix="clerk"))
    shop = Shop(folder, clock=HostClock(), language="en")
    try:
        shop.open()
        told = ScriptedClerk(shop, seed=unit, sales=SALES).work()
    except TimeoutError as error:
        raise AssertionError(f"{error}; see {folder}") from error
    finally:
        shop.close()
    shutil.rmtree(folder)
    return told.figures()
