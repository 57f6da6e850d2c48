"""ips-sim up --trace: one file of everything that real drivers and a real bench said to each other."""

import asyncio
import json
import os
import select
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from devices.bus import open_link
from protocols.address import parse_address
from protocols.session import SessionAnswer, sign_request
from protocols.trace.events import (
    Answer,
    Bytes,
    Channel,
    Line,
    Link,
    Mark,
    Request,
    Words,
    read_trace,
)
from sim.host import SystemClock
from tests.support.broker_terminal import Terminal
from tests.system.test_broker_command import Serving, enrol, send
from tests.system.test_broker_command import run as run_broker

pytestmark = pytest.mark.system

DEADLINE_S = 30
PLAN = """
[devices.printer]
line = { baud = 115200 }
[devices.far]
kind = "scanner"
wire = "rfc2217"
line = { baud = 4800, bytesize = 7, parity = "even" }
"""


class Recorded:
    """A bench that records, until `end`."""

    def __init__(self, folder: Path, plan: str = PLAN) -> None:
        self.file = folder / "trace.jsonl"
        (folder / "bench.toml").write_text(plan)
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "sim.stage.cli", "up", str(folder / "bench.toml"),
                "--folder", str(folder / "run"), "--trace", str(self.file),
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.endpoint = json.loads(self.process.stdout.readline())

    def do(self, device: str, verb: str, **arguments: str) -> None:
        httpx.post(
            f"{self.endpoint['url']}/devices/{device}",
            headers={"authorization": f"Bearer {self.endpoint['token']}"},
            json={"verb": verb, "arguments": arguments},
            trust_env=False,
            timeout=DEADLINE_S,
        ).raise_for_status()

    async def until(self, device: str, what: str) -> None:
        """Wait until this stands in a device's history."""
        async with asyncio.timeout(DEADLINE_S), httpx.AsyncClient(trust_env=False) as client:
            told = ""
            while what not in told:
                answer = await client.get(
                    f"{self.endpoint['url']}/devices/{device}/history",
                    headers={"authorization": f"Bearer {self.endpoint['token']}"},
                )
                told = answer.text

    def end(self):
        self.process.terminate()
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        assert self.process.returncode == 0, errors
        return read_trace(self.file.read_bytes().splitlines(keepends=True))


@pytest.fixture
def bench(tmp_path):
    recorded = Recorded(tmp_path)
    yield recorded
    if recorded.process.poll() is None:
        recorded.end()


def soon():
    return SystemClock().monotonic_ns() + DEADLINE_S * 1_000_000_000


async def test_a_serial_port_with_all_its_lines_stands_in_the_trace(bench):
    """Bytes, line settings, the TELNET words that set them, signals, verbs: on one channel, in order."""
    address = parse_address(bench.endpoint["devices"]["far"])
    link = await open_link(address, deadline_ns=soon(), clock=SystemClock())
    heard = asyncio.Event()
    link.attach(lambda data: heard.set(), lambda reason: None)
    await asyncio.to_thread(bench.do, "far", "scan", code="4761739001010119")
    await asyncio.wait_for(heard.wait(), DEADLINE_S)
    link.close()
    await bench.until("far", "closed")

    trace = bench.end()

    far = [each for each in trace.events if each.channel == "tty:far"]
    assert isinstance(far[0], Channel) and far[0].line == "4800 7E1" and far[0].link == "rfc2217"
    [scan] = [number for number, each in enumerate(far) if isinstance(each, Mark)]
    before, after = far[:scan], far[scan:]
    assert any(isinstance(each, Words) and each.data[:3] == b"\xff\xfa\x2c" for each in before)
    lines = [each for each in before if isinstance(each, Line)]
    assert lines[-1].settings == "4800 7E1" and {"CTS", "DSR", "CD"} <= set(lines[-1].up)
    assert b"".join(each.data for each in after if isinstance(each, Bytes)) == (
        b"4761730000000003\r"
    )
    assert after[0].text == "scan code=4761730000000003"
    assert [each.state.value for each in far if isinstance(each, Link)][-2:] == ["closed", "pulled"]


def test_a_trace_that_cannot_be_begun_starts_no_bench(tmp_path):
    (tmp_path / "bench.toml").write_text(PLAN)

    ended = subprocess.run(
        [
            sys.executable, "-m", "sim.stage.cli", "up", str(tmp_path / "bench.toml"),
            "--folder", str(tmp_path / "run"), "--trace", str(tmp_path / "no" / "trace"),
        ],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip

    assert ended.returncode == 1
    assert ended.stderr == f"ips-sim: {tmp_path / 'no' / 'trace'}: No such file or directory\n"
    assert not (tmp_path / "run" / "bench.json").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_ends_the_trace_and_not_the_bench(tmp_path):
    (tmp_path / "bench.toml").write_text(PLAN)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "sim.stage.cli", "up", str(tmp_path / "bench.toml"),
            "--folder", str(tmp_path / "run"), "--trace", "/dev/full",
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert json.loads(process.stdout.readline())["devices"], "it serves all the same"

    process.terminate()
    _, errors = process.communicate(timeout=DEADLINE_S)

    assert process.returncode == 1
    assert errors == "ips-sim: /dev/full: the trace is not whole: No space left on device\n"


REPLAY = """
[devices.printer]
kind = "replay"
trace = "{trace}"
"""


def test_a_recorded_printer_is_served_again(tmp_path):
    """Recorded in one bench, replayed in the next, over real ptys: the same question, the same answer."""
    first = tmp_path / "first"
    first.mkdir()
    recorded = Recorded(first)
    asked = ask(recorded.endpoint["devices"]["printer"], b"\x10\x04\x04")
    recorded.do("printer", "paper_out")
    asked += ask(recorded.endpoint["devices"]["printer"], b"\x10\x04\x01")
    recorded.end()

    second = tmp_path / "second"
    second.mkdir()
    replayed = Recorded(second, REPLAY.format(trace=recorded.file))
    again = ask(replayed.endpoint["devices"]["printer"], b"\x10\x04\x04")
    again += ask(replayed.endpoint["devices"]["printer"], b"\x10\x04\x01")
    trace = replayed.end()

    assert again == asked == b"\x12\x1a"
    assert trace.channels()["tty:printer"].protocol == "escpos"


def ask(address: str, question: bytes) -> bytes:
    """Ask over a pty and return one byte."""
    path = address.removeprefix("serial://").partition("?")[0]
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(descriptor, question)
        ready, _, _ = select.select([descriptor], [], [], DEADLINE_S)
        return os.read(descriptor, 1) if ready else b""
    finally:
        os.close(descriptor)


def test_a_terminal_joins_reports_and_asks_through_the_bench(tmp_path):
    """A real broker behind the bench: the MAC of a session holds, and every message is in the trace."""
    folder = tmp_path / "broker"
    serving = Serving(folder)
    (tmp_path / "bench").mkdir()
    plan = f'[devices.broker]\nkind = "host"\nto = "{serving.url}"\n'
    bench = Recorded(tmp_path / "bench", plan)
    url = bench.endpoint["devices"]["broker"]
    try:
        added = run_broker("terminal", "add", "01", "--folder", str(folder), "--json")
        terminal = Terminal()
        enrol(url, terminal, json.loads(added.stdout)["code"])
        terminal.open_shift()
        key = terminal.sell(1, 5_500)
        assert send(url, terminal.batch(1)).status_code == 200
        assert [row["key"] for row in settled(url, terminal)] == [key]
        bench.do("broker", "lose_answer", count="1")
        with pytest.raises(httpx.TimeoutException):
            httpx.get(f"{url}/v1/health", trust_env=False, timeout=0.5)
    finally:
        trace = bench.end()
        serving.end()
        serving.kill()

    said = [
        each.path if isinstance(each, Request) else each.status
        for each in trace.events
        if isinstance(each, Request | Answer)
    ]
    assert said == [
        "/v1/enrolments", 200, "/v1/batches", 200, "/v1/sessions", 200,
        "/v1/inquiries/settled", 200, "/v1/health", 0,
    ]  # fmt: skip
    # The test's terminal does not say what its enrolment is: what is not known is not kept.
    marks = [each.text for each in trace.events if isinstance(each, Mark)]
    assert [text[:8] for text in marks if "lose_answer" not in text] == ["left out"]


def settled(url: str, terminal: Terminal) -> list[dict[str, str]]:
    """Ask under a session's MAC, which covers the address that was asked."""
    now = SystemClock().now_ns() // 1_000_000_000
    request, mine = terminal.session_request(now)
    opened = httpx.post(
        f"{url}/v1/sessions", content=msgspec.json.encode(request), trust_env=False,
        headers={"content-type": "application/json"},
    )  # fmt: skip
    answer = msgspec.json.decode(opened.content, type=SessionAnswer)
    path = "/v1/inquiries/settled"
    signed = sign_request(
        method="GET", path=path, authority=url.removeprefix("http://"), body=b"",
        key=terminal.mac_key(answer, mine), key_id=answer.key_id, created=now,
        nonce="nonce-000001",
    )  # fmt: skip
    told = httpx.get(f"{url}{path}", headers=signed, trust_env=False)
    assert told.status_code == 200, told.text
    return told.json()["rows"]
