"""A thousand shop hours of four tills in one world, twice at a time, on two hash seeds: one log, to the byte."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

NAME = "soak: a thousand shop hours, the same log on any hash seed"
UNITS = 1
HOURS = 1_000
TILLS = 4
HASH_SEEDS = ("1", "77")
EVERY = 4
"""Lines of progress, of which one is shown: a minute's."""


def _tell(process: "subprocess.Popen[str]", aloud: bool) -> None:
    """Say how far one of them is, every now and then; hear the other out."""
    assert process.stderr is not None
    for number, line in enumerate(process.stderr):
        if aloud and number % EVERY == 0:
            print(line, end="")


def run(unit: int) -> dict[str, int]:
    """Soak one world twice; its number is its seed. As many processes as there are hash seeds."""
    with TemporaryDirectory() as folder:
        logs = [Path(folder) / f"{hash_seed}.log" for hash_seed in HASH_SEEDS]
        running = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "sim.stage.cli", "soak", "--json"),
                    *("--seed", str(unit), "--hours", str(HOURS), "--tills", str(TILLS)),
                    *("--log", str(log)),
                ],
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for hash_seed, log in zip(HASH_SEEDS, logs, strict=True)
        ]
        try:
            for number, process in enumerate(running):
                Thread(target=_tell, args=(process, number == 0), daemon=True).start()
            told = [process.stdout.read() for process in running if process.stdout]
            for process in running:
                process.wait()
        finally:
            for process in running:
                process.kill()
        assert all(process.returncode == 0 for process in running), told
        first, second = (log.read_bytes() for log in logs)
    assert first == second, f"seed {unit} has two logs"
    figures = json.loads(told[0])
    return {
        "shop_hours": round(figures["shop_hours"]),
        "steps": figures["steps"],
        "sales": figures["sales"],
        "faults": sum(figures["faults"].values()),
        "kinds_of_fault": len(figures["faults"]),
    }
