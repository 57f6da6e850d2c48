"""What is sold in a soak: the barcodes of the goods that come with the program, sold by the piece."""

import csv
from functools import lru_cache

from sim.stage.world.till import GOODS


@lru_cache(maxsize=1)
def goods() -> tuple[str, ...]:
    """Return the barcodes, in the file's order."""
    with GOODS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        row["barcodes"].split()[0] for row in rows if row["barcodes"] and row["unit"] == "ea"
    )
