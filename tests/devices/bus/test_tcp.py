"""The TCP bus: each way not to connect is its own sentence; a peer's end and a vanished peer are seen."""

import asyncio
import socket

import pytest

from devices.bus.tcp import BUS, KEEPALIVE_AFTER_S, SILENCE_MAX_S, connect
from protocols.address import AddressError, parse_address
from protocols.ports import LinkDownError

pytestmark = pytest.mark.system


def soon(seconds=5.0):
    return int((asyncio.get_running_loop().time() + seconds) * 1e9)


async def test_nobody_listening_is_said_with_host_and_port():
    """Goal: refused is not the same as silent."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(LinkDownError, match=f"nobody answers at 127.0.0.1:{port}: switch"):
        await BUS.open(parse_address(f"tcp://127.0.0.1:{port}"), deadline_ns=soon())


async def test_silent_host_is_given_up_at_the_deadline():
    """Goal: a full backlog answers nothing at all; the deadline is kept."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = "{}:{}".format(*full.getsockname())
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        await asyncio.sleep(0.05)
        begun = loop.time()

        with pytest.raises(LinkDownError, match=f"{place} did not answer in time"):
            await BUS.open(parse_address(f"tcp://{place}"), deadline_ns=soon(0.3))

        for filler in fillers:
            filler.close()
    assert 0.25 < loop.time() - begun < 3


async def test_unknown_name_is_the_names_fault():
    """Goal: a misspelt host is not sought in the cables."""
    with pytest.raises(LinkDownError, match=r"name printer\.invalid is unknown"):
        await BUS.open(parse_address("tcp://printer.invalid:9100"), deadline_ns=soon())


@pytest.mark.parametrize("text", ["tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://h:1?baud=9600"])
async def test_wrong_address_is_the_address_fault(text):
    """Goal: no retry for what is written wrongly."""
    with pytest.raises(AddressError):
        await BUS.open(parse_address(text), deadline_ns=soon())


async def test_kernel_is_told_to_notice_a_vanished_peer():
    """Goal: a printer whose power went is noticed within half a minute, idle or not."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = await connect(
            parse_address("tcp://{}:{}".format(*server.getsockname())), deadline_ns=soon()
        )
        ours = link._transport.get_extra_info("socket")

        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == KEEPALIVE_AFTER_S
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENCE_MAX_S * 1_000
        link.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_last_bytes_of_a_peer_that_leaves_are_heard_before_the_loss():
    """Goal: a printer's last status is not lost with the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = await connect(
            parse_address("tcp://{}:{}".format(*server.getsockname())), deadline_ns=soon()
        )
        peer, _ = server.accept()
        peer.sendall(b"last words")
        peer.close()
        heard, lost = bytearray(), asyncio.get_running_loop().create_future()

        link.attach(heard.extend, lost.set_result)

        assert "ended the connection" in await asyncio.wait_for(lost, 5)
    assert heard == b"last words"
