"""A payment terminal on a real pty and on real TCP: its cable is pulled before and during an approval, and at its end."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]
NAMES = ("terminal-cable-before", "terminal-cable-at-card", "terminal-cable-at-bank")


@pytest.mark.parametrize("wire", ["pty", "tcp"])
def test_asked_afterwards_and_never_told_again(wire: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sim.stage.cli", "run", *NAMES, "--wire", wire, "--json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert [each["failures"] for each in told] == [[]] * 5, "each with all its rows"
