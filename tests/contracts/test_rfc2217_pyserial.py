"""RFC 2217 against pyserial, which shares no code with ours: our twin and its client, our bus and its server."""

import asyncio
import contextlib
import socket
import threading

import pytest
import serial
import serial.rfc2217

from devices.bus import open_link
from protocols.address import parse_address
from protocols.ports import LinkDownError
from protocols.rfc2217.words import Control, ModemState
from protocols.serial_line import LineSettings, Parity, StopBits
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.rfc2217 import SIGNATURE, Rfc2217Carrier

# pyserial 3.5 names its reader thread in a way that Python has deprecated.
pytestmark = [pytest.mark.system, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

LINE = LineSettings(baud=19_200, data_bits=7, parity=Parity.EVEN, stop_bits=StopBits.TWO)
EVERY_BYTE = bytes(range(256)) * 4


class Ear:
    def __init__(self, carrier):
        self.carrier = carrier
        self.data = bytearray()
        self.lines = []

    def received(self, data):
        self.data += data
        self.carrier.write(data)

    def line_set(self, settings):
        self.lines.append(settings)

    def opened(self):
        pass

    def closed(self):
        pass


@contextlib.asynccontextmanager
async def echo_twin():
    carrier = Rfc2217Carrier(line=LINE)
    ear = Ear(carrier)
    await carrier.plug(ear)
    yield carrier, ear
    await carrier.pull()
    await asyncio.sleep(0.01)


def use_as_pyserial_does(url):
    """Open, set, exchange and read the lines, all through pyserial; return what it saw."""
    with serial.serial_for_url(
        url, baudrate=19_200, bytesize=7, parity="E", stopbits=2, timeout=5
    ) as port:
        port.write(EVERY_BYTE)
        echoed = port.read(len(EVERY_BYTE))
        lines = (port.cts, port.dsr, port.ri, port.cd)
        port.dtr = False
        port.rts = False
        port.break_condition = True
        port.break_condition = False
        port.baudrate = 9_600
        port.reset_input_buffer()
        return echoed, lines


async def test_pyserials_client_gets_our_twin_with_line_bytes_and_signals():
    """Goal: the other implementation's client opens at 7E2, hears every byte back, reads the lines."""
    async with echo_twin() as (carrier, ear):
        url = carrier.address.partition("?")[0]

        echoed, lines = await asyncio.wait_for(asyncio.to_thread(use_as_pyserial_does, url), 30)

    assert echoed == EVERY_BYTE
    assert lines == (True, True, False, True)
    assert LINE in ear.lines
    assert [each.baud for each in ear.lines if each is not None][-1] == 9_600


class Port:
    """What PortManager takes for its serial port; remembers what it was told."""

    def __init__(self):
        self.baudrate, self.bytesize, self.parity, self.stopbits = 1_200, 8, "N", 1
        self.xonxoff = self.rtscts = False
        self.dtr = self.rts = self.break_condition = None
        self.cts, self.dsr, self.ri, self.cd = True, True, False, False
        self.purged = []

    def reset_input_buffer(self):
        self.purged.append("in")

    def reset_output_buffer(self):
        self.purged.append("out")


class Served:
    """pyserial's server: PortManager over one accepted connection, in a thread; echoes what it gets."""

    def __init__(self):
        self.port = Port()
        self.got = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()[1]
        self._connection = None
        self._manager = None
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def write(self, data):
        self._connection.sendall(data)

    def show_lines(self):
        self._manager.check_modem_lines()

    def _serve(self):
        self._connection, _ = self._listener.accept()
        self._manager = serial.rfc2217.PortManager(self.port, self)
        with contextlib.suppress(OSError):
            while data := self._connection.recv(1_024):
                plain = b"".join(self._manager.filter(data))
                self.got += plain
                self.write(b"".join(self._manager.escape(plain)))

    def close(self):
        self._listener.close()
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
            self._connection.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


async def opened(text, seconds=5):
    clock = SystemClock()
    return await open_link(
        parse_address(text), deadline_ns=clock.monotonic_ns() + int(seconds * 1e9), clock=clock
    )


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_our_bus_opens_pyserials_server_with_line_bytes_and_signals():
    """Goal: the other implementation's server is set to 7E2, echoes every byte, hears DTR, tells its lines."""
    served = Served()
    try:
        link = await opened(
            f"rfc2217://127.0.0.1:{served.address}"
            "?baud=19200&bytesize=7&parity=even&stop=2&flow=rtscts&dtr=off"
        )
        heard = bytearray()
        lost = []
        link.attach(heard.extend, lost.append)
        link.write(EVERY_BYTE)
        await until(lambda: bytes(heard) == EVERY_BYTE and served.port.dtr is False)
        port = served.port
        assert (port.baudrate, port.bytesize, port.parity, port.stopbits) == (19_200, 7, "E", 2)
        assert port.rtscts
        await until(lambda: link.modem == ModemState.CTS | ModemState.DSR)

        port.ri = port.cd = True
        served.show_lines()
        link.control(Control.BREAK_ON)
        await until(lambda: ModemState.CD in link.modem and port.break_condition is True)
        assert lost == []
        link.close()
    finally:
        served.close()


@contextlib.asynccontextmanager
async def talker(greeting):
    """A TCP server that says one thing, is no port server, and stays."""
    peers = []

    async def meet(reader, writer):
        peers.append(writer)
        writer.write(greeting)

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for peer in peers:
        peer.transport.abort()
    await server.wait_closed()
    await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        SeededEntropy(4).token(4_000),
        b"\xff\xfa\x2c" + bytes(9_000),
    ],
    ids=["silence", "ssh", "noise", "endless subnegotiation"],
)
async def test_what_is_no_port_server_is_given_up_at_the_deadline(greeting):
    """Goal: silence, text and garbage end in one sentence, in time."""
    async with talker(greeting) as port:
        with pytest.raises(LinkDownError) as caught:
            await asyncio.wait_for(opened(f"rfc2217://127.0.0.1:{port}", seconds=0.3), 5)

    said = str(caught.value)
    assert f"127.0.0.1:{port}" in said
    # The bus's own sentence, which names the negotiation, and not the general one.
    assert "RFC 2217" in said or "offers no such serial port" in said


async def test_server_that_refuses_says_so_at_once():
    """Goal: DONT COM-PORT is heard, not waited out."""
    async with talker(b"\xff\xfe\x2c") as port:
        with pytest.raises(LinkDownError, match="refuses COM_PORT"):
            await asyncio.wait_for(opened(f"rfc2217://127.0.0.1:{port}", seconds=60), 5)


async def test_our_server_signs_itself():
    """Goal: a technician sees what is at the other end."""
    async with echo_twin() as (carrier, _):
        port = int(carrier.address.partition("?")[0].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\xff\xfb\x2c\xff\xfa\x2c\x00\xff\xf0")
        async with asyncio.timeout(5):
            await reader.readuntil(b"\xff\xfa\x2c\x64" + SIGNATURE.encode() + b"\xff\xf0")
        writer.close()
        await writer.wait_closed()
