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
from typing import Annotated, Any, Final, Protocol

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocols.control import WITHIN_S_MAX, DeviceState, Event, Refusal, Verb
from protocols.malformed import MALFORMED
from sim.twin import Paper, Twin, VerbError

BODY_BYTES_MAX: Final = 64 * 1024
"""A verb is short; a longer body is refused unread."""
_START_DEADLINE_S: Final = 10
_STOP_DEADLINE_S: Final = 3
_LOOK_S: Final = 0.02
"""How often an event that somebody waits for is looked for."""
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
        if hosted is None:
            return _unknown(request, self._devices)
        try:
            asked = msgspec.convert(dict(request.query_params), _Asked, strict=False)
        except msgspec.ValidationError as error:
            return _error(422, f"the question is none: {error}")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + asked.within_s
        while not (events := asked.of(hosted.history())) and loop.time() < deadline:  # noqa: ASYNC110  devices tell nobody
            await asyncio.sleep(_LOOK_S)
        return _json(events)

    def _device(self, request: Request) -> Served | None:
        return self._devices.get(request.path_params["name"])


class _Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events somebody asks for."""

    what: str = ""
    after_ns: int = -1
    within_s: Annotated[float, msgspec.Meta(ge=0, le=WITHIN_S_MAX)] = 0.0

    def of(self, events: Sequence[Event]) -> list[Event]:
        return [
            event
            for event in events
            if event.at_ns > self.after_ns and self.what in ("", event.what)
        ]


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
    return _json(Refusal(sentence), status)


async def _describe(request: Request) -> Response:
    return _json(openapi())


def openapi() -> dict[str, Any]:
    """Return the interface's OpenAPI document."""
    (state, verb, event, refusal), components = msgspec.json.schema_components(
        [DeviceState, Verb, Event, Refusal], ref_template="#/components/schemas/{name}"
    )

    def refused(status: int, why: str) -> dict[str, Any]:
        return {str(status): {"description": why, "content": _as_json(refusal)}}

    def operation(name: str, summary: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
        responses = {"200": {"description": summary, "content": content}} | stranger
        responses |= more.pop("refusals", {})
        return {"operationId": name, "summary": summary, "responses": responses, **more}

    stranger = refused(401, "No token, or a wrong one")
    missing = {"refusals": refused(404, "No such device")}
    no_verb = (
        refused(404, "No such device")
        | refused(400, "The body is no JSON")
        | refused(409, "The cable's place was taken meanwhile")
        | refused(413, f"The body is longer than {BODY_BYTES_MAX} bytes")
        | refused(422, "No such verb, or a wrong argument; what there is stands in the sentence")
    )
    no_question = refused(404, "No such device") | refused(422, "A wrong or unknown parameter")
    no_paper = {"refusals": refused(404, "No such device, or one without paper")}
    paper = {"text/plain": {"schema": {"type": "string"}}, _PNG: {"schema": {"type": "string"}}}
    device = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    within = {"type": "number", "minimum": 0, "maximum": WITHIN_S_MAX}
    questions = [
        _question("what", "Only events of this name", {"type": "string"}),
        _question("after_ns", "Only events later than this one's at_ns", {"type": "integer"}),
        _question("within_s", "Wait so long until there is one; an empty list if none", within),
    ]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control of virtual equipment",
            "version": "1",
            "description": "On loopback; the token is in bench.json and in what `ips-sim up` prints. "
            "What can be done to a device stands in its own state.",
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
        "paths": {
            "/devices": {"get": operation("devices", "Every device", _list_of(state))},
            "/devices/{name}": {
                "parameters": [device],
                "get": operation("look", "One device", _as_json(state), **missing),
                "post": operation(
                    "do",
                    "Do something to it",
                    _as_json(state),
                    refusals=no_verb,
                    requestBody={"required": True, "content": _as_json(verb)},
                ),
            },
            "/devices/{name}/paper": {
                "parameters": [device],
                "get": operation("paper", "A printer's paper so far", paper, **no_paper),
            },
            "/devices/{name}/history": {
                "parameters": [device],
                "get": operation(
                    "history",
                    "What happened to it, oldest first",
                    _list_of(event),
                    refusals=no_question,
                    parameters=questions,
                ),
            },
        },
    }


def _question(name: str, about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": about, "schema": schema}


def _as_json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _list_of(schema: dict[str, Any]) -> dict[str, Any]:
    return _as_json({"type": "array", "items": schema})
