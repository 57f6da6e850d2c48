"""The line that a twin dials itself: TCP or in memory to its host, dialled again whenever it is gone.

HOST:PORT     TCP
sim://NAME    a host in this program: for virtual time
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from protocols.address import parse_address
from protocols.ports import NANOSECONDS_PER_SECOND, ByteLink, Clock, LinkDownError
from sim.bus import BUS
from sim.twin import Dialling

AGAIN_SECONDS: Final = 1.0
"""Between two diallings."""
_DIAL_NS: Final = 10 * NANOSECONDS_PER_SECOND
_MEMORY: Final = "sim://"
_READ_BYTES: Final = 65_536


class Dialler:
    """One twin's line to its host."""

    def __init__(self, twin: Dialling, *, clock: Clock, pump: Callable[[], None]) -> None:
        """`pump` is called whenever the twin has heard something."""
        self._twin = twin
        self._clock = clock
        self._pump = pump
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | ByteLink | None = None

    def start(self) -> None:
        """Begin to dial."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="dialler")

    async def stop(self) -> None:
        """Hang up for good."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def send(self) -> None:
        """Send what the twin has to say to its host; nothing while nobody is there."""
        said = self._twin.host_outgoing()
        if said and self._writer is not None:
            self._writer.write(said)

    async def _run(self) -> None:
        stay = self._in_memory if self._twin.host_address.startswith(_MEMORY) else self._over_tcp
        while True:
            with contextlib.suppress(OSError, LinkDownError):
                await stay()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _over_tcp(self) -> None:
        """Dial and stay on the line until it is gone. Raises: OSError."""
        host, _, port = self._twin.host_address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        with self._on(writer):
            while data := await reader.read(_READ_BYTES):
                self._heard(data)

    async def _in_memory(self) -> None:
        """Dial and stay on the line until it is gone. Raises: LinkDownError."""
        deadline_ns = self._clock.monotonic_ns() + _DIAL_NS
        link = await BUS.open(parse_address(self._twin.host_address), deadline_ns=deadline_ns)
        gone = asyncio.Event()
        link.attach(self._heard, lambda _: gone.set())
        with self._on(link):
            await gone.wait()

    @contextlib.contextmanager
    def _on(self, line: asyncio.StreamWriter | ByteLink) -> Iterator[None]:
        self._writer = line
        self._twin.host_opened(self._clock.monotonic_ns())
        self._pump()
        try:
            yield
        finally:
            self._writer = None
            line.close()
            self._twin.host_closed(self._clock.monotonic_ns())
            self._pump()

    def _heard(self, data: bytes) -> None:
        self._twin.host_receive(data, self._clock.monotonic_ns())
        self._pump()
