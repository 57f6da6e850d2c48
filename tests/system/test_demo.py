"""`ips-pos demo` on a real terminal: whatever is killed, the terminal is right again and nothing is left."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.stage.shop import Places

pytestmark = pytest.mark.system
SECONDS_MAX = 40.0
SCREEN_LEFT = b"\x1b[?1049l"
ASKED, YES = b"\x1b[?2026$p", b"\x1b[?2026;2$y"


class Demo:
    """The demonstration on a pseudo-terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._master, self._slave = pty.openpty()
        self.before = termios.tcgetattr(self._slave)
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pos.cli", "demo", str(folder)],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )

    def until(self, text: str) -> None:
        """Read until this is in the output. Raises: TimeoutError."""
        end = time.monotonic() + SECONDS_MAX
        while text.encode() not in self.output:
            if time.monotonic() > end:
                raise TimeoutError(f"no {text!r} in {self.output[-2000:]!r}")
            self.read(0.2)

    def read(self, seconds: float) -> None:
        if select.select([self._master], [], [], seconds)[0]:
            data = os.read(self._master, 65_536)
            if ASKED in data:
                os.write(self._master, YES)
            self.output += data

    def ended(self) -> int:
        end = time.monotonic() + SECONDS_MAX
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.1)
        return self.process.wait(timeout=1)

    def running(self) -> dict[int, str]:
        """Return every process that has this demonstration's folder among its arguments."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except (FileNotFoundError, NotADirectoryError, ProcessLookupError, PermissionError):
                continue
            if entry.name.isdigit() and any(str(self.folder) in word for word in words):
                found[int(entry.name)] = " ".join(words)
        return found

    def gone(self) -> bool:
        """Wait until no process of it is left."""
        end = time.monotonic() + SECONDS_MAX
        while self.running() and time.monotonic() < end:
            self.read(0.1)
            self.process.poll()
        return not self.running()

    @property
    def counter(self) -> int:
        config = str(Places(root=self.folder).till_config)
        return next(pid for pid, line in self.running().items() if line.endswith(f"{config} "))

    def terminal_is_right(self) -> bool:
        return termios.tcgetattr(self._slave) == self.before and SCREEN_LEFT in self.output

    def close(self) -> None:
        for pid in self.running():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    started = Demo(tmp_path / "demo")
    yield started
    started.close()


def test_counter_killed_leaves_a_right_terminal_and_nobody(demo: Demo) -> None:
    """SIGKILL to the counter: the supervisor puts the terminal right and ends the shop."""
    demo.until("F12")
    os.kill(demo.counter, signal.SIGKILL)

    assert demo.ended() == 128 + signal.SIGKILL
    demo.read(0.1)
    assert demo.terminal_is_right()
    assert demo.gone(), demo.running()


def test_supervisor_killed_takes_counter_and_shop_along(demo: Demo) -> None:
    """A counter that outlived its supervisor would read the shell's keys beside the shell."""
    demo.until("F12")
    demo.process.kill()

    assert demo.gone(), demo.running()
    demo.read(0.1)
    assert demo.terminal_is_right()
    assert b"Traceback" not in demo.output


def test_opening_is_said_at_once_and_can_be_given_up(demo: Demo) -> None:
    """It takes seconds, on a busy machine many: nobody sits before an empty screen."""
    demo.until(f"opening the shop in {demo.folder}")
    assert "F12" not in demo.output.decode()
    while demo.process.poll() is None:
        os.kill(demo.process.pid, signal.SIGINT)
        demo.read(0.2)

    assert demo.ended() == 128 + signal.SIGINT
    assert demo.gone(), demo.running()
    assert b"Traceback" not in demo.output


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """What, where, and no traceback."""
    (tmp_path / "file").write_text("no folder")
    demo = Demo(tmp_path / "file" / "demo")
    try:
        assert demo.ended() == 1
        demo.read(0.1)
        said = demo.output.decode()
        assert "Traceback" not in said
        assert f"ips-pos: {tmp_path}/file" in said
    finally:
        demo.close()


def test_shop_in_use_is_said_where_one_looks(demo: Demo) -> None:
    """The reason stands on the terminal, not in a log alone; the first demonstration goes on."""
    demo.until("F12")
    second = Demo(demo.folder)
    try:
        assert second.ended() == 1
        second.read(0.1)
        assert "is in use" in second.output.decode()
        assert demo.process.poll() is None
    finally:
        os.close(second._slave)
        os.close(second._master)
