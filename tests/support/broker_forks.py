"""Broker processes by the dozen: one process imports everything, then forks one for each run.

Importing costs half a second, forking some milliseconds. The parent forks before it has any thread,
loop or database of its own, so a child is like a program that was just started.

    stdin   {"folder": ..., "fault": "after_commit:3"}   -> stdout  {"process": N}
    stdin   {"wait": N}                                    -> stdout  {"status": -9}
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_S = 30.0


class Forks:
    """Starts brokers and says how they ended. Use as a context."""

    def __enter__(self) -> "Forks":
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.broker_forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(PATIENCE_S)
        self._server.stdout.close()

    def start(self, folder: Path, fault: str = "") -> tuple[int, str]:
        """Start a broker on a folder; return its process and URL, once it answers."""
        told = folder.with_suffix(".told")
        told.unlink(missing_ok=True)
        process = self._ask({"folder": str(folder), "fault": fault, "told": str(told)})["process"]
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if told.exists() and (line := told.read_text()).endswith("\n"):
                return process, json.loads(line)["url"]
            time.sleep(0.002)
        raise AssertionError("the broker did not announce itself")

    def wait(self, process: int) -> int:
        """Wait for a broker's end; return its status, negative for a signal."""
        return self._ask({"wait": process})["status"]

    def kill(self, process: int) -> int:
        """SIGKILL a broker, and wait for its end."""
        os.kill(process, signal.SIGKILL)
        return self.wait(process)

    def _ask(self, question: dict[str, object]) -> dict:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(question).encode() + b"\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())


def _serve(question: dict[str, str]) -> None:
    from ips.cli import main
    from ips.host import die_with_parent

    die_with_parent()
    os.environ["FAULT"] = question["fault"]
    told = os.open(question["told"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    status = main(
        [
            "serve",
            "--folder",
            question["folder"],
            "--listen",
            "127.0.0.1:0",
            "--announce-fd",
            str(told),
        ]
    )
    os._exit(status)


def _run() -> None:
    import gc

    import uvicorn.loops.auto
    import uvicorn.protocols.http.httptools_impl  # noqa: F401

    import ips.console.serving  # noqa: F401

    gc.freeze()
    for line in sys.stdin.buffer:
        question = json.loads(line)
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        else:
            process = os.fork()
            if process == 0:
                _serve(question)
            answer = {"process": process}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _run()
