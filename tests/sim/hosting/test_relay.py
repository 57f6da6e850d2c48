"""The way to a host, with a real server behind it and a real client before it: messages pass whole, or not.

Real sockets on loopback and short real waits: what a client gives up on is its own deadline.
"""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx
import pytest

from protocols.control import Verb
from protocols.trace.events import Answer, Mark, Request
from sim.host import SystemClock
from sim.host_line import HostTwin
from sim.hosting.relay import HostRelay
from sim.hosting.tapped_host import HostTap
from sim.recorder import Recorder
from sim.twin import VerbError

SECONDS = 20
IMPATIENT = 0.3


class Host:
    """A server that says what it was asked, and counts."""

    def __init__(self):
        self.heads = []

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head.decode())
                size = 0
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.partition(b":")[2])
                body = await reader.readexactly(size)
                told = json.dumps({"n": len(self.heads), "length": len(body)}).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(told) + told
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def relayed():
    """Give (host, relay, client, recorder), all on loopback."""
    host, clock = Host(), SystemClock()
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    to = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    recorder = Recorder(clock=clock)
    relay = HostRelay(
        name="broker", twin=HostTwin(), to=to, port=0, clock=clock,
        tap=HostTap(recorder, "net:broker", link="loopback"),
    )  # fmt: skip
    await relay.start()
    async with httpx.AsyncClient(
        base_url=relay.address, trust_env=False, timeout=SECONDS
    ) as client:
        try:
            yield host, relay, client, recorder
        finally:
            await relay.stop()
            server.close()


def told(recorder):
    return [
        (each.method, each.path) if isinstance(each, Request) else each.status
        for each in recorder.events()
        if isinstance(each, Request | Answer)
    ]


async def do(relay, verb, **arguments):
    await relay.do(Verb(verb=verb, arguments=arguments))


async def test_messages_pass_as_they_are_and_stand_in_the_trace():
    async with relayed() as (host, relay, client, recorder):
        body = b"{" + b" " * 200_000 + b"}"
        kind = {"content-type": "application/json"}
        first = await client.post("/v1/x?y=1", content=body, headers=kind)
        second = await client.get("/v1/health")

        assert first.json() == {"n": 1, "length": len(body)}
        assert second.json()["n"] == 2
        assert f"host: {relay.address.removeprefix('http://')}" in host.heads[0].lower()
        assert told(recorder) == [("POST", "/v1/x?y=1"), 200, ("GET", "/v1/health"), 200]
        sent, answered, *_ = [
            each for each in recorder.events() if isinstance(each, Request | Answer)
        ]
        assert sent.data == body and answered.data == first.content
        assert relay.state().state == {
            "requests": 2, "answers": 2, "planned": [], "delay_ms": 0,
            "to": relay.state().state["to"], "cable": "plugged",
        }  # fmt: skip


async def test_a_body_that_cannot_be_read_is_left_out_of_the_trace_and_passes():
    async with relayed() as (_, _, client, recorder):
        answer = await client.post("/v1/x", content=b"\x00\x01\x02")

        assert answer.json()["length"] == 3
        assert [each.text for each in recorder.events() if isinstance(each, Mark)] == [
            "left out: 3 bytes of no type"
        ]


async def test_a_lost_request_never_arrives_and_the_next_one_does():
    async with relayed() as (host, relay, client, recorder):
        await do(relay, "lose_request", count="1")
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/a", timeout=IMPATIENT)
        assert (await client.get("/b")).status_code == 200

        assert [head.split()[1] for head in host.heads] == ["/b"]
        assert told(recorder)[:3] == [("GET", "/a"), 0, ("GET", "/b")]


async def test_a_lost_answer_was_obeyed():
    async with relayed() as (host, relay, client, _):
        await do(relay, "lose_answer", count="1")
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/a", timeout=IMPATIENT)

        assert len(host.heads) == 1
        assert (await client.get("/b")).status_code == 200


async def test_a_line_that_breaks_in_the_answer_is_reset():
    async with relayed() as (host, relay, client, _):
        await do(relay, "hang_up", count="2")
        for _ in range(2):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                await client.get("/a")

        assert len(host.heads) == 2
        assert (await client.get("/b")).status_code == 200
        assert [each.detail for each in relay.history() if each.what == "request"] == [
            "GET /a: hang_up", "GET /a: hang_up", "GET /b",
        ]  # fmt: skip


async def test_an_answer_is_as_late_as_it_was_told_to_be_and_clear_ends_it():
    async with relayed() as (_, relay, client, _):
        await do(relay, "delay", ms="150")
        begun = asyncio.get_running_loop().time()
        await client.get("/a")
        assert asyncio.get_running_loop().time() - begun >= 0.15
        await do(relay, "lose_request", count="5")
        await do(relay, "clear")
        assert (await client.get("/b", timeout=5)).status_code == 200


async def test_a_pulled_cable_refuses_and_keeps_its_port():
    async with relayed() as (_, relay, client, _):
        address = relay.address
        assert (await client.get("/a")).status_code == 200
        await do(relay, "pull_cable")
        with pytest.raises(httpx.TransportError):
            await client.get("/b")
        assert relay.state().state["cable"] == "pulled"
        await do(relay, "plug_cable")
        assert relay.address == address
        assert (await client.get("/c")).status_code == 200


async def test_a_host_that_is_down_refuses_and_garbage_ends_its_connection():
    clock = SystemClock()
    relay = HostRelay(
        name="b", twin=HostTwin(), to="http://127.0.0.1:9", port=0, clock=clock, tap=None
    )
    await relay.start()
    async with httpx.AsyncClient(base_url=relay.address, trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            await client.get("/a")
    await relay.stop()
    async with relayed() as (host, relay, client, _):
        place = relay.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(*place)
        writer.write(b"\x00\x01 garbage\r\n\r\n")
        with pytest.raises(ConnectionError):
            assert await reader.read() == b""
            raise ConnectionError
        writer.close()
        assert host.heads == [] and (await client.get("/a")).status_code == 200


async def test_wrong_verbs_say_what_there_is():
    async with relayed() as (_, relay, _, _):
        for verb, arguments in (
            ("lose", {}),
            ("lose_request", {"count": "0"}),
            ("delay", {"ms": "-1"}),
            ("pull_cable", {"x": "1"}),
        ):
            with pytest.raises(VerbError):
                await do(relay, verb, **arguments)
