"""Measures of the counter screen on a real pseudo-terminal, with a real till and 300 lines in the basket.

scan_to_screen_p95_ms  last byte of a keyboard-wedge scan written -> its line in the bytes that come back
scan_bytes             all output of one scan, the mean; the worst one (half a page turned) beside it
start_to_usable_s      start of the process -> first whole picture, without what importing Textual
                       costs the interpreter on this machine in the same minute
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.ui.counter_program import codes, stock
from tests.ui.terminal import FRAME_END, Terminal

LINES = 300
SCANS = 60
STARTS = 5
_PROGRAM = ["-m", "tests.ui.counter_program"]
_IMPORT = "import time; t = time.perf_counter(); import textual.app, textual.screen, textual.widget; print(time.perf_counter() - t)"


def measure() -> list[dict[str, Any]]:
    """Return the rows of `make bench` that belong to the screen."""
    latencies, sizes, cpu = _scans()
    start, textual = _starts()
    return [
        _row("scan_to_screen_p95_ms", _p95(latencies) * 1_000, "ms", 33),
        _row("scan_to_screen_p50_ms", statistics.median(latencies) * 1_000, "ms", None),
        _row("scan_cpu_ms", cpu * 1_000, "ms", None),
        _row("scan_bytes", statistics.mean(sizes), "B", 1_500),
        _row("scan_bytes_worst", max(sizes), "B", 1_500),
        _row("start_to_usable_s", start, "s", round(textual + 0.6, 3)),
        _row("textual_import_s", textual, "s", None),
    ]


def _row(name: str, value: float, unit: str, goal: float | None) -> dict[str, Any]:
    met = None if goal is None else value <= goal
    return {"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "met": met}


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def _scans() -> tuple[list[float], list[int], float]:
    latencies: list[float] = []
    sizes: list[int] = []
    with (
        tempfile.TemporaryDirectory(prefix="till") as folder,
        Terminal([*_PROGRAM, folder, "ko", str(LINES)]) as terminal,
    ):
        terminal.until("F12현금", f"{LINES}점")
        terminal.drain(0.3)
        cpu = terminal.cpu_seconds()
        for number, code in enumerate(codes()[LINES : LINES + SCANS]):
            latency, size = _scan(terminal, code, LINES + number + 1)
            if number >= 5:  # The first few fill caches.
                latencies.append(latency)
                sizes.append(size)
        cpu = terminal.cpu_seconds() - cpu
    return latencies, sizes, cpu / SCANS


def _scan(terminal: Terminal, code: str, line: int) -> tuple[float, int]:
    """Scan once; return the seconds until the line is in the output, and all bytes until it is quiet."""
    before = len(terminal.output)
    sign = f">{line:>3} ".encode()
    for character in code:
        terminal.send(character.encode())
        time.sleep(0.002)
    terminal.send(b"\r")
    begin = time.perf_counter()
    while sign not in terminal.output[before:]:
        if not terminal.read(5):
            raise TimeoutError(f"line {line} never came:\n{terminal.text()}")
    latency = time.perf_counter() - begin
    terminal.drain(0.12)
    clock = _clock_bytes(bytes(terminal.output[before:]))
    return latency, len(terminal.output) - before - clock


def _clock_bytes(output: bytes) -> int:
    """Return the bytes of pictures that hold nothing but the clock's tick."""
    frames = output.split(FRAME_END)
    return sum(len(frame) + len(FRAME_END) for frame in frames if len(frame) < 60 and b":" in frame)


def _starts() -> tuple[float, float]:
    """Return the medians of start to first whole picture, and of Python's import of Textual."""
    starts: list[float] = []
    imports: list[float] = []
    for _ in range(STARTS):
        imported = subprocess.run(
            [sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True
        )
        imports.append(float(imported.stdout))
        with tempfile.TemporaryDirectory(prefix="till") as folder:
            stock(Path(folder))  # A shop's first day is no ordinary start.
            with Terminal([*_PROGRAM, folder]) as terminal:
                starts.append(terminal.until("F12현금", "합계"))
    return statistics.median(starts), statistics.median(imports)


if __name__ == "__main__":
    for row in measure():
        print(row)
