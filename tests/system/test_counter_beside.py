"""A screen is open, and commands work beside it through the socket in its folder."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.system
PATIENCE_S = 30.0


class Counter:
    """`ips-pos` on a pseudo-terminal of 80 x 24."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "pos.toml"
        self.config.write_text('folder = "till"\nlanguage = "en"\n')
        (folder / "goods.csv").write_text("sku,name_ko,price,tax\nmilk,우유,2980,과세\n")
        assert self.command("catalogue", "import", str(folder / "goods.csv")).returncode == 0

    def open(self) -> None:
        """Start the screen, and wait until its side door is open."""
        self.master, slave = pty.openpty()
        os.set_blocking(self.master, False)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pos.cli", "--config", str(self.config)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
        )
        os.close(slave)
        self.wait(lambda: (self.folder / "till" / "till.sock").exists())

    def wait(self, condition) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self.read()
            assert self.process.poll() is None, "the counter ended"
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def read(self) -> bytes:
        try:
            return os.read(self.master, 1 << 16)
        except (BlockingIOError, OSError):
            return b""

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pos.cli", "--config", str(self.config), *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        deadline = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read()
            time.sleep(0.02)
        os.close(self.master)
        return self.process.wait(1)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    made = Counter(tmp_path)
    yield made
    if hasattr(made, "process") and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def test_commands_work_in_the_counter_that_is_open(counter: Counter) -> None:
    """One till, one writer: what a command sells is in the open counter's journal and Z."""
    counter.open()

    assert counter.command("shift", "open", "50000").returncode == 0
    sold = counter.command("sell", "milk", "--tender", "cash:3000", "--json")
    refused = counter.command("catalogue", "import", str(counter.folder / "goods.csv"))

    assert json.loads(sold.stdout)["fields"]["change"] == 20
    assert refused.returncode == 1
    assert f"process {counter.process.pid}" in refused.stderr
    assert counter.end(signal.SIGTERM) == 0
    report = json.loads(counter.command("report", "x", "--json").stdout)
    assert report["fields"]["sales"] == 1
    assert not (counter.folder / "till" / "till.sock").exists()


def test_a_killed_counter_leaves_a_folder_that_opens_again(counter: Counter) -> None:
    """Lock and socket of a dead counter keep nobody out."""
    counter.open()
    assert counter.end(signal.SIGKILL) == -9
    assert (counter.folder / "till" / "till.sock").exists()

    opened = counter.command("shift", "open", "1", "--json")

    assert opened.returncode == 0, opened.stderr
