"""A till as a process, worked by entries over its standard input (pos.script): for the day and the proofs.

What it says is read line by line; the newest view is kept. Every wait has a deadline, and the error says
what was waited for and where the till stood.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.stage.children import ChildError, LineReader

ANSWER_SECONDS: Final = 20.0
View = dict[str, Any]


class TillGoneError(ChildError):
    """The till's process has ended while something was expected of it."""


class Counter:
    """A running till."""

    def __init__(
        self, config: Path, *, log: Path, clock: Clock, fault: str = "", python: Sequence[str] = ()
    ) -> None:
        """Start `ips-pos script -`. `fault` names a point at which it kills itself."""
        self._clock = clock
        environment = {key: value for key, value in os.environ.items() if key != "FAULT"}
        command = [*(python or (sys.executable, "-m", "pos.cli")), "--config", str(config)]
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, "script", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                env={**environment, **({"FAULT": fault} if fault else {})},
            )
        assert self.process.stdout is not None
        self._lines = LineReader(self.process.stdout.fileno(), clock)
        self.view: View = {}

    def enter(self, entry: str, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Send an entry and return its answer. Raises: TillGoneError, ChildError."""
        self.send(entry)
        return self.answer(entry, seconds)

    def send(self, entry: str) -> None:
        """Send an entry whose answer waits for a customer. Raises: TillGoneError."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(entry.encode() + b"\n")
            self.process.stdin.flush()
        except (BrokenPipeError, OSError):
            raise TillGoneError(f"the till is gone before {entry!r}") from None

    def answer(self, entry: str, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Return the answer to an entry that was sent. Raises: TillGoneError, ChildError."""
        deadline = self._deadline(seconds)
        while True:
            message = self._next(deadline, f"the answer to {entry!r}")
            if message.get("entry") == entry:
                return message

    def until(
        self, what: str, holds: Callable[[View], bool], seconds: float = ANSWER_SECONDS
    ) -> View:
        """Wait until the view is so. Raises: TillGoneError, ChildError."""
        deadline = self._deadline(seconds)
        while not (self.view and holds(self.view)):
            self._next(deadline, what)
        return self.view

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def end(self, seconds: float = ANSWER_SECONDS) -> int:
        """Let it end in order; returns its status."""
        assert self.process.stdin is not None
        try:
            self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode

    def _gone(self) -> None:
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _deadline(self, seconds: float) -> int:
        return self._clock.monotonic_ns() + int(seconds * NANOSECONDS_PER_SECOND)

    def _next(self, deadline_ns: int, what: str) -> dict[str, Any]:
        left = (deadline_ns - self._clock.monotonic_ns()) / NANOSECONDS_PER_SECOND
        line = self._lines.line(max(left, 0))
        if line is None:
            if self.process.poll() is not None:
                self._gone()
                raise TillGoneError(f"the till ended with {self.process.returncode}: no {what}")
            raise ChildError(f"waited in vain for {what}; the till shows {self.view}")
        message: dict[str, Any] = msgspec.json.decode(line)
        self.view = message["view"]
        return message
