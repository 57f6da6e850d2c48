"""The equipment as the till sees it: lamps, the hint when something is newly wrong, scans as commands."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.drivers.drawer import DrawerState
from devices.drivers.printer_health import DRAWER_OPEN_MAX_NS, drawer_health
from devices.health import WORKS, Role, cannot_work
from pos import commands
from pos.catalogue import replace_catalogue
from pos.config import parse_config
from pos.device_hints import DeviceHints
from pos.view import Lamp
from pos.wiring import Host, WiredTill, store_inline, wire
from protocols.catalogue import Catalogue, Item

MILK = "8801115114154"
GOODS = Catalogue(
    version="test-1",
    items=[Item(sku="milk", barcodes=[MILK], name_ko="우유", name_en="Milk", price=2_980)],
)
NO_PAPER = cannot_work("PRN-01", ko="용지가 없습니다", en="no paper")


class Zeros:
    def token(self, size: int) -> bytes:
        return bytes(size)


@pytest.fixture
async def wired(tmp_path: Path, clock, places) -> AsyncIterator[WiredTill]:
    config = parse_config(
        f'folder = "{tmp_path}"\n[devices]\nprinter = "serial:///dev/ttyNONE8"', tmp_path / "c.toml"
    )
    made = wire(
        config, Host(clock=clock, entropy=Zeros(), faults=places), store_inline(config, clock)
    )
    await made.till.register.runner.run(
        lambda store: replace_catalogue(store.database, GOODS, now_ns=1)
    )
    await made.till.start()
    made.devices._till = made.till
    made.devices._hints = DeviceHints(made.till, config.language)
    yield made
    await made.till.stop()


def lamps(wired: WiredTill) -> dict[str, Lamp]:
    return {device.role: device.lamp for device in wired.till.view.devices}


async def test_health_becomes_a_lamp_and_a_hint_once(wired: WiredTill) -> None:
    """The clerk reads what is newly the matter, not at every question of the driver."""
    heard: list[str] = []
    wired.till.watch(lambda view: heard.append(view.notice.code if view.notice else ""))

    wired.devices._changed(Role.PRINTER, NO_PAPER)
    assert lamps(wired)["printer"] is Lamp.DOWN
    assert heard[-1] == "PRN-09"
    wired.till.tell(wired.till.register.say("x_printed"))
    wired.devices._changed(Role.PRINTER, NO_PAPER)
    assert heard[-1] == ""
    wired.devices._changed(Role.PRINTER, WORKS)
    assert lamps(wired)["printer"] is Lamp.OK


async def test_paper_out_says_paid_only_of_what_is_paid(wired: WiredTill) -> None:
    """PRN-01 says that the payment is done: with an unpaid basket a clerk must not read that."""
    register = wired.till.register
    register.papers_waiting = 1
    wired.devices._changed(Role.PRINTER, NO_PAPER)
    assert wired.till.view.notice == register.say("PRN-01", count=1)
    wired.devices._changed(Role.PRINTER, WORKS)

    await wired.till.execute(commands.OpenShift(50_000))
    await wired.till.execute(commands.Scan(MILK))
    assert register.sale.lines
    register.papers_waiting = 1
    wired.devices._changed(Role.PRINTER, NO_PAPER)

    assert wired.till.view.notice == register.say("PRN-09", count=1)


async def test_hint_goes_when_the_device_is_well_again(wired: WiredTill) -> None:
    """A line that says "disconnected" beside a lamp that says well is a lie on the screen."""
    wired.devices._changed(Role.PRINTER, NO_PAPER)
    wired.devices._changed(Role.PRINTER, WORKS)
    assert wired.till.view.notice is None

    wired.devices._changed(Role.PRINTER, NO_PAPER)
    later = wired.till.register.say("x_printed")
    wired.till.tell(later)
    wired.devices._changed(Role.PRINTER, WORKS)
    assert wired.till.view.notice is later


async def test_printer_error_is_said_with_what_to_do(wired: WiredTill) -> None:
    """PRN-04 has many causes: each names its own remedy, and fits the line."""
    hot = cannot_work(
        "PRN-04",
        ko="프린터 오류입니다. 잠시 기다리거나 전원을 껐다 켜세요",
        en="Printer error. Wait",
    )
    wired.devices._changed(Role.PRINTER, hot)

    notice = wired.till.view.notice
    assert notice is not None
    assert notice.banner == "프린터가 멈췄습니다 (오류입니다). 영수증은 쌓아 둡니다 (0장)"
    assert notice.keys == "잠시 기다리거나 전원을 껐다 켜세요"


async def test_drawer_left_open_is_said_until_it_is_shut(wired: WiredTill) -> None:
    """DRW-01: a lamp among four does not bring a clerk back to an open drawer."""
    wired.devices._drawer_changed(drawer_health(DrawerState.OPEN, DRAWER_OPEN_MAX_NS))
    assert wired.till.view.notice == wired.till.register.say("DRW-01", seconds=30)

    wired.devices._drawer_changed(drawer_health(DrawerState.CLOSED, 0))
    assert wired.till.view.notice is None


async def test_what_is_not_configured_is_absent(wired: WiredTill) -> None:
    for role in (Role.SCANNER, Role.LINE_DISPLAY):
        wired.devices._show(role)

    await asyncio.sleep(0)

    assert lamps(wired) == {"scanner": Lamp.ABSENT, "line_display": Lamp.ABSENT}
