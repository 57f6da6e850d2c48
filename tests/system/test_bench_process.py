"""ips-sim up as a process: announces, serves, ends cleanly whichever way it is told, leaves nothing behind."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time

import httpx
import pytest

from devices.bus import open_link
from protocols.address import parse_address
from protocols.ports import LinkDownError
from sim.host import SystemClock

pytestmark = pytest.mark.system

PLAN = """
[devices.display]
kind = "line_display"
wire = "tcp"
[devices.scanner]
line = { baud = 19200 }
[devices.far]
kind = "scanner"
wire = "rfc2217"
"""
DEADLINE_S = 30


class Bench:
    """A running ips-sim up, with the two pipes that a parent holds."""

    def __init__(self, folder, *, plan=PLAN):
        (folder / "bench.toml").write_text(plan)
        self.folder = folder / "run"
        announced, announce = os.pipe()
        parent, self.leash = os.pipe()
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "sim.stage.cli", "up", str(folder / "bench.toml"),
                "--folder", str(self.folder),
                "--announce-fd", str(announce), "--parent-fd", str(parent),
            ],
            pass_fds=(announce, parent), stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        os.close(announce)
        os.close(parent)
        with os.fdopen(announced) as stream:
            line = stream.readline()
        self.endpoint = json.loads(line) if line else None

    def end(self):
        if self.leash is not None:
            os.close(self.leash)
            self.leash = None
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, errors.decode()

    def client(self):
        return httpx.Client(
            base_url=self.endpoint["url"],
            headers={"authorization": f"Bearer {self.endpoint['token']}"},
            trust_env=False,
            timeout=10,
        )


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    if bench.process.poll() is None:
        bench.end()


async def heard_from(address, make_it_speak, **options):
    clock = SystemClock()
    link = await open_link(
        parse_address(address), deadline_ns=clock.monotonic_ns() + 10_000_000_000, clock=clock
    )
    heard = asyncio.Event()
    data = bytearray()
    link.attach(lambda piece: (data.extend(piece), heard.set()), lambda reason: heard.set())
    await asyncio.to_thread(make_it_speak)
    async with asyncio.timeout(10):
        while not data.endswith(b"\r"):
            heard.clear()
            await heard.wait()
    link.close()
    await asyncio.sleep(0.01)
    return bytes(data)


async def test_scan_reaches_a_driver_over_a_stable_port_far_port_and_sim_address(bench):
    """Goal: from HTTP to a driver's bytes, over pty, RFC 2217 and by name."""
    devices = bench.endpoint["devices"]
    assert set(devices) == {"display", "scanner", "far"}
    assert devices["scanner"] == f"serial://{bench.folder}/scanner?baud=19200"

    with bench.client() as client:

        def scan(name):
            return lambda: client.post(
                f"/devices/{name}", json={"verb": "scan", "arguments": {"code": "8801234567893"}}
            ).raise_for_status()

        by_name = f"sim://scanner?bench={bench.folder}/bench.json"
        for address, name in (
            (devices["scanner"], "scanner"),
            (devices["far"], "far"),
            (by_name, "scanner"),
        ):
            assert await heard_from(address, scan(name)) == b"8801234567893\r"


async def test_driver_at_the_wrong_rate_hears_garbage_even_on_a_pty(bench):
    """Goal: a misconfigured port looks like one."""
    address = bench.endpoint["devices"]["scanner"].replace("19200", "9600")
    clock = SystemClock()
    link = await open_link(
        parse_address(address), deadline_ns=clock.monotonic_ns() + 10_000_000_000, clock=clock
    )
    data = bytearray()
    link.attach(data.extend, lambda reason: None)
    with bench.client() as client:

        def scan():
            return client.post(
                "/devices/scanner", json={"verb": "scan", "arguments": {"code": "8801234567893"}}
            ).json()

        state = await asyncio.to_thread(scan)
    await asyncio.sleep(0.2)
    link.close()

    assert state["state"]["wire"]["line_agrees"] is False
    assert data
    assert b"8801234567893" not in data


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_with_status_0_and_nothing_left(bench, number):
    """Goal: Ctrl-C is a clean end: no link, no file, no traceback."""
    assert stat.S_IMODE((bench.folder / "bench.json").stat().st_mode) == 0o600
    assert (bench.folder / "scanner").is_symlink()

    bench.process.send_signal(number)
    _, errors = bench.process.communicate(timeout=DEADLINE_S)

    assert (bench.process.returncode, errors) == (0, b"")
    assert list(bench.folder.iterdir()) == []
    os.close(bench.leash)
    bench.leash = None


def test_closed_pipe_ends_it(bench):
    """Goal: a parent that is gone, however it went, takes the bench with it."""
    assert bench.end() == (0, "")
    assert list(bench.folder.iterdir()) == []


def test_bench_killed_outright_leaves_no_obstacle_to_the_next(tmp_path):
    """Goal: after SIGKILL the same names are served again."""
    first = Bench(tmp_path)
    first.process.kill()
    first.end()
    assert (first.folder / "bench.json").exists()

    second = Bench(tmp_path)
    try:
        assert second.endpoint["devices"]["scanner"] == first.endpoint["devices"]["scanner"]
    finally:
        status, _ = second.end()
    assert status == 0
    assert list(second.folder.iterdir()) == []


def test_parent_killed_outright_takes_it_along(tmp_path):
    """Goal: no orphan after SIGKILL of the parent, though nobody could say goodbye."""
    (tmp_path / "bench.toml").write_text(PLAN)
    code = (
        "import os, subprocess, sys, time\n"
        "parent, leash = os.pipe()\n"
        "child = subprocess.Popen([sys.executable, '-m', 'sim.stage.cli', 'up', sys.argv[1],\n"
        "    '--folder', sys.argv[2], '--parent-fd', str(parent)], pass_fds=(parent,),\n"
        "    stdout=subprocess.PIPE, start_new_session=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "bench.toml"), str(tmp_path / "run")],
        stdout=subprocess.PIPE,
    )
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate(timeout=DEADLINE_S)

    deadline = time.monotonic() + DEADLINE_S
    while _lives(child):
        assert time.monotonic() < deadline, "the bench outlives its parent"
        time.sleep(0.01)


def _lives(process):
    try:
        with open(f"/proc/{process}/stat") as stream:
            # A zombie that nobody reaps is dead enough.
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_second_bench_on_the_same_names_is_refused_and_the_first_lives_on(bench, tmp_path):
    """Goal: who comes second is told which name is taken, with status 1, and breaks nothing."""
    second = Bench(tmp_path)
    status, errors = second.end()

    assert (status, second.endpoint) == (1, None)
    assert f"{bench.folder} is in use by a bench that is running" in errors
    with bench.client() as client:
        assert client.get("/devices").status_code == 200
    assert (bench.folder / "bench.json").exists()
    assert (bench.folder / "scanner").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["up"], 2, "required"),
        (["up", "none.toml"], 2, "none.toml: cannot be read"),
        (["up", "--preset", "conter"], 2, "did you mean 'counter'?"),
        (["dance"], 2, "invalid choice"),
    ],
)
def test_misuse_is_status_2_and_a_sentence(arguments, status, said):
    """Goal: no traceback, nothing on standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "sim.stage.cli", *arguments],
        capture_output=True, text=True, timeout=DEADLINE_S,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_list_tells_kinds_presets_and_what_runs(bench):
    """Goal: for people and for programs."""
    command = [sys.executable, "-m", "sim.stage.cli", "list", "--folder", str(bench.folder)]
    text = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    machine = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, timeout=30, check=True
    ).stdout

    assert "kind     scanner" in text
    assert "preset   counter" in text
    assert f"running  scanner          serial://{bench.folder}/scanner" in text
    assert json.loads(machine)["running"] == bench.endpoint["devices"]
    assert bench.endpoint["token"] not in text + machine


async def test_sim_address_without_a_bench_says_how_to_start_one(tmp_path):
    """Goal: the remedy is a command."""
    clock = SystemClock()
    address = parse_address(f"sim://printer?bench={tmp_path}/bench.json")

    with pytest.raises(LinkDownError, match=r"no bench is running.*ips-sim up"):
        await open_link(address, deadline_ns=clock.monotonic_ns() + 1_000_000_000, clock=clock)


MANY = "\n".join(f"[devices.s{number}]\nkind = 'scanner'" for number in range(60))


@pytest.mark.parametrize(("soft", "hard", "status"), [(128, 4_096, 0), (128, 200, 1)])
def test_a_bench_allows_itself_the_open_files_it_needs(tmp_path, soft, hard, status):
    """Sixty ptys under a limit for thirty; where the hard limit is too low, one sentence says so."""
    (tmp_path / "bench.toml").write_text(MANY)
    process = subprocess.Popen(
        ["sh", "-c", f'ulimit -Sn {soft}; ulimit -Hn {hard}; exec "$@"', "sh",
         sys.executable, "-m", "sim.stage.cli", "up", str(tmp_path / "bench.toml"),
         "--folder", str(tmp_path / "run")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    line = process.stdout.readline()
    if line:
        assert len(json.loads(line)["devices"]) == 60
        process.terminate()
    _, errors = process.communicate(timeout=DEADLINE_S)

    assert process.returncode == status
    if status:
        assert "308 open files are needed for so many devices, and 200 allowed" in errors
        assert "Traceback" not in errors
