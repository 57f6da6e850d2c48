"""Printer, drawer, display and scanner on real pseudo-terminals: real bytes, real time, real faults."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.bus import open_link
from devices.drivers.drawer import DrawerState
from devices.health import Health, Level, ResultCode
from devices.line_display import LineDisplay
from devices.printer import NotPrinted, Opened, Printed, Printer, PrintResult
from devices.scanner import Scan, SerialScanner
from protocols.address import Address, parse_address
from protocols.control import Verb
from protocols.escpos.codes import CutKind
from protocols.escpos.commands import Command, Cut, LineFeed, PrintText
from protocols.escpos.encode import begin_korean, encode_all
from protocols.serial_line import LineSettings
from receipts.fonts import load_typeface
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.hosted import Hosted
from sim.hosting.pty import PtyCarrier
from sim.line_display import LineDisplayTwin
from sim.printer import PrinterTwin
from sim.scanner import ScannerTwin
from sim.twin import Twin
from sim.wire import Pace, Wire

pytestmark = pytest.mark.system
S = 1_000_000_000
CLOCK = SystemClock()
LINES = 40


def receipt(name: str) -> bytes:
    commands: list[Command] = [*begin_korean()]
    for number in range(LINES):
        commands += [PrintText(f"{name} 삼겹살 600g {number:02d}"), LineFeed()]
    return encode_all([*commands, Cut(kind=CutKind.PARTIAL, feed_dots=0)])


def deadline(seconds: float) -> int:
    return CLOCK.monotonic_ns() + int(seconds * S)


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is true, at most so long."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def served(twin: Twin, link: Path) -> AsyncIterator[Hosted]:
    """Serve a twin on a pty at the rate of its line."""
    line = LineSettings(baud=115_200)
    hosted = Hosted(
        name=twin.device,
        twin=twin,
        carrier=PtyCarrier(line=line, link=link),
        wire=Wire(SeededEntropy(1), line=line, pace=Pace.LINE_RATE),
        clock=CLOCK,
    )
    await hosted.start()
    try:
        yield hosted
    finally:
        await hosted.stop()


@dataclass
class Counter:
    """A printer on its pty and the driver that keeps it open."""

    hosted: Hosted
    twin: PrinterTwin
    printer: Printer
    healths: list[Health]

    async def do(self, name: str, **arguments: str) -> None:
        await self.hosted.do(Verb(verb=name, arguments=arguments))

    async def print(self, name: str, *, job: int, seconds: float = 20) -> PrintResult:
        return await self.printer.print_job(receipt(name), job=job, deadline_ns=deadline(seconds))

    def printed(self, name: str) -> int:
        return self.twin.paper_text().count(f"{name} ")


@asynccontextmanager
async def counter(folder: Path) -> AsyncIterator[Counter]:
    twin = PrinterTwin(load_typeface())
    twin.do(Verb(verb="speed", arguments={"percent": "400"}), 0)
    async with served(twin, folder / "printer") as hosted:
        healths: list[Health] = []
        printer = Printer(
            address=parse_address(hosted.address),
            open_link=open_link,
            clock=CLOCK,
            on_health=healths.append,
        )
        printer.start()
        try:
            await until(lambda: printer.ready)
            yield Counter(hosted, twin, printer, healths)
        finally:
            await printer.stop(deadline_ns=deadline(2))


Act = Callable[[Counter], Awaitable[None]]


async def test_receipt_with_the_paper_ending_in_the_middle_is_finished_on_the_next_roll(
    tmp_path: Path,
) -> None:
    async with counter(tmp_path) as bench:
        await bench.do("short_paper", dots="500")
        printing = asyncio.create_task(bench.print("A", job=1))
        await until(lambda: bench.printer.health.code == "PRN-01")
        assert 0 < bench.printed("A") < LINES
        assert not printing.done()
        assert await bench.printer.kick_drawer(deadline_ns=deadline(5)) == Opened()

        await bench.do("load_paper")
        assert await printing == Printed()
        assert bench.printed("A") == LINES
        assert bench.printer.health.level is Level.OK
        assert bench.printer.garbage_count == 0


async def test_pulled_cable_is_said_and_the_next_receipt_comes_out_after_it_is_back(
    tmp_path: Path,
) -> None:
    async with counter(tmp_path) as bench:
        assert await bench.print("A", job=1) == Printed()
        await bench.do("pull_cable")
        await until(lambda: bench.printer.health.level is Level.DOWN)
        assert isinstance(await bench.print("B", job=2, seconds=0.3), NotPrinted)
        # The port is gone with its cable: after the first try the till says so.
        await until(lambda: bench.printer.health.result is ResultCode.NOEXIST)
        assert str(tmp_path) in bench.printer.health.ko

        await bench.do("plug_cable")
        assert await bench.print("C", job=3) == Printed()
        assert (bench.printed("B"), bench.printed("C")) == (0, LINES)


async def test_second_program_on_the_same_port_is_told_that_it_is_busy(tmp_path: Path) -> None:
    async with counter(tmp_path) as bench:
        second = Printer(
            address=parse_address(bench.hosted.address), open_link=open_link, clock=CLOCK
        )
        second.start()
        await until(lambda: second.health.level is Level.DOWN)

        assert second.health.result is ResultCode.CLAIMED
        assert "다른 프로그램" in second.health.ko
        assert str(tmp_path / "printer") in second.health.en
        await second.stop(deadline_ns=deadline(1))
        assert await bench.print("A", job=1) == Printed()


async def test_missing_port_says_which_and_what_to_do(tmp_path: Path) -> None:
    address = Address("serial", str(tmp_path / "nothing"))
    printer = Printer(address=address, open_link=open_link, clock=CLOCK)
    printer.start()
    await until(lambda: printer.health.level is Level.DOWN)

    assert printer.health.result is ResultCode.NOEXIST
    assert printer.health.code == "PRN-03"
    assert str(address.place) in printer.health.en
    assert "케이블을 꽂거나" in printer.health.ko
    await printer.stop(deadline_ns=deadline(1))


async def test_wrong_baud_rate_is_noticed_and_stops_nothing(tmp_path: Path) -> None:
    async with served(PrinterTwin(load_typeface()), tmp_path / "printer") as hosted:
        address = Address("serial", parse_address(hosted.address).place, {"baud": "9600"})
        printer = Printer(address=address, open_link=open_link, clock=CLOCK)
        printer.start()
        result = await printer.print_job(receipt("A"), job=1, deadline_ns=deadline(4))

        assert isinstance(result, NotPrinted)
        assert result.code == "PRN-05"
        assert printer.health.level is Level.UNKNOWN
        assert not printer.ready
        await printer.stop(deadline_ns=deadline(1))


async def test_noise_on_the_line_never_makes_an_untrue_answer(tmp_path: Path) -> None:
    async with counter(tmp_path) as bench:
        await bench.do("corrupt", per_mille="2")
        for job, name in enumerate("ABC"):
            result = await bench.print(name, job=job, seconds=2)
            if isinstance(result, NotPrinted):
                assert bench.printed(name) == 0
        await bench.do("clear")
        await bench.printer.wait_until_ready(deadline_ns=deadline(20))
        assert await bench.print("Z", job=9) == Printed()


async def test_drawer_opened_by_hand_and_shut_is_seen(tmp_path: Path) -> None:
    async with counter(tmp_path) as bench:
        await bench.do("open_drawer")
        await until(lambda: bench.printer.drawer is DrawerState.OPEN)
        await bench.do("close_drawer")
        await until(lambda: bench.printer.drawer is DrawerState.CLOSED)


async def test_display_and_scanner_work_and_come_back_after_their_cable(tmp_path: Path) -> None:
    shown, scans = LineDisplayTwin(), []
    async with (
        served(shown, tmp_path / "display") as display_host,
        served(ScannerTwin(identifiers=True), tmp_path / "scanner") as scanner_host,
    ):
        display = LineDisplay(
            address=parse_address(display_host.address), open_link=open_link, clock=CLOCK
        )
        on_scan: Callable[[Scan], None] = scans.append
        scanner = SerialScanner(
            address=parse_address(scanner_host.address),
            open_link=open_link,
            clock=CLOCK,
            on_scan=on_scan,
        )
        display.start()
        scanner.start()
        display.show("합계", "12,300원")
        await until(lambda: shown.rows[1].rstrip() == "12,300원")
        scan = Verb(verb="scan", arguments={"code": "8801234567893"})
        await until(lambda: scanner.health.level is Level.OK)
        await scanner_host.do(scan)
        await until(lambda: len(scans) == 1)
        for hosted in (display_host, scanner_host):
            await hosted.do(Verb(verb="pull_cable"))
        await until(lambda: scanner.health.level is Level.DOWN)
        display.show("거스름돈", "700원")
        for hosted in (display_host, scanner_host):
            await hosted.do(Verb(verb="plug_cable"))

        await until(lambda: shown.rows[1].rstrip() == "700원")
        await until(lambda: scanner.health.level is Level.OK)
        await scanner_host.do(scan)
        await until(lambda: len(scans) == 2)
        assert {scan.barcode.text for scan in scans} == {"8801234567893"}
        for device in (display, scanner):
            await device.stop(deadline_ns=deadline(1))
