"""Scans on their way to the till: bytes of a scanner in, sold goods or a message out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.drivers.scanner import NOISE_IN_A_ROW_MAX, REPEAT_WINDOW_NS, ScannerDriver
from pos.catalogue import replace_catalogue
from pos.config import parse_config
from pos.entry import parse_entry
from pos.scanning import SCANS_RUNNING_MAX
from pos.wiring import Host, WiredTill, open_store, store_inline, wire
from protocols.catalogue import Catalogue, Item
from protocols.scanner import Ending, frame

MILK, RAMEN, OWN = "8801115114154", "8801043015929", "00012345"
"""The last is the shop's own number: eight digits whose last one checks nothing."""
GOODS = Catalogue(
    version="test-1",
    items=[
        Item(sku="milk", barcodes=[MILK], name_ko="우유", name_en="Milk", price=2_980),
        Item(sku="ramen", barcodes=[RAMEN], name_ko="라면", name_en="Ramen", price=4_100),
        Item(sku=OWN, barcodes=[], name_ko="김밥", name_en="Gimbap", price=3_000),
        Item(sku="880111", barcodes=[], name_ko="떡", name_en="Rice cake", price=9_000),
    ],
)


class Zeros:
    def token(self, size: int) -> bytes:
        return bytes(size)


@dataclass
class Lane:
    """A till and the driver of its scanner."""

    wired: WiredTill
    driver: ScannerDriver
    now_ns: int = 0

    def scan(self, code: str, *, after_ns: int = REPEAT_WINDOW_NS) -> None:
        self.now_ns += after_ns
        self.driver.receive(frame(code, Ending.CR), self.now_ns)

    def garble(self) -> None:
        self.now_ns += REPEAT_WINDOW_NS
        self.driver.receive(b"\x00\x81\xfe\x13\r", self.now_ns)

    async def settle(self) -> None:
        scanning = self.wired.devices._scanning
        assert scanning is not None
        while scanning._running:
            await asyncio.wait(scanning._running)
        await asyncio.sleep(0)

    @property
    def said(self) -> tuple[str, str]:
        notice = self.wired.till.view.notice
        return (notice.code, notice.banner) if notice else ("", "")

    @property
    def basket(self) -> list[tuple[str, str]]:
        return [(line.name, line.quantity) for line in self.wired.till.view.lines]


@pytest.fixture
async def lane(tmp_path: Path, clock, places) -> AsyncIterator[Lane]:
    config = parse_config(f'language = "en"\nfolder = "{tmp_path}"', tmp_path / "c.toml")
    with open_store(config, clock)() as store:
        replace_catalogue(store.database, GOODS, now_ns=1)
    host = Host(clock=clock, entropy=Zeros(), faults=places)
    wired = wire(config, host, store_inline(config, clock))
    await wired.start_here()
    await wired.till.execute(parse_entry("OS"))
    devices = wired.devices
    yield Lane(wired, ScannerDriver(on_scan=devices._scanned, on_noise=devices._noise))
    await wired.stop()


async def test_a_good_code_is_sold_and_nothing_is_said(lane: Lane) -> None:
    lane.scan(MILK)
    await lane.settle()

    assert lane.basket == [("Milk", "1")]
    assert lane.said == ("", "")


@pytest.mark.parametrize(
    "sent",
    ["8801115114155", "]E08801115114155", "]E0880111", "]E000012345"],
    ids=["last digit", "named", "torn, named, and somebody's number", "own number, named EAN"],
)
async def test_a_misread_code_is_told_and_not_sold(lane: Lane, sent: str) -> None:
    """SCN-03: a wrong check digit is shown, never corrected and never looked up as something else."""
    lane.scan(sent)
    await lane.settle()

    assert lane.basket == []
    assert lane.said[0] == "SCN-03"
    assert sent.removeprefix("]E0") in lane.said[1]


async def test_the_shops_own_number_sells_although_its_last_digit_checks_nothing(
    lane: Lane,
) -> None:
    """Where the scanner does not name the kind of code, the catalogue decides."""
    lane.scan(OWN)
    await lane.settle()

    assert lane.basket == [("Gimbap", "1")]


@pytest.mark.parametrize(
    ("after_ns", "code"), [(REPEAT_WINDOW_NS - 1, "SCN-06"), (REPEAT_WINDOW_NS, "")]
)
async def test_a_code_that_comes_twice_at_once_sells_twice_and_says_so(
    lane: Lane, after_ns: int, code: str
) -> None:
    """Nobody here can tell two pieces from one that was read twice: sell, say it, let the clerk void."""
    lane.scan(MILK)
    lane.scan(MILK, after_ns=after_ns)
    await lane.settle()

    assert lane.basket == [("Milk", "2")]
    assert lane.said[0] == code


async def test_another_code_at_once_is_no_repeat(lane: Lane) -> None:
    lane.scan(MILK)
    lane.scan(RAMEN, after_ns=1)
    await lane.settle()

    assert lane.basket == [("Milk", "1"), ("Ramen", "1")]
    assert lane.said == ("", "")


async def test_a_torn_code_is_told_and_a_stream_of_garbage_does_not_hide_the_rest(
    lane: Lane,
) -> None:
    """SCN-07 for each torn piece; when they are too many in a row, the scanner's health speaks."""
    for _ in range(NOISE_IN_A_ROW_MAX - 1):
        lane.garble()
        assert lane.said[0] == "SCN-07"
        lane.wired.till.tell(lane.wired.till.register.say("x_printed"))
    for _ in range(3):
        lane.garble()
        assert lane.said[0] == ""

    assert lane.driver.health().code == "SCN-05"
    assert lane.wired.till.register.say("SCN-05").banner == lane.driver.health().en


async def test_garbage_never_covers_a_takeover(lane: Lane) -> None:
    """JNL-01 stays until the journal works again."""
    lane.wired.till.tell(lane.wired.till.register.say("JNL-01", reason="disk"))

    lane.garble()

    assert lane.said[0] == "JNL-01"


async def test_scans_beyond_the_limit_are_told_at_once_and_again_at_the_end(lane: Lane) -> None:
    """SCN-08: as many as may wait are sold, the others are named; no scan between wipes that away."""
    async with lane.wired.till._turn:
        for _ in range(SCANS_RUNNING_MAX):
            lane.scan(MILK)
        assert lane.said[0] == ""
        for number, code in enumerate((RAMEN, RAMEN, OWN), start=1):
            lane.scan(code)
            assert lane.said[0] == "SCN-08"
            assert f"{number} scans not taken, last {code}" in lane.said[1]
    await lane.settle()

    assert lane.basket == [("Milk", str(SCANS_RUNNING_MAX))]
    assert lane.said[0] == "SCN-08"
    assert "3 scans not taken" in lane.said[1]
    lane.scan(RAMEN)
    await lane.settle()
    assert lane.said == ("", ""), "told once, not for ever"
