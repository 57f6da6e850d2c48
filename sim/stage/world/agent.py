"""The agent of the tax office in a world, and the line between it and the broker.

A request runs in the agent's own life: a broker that is killed while it waits does not break off what the
agent does, as with a real one.
"""

from typing import Final

import httpx

from sim.cash_receipt_agent import CashReceiptAgent, LostError, build_agent_app

URL: Final = "https://agent.test"


class AgentLine(httpx.AsyncBaseTransport):
    """The way to a virtual agent: what the agent loses, the line loses."""

    def __init__(self, agent: CashReceiptAgent) -> None:
        self._agent = agent
        self._app = httpx.ASGITransport(app=build_agent_app(agent))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request. Raises: httpx.ConnectError while it is down, ReadTimeout for a lost answer."""
        try:
            return await self._app.handle_async_request(request)
        except LostError:
            if self._agent.is_down:
                raise httpx.ConnectError("nobody is there", request=request) from None
            raise httpx.ReadTimeout("no answer", request=request) from None
