"""The same scenario file on memory, pty, TCP, RFC 2217 and PC/SC: the same outcome.

Real ports, a real card daemon, and a real broker process that is killed by SIGKILL. The shipped ones that
are quick are played here; `make prove ARGS="--campaign scenarios_on_wires"` plays all of them.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

WIRES = ("pty", "tcp", "rfc2217", "pcsc")
QUICK = (
    "cash-sale",
    "card-pulled-after-debit",
    "printer-cover-open",
    "till-killed-with-open-basket",
)
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]


def played(wire: str, *names: str) -> dict[str, Any]:
    """Play scenarios in a process of their own: libpcsclite looks for its daemon once a process."""
    done = subprocess.run(
        [sys.executable, "-m", "sim.stage.cli", "run", *names, "--wire", wire, "--json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    return {told["scenario"]: told for told in json.loads(done.stdout)}


@pytest.mark.parametrize("wire", WIRES)
def test_same_file_has_the_same_outcome_on_every_wire(wire: str) -> None:
    if wire == "pcsc":
        pytest.importorskip(
            "smartcard.scard", reason="pyscard is not installed: make setup says how"
        )
    in_memory, here = played("memory", *QUICK), played(wire, *QUICK)
    assert [told["failures"] for told in here.values()] == [[]] * len(QUICK)
    assert {name: told["result"] for name, told in here.items()} == {
        name: told["result"] for name, told in in_memory.items()
    }
