"""A bank's chip card over real pcscd: the till's program, its reader, a pad on a pty, a broker process, a bank.

T3: the same scenarios as in memory, with the same outcome: PIN for the chip at the pad, a card that is pulled
out before the bank was asked and after it approved.
"""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]
SCENARIOS = ("bank-card-by-chip", "bank-card-pulled")


def test_a_chip_pays_over_a_real_reader_or_is_undone() -> None:
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make setup says how")
    done = subprocess.run(
        [sys.executable, "-m", "sim.stage.cli", "run", *SCENARIOS, "--wire", "pcsc", "--json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert [(each["scenario"], each["failures"]) for each in told] == [
        (each["scenario"], []) for each in told
    ]
    assert {each["scenario"].split()[0] for each in told} == set(SCENARIOS)
