"""The equipment as the till sees it: lamps, the hint when something is newly wrong, scans as commands."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.health import WORKS, Role, cannot_work
from pos.config import parse_config
from pos.view import Lamp
from pos.wiring import Host, WiredTill, store_inline, wire

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
    await made.till.start()
    made.devices._till = made.till
    yield made
    await made.till.stop()


def lamps(wired: WiredTill) -> dict[str, Lamp]:
    return {device.role: device.lamp for device in wired.till.view.devices}


async def test_health_becomes_a_lamp_and_a_hint_once(wired: WiredTill) -> None:
    """PRN-01: the clerk reads that the payment is done and a receipt waits; not at every question."""
    heard: list[str] = []
    wired.till.watch(lambda view: heard.append(view.notice.code if view.notice else ""))

    wired.devices._changed(Role.PRINTER, NO_PAPER)
    assert lamps(wired)["printer"] is Lamp.DOWN
    assert heard[-1] == "PRN-01"
    wired.till.tell(wired.till.register.say("x_printed"))
    wired.devices._changed(Role.PRINTER, NO_PAPER)
    assert heard[-1] == ""
    wired.devices._changed(Role.PRINTER, WORKS)
    assert lamps(wired)["printer"] is Lamp.OK


async def test_what_is_not_configured_is_absent(wired: WiredTill) -> None:
    for role in (Role.SCANNER, Role.LINE_DISPLAY):
        wired.devices._show(role)

    await asyncio.sleep(0)

    assert lamps(wired) == {"scanner": Lamp.ABSENT, "line_display": Lamp.ABSENT}
