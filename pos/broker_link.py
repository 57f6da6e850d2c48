"""One exchange with the broker over HTTP: bytes there, bytes back, or a value that says what went wrong.

Every exchange stands inside our own deadline: the client's own is ignored in memory, and a server
that drips one byte a second would outlive it. No exception leaves. The difference that matters for
money is in the type:

    NotReached   nothing of the request can have arrived
    Silent       it may have arrived; ask about it, never send it again under a new key
    Busy         the broker is there, took nothing and asks us to come back
    Refused      the broker understood and said no, with a Problem
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import httpx
import msgspec

from protocols.broker import Problem
from protocols.malformed import MALFORMED
from protocols.ports import NANOSECONDS_PER_SECOND, Clock

CONNECT_SECONDS_MAX: Final = 5.0
ANSWER_BYTES_MAX: Final = 32 * 1024 * 1024
"""A catalogue of 100,000 items is 15 MB."""
RETRY_AFTER_SECONDS_MAX: Final = 3600.0
_REASON_MAX: Final = 200
_HEADERS: Final = {
    "accept": "*/*",
    "accept-encoding": "identity",
    "connection": "keep-alive",
    "user-agent": "ips-pos",
}
_TIMEOUTS: Final = httpx.Timeout(None, connect=CONNECT_SECONDS_MAX).as_dict()
"""Of the transport; all else is our own deadline's."""
_URL: Final = re.compile(r"https?://([^\s\[\]/:@?#]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReached:
    """Nothing of the request can have arrived: no route, no listener, no trust, no identity yet."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """The request may have arrived; no answer that could be believed came back."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """The broker took nothing and asks us to come back."""

    retry_after_seconds: float
    """0 where it did not say when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The broker said no."""

    status: int
    problem: Problem


Failure = NotReached | Silent | Busy | Refused
"""What a call may answer besides what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    date_ns: int | None
    """The server's own clock by its Date header, UTC; None where it sends none."""


T = TypeVar("T")


class BrokerLink:
    """The way to one broker."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`url` is http(s)://host[:port]. `transport` stands in for the network under virtual time.

        `trust` holds the roots for https; without it, the machine's own. Raises: ValueError for a
        url that is none.
        """
        if not _URL.fullmatch(url):
            raise ValueError(f"{url!r} is no address of a broker; it reads https://host:port")
        self._base = httpx.URL(url.rstrip("/"))
        self.authority: Final = self._base.netloc.decode()
        """What stands in the Host header, and in the MAC of a request."""
        # The transport alone: a client on it would add cookies, redirects and a .netrc, all of
        # which a till must not have, and take as long again.
        self._transport = transport or httpx.AsyncHTTPTransport(
            verify=trust or _roots(self._base.scheme), trust_env=False
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def exchange(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> Answer | Failure:
        """Send one request and hear its answer within so many seconds. `target` is path and query."""
        request = httpx.Request(
            method,
            f"{self._base}{target}",
            content=body,
            headers={**_HEADERS, **headers},
            extensions={"timeout": _TIMEOUTS},
        )
        try:
            async with asyncio.timeout(seconds):
                return await self._heard(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            return NotReached(reason=_words(error))
        except TimeoutError:
            return Silent(reason=f"no answer within {seconds:g} s")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            return Silent(reason=_words(error))

    async def _heard(self, request: httpx.Request) -> Answer | Failure:
        response = await self._transport.handle_async_request(request)
        try:
            chunks, size = [], 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > ANSWER_BYTES_MAX:
                    return Silent(reason=f"an answer of more than {ANSWER_BYTES_MAX} bytes")
                chunks.append(chunk)
        finally:
            await response.aclose()
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=b"".join(chunks),
            date_ns=_date_ns(response.headers.get("date", "")),
        )


def failure(answer: Answer, clock: Clock) -> Failure:
    """Return what an answer that is not the wanted one means."""
    if answer.status in (429, 503):
        return Busy(retry_after_seconds=_retry_after(answer, clock))
    try:
        problem = msgspec.json.decode(answer.body, type=Problem)
    except MALFORMED:
        # A proxy's page, a captive portal, a server that fell over: not the broker's own word.
        return Silent(reason=f"HTTP status {answer.status} without the broker's own words")
    if 400 <= answer.status < 500:
        return Refused(status=answer.status, problem=problem)
    return Silent(reason=f"HTTP status {answer.status}: {problem.error[:_REASON_MAX]}")


def decoded(answer: Answer | Failure, wanted: type[T], clock: Clock) -> T | Failure:
    """Return the body of a 2xx answer as this type, or what is wrong."""
    if not isinstance(answer, Answer):
        return answer
    if not 200 <= answer.status < 300:
        return failure(answer, clock)
    try:
        return msgspec.json.decode(answer.body, type=wanted)
    except MALFORMED as error:
        return Silent(reason=f"not an answer of our broker: {_words(error)}")


def _retry_after(answer: Answer, clock: Clock) -> float:
    """Return seconds. Source: RFC 9110, 10.2.3 (a number, or a date)."""
    text = answer.headers.get("retry-after", "")
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(float(text), RETRY_AFTER_SECONDS_MAX)
    date_ns = _date_ns(text)
    if date_ns is None:
        return 0.0
    now_ns = answer.date_ns if answer.date_ns is not None else clock.now_ns()
    return min(max(0.0, (date_ns - now_ns) / NANOSECONDS_PER_SECOND), RETRY_AFTER_SECONDS_MAX)


def _date_ns(text: str) -> int | None:
    try:
        date = parsedate_to_datetime(text)
        return int(date.replace(tzinfo=date.tzinfo or UTC).timestamp()) * NANOSECONDS_PER_SECOND
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _roots(scheme: str) -> ssl.SSLContext:
    """Return what https trusts. Plain http gets an empty one: loading roots takes 50 ms of a start."""
    if scheme == "https":
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:_REASON_MAX]
