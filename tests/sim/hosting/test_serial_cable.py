"""The cable behind a port server: lines, break, pulled; seen by our driver and by whoever watches a line."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from devices.bus import open_link
from devices.bus.rfc2217 import Rfc2217Link
from protocols.address import AddressError, parse_address
from protocols.control import Verb
from protocols.ports import LinkDownError
from protocols.rfc2217.words import Control, ModemState
from protocols.serial_line import LineSettings
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.hosted import Hosted
from sim.hosting.rfc2217 import READY, Rfc2217Carrier
from sim.hosting.serial_cable import SerialCable
from sim.scanner import ScannerTwin
from sim.twin import VerbError
from sim.wire import Wire

pytestmark = pytest.mark.system
CLOCK = SystemClock()
SECOND = 1_000_000_000


@asynccontextmanager
async def served() -> AsyncIterator[Hosted]:
    """A scanner behind a port server."""
    line = LineSettings()
    carrier = Rfc2217Carrier(line=line)
    hosted = Hosted(
        name="scanner",
        twin=ScannerTwin(),
        carrier=carrier,
        wire=Wire(SeededEntropy(1), line=line),
        clock=CLOCK,
        cable=SerialCable(carrier),
    )
    await hosted.start()
    async with asyncio.timeout(20):
        yield hosted
    await hosted.stop()
    # Aborted transports close their sockets in the next turns.
    for _ in range(3):
        await asyncio.sleep(0)


async def opened(hosted: Hosted, more: str = "", seconds: float = 5) -> Rfc2217Link:
    link = await open_link(
        parse_address(hosted.address + more),
        deadline_ns=CLOCK.monotonic_ns() + int(seconds * SECOND),
        clock=CLOCK,
    )
    assert isinstance(link, Rfc2217Link)
    return link


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


async def gone(hosted: Hosted) -> None:
    """Wait until the port server has seen its driver off: it has one at a time."""
    await until(lambda: hosted.state().state["wire"]["dtr"] == "none")


async def do(hosted: Hosted, verb: str, **arguments: str) -> None:
    await hosted.do(Verb(verb=verb, arguments=arguments))


async def test_pulled_cable_stops_every_byte_and_drops_every_line_while_the_port_answers() -> None:
    """Goal: what a real port server shows: its connection stands, and nobody is behind it."""
    async with served() as hosted:
        link = await opened(hosted)
        heard, ends = bytearray(), []
        link.attach(heard.extend, ends.append)
        await until(lambda: link.modem == READY)
        await do(hosted, "pull_serial_cable")
        await until(lambda: link.modem == ModemState(0))
        await do(hosted, "scan", code="1")
        assert hosted.state().state["wire"]["serial_cable"] == "pulled"
        assert hosted.state().state["wire"]["dsr"] == "off"
        await do(hosted, "plug_serial_cable")
        await until(lambda: link.modem == READY)
        await do(hosted, "scan", code="2")
        await until(lambda: heard.endswith(b"2\r"))
        assert (bytes(heard), ends) == (b"2\r", [])
        link.close()


async def test_driver_that_watches_a_line_is_told_that_the_device_is_away() -> None:
    """Goal: a display says nothing for hours; its line is what tells."""
    async with served() as hosted:
        link = await opened(hosted, "&watch=dsr")
        ends: list[str] = []
        link.attach(lambda data: None, ends.append)
        await do(hosted, "lower_line", line="cts")
        await do(hosted, "send_break")
        await until(lambda: ModemState.CTS not in link.modem)
        assert ends == []
        await do(hosted, "pull_serial_cable")
        await until(lambda: bool(ends))
        assert "DSR fell: the device is switched off, or its serial cable is out" in ends[0]
        await gone(hosted)
        with pytest.raises(LinkDownError, match="has the port, and DSR is off: switch the device"):
            await opened(hosted, "&watch=dsr", seconds=0.3)
        await gone(hosted)
        await do(hosted, "plug_serial_cable")
        again = await opened(hosted, "&watch=dsr")
        assert ModemState.DSR in again.modem
        again.close()
        await gone(hosted)


async def test_what_the_driver_drives_is_seen_on_the_device() -> None:
    """Goal: a tester sees DTR, RTS and break; nobody drives them when nobody is there."""
    async with served() as hosted:
        wire = hosted.state().state["wire"]
        assert (wire["dtr"], wire["rts"], wire["break"]) == ("none", "none", "none")
        link = await opened(hosted, "&dtr=off")
        link.control(Control.BREAK_ON)
        await until(lambda: hosted.state().state["wire"]["break"] == "on")
        wire = hosted.state().state["wire"]
        assert (wire["dtr"], wire["rts"]) == ("off", "on")
        link.close()


async def test_break_comes_with_a_zero_byte_and_not_over_a_pulled_cable() -> None:
    """Goal: as a UART does it."""
    async with served() as hosted:
        link = await opened(hosted)
        heard = bytearray()
        link.attach(heard.extend, lambda reason: None)
        await do(hosted, "send_break")
        await until(lambda: bytes(heard) == b"\0")
        await do(hosted, "pull_serial_cable")
        await do(hosted, "send_break")
        await do(hosted, "plug_serial_cable")
        await do(hosted, "scan", code="1")
        await until(lambda: heard.endswith(b"1\r"))
        assert bytes(heard) == b"\x001\r"
        link.close()


async def test_lines_are_the_same_for_the_next_driver() -> None:
    """Goal: what hangs on the cable does not change with who listens."""
    async with served() as hosted:
        await do(hosted, "lower_line", line="dsr")
        await do(hosted, "raise_line", line="ri")
        link = await opened(hosted)
        await until(lambda: ModemState.RI in link.modem)
        assert link.modem == ModemState.CTS | ModemState.CD | ModemState.RI
        link.close()


async def test_wrong_line_is_refused_with_those_there_are() -> None:
    """Goal: one sentence, here and in an address."""
    async with served() as hosted:
        with pytest.raises(VerbError, match="no line 'dtr'; there are: cts, dsr, cd, ri"):
            await do(hosted, "lower_line", line="dtr")
        with pytest.raises(AddressError, match="watch=ri: expected one of dsr, cts, cd"):
            await opened(hosted, "&watch=ri")


async def test_device_on_another_wire_has_no_such_verbs() -> None:
    """Goal: a verb that can do nothing is not offered."""
    async with served() as hosted:
        assert "pull_serial_cable" in {verb.name for verb in hosted.verbs()}
    plain = Hosted(
        name="scanner",
        twin=ScannerTwin(),
        carrier=Rfc2217Carrier(line=LineSettings()),
        wire=Wire(SeededEntropy(1), line=LineSettings()),
        clock=CLOCK,
    )
    assert "pull_serial_cable" not in {verb.name for verb in plain.verbs()}
    assert "dsr" not in plain.state().state["wire"]
