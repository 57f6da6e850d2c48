"""The whole shop for one day, as `make demo` plays it where there is no terminal. I1, I2, I6, I14, T1.

Goal: with paper out, the broker killed and the till killed, what customers paid, what the journal says,
what came out on paper and what the broker's ledger holds agree to the won; and a second day in the
same folder does too.
"""

import subprocess
import sys
from pathlib import Path

import pytest


def play(folder: Path, seed: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sim.stage.cli", "day", str(folder)]
    return subprocess.run(
        [*command, "--sales", "20", "--seed", str(seed)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.system
def test_two_days_with_all_their_troubles_balance(tmp_path: Path) -> None:
    for seed in (1, 2):
        day = play(tmp_path / "shop", seed)

        assert day.returncode == 0, f"{day.stdout}\n{day.stderr}"
        lines = day.stdout.splitlines()
        assert lines[-1] == "books balance"
        assert any("out of paper" in line for line in lines)
        assert any("broker is gone" in line for line in lines)
        assert any("till was killed" in line for line in lines)
