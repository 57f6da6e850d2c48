"""20,000 sales by ICash in a hundred worlds: cards torn, answers lost, commands late, tills killed, collected."""

import tempfile
from pathlib import Path

from tests.world.test_icash_world import lived

NAME = "icash: a shop and its collector in virtual time, whatever goes wrong"
UNITS = 100
SALES = 200


def run(unit: int) -> dict[str, int]:
    """Live one world; its number is its seed."""
    with tempfile.TemporaryDirectory(prefix="icash-world") as folder:
        world = lived(unit, Path(folder), SALES)
    happened = world.tally
    return {
        "sales": SALES,
        "kills": sum(number for what, number in happened.items() if what.startswith("killed")),
        "losses": happened["command lost"] + happened["answer lost"],
        "tears": happened["torn in a commit"],
        "collections": happened["collected"],
        "paid_back": happened["paid back"],
    }
