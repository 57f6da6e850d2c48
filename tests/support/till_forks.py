"""Tills by the dozen: one process imports everything, then forks one for each run.

Importing costs a second, forking some milliseconds. The parent forks before it has any thread, loop
or database of its own, so a child is like a program that was just started.

    stdin   {"arguments": ["--config", ..., "script", ...], "fault": "after_append_sale", "output": ...}
    stdout  {"status": -9}
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """How a till ended, and what it had said until then."""

    status: int
    """Negative for a signal."""
    lines: list[dict]
    """Only whole lines: what a reader of its output has really been told."""
    complaint: str


class TillForks:
    """Runs `ips-pos` and says how it ended. Use as a context."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "output"

    def __enter__(self) -> "TillForks":
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.till_forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(PATIENCE_S)
        self._server.stdout.close()

    def run(self, *arguments: str, fault: str = "", kill_after_ms: float = 0) -> Run:
        """Run one command to its end, in order, by the fault, or by SIGKILL after so long."""
        assert self._server.stdin is not None and self._server.stdout is not None
        question = {
            "arguments": arguments,
            "fault": fault,
            "output": str(self._output),
            "kill_after_ms": kill_after_ms,
        }
        for file in (self._output, self._output.with_suffix(".errors")):
            file.write_text(
                ""
            )  # Killed early, a till has said nothing: not what the one before said.
        self._server.stdin.write(json.dumps(question).encode() + b"\n")
        self._server.stdin.flush()
        status = json.loads(self._server.stdout.readline())["status"]
        whole = self._output.read_text().rpartition("\n")[0].splitlines()
        lines = [json.loads(line) for line in whole if line.startswith("{")]
        return Run(status, lines, self._output.with_suffix(".errors").read_text())


def _run_one(question: dict) -> None:
    from pos.cli import main

    os.environ["FAULT"] = question["fault"]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(question["output"], flags, 0o600), 1)
    os.dup2(os.open(question["output"] + ".errors", flags, 0o600), 2)
    status = main(question["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _serve() -> None:
    import gc

    import pos.broker_client
    import pos.enrol
    import pos.opening
    import pos.outbox
    import pos.pushed
    import pos.tenders.cash  # noqa: F401

    gc.freeze()
    for line in sys.stdin.buffer:
        question = json.loads(line)
        process = os.fork()
        if process == 0:
            _run_one(question)
        if question.get("kill_after_ms"):
            time.sleep(question["kill_after_ms"] / 1_000)
            os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        answer = {"status": os.waitstatus_to_exitcode(status)}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
