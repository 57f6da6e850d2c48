"""Supervise the demonstration: a shop around the counter, and the terminal put right at the end.

Standard library only, run with `python -I -S`, because it must outlive whatever kills the counter:
Textual restores the terminal on neither SIGTERM nor SIGKILL (environment.md 11).

    supervisor (this)  ignores SIGINT and SIGQUIT but while the shop opens; restores the terminal,
      |                ends the shop
      +- counter       in the foreground group: it alone gets keys and SIGWINCH; ends with this one
      +- shop          `ips-sim shop DIR`, own session: broker and virtual equipment; started first,
                       tells its addresses over a pipe, ends when that pipe's other end closes

Without a terminal there is nothing to supervise: `ips-sim day DIR` plays a trading day instead. All
state lies under DIR.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

SHOP_READY_SECONDS = 120.0
SHOP_END_SECONDS = 5.0
SCREEN_RESET = (
    b"\x1b[?1049l\x1b[?25h\x1b[?1000;1002;1003;1004;1006;1015;2004l\x1b[<u\x1b[?7h\x1b[0m"
)
"""Leave the alternate screen, show the cursor, mouse, focus and paste reports off, wrap on, plain."""

_PR_SET_PDEATHSIG = 1
"""Linux: have this signal when the parent dies."""


def main(arguments: list[str]) -> int:
    """Run the demonstration in the folder named first. Returns the counter's exit status."""
    python, folder, *rest = arguments
    if not (os.isatty(0) and os.isatty(1)):
        os.execv(python, [python, "-m", "sim.stage.cli", "day", folder, *rest])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    terminal = termios.tcgetattr(0)
    logs = _log_sizes(folder)
    print(f"ips-pos: opening the shop in {folder} (Ctrl-C gives up)", file=sys.stderr, flush=True)
    try:
        shop, lifeline, told = _start_shop(python, folder)
    except OSError as error:
        print(f"ips-pos: {error.filename or folder}: {error.strerror}", file=sys.stderr)
        return 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        announcement = _read_line(told, SHOP_READY_SECONDS)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return _end_shop(shop, lifeline, -signal.SIGINT)
    if announcement is None:
        status = _end_shop(shop, lifeline, 1)
        print(
            f"ips-pos: the shop around the counter did not start. {_why(folder, logs)}", flush=True
        )
        return status
    try:
        return _end_shop(shop, lifeline, _run_counter(python, announcement))
    finally:
        with contextlib.suppress(OSError):
            os.write(1, SCREEN_RESET)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, terminal)


def _start_shop(python: str, folder: str) -> tuple["subprocess.Popen[bytes]", int, int]:
    """Return the process, the end of the pipe that it lives by, and where it says that it is open."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    told, tell = os.pipe()
    life, lifeline = os.pipe()
    command = [python, "-m", "sim.stage.cli", "shop", folder]
    with (Path(folder) / "shop.log").open("ab") as log:
        shop = subprocess.Popen(
            [*command, "--announce-fd", str(tell), "--parent-fd", str(life)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(tell, life),
        )
    os.close(tell)
    os.close(life)
    return shop, lifeline, told


def _log_sizes(folder: str) -> "dict[Path, int]":
    logs = [Path(folder) / f"{name}.log" for name in ("banks", "broker", "equipment", "shop")]
    return {log: log.stat().st_size if log.exists() else 0 for log in logs}


def _why(folder: str, before: "dict[Path, int]") -> str:
    """Return the last words of the logs that grew since, the innermost program's first."""
    words = []
    for log, size in before.items():
        lines = (
            log.read_bytes()[size:].decode(errors="replace").splitlines() if log.exists() else []
        )
        words.extend(lines[-1:])
    return "\n".join([*words, f"The logs are in {folder}"])


def _read_line(descriptor: int, seconds: float) -> "dict[str, str] | None":
    deadline = time.monotonic() + seconds
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return None
        chunk = os.read(descriptor, 4096)
        if not chunk:
            return None
        line += chunk
    os.close(descriptor)
    announcement: dict[str, str] = json.loads(line)
    return announcement


def _run_counter(python: str, announcement: "dict[str, str]") -> int:
    environment = {**os.environ, "INTERMARKET_CONTROL": announcement["control"]}
    command = [python, "-m", "pos.cli", "--config", announcement["config"]]
    # Loaded before the fork: a child between fork and exec should do as little as it can.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        # When this supervisor is killed the shell takes the terminal back, and the counter, then in
        # the background, has still to put it right.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    counter = subprocess.Popen(command, env=environment, preexec_fn=prepare)
    signal.signal(signal.SIGTERM, lambda *_: counter.terminate())
    return counter.wait()


def _end_shop(shop: "subprocess.Popen[bytes]", lifeline: int, status: int) -> int:
    os.close(lifeline)
    try:
        shop.wait(SHOP_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(shop.pid, signal.SIGKILL)
        shop.wait()
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
