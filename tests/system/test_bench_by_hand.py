"""`ips-sim bench` as a process: needs a terminal, ends in order by key and by signal, leaves nothing behind."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.system
COMMAND = [sys.executable, "-m", "sim.stage.cli", "bench"]
SECONDS = 60
F10 = b"\x1b[21~"


def test_without_a_terminal_it_says_what_to_use():
    done = subprocess.run(
        [*COMMAND, "--preset", "counter"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ips-sim: bench needs a terminal; without one: ips-sim up\n"


class Terminal:
    """A terminal with the bench in it."""

    def __init__(self, *arguments: str) -> None:
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.environ.update(TERM="xterm-256color", LINES="24", COLUMNS="80")
            os.execv(COMMAND[0], [*COMMAND, *arguments])
        self.seen = b""

    def until(self, text: bytes) -> None:
        """Read until this was written."""
        deadline = time.monotonic() + SECONDS
        while text not in self.seen:
            ready, _, _ = select.select([self.descriptor], [], [], deadline - time.monotonic())
            assert ready, f"no {text!r} in {self.seen[-2000:]!r}"
            self._read()

    def ended(self) -> int:
        """Wait for its end; returns its status."""
        deadline = time.monotonic() + SECONDS
        while True:
            if select.select([self.descriptor], [], [], 0.05)[0]:
                self._read()
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                os.close(self.descriptor)
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline, "it does not end"

    def _read(self) -> None:
        try:
            self.seen += os.read(self.descriptor, 65_536)
        except OSError:  # A terminal whose other end is closed.
            time.sleep(0.01)


@pytest.mark.parametrize("ending", ["key", "signal"])
def test_it_serves_and_ends_in_order(tmp_path: Path, ending: str) -> None:
    terminal = Terminal(
        "--preset", "counter", "--folder", str(tmp_path / "run"), "--language", "en",
        "--trace", str(tmp_path / "t.trace"),
    )  # fmt: skip
    terminal.until(b"link plugged")
    assert (tmp_path / "run" / "printer").is_symlink()

    if ending == "key":
        os.write(terminal.descriptor, F10)
    else:
        os.kill(terminal.process, signal.SIGTERM)

    assert terminal.ended() == 0
    assert b"\x1b[?1049l" in terminal.seen, "the screen of before is back"
    assert b"Traceback" not in terminal.seen
    assert not (tmp_path / "run" / "printer").is_symlink()
    assert not (tmp_path / "run" / "bench.json").exists()
    assert b'"channel":"tty:printer"' in (tmp_path / "t.trace").read_bytes()


def test_a_whole_shop_opens_and_ends(tmp_path: Path) -> None:
    terminal = Terminal("--language", "en")
    terminal.until(b"RUNNING")
    terminal.until(b"F6 entry")

    os.write(terminal.descriptor, b"\x11")  # Ctrl+Q

    assert terminal.ended() == 0
