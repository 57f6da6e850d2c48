"""A real pseudo-terminal with a program on it, and what a terminal would show of its output.

The program asks whether synchronized output is known (`?2026$p`); the answer is yes, so every picture
ends in `?2026l`: a frame boundary for free, and nothing here ever sleeps for a picture.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final

import pyte

FRAME_END: Final = b"\x1b[?2026l"
_ASKED: Final = b"\x1b[?2026$p"
_YES: Final = b"\x1b[?2026;2$y"
# The pop of the keyboard protocol is unknown to the emulator, which would print its last letter.
_UNKNOWN: Final = re.compile(rb"\x1b\[[<>=]\d*u")
PATIENCE_SECONDS: Final = 20.0


class Terminal:
    """A pseudo-terminal of some size with a program in the foreground."""

    def __init__(
        self,
        arguments: list[str],
        *,
        columns: int = 80,
        rows: int = 24,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start it; `extra` goes into its environment."""
        self._master, slave = pty.openpty()
        _resize(slave, columns, rows)
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.output = bytearray()
        """Everything the program has sent."""
        self.frames = 0
        self.started = time.monotonic()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            **extra,
        }
        self.process = subprocess.Popen(
            # It is the program's own terminal, as a window's is: the kernel tells it of a hang-up.
            ["setsid", "--ctty", sys.executable, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            close_fds=True,
        )
        os.close(slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=5)
        self.hang_up()

    def send(self, data: bytes) -> None:
        """Type these bytes."""
        os.write(self._master, data)

    def hang_up(self) -> None:
        """Take the terminal away, as a dropped connection does."""
        if self._master >= 0:
            os.close(self._master)
        self._master = -1

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(rows, columns)
        _resize(self._master, columns, rows)
        os.killpg(self.process.pid, signal.SIGWINCH)

    def read(self, seconds: float) -> bytes:
        """Return what comes within this time; empty when nothing does."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return b""
        try:
            data = os.read(self._master, 65536)
        except OSError:  # The other end is closed: the program has ended.
            return b""
        if _ASKED in data:
            self.send(_YES)
        self.output += data
        self.frames += data.count(FRAME_END)
        self._stream.feed(_UNKNOWN.sub(b"", data))
        return data

    def text(self) -> str:
        """Return what is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display) + "\n"

    def until(self, *texts: str) -> float:
        """Wait until all these texts are in a finished picture; return the seconds it took."""
        begin = time.monotonic()
        while time.monotonic() - begin < PATIENCE_SECONDS:
            if self.output.endswith(FRAME_END) or self.frames == 0:
                shown = self.text()
                if all(text in shown for text in texts):
                    return time.monotonic() - begin
            if not self.read(0.5) and self.process.poll() is not None:
                break
        raise TimeoutError(f"no {texts} on the screen:\n{self.text()}")

    def drain(self, seconds: float = 0.05) -> None:
        """Read until nothing has come for this long."""
        while self.read(seconds):
            pass

    def cpu_seconds(self) -> float:
        """Return how much processor time the program has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ended(self) -> int:
        """Wait for the program's end and return its status."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        self.drain()
        return self.process.wait(timeout=1)


def _resize(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
