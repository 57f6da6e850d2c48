"""The line that a twin dials itself: TCP to its host, dialled again whenever it is gone."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from protocols.ports import Clock
from sim.twin import Dialling

AGAIN_SECONDS: Final = 1.0
"""Between two diallings."""
_READ_BYTES: Final = 65_536


class Dialler:
    """One twin's line to its host."""

    def __init__(self, twin: Dialling, *, clock: Clock, pump: Callable[[], None]) -> None:
        """`pump` is called whenever the twin has heard something."""
        self._twin = twin
        self._clock = clock
        self._pump = pump
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

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
        host, _, port = self._twin.host_address.rpartition(":")
        while True:
            with contextlib.suppress(OSError):
                reader, self._writer = await asyncio.open_connection(host, int(port))
                try:
                    await self._talk(reader)
                finally:
                    self._writer.close()
                    self._writer = None
                    self._twin.host_closed(self._clock.monotonic_ns())
                    self._pump()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _talk(self, reader: asyncio.StreamReader) -> None:
        self._twin.host_opened(self._clock.monotonic_ns())
        self._pump()
        while data := await reader.read(_READ_BYTES):
            self._twin.host_receive(data, self._clock.monotonic_ns())
            self._pump()
