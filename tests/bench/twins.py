"""One bench process with 500 serial and TCP twins and 16 PC/SC cards: its memory, and its idleness.

Every twin has a driver: each port is opened, each printer has answered, each card is in. Then
nobody says anything for a while. The card daemon, a process of its own, is counted in.
"""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TWINS = 500
CARDS = 16
"""As many as one daemon has room for."""
IDLE_S = 10
RSS_GOAL_MB = 1_024
IDLE_GOAL_PERCENT = 10
KINDS = ("printer", "line_display", "scanner")
WIRES = ("pty", "tcp")
ASK_PAPER = b"\x10\x04\x04"
PATIENCE_S = 60


def _card_set() -> str:
    rows = ["day = 20260417", "expiry = 20991231", "ceiling = 200000"]
    for number in range(CARDS):
        rows += [f"[cards.card-{number}]", f'name = "CUST{number:04d}"', "balance = 50000"]
    return "\n".join(rows)


def _plan(cards: Path) -> str:
    rows = ["seed = 1"]
    for number in range(TWINS):
        kind, wire = KINDS[number % 3], WIRES[number // 3 % 2]
        rows += [f"[devices.twin-{number}]", f'kind = "{kind}"', f'wire = "{wire}"']
    for number in range(CARDS):
        rows += [f"[devices.slot-{number}]", 'kind = "smart_card"', f'cards = "{cards}"']
        rows += [f'options = {{ inserted = "card-{number}" }}']
    return "\n".join(rows)


def _open(address: str) -> int:
    """Open a device as a driver would; returns the descriptor."""
    place = urlsplit(address)
    if place.scheme == "serial":
        return os.open(place.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    return socket.create_connection((place.hostname, place.port)).detach()


def _answers(descriptor: int) -> bool:
    """Ask a printer whether it has paper."""
    os.write(descriptor, ASK_PAPER)
    ready, _, _ = select.select([descriptor], [], [], PATIENCE_S)
    return bool(ready) and os.read(descriptor, 16) == b"\x12"


def _seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mb(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _family(process: int) -> list[int]:
    """Return a process and those it started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *map(int, children)]


def _serve(folder: Path) -> dict[str, float]:
    (folder / "set.toml").write_text(_card_set())
    command = [sys.executable, "-m", "sim.stage.cli"]
    made = [*command, "cards", "make", str(folder / "cards"), "--set", str(folder / "set.toml")]
    subprocess.run([*made, "--seed", "1"], check=True, stdout=subprocess.DEVNULL)
    (folder / "plan.toml").write_text(_plan(folder / "cards"))
    began = time.perf_counter()
    bench = subprocess.Popen(
        [*command, "up", str(folder / "plan.toml"), "--folder", str(folder / "run")],
        stdout=subprocess.PIPE,
    )
    try:
        devices = json.loads(bench.stdout.readline())["devices"]
        started = time.perf_counter() - began
        opened = {name: _open(devices[name]) for name in devices if name.startswith("twin-")}
        printers = [opened[f"twin-{number}"] for number in range(0, TWINS, 3)]
        assert all(map(_answers, printers)), "every printer answers"
        time.sleep(2)
        family = _family(bench.pid)
        before = sum(map(_seconds, family))
        time.sleep(IDLE_S)
        idle = (sum(map(_seconds, family)) - before) / IDLE_S * 100
        return {"rss": sum(map(_rss_mb, family)), "idle": idle, "started": started}
    finally:
        bench.terminate()
        bench.wait(PATIENCE_S)


def measure() -> list[dict[str, Any]]:
    """Return the rows of the table."""
    with tempfile.TemporaryDirectory() as folder:
        found = _serve(Path(folder))
    return [
        {
            "name": "twins_500_rss_mb",
            "value": round(found["rss"]),
            "unit": "MB",
            "goal": f"<= {RSS_GOAL_MB}",
            "met": found["rss"] <= RSS_GOAL_MB,
        },
        {
            "name": "twins_500_idle_percent",
            "value": round(found["idle"], 1),
            "unit": "% of a core",
            "goal": f"<= {IDLE_GOAL_PERCENT}",
            "met": found["idle"] <= IDLE_GOAL_PERCENT,
        },
        {"name": "twins_500_start_s", "value": round(found["started"], 2), "unit": "s"},
    ]
