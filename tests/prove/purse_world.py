"""100,000 sales by e-cash in a hundred worlds: cards torn, answers lost, messages late, tills killed."""

import tempfile
from pathlib import Path

from tests.support.purse_world import PRICE, lived

NAME = "purse: a shop in virtual time, whatever goes wrong"
UNITS = 100
SALES = 1_000


def run(unit: int) -> dict[str, int]:
    """Live one world; its number is its seed."""
    with tempfile.TemporaryDirectory() as folder:
        world = lived(unit, Path(folder), SALES)
    happened = dict(world.tally)
    killed = sum(count for what, count in happened.items() if what.startswith("killed"))
    return {
        "sales": SALES,
        "transfers": world.balances()[0] // PRICE,
        "kills": killed,
        "losses": happened["command lost"] + happened["answer lost"],
        "tears": happened["torn in a commit"],
    }
