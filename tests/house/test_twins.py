"""Every driver has a twin: a device that cannot be tested without hardware does not exist here."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_DRIVERS = {"__init__", "health", "supervisor", "host", "keys"}
"""What stands beside the drivers in devices/ and drives nothing itself."""


def test_every_driver_has_a_twin_of_the_same_name() -> None:
    drivers = {path.stem for path in (ROOT / "devices").glob("*.py")} - NOT_DRIVERS
    twins = {path.stem for path in (ROOT / "sim").glob("*.py")}

    assert drivers, "there is no driver at all"
    assert drivers <= twins, f"without a twin: {sorted(drivers - twins)}"
