"""The routes of the broker's interface.

    POST /v1/batches       signed by the terminal's key (protocols.batch)
    POST /v1/enrolments    proved by a one-time code (protocols.enrolment)
    POST /v1/sessions      signed by the terminal's key (protocols.session)
    POST /v1/payments, /v1/cancellations                 under a session's MAC (protocols.broker)
    POST /v1/refunds, /v1/give-backs                     the same
    GET  /v1/sales/ORDER, /v1/purses/NAME/commands       the same
    GET, POST /v1/held, POST /v1/members                 the same
    GET  /v1/payments/KEY, /v1/documents/NAME, /v1/inquiries/NAME                    the same
    GET  /v1/health, /metrics, /openapi.json             open to anybody who reaches the port

A handler reads, asks the rules or the writer, and answers; money is decided elsewhere.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ips.batches import BatchWork, OpenedBatch, receive
from ips.broker import Broker
from ips.committer import Work
from ips.front.answers import STATUS, ProblemError, answer, answer_problem, decode, read_body
from ips.front.openapi import description
from ips.holds import TakeHeld, held_sales
from ips.members import look_up
from ips.purse.orders import waiting
from ips.returns import sale_of
from ips.sessions import UnauthorisedError
from ips.store.errors import StoreError
from ips.store.group import PoisonError
from ips.store.inquiries import NAMES, inquire
from ips.store.rows import NonceRow, TerminalRow
from ips.terminals import Enrol, Refused
from ips.writer import Answer, BusyError, Writer
from protocols.batch import (
    BYTES_MAX,
    CONTENT_TYPE,
    BatchAccepted,
    BatchAnswer,
    BatchEpochClosed,
    BatchFork,
    BatchGap,
    BatchRefused,
)
from protocols.broker import (
    CancelRequest,
    GiveBackRequest,
    HeldRequest,
    MemberRequest,
    PaymentAnswer,
    PaymentRequest,
    Problem,
    PurseCommands,
    RefundRequest,
)
from protocols.enrolment import EnrolmentRequest
from protocols.members import read_named
from protocols.session import SessionRequest

STORE_RETRY_S: Final = 5
_PURSE: Final = re.compile(r"[0-9a-f]{16}")
_ENROLMENT: Final = msgspec.json.Decoder(EnrolmentRequest)
_SESSION: Final = msgspec.json.Decoder(SessionRequest)
_PAYMENT: Final = msgspec.json.Decoder(PaymentRequest)
_HELD: Final = msgspec.json.Decoder(HeldRequest)
_MEMBER: Final = msgspec.json.Decoder(MemberRequest)
_CANCEL: Final = msgspec.json.Decoder(CancelRequest)
_GIVE_BACK: Final = msgspec.json.Decoder(GiveBackRequest)
_REFUND: Final = msgspec.json.Decoder(RefundRequest)
_DESK_STATUS: Final = {
    "unknown-payment": 404,
    "unknown-refund": 404,
    "key-reused": 409,
    "refund-forbidden": 403,
    "refundable": 409,
    "flow-refuses": 409,
}
_BATCH_STATUS: Final = {
    "malformed": 400,
    "signature": 400,
    "chain": 400,
    "too_large": 413,
    "unknown_terminal": 403,
    "suspended": 403,
    "quarantined": 403,
    "busy": 429,
}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The broker is there."""

    status: str
    organisation: str
    server_time_ns: int
    documents: dict[str, str]


class Front:
    """Answers requests for one broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def batch(self, request: Request) -> Response:
        """Take a batch of records."""
        if request.headers.get("content-type", "") != CONTENT_TYPE:
            raise ProblemError(415, "malformed", f"a batch is sent as {CONTENT_TYPE}")
        # One byte over the limit is read, so that the batch's own refusal answers, not ours.
        body = await read_body(request, 2 * BYTES_MAX)
        opened = receive(body, self._broker.reader)
        if not isinstance(opened, OpenedBatch):
            return _batch_answer(opened)
        work = BatchWork(batch=opened, bookkeeper=self._broker.bookkeeper)
        try:
            return _batch_answer(await self._broker.writer.run(work))
        except BusyError as error:
            headers = {"retry-after": str(error.retry_after_s)}
            return answer(BatchRefused(code="busy", reason=str(error)), 429, headers)
        except (PoisonError, StoreError) as error:
            headers = {"retry-after": str(STORE_RETRY_S)}
            return answer(BatchRefused(code="busy", reason=str(error)), 503, headers)

    async def enrol(self, request: Request) -> Response:
        """Give a terminal its certificate."""
        asked = decode(_ENROLMENT, await read_body(request))
        broker = self._broker
        work = Enrol(
            request=asked,
            organisation=broker.config.organisation,
            stores=broker.config.stores,
            identity=broker.identity,
            vault=broker.vault,
        )
        return answer(_granted(await self.do(work)))

    async def session(self, request: Request) -> Response:
        """Open a session."""
        asked = decode(_SESSION, await read_body(request))
        agreed = self._broker.session_maker.agree(asked, self._broker.reader)
        if isinstance(agreed, Refused):
            _granted(agreed)
        else:
            await self.do(agreed[1])
            return answer(agreed[0])
        raise AssertionError("a refusal ends the request")

    async def document(self, request: Request) -> Response:
        """Give the newest version of a document, or 304 when the terminal has it."""
        await self.admit(request)
        row = self._broker.reader.document(request.path_params["name"])
        if row is None:
            name = request.path_params["name"]
            raise ProblemError(404, "not_found", f"no version of {name} is published")
        tag = f'"{row.name}-{row.version}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"etag": tag})
        return Response(row.signed, headers={"etag": tag}, media_type="application/vnd.msgpack")

    async def pay(self, request: Request) -> Response:
        """Ask for a payment; the same key again answers what happened the first time."""
        terminal, nonce, body = await self.admit(request)
        asked = decode(_PAYMENT, body)
        _own(terminal, asked.terminal, asked.store)
        if self._broker.shelf.state(asked.module) != "active":
            raise ProblemError(
                409,
                "inactive-module",
                f"payment module {asked.module!r} is not active",
                reason_ko="활성화되지 않은 결제 수단입니다.",
                hint=f"`ips-broker module activate {asked.module}`",
            )
        return await self.ask_desk(self._broker.desk(nonce).pay(asked))

    async def look(self, request: Request) -> Response:
        """Say what became of a payment."""
        await self.admit(request)
        return await self.ask_desk(self._broker.desk().look(request.path_params["key"]))

    async def cancel(self, request: Request) -> Response:
        """Give a payment up, and undo what was approved of it."""
        terminal, nonce, body = await self.admit(request)
        asked = decode(_CANCEL, body)
        _own(terminal, asked.terminal, asked.store)
        return await self.ask_desk(self._broker.desk(nonce).cancel(asked))

    async def give_back(self, request: Request) -> Response:
        """Give money of a payment back, as the terminal has decided."""
        terminal, nonce, body = await self.admit(request)
        asked = decode(_GIVE_BACK, body)
        _own(terminal, asked.terminal, asked.store)
        return await self.ask_desk(self._broker.desk(nonce).give_back(asked))

    async def refund(self, request: Request) -> Response:
        """Ask for money back."""
        _, nonce, body = await self.admit(request)
        return await self.ask_desk(self._broker.desk(nonce).request_refund(decode(_REFUND, body)))

    async def purse_commands(self, request: Request) -> Response:
        """Give what waits for a card that is at the terminal's reader."""
        await self.admit(request)
        name = request.path_params["name"].lower()
        if not _PURSE.fullmatch(name):
            raise ProblemError(404, "not_found", f"{name!r} is no name of a purse")
        return answer(PurseCommands(name=name, commands=waiting(self._broker.reader, name)))

    async def inquiry(self, request: Request) -> Response:
        """Give a page of an inquiry, of the terminal's own store."""
        terminal, _, _ = await self.admit(request)
        name = request.path_params["name"]
        if name not in NAMES:
            raise ProblemError(404, "not_found", f"there is no inquiry {name}")
        query = request.query_params
        try:
            page = inquire(
                self._broker.reader,
                name,
                store=terminal.store,
                after=query.get("after", ""),
                limit=int(query.get("limit", "100")),
            )
        except ValueError as error:
            raise ProblemError(400, "malformed", str(error)) from error
        return answer(page)

    async def sale(self, request: Request) -> Response:
        """Give a closed sale of the terminal's store, and what came back of it."""
        terminal, _, _ = await self.admit(request)
        order = request.path_params["order"]
        found = sale_of(self._broker.reader, order, store=terminal.store)
        if found is None:
            raise ProblemError(
                404,
                "not_found",
                f"no sale {order} of store {terminal.store} is known",
                reason_ko="그런 판매가 없습니다.",
            )
        return answer(found)

    async def held(self, request: Request) -> Response:
        """Give the baskets that are put aside in the terminal's store."""
        terminal, _, _ = await self.admit(request)
        reader = self._broker.reader
        return answer(held_sales(reader, store=terminal.store, terminal=terminal.id))

    async def take_held(self, request: Request) -> Response:
        """Give one of them to the terminal that goes on with it."""
        terminal, _, body = await self.admit(request)
        asked = decode(_HELD, body)
        work = TakeHeld(
            hold=asked.hold, sale=asked.sale, terminal=terminal.id, store=terminal.store
        )
        return answer(_granted(await self.do(work)))

    async def members(self, request: Request) -> Response:
        """Say who a card or a telephone number is."""
        terminal, _, body = await self.admit(request)
        asked = decode(_MEMBER, body)
        try:
            named = read_named(asked.named)
        except ValueError as error:
            raise ProblemError(400, "malformed", str(error)) from error
        broker = self._broker
        store = broker.config.stores.get(terminal.store)
        currency = broker.config.currency if store is None else store.currency
        return answer(look_up(broker.reader, named, phones=broker.phones, currency=currency))

    async def ask_desk(self, asking: Awaitable[PaymentAnswer | Problem]) -> Response:
        """Answer what the desk answers; what it could not write is told as such."""
        with _told_as_problems():
            told = await asking
        if isinstance(told, Problem):
            return answer(told, _DESK_STATUS.get(told.error, 400))
        return answer(told)

    async def health(self, _: Request) -> Response:
        """Say whether the broker can take work."""
        broker = self._broker
        writer = broker.writer
        alive = not isinstance(writer, Writer) or writer.is_alive()
        body = Health(
            status="ok" if alive else "stopped",
            organisation=broker.config.organisation,
            server_time_ns=broker.clock.now_ns(),
            documents=broker.reader.document_versions(),
        )
        return answer(body, 200 if alive else 503)

    async def metrics(self, _: Request) -> Response:
        """Give the numbers that an operator watches, in Prometheus' text form."""
        writer = self._broker.writer
        queued = writer.queued() if isinstance(writer, Writer) else 0
        counters = self._broker.reader.counters()
        seal = self._broker.reader.last_seal()
        lines = [
            f"ips_queue_items {queued}",
            f"ips_records_total {counters.record}",
            f"ips_transfers_total {counters.transfer}",
            f"ips_payment_events_total {counters.event}",
            f"ips_commits_total {0 if seal is None else seal.id}",
        ]
        return Response("\n".join([*lines, ""]), media_type="text/plain; version=0.0.4")

    async def openapi(self, _: Request) -> Response:
        """Describe the interface."""
        return Response(description(), media_type="application/json")

    async def admit(self, request: Request) -> tuple[TerminalRow, NonceRow, bytes]:
        """Return who asks, the nonce to store with what is moved, and the body."""
        body = await read_body(request)
        try:
            terminal, nonce = self._broker.gate.admit(
                method=request.method,
                path=request.scope["path"],
                # As it came: a stranger's bytes need not be UTF-8.
                query=request.scope["query_string"].decode("latin-1"),
                headers=request.headers,
                body=body,
            )
        except UnauthorisedError as error:
            raise ProblemError(error.status, error.code, str(error)) from error
        return terminal, nonce, body

    async def do(self, work: Work[Answer]) -> Answer:
        """Return the answer of work that is now durable. Raises: ProblemError."""
        with _told_as_problems():
            return await self._broker.writer.run(work)
        raise AssertionError("either an answer or a problem")


@contextmanager
def _told_as_problems() -> Iterator[None]:
    """Turn what the writer may raise into problems."""
    try:
        yield
    except BusyError as error:
        raise ProblemError(429, "busy", str(error), retry_after_s=error.retry_after_s) from error
    except PoisonError as error:
        raise ProblemError(500, "not_done", str(error)) from error
    except StoreError as error:
        raise ProblemError(503, "store", str(error), retry_after_s=STORE_RETRY_S) from error


def _own(terminal: TerminalRow, named: str, store: str) -> None:
    """Refuse a request in another terminal's name."""
    if (named, store) != (terminal.id, terminal.store):
        raise ProblemError(
            403,
            "other_terminal",
            f"terminal {terminal.id} of store {terminal.store} asked as {named} of {store}",
            reason_ko="다른 단말기의 이름으로 요청했습니다.",
        )


def _granted(result: Answer | Refused) -> Answer:
    if isinstance(result, Refused):
        raise ProblemError(
            STATUS.get(result.code, 400),
            result.code,
            result.reason,
            reason_ko=result.reason_ko,
            hint=result.hint,
        )
    return result


def _batch_answer(told: BatchAnswer) -> Response:
    match told:
        case BatchAccepted():
            return answer(told)
        case BatchGap() | BatchFork():
            return answer(told, 409)
        case BatchEpochClosed():
            return answer(told, 410)
        case BatchRefused():
            return answer(told, _BATCH_STATUS.get(told.code, 400))


async def _http_problem(_: Request, error: Exception) -> Response:
    """Answer what the router refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method"}.get(error.status_code, "http")
    raised = ProblemError(error.status_code, code, str(error.detail))
    return answer(raised.problem, error.status_code, dict(error.headers or {}))


async def _store_problem(request: Request, error: Exception) -> Response:
    """Answer a reader that cannot read."""
    raised = ProblemError(503, "store", str(error), retry_after_s=STORE_RETRY_S)
    return await answer_problem(request, raised)


async def _unexpected(_: Request, error: Exception) -> Response:
    """Answer a mistake of ours; the error itself goes to the log, not to the terminal."""
    raised = ProblemError(500, "not_done", f"the broker made a mistake ({type(error).__name__})")
    return answer(raised.problem, 500)


def routes(front: Front) -> list[Route]:
    """Return the routes."""
    table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("POST", "/v1/batches", front.batch),
        ("POST", "/v1/enrolments", front.enrol),
        ("POST", "/v1/sessions", front.session),
        ("GET", "/v1/documents/{name}", front.document),
        ("POST", "/v1/payments", front.pay),
        ("GET", "/v1/payments/{key}", front.look),
        ("POST", "/v1/cancellations", front.cancel),
        ("POST", "/v1/refunds", front.refund),
        ("POST", "/v1/give-backs", front.give_back),
        ("GET", "/v1/inquiries/{name}", front.inquiry),
        ("GET", "/v1/purses/{name}/commands", front.purse_commands),
        ("GET", "/v1/sales/{order}", front.sale),
        ("GET", "/v1/held", front.held),
        ("POST", "/v1/held", front.take_held),
        ("POST", "/v1/members", front.members),
        ("GET", "/v1/health", front.health),
        ("GET", "/metrics", front.metrics),
        ("GET", "/openapi.json", front.openapi),
    ]
    return [Route(path, handler, methods=[method]) for method, path, handler in table]


def build_app(broker: Broker) -> Starlette:
    """Return the ASGI application of a broker."""
    return Starlette(
        routes=routes(Front(broker)),
        exception_handlers={
            ProblemError: answer_problem,
            HTTPException: _http_problem,
            StoreError: _store_problem,
            Exception: _unexpected,
        },
    )
