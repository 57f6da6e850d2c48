"""The control interface of virtual equipment: HTTP on loopback, after protocols.control.

    authorization  Bearer TOKEN on everything but /openapi.json; without it 401
    errors         {"error": "a sentence"} with 400, 401, 404, 405, 413, 422, 409

Loopback is not enough by itself: every user of the machine reaches it, and so does a web page that
the user looks at. The token goes to whoever started the bench, over a pipe.
"""

import asyncio
import contextlib
import hmac
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocols.control import DeviceState, Event, Verb
from protocols.malformed import MALFORMED
from sim.twin import Paper, Twin, VerbError

BODY_BYTES_MAX: Final = 64 * 1024
"""A verb is short; a longer body is refused unread."""
_START_DEADLINE_S: Final = 10
_STOP_DEADLINE_S: Final = 3
_PNG: Final = "image/png"

Endpoint = Callable[[Request], Awaitable[Response]]


class Served(Protocol):
    """A device on a bench, on whatever wire (sim.hosting.hosted, sim.hosting.card_slot)."""

    @property
    def name(self) -> str:
        """What the bench calls it."""
        ...

    @property
    def twin(self) -> Twin:
        """The device itself."""
        ...

    @property
    def address(self) -> str:
        """What a driver opens."""
        ...

    async def start(self) -> None:
        """Make it reachable. Raises: OSError."""
        ...

    async def stop(self) -> None:
        """Make it unreachable for good."""
        ...

    async def do(self, verb: Verb) -> None:
        """Carry out a verb. Raises: VerbError, OSError."""
        ...

    def state(self) -> DeviceState:
        """Return it as the control interface shows it."""
        ...

    def history(self) -> Sequence[Event]:
        """Return what happened, oldest first."""
        ...


def application(devices: Mapping[str, Served], *, token: str) -> Starlette:
    """Return the control interface of these devices, for whoever has the token."""
    doors = _Doors(devices)
    routes = [
        Route("/devices", _guarded(doors.everything, token), methods=["GET"]),
        Route("/devices/{name}", _guarded(doors.one, token), methods=["GET"]),
        Route("/devices/{name}", _guarded(doors.work, token), methods=["POST"]),
        Route("/devices/{name}/paper", _guarded(doors.paper, token), methods=["GET"]),
        Route("/devices/{name}/history", _guarded(doors.history, token), methods=["GET"]),
        Route("/openapi.json", _describe, methods=["GET"]),
    ]
    return Starlette(routes=routes)


class ControlServer:
    """Serves an application on a port of loopback inside the running event loop."""

    def __init__(self, app: Starlette) -> None:
        self._socket = socket.socket()
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, port: int = 0) -> str:
        """Listen, and return the URL. Raises: OSError when the port is taken."""
        self._socket.bind(("127.0.0.1", port))
        self._task = asyncio.create_task(self._server.serve([self._socket]), name="control")
        async with asyncio.timeout(_START_DEADLINE_S):
            await self._server.ready.wait()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def stop(self) -> None:
        """Answer what is being asked and end; within some seconds, whatever the callers do."""
        self._server.should_exit = True
        if self._task is not None:
            try:
                async with asyncio.timeout(_STOP_DEADLINE_S):
                    await self._task
            except TimeoutError:
                # The timeout has cancelled the server; its callers are gone with the loop.
                self._server.force_exit = True
        self._socket.close()


class _Server(uvicorn.Server):
    """A server that is a guest in somebody else's loop: signals are not its business."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Doors:
    """What each route does."""

    def __init__(self, devices: Mapping[str, Served]) -> None:
        self._devices = devices

    async def everything(self, request: Request) -> Response:
        return _json([hosted.state() for hosted in self._devices.values()])

    async def one(self, request: Request) -> Response:
        hosted = self._device(request)
        return _unknown(request, self._devices) if hosted is None else _json(hosted.state())

    async def work(self, request: Request) -> Response:
        hosted = self._device(request)
        if hosted is None:
            return _unknown(request, self._devices)
        body = await _body(request)
        if body is None:
            return _error(413, f"the body is longer than {BODY_BYTES_MAX} bytes")
        try:
            verb = msgspec.json.decode(body, type=Verb)
        except msgspec.ValidationError as error:
            return _error(422, f"the body is no verb: {error}")
        except MALFORMED as error:
            return _error(400, f"the body is no JSON: {error}")
        try:
            await hosted.do(verb)
        except VerbError as error:
            return _error(422, str(error))
        except OSError as error:
            return _error(409, f"{verb.verb} failed: {error}")
        return _json(hosted.state())

    async def paper(self, request: Request) -> Response:
        hosted = self._device(request)
        if hosted is None:
            return _unknown(request, self._devices)
        if not isinstance(hosted.twin, Paper):
            return _error(404, f"{hosted.name} is a {hosted.twin.device} and has no paper")
        if _PNG in request.headers.get("accept", ""):
            return Response(hosted.twin.paper_png(), media_type=_PNG)
        return Response(hosted.twin.paper_text(), media_type="text/plain")

    async def history(self, request: Request) -> Response:
        hosted = self._device(request)
        return _unknown(request, self._devices) if hosted is None else _json(hosted.history())

    def _device(self, request: Request) -> Served | None:
        return self._devices.get(request.path_params["name"])


def _guarded(endpoint: Endpoint, token: str) -> Endpoint:
    """Let only those in who have the token."""
    expected = f"Bearer {token}".encode()

    async def checked(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if hmac.compare_digest(given, expected):
            return await endpoint(request)
        refusal = _error(401, "say who you are: Authorization: Bearer and the bench's token")
        refusal.headers["www-authenticate"] = "Bearer"
        return refusal

    return checked


async def _body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is too long."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)


def _unknown(request: Request, devices: Mapping[str, Served]) -> Response:
    name = request.path_params["name"]
    return _error(404, f"no device {name!r}; there are: {', '.join(devices) or 'none'}")


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _error(status: int, sentence: str) -> Response:
    return _json({"error": sentence}, status)


async def _describe(request: Request) -> Response:
    return _json(openapi())


def openapi() -> dict[str, Any]:
    """Return the interface's OpenAPI document."""
    (state, verb, event), components = msgspec.json.schema_components(
        [DeviceState, Verb, Event], ref_template="#/components/schemas/{name}"
    )
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    refusals = {
        "401": {"description": "No token, or a wrong one"},
        "404": {"description": "No such device"},
    }
    work_refusals = {
        **refusals,
        "400": {"description": "The body is no JSON"},
        "409": {"description": "The cable's place was taken meanwhile"},
        "413": {"description": "The body is too long"},
        "422": {"description": "No such verb, or a wrong argument"},
    }
    paper = {"text/plain": {"schema": {"type": "string"}}, _PNG: {"schema": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Control of virtual equipment", "version": "1"},
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
        "paths": {
            "/devices": {"get": _operation("Every device", _list_of(state), refusals)},
            "/devices/{name}": {
                "parameters": [name],
                "get": _operation("One device", _as_json(state), refusals),
                "post": {
                    **_operation("Do something to it", _as_json(state), work_refusals),
                    "requestBody": {"required": True, "content": _as_json(verb)},
                },
            },
            "/devices/{name}/paper": {
                "parameters": [name],
                "get": _operation("A printer's paper so far", paper, refusals),
            },
            "/devices/{name}/history": {
                "parameters": [name],
                "get": _operation("What happened to it", _list_of(event), refusals),
            },
        },
    }


def _operation(
    summary: str, content: dict[str, Any], refusals: dict[str, dict[str, str]]
) -> dict[str, Any]:
    answer = {"description": summary, "content": content}
    return {"summary": summary, "responses": {"200": answer, **refusals}}


def _as_json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _list_of(schema: dict[str, Any]) -> dict[str, Any]:
    return _as_json({"type": "array", "items": schema})
