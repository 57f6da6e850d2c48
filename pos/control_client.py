"""Talks to the control interface of virtual equipment (protocols.control), for the training panel.

Loopback only in practice: proxies of the user's shell are ignored, a bearer token is sent, every call
stands inside our own deadline. The HTTP library is imported at the first call, which comes after the
first picture of the counter.
"""

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from protocols.control import DeviceState, Endpoint, Refusal, Verb
from protocols.malformed import MALFORMED

if TYPE_CHECKING:
    import httpx

_Answer = TypeVar("_Answer")
CALL_SECONDS_MAX: Final = 3.0
ANSWER_BYTES_MAX: Final = 4_000_000


class BenchSilentError(Exception):
    """The virtual equipment cannot be reached or understood; the message is short and fit for a clerk."""


class BenchRefusesError(Exception):
    """The virtual equipment does not do this; the message is its own sentence."""


class ControlClient:
    """One bench, for as long as the counter runs."""

    def __init__(
        self, endpoint: Endpoint, *, transport: "httpx.AsyncBaseTransport | None" = None
    ) -> None:
        """`transport` replaces the network, for worlds and tests."""
        self._endpoint = endpoint
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def devices(self) -> list[DeviceState]:
        """Return every device with its verbs and what can be seen on it. Raises: BenchSilentError."""
        return _decode(await self._call("GET", "/devices"), list[DeviceState])

    async def perform(self, device: str, verb: Verb) -> DeviceState:
        """Do something to a device; return how it looks now.

        Raises: BenchSilentError, BenchRefusesError.
        """
        body = msgspec.json.encode(verb)
        return _decode(await self._call("POST", f"/devices/{device}", body), DeviceState)

    async def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(
                base_url=self._endpoint.url,
                headers={"Authorization": f"Bearer {self._endpoint.token}"},
                trust_env=False,
                timeout=CALL_SECONDS_MAX,
                transport=self._transport,
            )
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                answer = await self._client.request(method, path, content=body)
        except TimeoutError:
            raise BenchSilentError("no answer") from None
        except httpx.HTTPError as error:
            raise BenchSilentError(type(error).__name__) from error
        if len(answer.content) > ANSWER_BYTES_MAX:
            raise BenchSilentError("answer too long")
        if answer.status_code in (httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.CONFLICT):
            raise BenchRefusesError(_decode(answer.content, Refusal).error)
        if answer.status_code != httpx.codes.OK:
            raise BenchSilentError(f"{answer.status_code} {answer.reason_phrase}")
        return answer.content


def _decode(body: bytes, kind: type[_Answer]) -> _Answer:
    try:
        return msgspec.json.decode(body, type=kind)
    except MALFORMED as error:
        raise BenchSilentError("answer not understood") from error
