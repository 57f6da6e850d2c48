"""100,000 sales by e-cash in a hundred worlds: cards torn, answers lost, messages late, the lines to the
broker bad, tills and brokers killed."""

from tests.support.purse_world import TEARS, lived

NAME = "purse: a shop and its broker in virtual time, whatever goes wrong"
UNITS = 100
SALES = 1_000


def run(unit: int) -> dict[str, int]:
    """Live one world; its number is its seed."""
    story = lived(unit, SALES)
    happened = dict(story.tally)

    def count(beginning: str) -> int:
        return sum(number for what, number in happened.items() if what.startswith(beginning))

    return {
        "sales": SALES,
        "transfers": story.transfers(),
        "records": story.told.heard,
        "kills": count("killed"),
        "broker_kills": count("broker killed"),
        "bad_requests": count("line: ") - happened["line: good"],
        "tears": sum(happened[what] for what in TEARS),
    }
