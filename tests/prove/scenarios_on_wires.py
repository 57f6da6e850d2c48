"""Every shipped scenario on every real wire: each row with the outcome that it has in memory."""

import json
import subprocess
import sys
from typing import Any

from sim.stage.scenario.shelf import names

NAME = "scenarios: the same outcome on pty, TCP, RFC 2217 and PC/SC as in memory"
WIRES = ("pty", "tcp", "rfc2217", "pcsc")
ALL = [(name, wire) for name in names() for wire in WIRES]
UNITS = len(ALL)


def _played(name: str, wire: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "sim.stage.cli", "run", name, "--wire", wire, "--json"],
        capture_output=True, text=True, timeout=1_800, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return {told["scenario"]: told for told in json.loads(done.stdout)}


def run(unit: int) -> dict[str, int]:
    """Play one scenario on one wire, all its rows."""
    name, wire = ALL[unit]
    in_memory, here = _played(name, "memory"), _played(name, wire)
    for label, told in here.items():
        assert told["failures"] == [], f"{label} on {wire}: {told['failures']}"
        assert told["result"] == in_memory[label]["result"], f"{label} on {wire}"
    return {"scenarios": len(here)}
