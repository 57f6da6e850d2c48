"""The way to a host, over a port of loopback: whole HTTP messages in, faults or none, the host behind it.

    terminal  ==  relay  ==  host            every byte of a message as it came: MACs stay right

One request at a time on a connection, as HTTP/1.1 without pipelining has it. A message longer than
MESSAGE_BYTES_MAX ends its connection.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httptools

from protocols.control import DeviceState, Event, Verb, VerbHelp
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.host_line import HostTwin, Passing
from sim.hosting.held import Hold
from sim.hosting.tapped_host import HostTap
from sim.hosting.tcp import LOOPBACK
from sim.twin import refuse_verb

MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024
CONNECTIONS_MAX: Final = 256
_CONNECT_S: Final = 10
_READ_BYTES: Final = 65_536
_CABLE: Final = [
    VerbHelp(name="pull_cable", label_ko="케이블 뽑기", label_en="Pull the cable"),
    VerbHelp(name="plug_cable", label_ko="케이블 꽂기", label_en="Plug the cable in"),
]


class HostRelay:
    """A host that terminals reach through the bench; satisfies sim.control.Served."""

    def __init__(
        self,
        *,
        name: str,
        twin: HostTwin,
        to: str,
        port: int,
        clock: Clock,
        tap: HostTap | None = None,
        hold: Hold | None = None,
    ) -> None:
        """`to` is the host's own address: http://place:port. `port` 0 takes a free one."""
        place = urlsplit(to)
        assert place.scheme == "http" and place.hostname, "the plan has checked it"
        self.name = name
        self.twin = twin
        self._to = (place.hostname, place.port or 80)
        self._port = port
        self._clock = clock
        self._tap = tap
        self._hold = hold
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def address(self) -> str:
        """What a terminal has as its host's address."""
        return f"http://{LOOPBACK}:{self._port}"

    async def start(self) -> None:
        """Listen. Raises: OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._meet, LOOPBACK, self._port, limit=_READ_BYTES
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up, and listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._connections.values():
            writer.transport.abort()
        gone = list(self._connections)
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)

    def verbs(self) -> list[VerbHelp]:
        """Return what can be done."""
        return [*self.twin.verbs(), *_CABLE]

    async def do(self, verb: Verb) -> None:
        """Carry out a verb. Raises: VerbError; OSError when the port was taken meanwhile."""
        if verb.verb not in ("pull_cable", "plug_cable"):
            self.twin.do(verb, self._now())
            return
        if verb.arguments:
            raise refuse_verb(verb, self.verbs())
        if verb.verb == "pull_cable":
            await self.stop()
        elif self._server is None:
            await self.start()
        self.twin.note(verb.verb, self._now())

    def state(self) -> DeviceState:
        """Return it as the control interface shows it."""
        host, port = self._to
        cable = "pulled" if self._server is None else "plugged"
        return DeviceState(
            name=self.name,
            device=self.twin.device,
            address=self.address,
            verbs=self.verbs(),
            state={**self.twin.state(), "to": f"http://{host}:{port}", "cable": cable},
        )

    def history(self) -> Sequence[Event]:
        """Return what happened, oldest first."""
        return self.twin.history

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._connections) >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        self._connections[task] = writer
        host: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(_CONNECT_S):
                # At once, so that a host that is down is refused as it would refuse.
                host_reader, host = await asyncio.open_connection(*self._to)
            while await self._exchange(reader, writer, host_reader, host):
                pass
        except (OSError, TimeoutError, httptools.HttpParserError):
            writer.transport.abort()
        finally:
            del self._connections[task]
            for each in (writer, host):
                if each is not None:
                    each.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        host_reader: asyncio.StreamReader,
        host: asyncio.StreamWriter,
    ) -> bool:
        """Pass one request and its answer; False when either end has gone."""
        asked = _Message(httptools.HttpRequestParser)
        if not await asked.read(reader):
            return False
        method = asked.parser.get_method().decode("latin-1")
        path = asked.url.decode("latin-1")
        await self._passage(f"> {method} {path}")
        kind, body = asked.content_type, bytes(asked.body)
        number = 0 if self._tap is None else self._tap.asked(method, path, kind, body)
        passing = self.twin.passing(f"{method} {path}", self._now())
        told: _Message | None = None
        try:
            if passing is Passing.LOSE_REQUEST:
                return await _until_gone(reader)
            host.write(asked.raw)
            await host.drain()
            told = await self._answer(host_reader, method)
            if told is None:
                return False
            if passing is Passing.LOSE_ANSWER:
                told = None
                return await _until_gone(reader)
            if passing is Passing.HANG_UP:
                told = None
                writer.transport.abort()
                return False
            await asyncio.sleep(self.twin.delay_ns / NANOSECONDS_PER_SECOND)
            await self._passage(f"< answer to {method} {path}")
            writer.write(told.raw)
            await writer.drain()
            return bool(asked.parser.should_keep_alive() and told.parser.should_keep_alive())
        finally:
            status = told.parser.get_status_code() if told is not None else 0
            self.twin.answered(status, self._now())
            if self._tap is not None:
                kind, body = ("", b"") if told is None else (told.content_type, bytes(told.body))
                self._tap.answered(number, status, kind, body)

    async def _answer(self, reader: asyncio.StreamReader, method: str) -> "_Message | None":
        told = _Message(httptools.HttpResponseParser, bodiless=method == "HEAD")
        return told if await told.read(reader) else None

    async def _passage(self, what: str) -> None:
        if self._hold is not None:
            await self._hold.passage(f"{self.name} {what}")

    def _now(self) -> int:
        return self._clock.monotonic_ns()


class _Message:
    """One HTTP message, whole: its bytes as they came, and what is told of it."""

    def __init__(self, parser: Any, *, bodiless: bool = False) -> None:
        self.parser = parser(self)
        self._bodiless = bodiless
        self.raw = bytearray()
        self.url = b""
        self.body = bytearray()
        self.content_type = ""
        self._complete = False

    async def read(self, reader: asyncio.StreamReader) -> bool:
        """Read it; False when the stream ended before. Raises: HttpParserError, OSError."""
        while not self._complete:
            data = await reader.read(_READ_BYTES)
            if not data or len(self.raw) + len(data) > MESSAGE_BYTES_MAX:
                return False
            self.raw += data
            self.parser.feed_data(data)
        return True

    # What the parser calls

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self.content_type = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._complete = self._bodiless

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self._complete = True


async def _until_gone(reader: asyncio.StreamReader) -> bool:
    """Say nothing until the terminal gives up."""
    with contextlib.suppress(OSError):
        while await reader.read(_READ_BYTES):
            pass
    return False
