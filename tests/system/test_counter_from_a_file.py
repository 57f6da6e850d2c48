"""ips-sim up FILE: a counter's equipment from one file on four wires, opened by the drivers, worked from Python."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from devices.bus import open_link
from devices.health import Level
from devices.line_display import LineDisplay
from devices.printer import Printed, Printer
from devices.scanner import Scan, SerialScanner
from protocols.address import parse_address
from protocols.escpos.codes import CutKind
from protocols.escpos.commands import Cut, LineFeed, PrintText
from protocols.escpos.encode import begin_korean, encode_all
from sim.bus import BENCH_VARIABLE
from sim.control_client import Bench
from sim.host import SystemClock
from sim.stage.children import Child

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]
CLOCK = SystemClock()
S = 1_000_000_000
PLAN = """
seed = 3

[devices.printer]
wire = "rfc2217"
line = { baud = 38400, parity = "even" }

[devices.display]
kind = "line_display"
wire = "rfc2217"

[devices.board]
kind = "line_display"
wire = "tcp"

[devices.scanner]
link = "FOLDER/ttyScanner"
line = { baud = 19200 }
profile = "sends-twice"

[devices.customer]
kind = "smart_card"
"""
_TILL = """
import asyncio
from devices.smart_card import open_slot
from protocols.address import parse_address
from protocols.ports import CardAbsent, CardPresent
from sim.host import SystemClock

async def main():
    clock = SystemClock()
    deadline_ns = clock.monotonic_ns() + 20_000_000_000
    slot = await open_slot(parse_address("sim://customer"), deadline_ns=deadline_ns, clock=clock)
    for state in (CardAbsent, CardPresent, CardAbsent):
        async with asyncio.timeout(20):
            while not isinstance(slot.state, state):
                await asyncio.sleep(0.01)
        print(state.__name__, flush=True)
    await slot.close()

asyncio.run(main())
"""
# A process of its own: one process talks to one card daemon, and others' tests have theirs.
RECEIPT = encode_all(
    [*begin_korean(), PrintText("합계 1,000"), LineFeed(), Cut(kind=CutKind.PARTIAL, feed_dots=0)]
)


def deadline(seconds: float = 20) -> int:
    return CLOCK.monotonic_ns() + int(seconds * S)


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make setup says how")
    file = tmp_path / "counter.toml"
    file.write_text(PLAN.replace("FOLDER", str(tmp_path)))
    run = tmp_path / "run"
    child = Child(
        "equipment",
        ("sim.stage.cli", "up", str(file), "--folder", str(run)),
        log=tmp_path / "equipment.log",
        clock=CLOCK,
    )
    try:
        await asyncio.to_thread(child.announcement)
        monkeypatch.setenv(BENCH_VARIABLE, str(run / "bench.json"))
        monkeypatch.delenv("PCSCLITE_CSOCK_NAME", raising=False)
        with Bench.running() as bench:
            yield bench
    finally:
        await asyncio.to_thread(child.end)


async def do(bench: Bench, device: str, verb: str, **arguments: object) -> None:
    await asyncio.to_thread(bench.device(device).do, verb, **arguments)


async def test_printer_behind_a_port_server_proves_its_paper(bench: Bench) -> None:
    """Goal: rate and parity are agreed, and a receipt is proved over them."""
    printer = Printer(
        address=parse_address("sim://printer"),
        open_link=open_link,
        clock=CLOCK,
    )
    printer.start()
    try:
        await until(lambda: printer.ready)
        assert await printer.print_job(RECEIPT, job=1, deadline_ns=deadline()) == Printed()
        assert "합계 1,000" in await asyncio.to_thread(bench.device("printer").paper)
        cut = await asyncio.to_thread(lambda: bench.device("printer").awaits("cut", within_s=10))
        assert cut.what == "cut"
        wire = (await asyncio.to_thread(bench.device("printer").look)).state["wire"]
        assert (wire["line"], wire["line_agrees"]) == ("38400 8E1", True)
        assert (wire["dtr"], wire["dsr"]) == ("on", "on")
    finally:
        await printer.stop(deadline_ns=deadline(2))


async def test_wrong_parity_is_garbage_and_seen_on_the_device(bench: Bench) -> None:
    """Goal: what a pty hides is there behind a port server."""
    address = (await asyncio.to_thread(bench.device("printer").look)).address
    wrong = parse_address(address.replace("parity=even", "parity=none"))
    link = await open_link(wrong, deadline_ns=deadline(), clock=CLOCK)
    link.attach(lambda data: None, lambda reason: None)
    link.write(RECEIPT)
    await until_async(lambda: bench.device("printer").look().state["wire"]["line_agrees"] is False)
    link.close()
    assert "합계" not in await asyncio.to_thread(bench.device("printer").paper)


async def test_cable_pulled_behind_the_port_server_is_seen_by_who_watches_a_line(
    bench: Bench,
) -> None:
    """Goal: a display never says anything; its DSR does. It shows what it should once it is back."""
    address = (await asyncio.to_thread(bench.device("display").look)).address
    display = LineDisplay(
        address=parse_address(f"{address}&watch=dsr"),
        open_link=open_link,
        clock=CLOCK,
    )
    display.start()
    try:
        display.show("BEFORE", "")
        await until_async(lambda: "BEFORE" in bench.device("display").look().state["upper"])
        await do(bench, "display", "pull_serial_cable")
        await until(lambda: display.health.level is Level.DOWN)
        assert display.health.code == "DSP-01"
        display.show("AFTER", "")
        await do(bench, "display", "plug_serial_cable")
        await until_async(lambda: "AFTER" in bench.device("display").look().state["upper"])
        await until(lambda: display.health.level is Level.OK)
    finally:
        await display.stop(deadline_ns=deadline(2))


async def test_display_on_a_socket_and_scanner_on_a_name_of_its_own(
    bench: Bench, tmp_path: Path
) -> None:
    """Goal: a stable name is an ordinary serial port; a profile's quirk is on the wire."""
    scans: list[Scan] = []
    assert os.path.islink(tmp_path / "ttyScanner")
    scanner = SerialScanner(
        address=parse_address(f"serial://{tmp_path}/ttyScanner?baud=19200"),
        open_link=open_link,
        clock=CLOCK,
        on_scan=scans.append,
        on_health=lambda health: None,
    )
    board = LineDisplay(
        address=parse_address("sim://board"),
        open_link=open_link,
        clock=CLOCK,
    )
    scanner.start()
    board.start()
    try:
        await until(lambda: scanner.health.level is Level.OK)
        await do(bench, "scanner", "scan", code="8801234567893")
        await until(lambda: len(scans) == 2)
        assert {scan.barcode.text for scan in scans} == {"8801234567893"}
        board.show("합계", "1,000")
        await until_async(lambda: "1,000" in bench.device("board").look().state["lower"])
    finally:
        await scanner.stop(deadline_ns=deadline(2))
        await board.stop(deadline_ns=deadline(2))


async def test_card_slot_is_a_reader_of_a_private_daemon(bench: Bench) -> None:
    """Goal: a card is put in and torn out by a tester, and the reader says so to the till's process."""
    till = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _TILL, stdout=asyncio.subprocess.PIPE
    )
    assert till.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert await till.stdout.readline() == b"CardAbsent\n"
            await do(bench, "customer", "insert", card="customer-1")
            assert await till.stdout.readline() == b"CardPresent\n"
            await do(bench, "customer", "remove")
            assert await till.stdout.readline() == b"CardAbsent\n"
            assert await till.wait() == 0
    finally:
        if till.returncode is None:
            till.kill()
            await till.wait()


async def until_async(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is true that has to be asked for."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.02)
