"""A supervised scanner against its twin, in virtual time."""

import pytest

from devices.health import WORKS, Level
from devices.scanner import Ending, Handshake, Scan, SerialScanner, Source
from protocols.barcode import Check, Symbology
from protocols.control import Verb
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.scanner import ScannerTwin
from tests.devices.cable import ADDRESS, Cable, after

MILK = "8801234567893"
S = 1_000_000_000


class Bench:
    """A scanner, its twin, and what arrived."""

    def __init__(self, clock: VirtualClock, twin: ScannerTwin, **options: object) -> None:
        self.clock = clock
        self.twin = twin
        self.cable = Cable(twin, clock)
        self.scans: list[Scan] = []
        self.scanner = SerialScanner(
            address=ADDRESS,
            open_link=self.cable.open_link,
            clock=clock,
            on_scan=self.scans.append,
            **options,  # type: ignore[arg-type]
        )
        self.scanner.start()

    async def do(self, name: str, **arguments: str) -> None:
        await after(0.01)
        self.twin.do(Verb(verb=name, arguments=arguments), self.clock.monotonic_ns())
        self.cable.carry()
        await after(0.01)

    async def stop(self) -> None:
        await self.scanner.stop(deadline_ns=self.clock.monotonic_ns() + S)


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("identifiers", [False, True])
def test_scanned_code_arrives_whatever_the_framing(ending: Ending, identifiers: bool) -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        twin = ScannerTwin(ending=ending.name.lower(), identifiers=identifiers)
        bench = Bench(clock, twin, ending=ending)
        await bench.do("scan", code=MILK)
        await after(1)

        [scan] = bench.scans
        assert (scan.barcode.text, scan.barcode.symbology) == (MILK, Symbology.EAN_13)
        assert scan.barcode.identified == identifiers
        assert scan.source is Source.SERIAL
        await bench.stop()

    run(story)


def test_repeat_is_marked_within_the_window_only() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, ScannerTwin())
        await bench.do("scan_twice", code=MILK)
        await after(0.4)
        await bench.do("scan", code=MILK)
        await after(0.6)
        await bench.do("scan", code=MILK)
        await bench.do("scan", code="96385074")

        marks = [scan.again_after_ns is not None for scan in bench.scans]
        assert marks == [False, True, True, False, False]
        assert len(bench.scans) == 5
        await bench.stop()

    run(story)


def test_bad_check_digit_is_handed_on_as_bad() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, ScannerTwin())
        await bench.do("misread", code=MILK)

        assert bench.scans[0].barcode.check is Check.BAD
        await bench.stop()

    run(story)


def test_torn_code_is_never_glued_to_the_next() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, ScannerTwin())
        await bench.do("tear", code=MILK)
        await after(0.5)
        await bench.do("scan", code="96385074")

        assert [scan.barcode.text for scan in bench.scans] == ["96385074"]
        assert bench.scanner.noise_count == 1
        await bench.stop()

    run(story)


def test_cable_pulled_in_the_middle_of_a_code_tears_it() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, ScannerTwin())
        await bench.do("tear", code=MILK)
        bench.cable.pull()
        await after(1.1)
        await bench.do("scan", code="96385074")

        assert [scan.barcode.text for scan in bench.scans] == ["96385074"]
        await bench.stop()

    run(story)


def test_garbage_again_and_again_says_what_to_check_and_a_code_ends_it() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, ScannerTwin())
        for _ in range(2):
            await bench.do("garble")
        assert bench.scanner.health == WORKS
        await bench.do("garble")

        assert bench.scanner.health.level is Level.WARN
        assert bench.scanner.health.code == "SCN-05"
        assert "baud rate" in bench.scanner.health.en
        assert bench.scans == []
        await bench.do("scan", code=MILK)
        assert bench.scanner.health == WORKS
        await bench.stop()

    run(story)


def test_handshake_accepts_good_codes_and_refuses_bad_ones() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, ScannerTwin(handshake=True), handshake=Handshake.ACK_NAK)
        await bench.do("scan", code=MILK)
        assert bench.twin.state()["verdict"] == "accepted"
        await bench.do("misread", code=MILK)
        assert bench.twin.state()["verdict"] == "refused"
        await bench.stop()

    run(story)
