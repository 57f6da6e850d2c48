"""`ips-broker` as a process: started by its parent, told apart, ended with it; commands beside it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from protocols.batch import CONTENT_TYPE
from protocols.enrolment import EnrolmentAnswer
from tests.support.broker_terminal import Terminal

pytestmark = pytest.mark.system
COMMAND = [sys.executable, "-m", "ips.cli"]
PATIENCE_S = 20.0


class Serving:
    """A broker in a process of its own, as the demo's supervisor starts it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        announce_out, announce_in = os.pipe()
        parent_out, self.parent = os.pipe()
        self.process = subprocess.Popen(
            [
                *COMMAND,
                "serve",
                "--folder",
                str(folder),
                "--listen",
                "127.0.0.1:0",
                "--announce-fd",
                str(announce_in),
                "--parent-fd",
                str(parent_out),
            ],
            pass_fds=[announce_in, parent_out],
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        os.close(announce_in)
        os.close(parent_out)
        with os.fdopen(announce_out, "rb") as file:
            self.told = json.loads(file.readline())
        self.url = self.told["url"]

    def end(self) -> int:
        os.close(self.parent)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        assert self.process.stderr is not None
        self.process.stderr.close()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "b"


@pytest.fixture
def serving(folder: Path) -> Iterator[Serving]:
    started = Serving(folder)
    yield started
    started.kill()


def enrol(url: str, terminal: Terminal, code: str) -> None:
    request, key = terminal.enrolment(code)
    reply = httpx.post(
        f"{url}/v1/enrolments", content=msgspec.json.encode(request), trust_env=False
    )
    assert reply.status_code == 200, reply.text
    terminal.enrolled(msgspec.json.decode(reply.content, type=EnrolmentAnswer), request, key)


def send(url: str, body: bytes) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/batches", content=body, headers={"content-type": CONTENT_TYPE}, trust_env=False
    )


def test_commands_work_beside_a_running_broker(serving: Serving, folder: Path) -> None:
    """A code from the command, a sale over HTTP, and the inquiry names it at once."""
    added = run("terminal", "add", "01", "--folder", str(folder), "--json")
    terminal = Terminal()
    enrol(serving.url, terminal, json.loads(added.stdout)["code"])
    terminal.open_shift()
    key = terminal.sell(1, 5_500)
    assert send(serving.url, terminal.batch(1)).status_code == 200

    settled = run("inquire", "settled", "--folder", str(folder), "--json")
    table = run("inquire", "settled", "--folder", str(folder), "--csv")
    chain = run("audit", "chain", "--folder", str(folder))
    ledger = run("audit", "ledger", "--folder", str(folder))

    assert [row["key"] for row in json.loads(settled.stdout)["rows"]] == [key]
    assert table.stdout.splitlines()[1].startswith(key)
    assert (chain.returncode, ledger.returncode) == (0, 0)
    suspended = run("terminal", "suspend", "01", "--folder", str(folder), "--reason", "lost")
    assert suspended.returncode == 0
    assert send(serving.url, terminal.batch(1)).status_code == 403


def test_a_second_broker_is_told_who_holds_the_folder(serving: Serving, folder: Path) -> None:
    """One writer a folder: the message names the process."""
    second = run("serve", "--folder", str(folder), "--listen", "127.0.0.1:0")

    assert second.returncode == 1
    assert str(serving.process.pid) in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_port_is_named(serving: Serving, tmp_path: Path) -> None:
    """A busy port says which, and what to do."""
    address = serving.url.removeprefix("http://")

    second = run("serve", "--folder", str(tmp_path / "other"), "--listen", address)

    assert second.returncode == 1
    assert address in second.stderr and "port 0" in second.stderr


def test_it_ends_when_its_parents_pipe_ends(serving: Serving, folder: Path) -> None:
    """The portable law: end of file on the pipe, and a clean end."""
    assert serving.end() == 0
    assert not (folder / "office.sock").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_on_a_signal(serving: Serving, number: signal.Signals) -> None:
    """Status 0, nothing on standard error."""
    serving.process.send_signal(number)

    assert serving.process.wait(PATIENCE_S) == 0
    assert serving.process.stderr is not None
    assert serving.process.stderr.read() == b""


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL to the parent leaves no orphan."""
    script = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "sys.path.insert(0, os.getcwd())\n"
        "from tests.system.test_broker_command import Serving\n"
        "started = Serving(Path(sys.argv[1]))\n"
        "print(started.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "b")], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait(PATIENCE_S)
    parent.stdout.close()

    deadline = time.monotonic() + PATIENCE_S
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert not _is_alive(child)


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_backup_beside_a_running_broker_restores(
    serving: Serving, folder: Path, tmp_path: Path
) -> None:
    """Backup while serving, restore elsewhere with the secret, and the till goes on where it was."""
    code = json.loads(run("terminal", "add", "01", "--folder", str(folder), "--json").stdout)[
        "code"
    ]
    terminal = Terminal()
    enrol(serving.url, terminal, code)
    terminal.note(3)
    send(serving.url, terminal.batch(1))
    saved, other = tmp_path / "saved", tmp_path / "other"

    backup = run("backup", str(saved), "--folder", str(folder))
    again = run("backup", str(saved), "--folder", str(folder))
    secret = folder / "keys" / "host.secret"
    restored = run("restore", str(saved), "--folder", str(other), "--secret", str(secret))

    assert (backup.returncode, again.returncode, restored.returncode) == (0, 1, 0), restored.stderr
    terminal.note(2)
    second = Serving(other)
    try:
        answer = send(second.url, terminal.batch(4)).json()
        assert (answer["accepted"], answer["high_water"]) == (2, 5)
    finally:
        second.kill()


def test_a_wrong_configuration_names_the_nearest_key(tmp_path: Path) -> None:
    """An unknown key is status 2 and names file, key and the nearest known one."""
    file = tmp_path / "broker.toml"
    file.write_text('listne = "127.0.0.1:1"\n')

    told = run("serve", "--config", str(file))

    assert told.returncode == 2
    assert "listne is not known; did you mean listen?" in told.stderr
