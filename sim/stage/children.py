"""Our own programs as processes: started, heard, spoken to, killed; none outlives this one.

A child gets two pipes. Over the first it announces itself, one line of JSON when it is ready; the
second is its lifeline: when this process ends, however it ends, the child reads end of file and goes.
Nothing here blocks past its deadline.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from protocols.ports import NANOSECONDS_PER_SECOND, Clock

READY_SECONDS: Final = 30.0
END_SECONDS: Final = 10.0
LINE_BYTES_MAX: Final = 4 * 1024 * 1024


class ChildError(Exception):
    """A program did not do what it is for; the message names it, its end and its log."""


class Child:
    """A program that runs until it is ended, and says when it is ready."""

    def __init__(
        self, name: str, arguments: Sequence[str], *, log: Path, clock: Clock, fault: str = ""
    ) -> None:
        """Start `python -m arguments...`. `fault` names a point at which it kills itself."""
        self.name = name
        self._log = log
        self._clock = clock
        told, tell = os.pipe()
        life, self._lifeline = os.pipe()
        environment = {key: value for key, value in os.environ.items() if key != "FAULT"}
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", *arguments),
                    *("--announce-fd", str(tell), "--parent-fd", str(life)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
                pass_fds=(tell, life),
                env={**environment, **({"FAULT": fault} if fault else {})},
            )
        os.close(tell)
        os.close(life)
        self._told = LineReader(told, clock)

    def announcement(self, seconds: float = READY_SECONDS) -> dict[str, Any]:
        """Wait for what it says when it is ready. Raises: ChildError."""
        line = self._told.line(seconds)
        if line is None:
            raise ChildError(f"{self.name} did not start ({self._ended()}); see {self._log}")
        announcement: dict[str, Any] = json.loads(line)
        return announcement

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no farewell."""
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def end(self) -> None:
        """Let go of the lifeline and wait; what does not go is killed."""
        if self.process.poll() is None:
            os.close(self._lifeline)
            self._lifeline = -1
            try:
                self.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._gone()

    def _gone(self) -> None:
        self.process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        self._told.close()

    def _ended(self) -> str:
        status = self.process.poll()
        return "still running" if status is None else f"status {status}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class LineReader:
    """Lines from a descriptor, each with a deadline and a bound."""

    def __init__(self, descriptor: int, clock: Clock) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._rest = b""

    def line(self, seconds: float) -> bytes | None:
        """Return the next line without its end; None when it does not come in time, or at the end."""
        deadline = self._clock.monotonic_ns() + int(seconds * NANOSECONDS_PER_SECOND)
        while b"\n" not in self._rest:
            left = (deadline - self._clock.monotonic_ns()) / NANOSECONDS_PER_SECOND
            if left <= 0 or not select.select([self._descriptor], [], [], left)[0]:
                return None
            chunk = os.read(self._descriptor, 65_536)
            if not chunk or len(self._rest) > LINE_BYTES_MAX:
                return None
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def close(self) -> None:
        """Close the descriptor."""
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def call(arguments: Sequence[str], *, seconds: float = 60.0, text: str = "") -> str:
    """Run one of our commands to its end and return its standard output. Raises: ChildError."""
    command = [sys.executable, "-m", *arguments]
    shown = " ".join(arguments)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, input=text, check=False
        )
    except subprocess.TimeoutExpired:
        raise ChildError(f"{shown}: no end after {seconds:.0f} s") from None
    if done.returncode:
        raise ChildError(f"{shown}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout
