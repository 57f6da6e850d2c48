"""100,000 sales by e-cash in a hundred worlds: cards torn, answers lost, messages late, the lines to the
broker bad, tills and brokers killed."""

import tempfile
from pathlib import Path

from sim.host import memory_folder
from tests.support.purse_world import PRICE, lived

NAME = "purse: a shop and its broker in virtual time, whatever goes wrong"
UNITS = 100
SALES = 1_000


def run(unit: int) -> dict[str, int]:
    """Live one world; its number is its seed."""
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        world = lived(unit, Path(folder), SALES)
    happened = dict(world.tally)

    def count(beginning: str) -> int:
        return sum(number for what, number in happened.items() if what.startswith(beginning))

    return {
        "sales": SALES,
        "transfers": world.balances()[0] // PRICE,
        "records": world.told.heard,
        "kills": count("killed"),
        "broker_kills": count("broker killed"),
        "bad_requests": count("line: ") - happened["line: passes"],
        "losses": happened["command lost"] + happened["answer lost"],
        "tears": happened["torn in a commit"],
    }
