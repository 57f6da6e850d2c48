"""The agent's gateway over HTTP: whatever happens on the way is one of three answers.

Answer    the agent said what became of the request
NotSent   not one byte of it has left, or the agent turned it away at the door: send it again
Unknown   it may or may not have been taken: ask, under the same key
"""

import asyncio
from typing import Final, TypeVar

import httpx
import msgspec

from ips.cash_receipts.outcomes import NeverCame, NotSent, Unknown
from protocols.cash_receipt_agent import Answer, Cancel, Day, Issue
from protocols.malformed import MALFORMED

ANSWER_SECONDS: Final = 20.0
BYTES_MAX: Final = 4 * 1024 * 1024
Body = TypeVar("Body", Answer, Day)
_ANSWER: Final = msgspec.json.Decoder(Answer)
_DAY: Final = msgspec.json.Decoder(Day)


class HttpAgent:
    """One agent; `transport` stands in for the network where there is none."""

    def __init__(
        self, url: str, token: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            transport=transport,
            trust_env=False,
            timeout=ANSWER_SECONDS,
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def issue(self, request: Issue) -> Answer | NotSent | Unknown:
        """Ask for a receipt; the same request again asks nothing new."""
        return await self._post("/v1/receipts", request)

    async def cancel(self, request: Cancel) -> Answer | NotSent | Unknown:
        """Ask for a receipt, or a part of it, to be taken back."""
        return await self._post("/v1/cancellations", request)

    async def look(self, key: str) -> Answer | NeverCame | Unknown:
        """Ask what became of a request."""
        reply = await self._get(f"/v1/requests/{key}")
        if isinstance(reply, Unknown):
            return reply
        return NeverCame() if reply.status_code == 404 else _answer(reply, key)

    async def day(self, date: str) -> Day | Unknown:
        """Return everything that the agent approved on a day."""
        reply = await self._get(f"/v1/days/{date}")
        if isinstance(reply, Unknown):
            return reply
        try:
            if reply.status_code == 200:
                return _DAY.decode(reply.content)
        except MALFORMED as error:
            return Unknown(reason=f"the agent's day cannot be read: {error}")
        return Unknown(reason=f"the agent answered {reply.status_code}")

    async def _post(self, path: str, request: Issue | Cancel) -> Answer | NotSent | Unknown:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await self._client.post(path, content=msgspec.json.encode(request))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return NotSent(reason=f"the agent cannot be reached: {type(error).__name__}")
        except (httpx.HTTPError, TimeoutError) as error:
            return Unknown(reason=f"no answer: {type(error).__name__}")
        if reply.status_code in (401, 403, 429):
            return NotSent(reason=f"the agent turned it away: {reply.status_code}")
        if reply.status_code in (400, 409):
            reason = f"the agent does not take this request: {reply.status_code}"
            return Answer(
                key=request.key,
                state="refused",
                code=str(reply.status_code),
                reason_ko="대행사가 요청을 받지 않습니다",
                reason_en=reason,
            )
        return _answer(reply, request.key)

    async def _get(self, path: str) -> httpx.Response | Unknown:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._client.get(path)
        except (httpx.HTTPError, TimeoutError) as error:
            return Unknown(reason=f"no answer: {type(error).__name__}")


def _answer(reply: httpx.Response, key: str) -> Answer | Unknown:
    if reply.status_code != 200:
        return Unknown(reason=f"the agent answered {reply.status_code}")
    try:
        answer = _ANSWER.decode(reply.content)
    except MALFORMED as error:
        return Unknown(reason=f"the agent's answer cannot be read: {error}")
    if answer.key != key:
        return Unknown(reason=f"the agent answered about {answer.key}")
    if answer.state == "approved" and not (answer.approval and answer.approved_on):
        return Unknown(reason="the agent approved without a number or a date")
    return answer
