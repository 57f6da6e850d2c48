"""ByteLink: one suite, many subjects. Whatever the wire, a link keeps order, counts, limits, and tells its end.

Subjects: a pty through the serial bus, TCP, RFC 2217 over TCP, and memory. Each is opened by its
address through open_link; at the other end stands the carrier that hosts a twin.
"""

import asyncio
import hashlib

import pytest

from devices.bus import open_link
from protocols.address import parse_address
from protocols.ports import LINK_PENDING_BYTES_MAX, ByteLink, LinkDownError
from protocols.serial_line import LineSettings
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.memory import MemoryCarrier
from sim.hosting.pty import PtyCarrier
from sim.hosting.rfc2217 import Rfc2217Carrier
from sim.hosting.tcp import TcpCarrier

pytestmark = pytest.mark.system

MEGABYTE = 1_000_000
DEADLINE_S = 20


class End:
    """Whoever listens at one end: the device's ear, or the driver's two callbacks."""

    def __init__(self):
        self.data = bytearray()
        self.ends = []
        self.lines = []
        self._changed = asyncio.Event()

    def received(self, data):
        self.data += data
        self._changed.set()

    def lost(self, reason):
        self.ends.append(reason)
        self._changed.set()

    def line_set(self, settings):
        self.lines.append(settings)

    def opened(self):
        pass

    def closed(self):
        self.ends.append("closed")
        self._changed.set()

    async def until(self, condition):
        while not condition():
            self._changed.clear()
            await self._changed.wait()


class Subject:
    """A carrier with an ear at its end, and the way to open it."""

    def __init__(self, kind, carrier):
        self.kind = kind
        self.carrier = carrier
        self.far = End()
        self.links = []

    async def open(self):
        address = parse_address(self.carrier.address)
        clock = SystemClock()
        link = await open_link(
            address, deadline_ns=clock.monotonic_ns() + 5_000_000_000, clock=clock
        )
        near = End()
        link.attach(near.received, near.lost)
        self.links.append(link)
        return link, near


KINDS = {
    "pty": lambda folder: PtyCarrier(line=LineSettings(), link=folder / "port"),
    "tcp": lambda folder: TcpCarrier(),
    "rfc2217": lambda folder: Rfc2217Carrier(line=LineSettings(baud=115_200)),
    "memory": lambda folder: MemoryCarrier("device"),
}


@pytest.fixture(params=KINDS)
async def subject(request, tmp_path):
    carrier = KINDS[request.param](tmp_path)
    subject = Subject(request.param, carrier)
    await carrier.plug(subject.far)
    async with asyncio.timeout(DEADLINE_S):
        yield subject
    for link in subject.links:
        link.close()
    await carrier.pull()
    # Aborted transports close their sockets in the next turn.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_link_is_what_the_port_says(subject):
    """Goal: every bus gives a ByteLink with nothing pending."""
    link, _ = await subject.open()

    assert isinstance(link, ByteLink)
    assert link.pending() == 0


async def test_every_byte_value_arrives_in_order_both_ways_however_it_is_cut(subject):
    """Goal: no byte is a control byte to any wire, and no cut reorders."""
    link, near = await subject.open()
    entropy = SeededEntropy(1)
    text = bytes(range(256)) * 8 + entropy.token(2_000)
    position = 0

    while position < len(text):
        size = 1 + entropy.below(700)
        link.write(text[position : position + size])
        subject.carrier.write(text[position : position + size])
        position += size
        await asyncio.sleep(0)

    await subject.far.until(lambda: len(subject.far.data) >= len(text))
    await near.until(lambda: len(near.data) >= len(text))
    assert bytes(subject.far.data) == text
    assert bytes(near.data) == text


async def test_megabyte_to_the_device_arrives_whole_and_leaves_nothing_pending(subject):
    """Goal: a long print needs no care by the driver."""
    link, _ = await subject.open()
    text = SeededEntropy(2).token(MEGABYTE)

    link.write(text)
    assert link.pending() <= 2 * MEGABYTE
    await subject.far.until(lambda: len(subject.far.data) >= MEGABYTE)

    assert hashlib.sha256(subject.far.data).digest() == hashlib.sha256(text).digest()
    assert link.pending() == 0


async def test_megabyte_from_the_device_arrives_whole(subject):
    """Goal: the other direction of the same."""
    _, near = await subject.open()
    text = SeededEntropy(3).token(MEGABYTE)

    subject.carrier.write(text)
    await near.until(lambda: len(near.data) >= MEGABYTE)

    assert hashlib.sha256(near.data).digest() == hashlib.sha256(text).digest()


async def test_pulled_cable_is_told_once_with_a_sentence_and_writing_on_is_harmless(subject):
    """Goal: one loss, one sentence, no exception."""
    link, near = await subject.open()

    await subject.carrier.pull()
    link.write(b"too late")
    await near.until(lambda: near.ends)
    link.write(b"far too late")
    await asyncio.sleep(0.02)

    assert len(near.ends) == 1
    assert len(near.ends[0].split()) >= 4
    assert link.pending() == 0


async def test_cable_pulled_in_the_middle_of_a_long_write_is_told_once(subject):
    """Goal: what the kernel refuses mid-write ends the link, never the program."""
    link, near = await subject.open()

    link.write(bytes(MEGABYTE))
    await subject.far.until(lambda: len(subject.far.data) > 1_000)
    await subject.carrier.pull()
    link.write(bytes(MEGABYTE))
    await near.until(lambda: near.ends)
    await asyncio.sleep(0.02)

    assert len(near.ends) == 1
    assert 0 < len(subject.far.data) < MEGABYTE


async def test_missing_device_is_named_and_comes_back_under_the_same_address(subject):
    """Goal: unplugged is LinkDownError with the place in it; replugged opens as before."""
    address = subject.carrier.address
    _, near = await subject.open()
    await subject.carrier.pull()
    await near.until(lambda: near.ends)

    with pytest.raises(LinkDownError) as caught:
        await subject.open()
    assert parse_address(address).place in str(caught.value)

    await subject.carrier.plug(subject.far)
    assert subject.carrier.address == address
    subject.far.data.clear()
    again, _ = await subject.open()
    again.write(b"back")
    await subject.far.until(lambda: bytes(subject.far.data) == b"back")


async def test_second_opener_is_told_and_the_first_is_not_disturbed(subject):
    """Goal: a busy port is said to be busy; TCP can say so only after opening."""
    link, near = await subject.open()

    try:
        _, second = await subject.open()
    except LinkDownError as error:
        assert parse_address(subject.carrier.address).place in str(error)
        assert subject.kind == "rfc2217" or "in use by" in str(error)
    else:
        await second.until(lambda: second.ends)
        assert subject.kind == "tcp"

    link.write(b"still here")
    await subject.far.until(lambda: bytes(subject.far.data) == b"still here")
    assert near.ends == []


async def test_own_close_is_not_a_loss_and_the_port_is_free_again(subject):
    """Goal: `lost` is for what we did not do; closing frees the device at once."""
    link, near = await subject.open()
    link.write(b"last words")
    await subject.far.until(lambda: bytes(subject.far.data) == b"last words")

    link.close()
    link.close()
    link.write(b"dropped")
    if subject.kind != "pty":
        await subject.far.until(lambda: "closed" in subject.far.ends)
    again, _ = await subject.open()
    again.write(b"!")
    await subject.far.until(lambda: bytes(subject.far.data) == b"last words!")

    assert near.ends == []
    assert link.pending() == 0


async def test_device_that_takes_nothing_ends_the_link_at_the_limit(subject):
    """Goal: LINK_PENDING_BYTES_MAX holds; memory never grows with a stuck device."""
    link, near = await subject.open()
    subject.carrier.pause()
    # What the kernel's own buffers hold comes on top.
    for _ in range(24):
        link.write(bytes(LINK_PENDING_BYTES_MAX // 4))
        assert link.pending() <= LINK_PENDING_BYTES_MAX
        await asyncio.sleep(0)

    await near.until(lambda: near.ends)

    assert "takes no data" in near.ends[0]


async def test_bytes_that_arrive_before_anybody_listens_wait(subject):
    """Goal: a printer that reports its status at once is not missed."""
    clock = SystemClock()
    link = await open_link(
        parse_address(subject.carrier.address),
        deadline_ns=clock.monotonic_ns() + 5_000_000_000,
        clock=clock,
    )
    subject.links.append(link)
    near = End()

    subject.carrier.write(b"hello")
    await asyncio.sleep(0.01)
    link.attach(near.received, near.lost)

    await near.until(lambda: bytes(near.data) == b"hello")
