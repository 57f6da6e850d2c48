"""One request to an ASGI application, without a server or a client's transport between.

What httpx has for this costs as much again as the application's own work; a soak makes very many.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


async def ask(app: App, request: httpx.Request) -> httpx.Response:
    """Return the application's answer to a request whose body is at hand. Raises: what it raises."""
    url = request.url
    path, _, query = url.raw_path.partition(b"?")
    scope: Message = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": None,
        "server": (url.host, url.port or 80),
    }
    started: Message = {}
    body: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.content, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            body.append(message.get("body", b""))

    await app(scope, receive, send)
    assert started, "an application answers"
    return httpx.Response(
        started["status"], headers=started["headers"], stream=httpx.ByteStream(b"".join(body))
    )
