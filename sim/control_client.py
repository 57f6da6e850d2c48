"""Works a bench from Python: the calls of the control interface (protocols.control), one a method.

    with Bench.running() as bench:
        printer = bench.device("printer")
        printer.do("paper_out")
        printer.do("load_paper")
        printer.awaits("cut", within_s=10)
        print(printer.paper())

Whoever has the endpoint, because it started the bench, gives that: Bench(endpoint).
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
import msgspec

from protocols.control import WITHIN_S_MAX, DeviceState, Endpoint, Event, Refusal, Verb
from protocols.malformed import MALFORMED
from sim.bus import bench_file

CALL_SECONDS_MAX: Final = 5.0
_T = TypeVar("_T")


class BenchError(Exception):
    """The bench did not do it; the message is the bench's own sentence, or says why it was not asked."""


class Bench:
    """A bench that runs, on this machine."""

    def __init__(self, endpoint: Endpoint, *, transport: httpx.BaseTransport | None = None) -> None:
        """`transport` takes the place of the network."""
        self._client = httpx.Client(
            base_url=endpoint.url,
            headers={"authorization": f"Bearer {endpoint.token}"},
            timeout=CALL_SECONDS_MAX,
            # A proxy of the user's shell is none for loopback.
            trust_env=False,
            transport=transport,
        )

    @classmethod
    def running(cls, file: Path | None = None) -> Self:
        """Return the bench that `ips-sim up` serves; `file` is its bench.json. Raises: BenchError."""
        file = file or bench_file()
        try:
            return cls(msgspec.json.decode(file.read_bytes(), type=Endpoint))
        except FileNotFoundError:
            raise BenchError(f"no bench is running ({file}): start one with ips-sim up") from None
        except (OSError, *MALFORMED) as error:
            raise BenchError(f"{file} cannot be read: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def devices(self) -> list[DeviceState]:
        """Return every device, with what can be seen on it and done to it. Raises: BenchError."""
        return _decoded(self.call("GET", "/devices"), list[DeviceState])

    def device(self, name: str) -> "Device":
        """Return one of them; whether there is one shows at the first call."""
        return Device(self, name)

    def call(self, method: str, path: str, **more: Any) -> bytes:
        """Make one call. Raises: BenchError."""
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise BenchError(f"the bench does not answer: {why}") from error
        if answer.status_code != httpx.codes.OK:
            raise BenchError(_decoded(answer.content, Refusal).error)
        return answer.content


class Device:
    """One of its devices."""

    def __init__(self, bench: Bench, name: str) -> None:
        self._bench = bench
        self._path = f"/devices/{name}"

    def look(self) -> DeviceState:
        """Return what can be seen on it and done to it. Raises: BenchError."""
        return _decoded(self._bench.call("GET", self._path), DeviceState)

    def do(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Do something to it; return what can be seen on it then. Raises: BenchError."""
        told = {name: str(value) for name, value in arguments.items()}
        body = msgspec.json.encode(Verb(verb=verb, arguments=told))
        return _decoded(self._bench.call("POST", self._path, content=body), DeviceState).state

    def history(self, what: str = "", *, after_ns: int = -1) -> list[Event]:
        """Return what happened to it, oldest first: all, or of one kind, or later than an event.

        Raises: BenchError.
        """
        return self._events(what, after_ns, 0)

    def awaits(self, what: str, *, within_s: float, after_ns: int = -1) -> Event:
        """Wait until something has happened to it. Raises: BenchError when it has not by then."""
        events = self._events(what, after_ns, within_s)
        if not events:
            raise BenchError(f"waited {within_s:g} s: {what} has not happened to it")
        return events[0]

    def paper(self) -> str:
        """Return a printer's paper so far. Raises: BenchError."""
        return self._bench.call("GET", f"{self._path}/paper").decode()

    def picture(self) -> bytes:
        """Return it as a PNG, dot for dot. Raises: BenchError."""
        return self._bench.call("GET", f"{self._path}/paper", headers={"accept": "image/png"})

    def _events(self, what: str, after_ns: int, within_s: float) -> list[Event]:
        assert within_s <= WITHIN_S_MAX, f"at most {WITHIN_S_MAX} s in one call"
        asked = {"what": what, "after_ns": after_ns, "within_s": within_s}
        answer = self._bench.call(
            "GET", f"{self._path}/history", params=asked, timeout=CALL_SECONDS_MAX + within_s
        )
        return _decoded(answer, list[Event])


def _decoded(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except MALFORMED as error:
        raise BenchError(f"the bench's answer is not understood: {error}") from error
