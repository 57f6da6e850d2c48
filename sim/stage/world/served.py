"""The broker as a process of its own, over HTTP: for worlds on real wires.

Everything is made in this program first, as in memory; then `ips-broker serve` opens the folder, and a kill
is SIGKILL, at a named place where one is given. What it has is read beside it.
"""

import contextlib
import json
import socket
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from ips.front.office import DEEDS_PATH
from ips.front.server import OFFICE_NAME, reachable
from ips.office import Deed
from ips.rules import Rules
from ips.store.connection import FILE_NAME, open_reader
from ips.store.reader import Reader
from protocols.ports import Clock, Entropy
from protocols.purse.proof import Prover
from sim.stage.children import Child, ChildError
from sim.stage.world.broker import BrokerHere
from sim.stage.world.loop import SkippingClock
from sim.stage.world.network import unread

_HOST: Final = "127.0.0.1"


class BrokerServed(BrokerHere):
    """A broker beside this program, and the way to its front door."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: SkippingClock,
        machine: Clock,
        entropy: Entropy,
        rules: Rules,
        stores: dict[str, str],
    ) -> None:
        """`machine` is the clock that processes live by. Nothing is opened yet."""
        super().__init__(folder, clock=clock, entropy=entropy, rules=rules, stores=stores)
        self._folder = folder
        self._skipping = clock
        self._machine = machine
        self._port = _free_port()
        self.url = f"http://{_HOST}:{self._port}"
        self._child: Child | None = None
        self._served = False
        self._doomed = False
        self._reader: Reader | None = None
        self._known: Prover | None = None
        self._http: httpx.AsyncHTTPTransport | None = None

    @property
    def running(self) -> bool:
        """Say whether it serves."""
        if not self._served:
            return super().running
        return self._child is not None and self._child.process.poll() is None

    @property
    def reader(self) -> Reader:
        """Its database, to read."""
        return super().reader if self._reader is None else self._reader

    @property
    def prover(self) -> Prover | None:
        """What checks the evidence of e-cash."""
        return self._known if self._served else super().prover

    def serve(self) -> None:
        """Be a process from now on. Raises: OSError where it does not start."""
        self._known = super().prover
        super().stop()
        self._write_config()
        self._served = True
        self._http = httpx.AsyncHTTPTransport(retries=0)
        self._reader = Reader(open_reader(self._folder / FILE_NAME))
        self.start()

    def start(self) -> None:
        """Serve, from what is durable; harmless when it does already. Raises: OSError, StoreError."""
        if not self._served:
            super().start()
        elif not self.running:
            self._start("")

    def stop(self) -> None:
        """Be away, in order; harmless twice."""
        child, self._child = self._child, None
        if child is not None:
            child.end()
        if not self._served:
            super().stop()

    def kill(self) -> None:
        """End by SIGKILL."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def kill_at(self, point: str, nth: int = 1) -> None:
        """End by SIGKILL at a place: it is begun anew with that in mind, under the same address."""
        self.stop()
        self._doomed = True
        self._start(f"{point}:{nth}")

    def spare(self) -> None:
        """Be killed nowhere any more: one that was to be is begun anew."""
        if self._doomed:
            self._doomed = False
            self.stop()
            self.start()

    async def end(self) -> None:
        """Be away for good."""
        self.stop()
        if self._reader is not None:
            self._reader.close()
        if self._http is not None:
            await self._http.aclose()
        await super().end()

    async def do(self, deed: Deed) -> None:
        """Have the office do something, over its socket."""
        if not self._served:
            await super().do(deed)
            return
        body = msgspec.json.encode(deed)
        with self._skipping.holding(), reachable(self._folder / OFFICE_NAME) as path:
            async with httpx.AsyncClient(
                transport=httpx.AsyncHTTPTransport(uds=path), base_url="http://office"
            ) as office:
                answer = await office.post(DEEDS_PATH, content=body)
        answer.raise_for_status()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request there. Raises: httpx.TransportError."""
        if self._http is None:
            return await super().handle_async_request(request)
        # What another process does takes the machine's time: nothing is skipped meanwhile.
        with self._skipping.holding():
            answer, _ = await unread(await self._http.handle_async_request(request))
        return answer

    def _start(self, fault: str) -> None:
        arguments = ("ips.cli", "serve", "--config", str(self._config_file()))
        self._child = Child(
            "broker",
            (*arguments, "--listen", f"{_HOST}:{self._port}"),
            log=self._folder / "broker.log",
            clock=self._machine,
            fault=fault,
        )
        try:
            self._child.announcement()
        except ChildError as error:
            # One that dies at the first place it comes to has not served at all.
            if not fault:
                raise OSError(str(error)) from error

    def _config_file(self) -> Path:
        return self._folder / "broker.toml"

    def _write_config(self) -> None:
        lines = [f"folder = {json.dumps(str(self._folder))}"]
        tables: dict[str, dict[str, Any]] = {
            "stores": self.config.stores,
            "banks": self.config.banks,
        }
        for name, rows in tables.items():
            for row, table in rows.items():
                lines += _table(f"{name}.{row}", msgspec.to_builtins(table))
        self._config_file().write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(name: str, table: dict[str, Any]) -> list[str]:
    """Return a table in TOML, the tables in it behind its values."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    own = [f"{key} = {json.dumps(value)}" for key, value in table.items() if key not in inner]
    return [
        f"[{name}]",
        *own,
        *(line for key, value in inner.items() for line in _table(f"{name}.{key}", value)),
    ]


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
