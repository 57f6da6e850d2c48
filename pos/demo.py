"""Supervise the demonstration: a shop around the counter, and the terminal put right at the end.

Standard library only, run with `python -I -S`, because it must outlive whatever kills the counter:
Textual restores the terminal on neither SIGTERM nor SIGKILL (environment.md 11).

    supervisor (this)  ignores SIGINT and SIGQUIT, restores the terminal, ends the shop
      +- counter       in the foreground group: it alone gets keys and SIGWINCH
      +- shop          `ips-sim shop DIR`, own session: broker and virtual equipment; started first,
                       tells its addresses over a pipe, ends when that pipe's other end closes

Without a terminal there is nothing to supervise: `ips-sim day DIR` plays a trading day instead. All
state lies under DIR.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

SHOP_READY_SECONDS = 30.0
SHOP_END_SECONDS = 5.0
SCREEN_RESET = (
    b"\x1b[?1049l\x1b[?25h\x1b[?1000;1002;1003;1004;1006;1015;2004l\x1b[<u\x1b[?7h\x1b[0m"
)
"""Leave the alternate screen, show the cursor, mouse, focus and paste reports off, wrap on, plain."""


def main(arguments: list[str]) -> int:
    """Run the demonstration in the folder named first. Returns the counter's exit status."""
    python, folder, *rest = arguments
    if not (os.isatty(0) and os.isatty(1)):
        os.execv(python, [python, "-m", "sim.stage.cli", "day", folder, *rest])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    terminal = termios.tcgetattr(0)
    shop, lifeline, announcement = _start_shop(python, folder)
    if announcement is None:
        print(
            f"The shop around the counter did not start; its log is {folder}/shop.log", flush=True
        )
        return _end_shop(shop, lifeline, 1)
    try:
        return _end_shop(shop, lifeline, _run_counter(python, announcement))
    finally:
        with contextlib.suppress(OSError):
            os.write(1, SCREEN_RESET)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, terminal)


def _start_shop(
    python: str, folder: str
) -> tuple["subprocess.Popen[bytes]", int, "dict[str, str] | None"]:
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
    return shop, lifeline, _read_line(told, SHOP_READY_SECONDS)


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
    counter = subprocess.Popen(
        command,
        env=environment,
        preexec_fn=_take_signals,
    )
    signal.signal(signal.SIGTERM, lambda *_: counter.terminate())
    return counter.wait()


def _take_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


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
