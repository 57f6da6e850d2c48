"""A small broker for tests of the till: the real bytes of every agreement, no ledger, a lossy wire.

It shares no code with ips: what it accepts and answers is written from protocols' own docstrings.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocols.batch import (
    BatchAccepted,
    BatchAnswer,
    BatchEpochClosed,
    BatchError,
    BatchFork,
    BatchGap,
    BatchRefused,
    Question,
    open_batch,
    verify_batch,
)
from protocols.broker import InquiryAnswer, PaymentAnswer, PaymentRequest, Problem
from protocols.documents import Document, sign_document
from protocols.enrolment import (
    Certificate,
    EnrolmentAnswer,
    EnrolmentRequest,
    broker_proof,
    make_code,
    sign_certificate,
    split_code,
    stretch,
    terminal_proof,
)
from protocols.journal import Chain, genesis, record_hash
from protocols.ports import Clock, Entropy
from protocols.session import (
    SESSION_LIFETIME_NS,
    SessionError,
    SessionRequest,
    read_signature,
    session_key,
    sign_session_answer,
    verify_request,
    verify_session_request,
)

URL = "http://broker.test"
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_STATUS: dict[type, int] = {
    BatchAccepted: 200,
    BatchGap: 409,
    BatchFork: 409,
    BatchEpochClosed: 410,
}


class ProblemError(Exception):
    """Answer with a problem."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.headers = status, error, headers or {}


@dataclass
class SmallBroker:
    """One terminal's broker."""

    clock: Clock
    entropy: Entropy
    store: str = "S1"
    keys: dict[str, bytes] = field(default_factory=dict)
    """Open codes, stretched, by terminal."""
    identities: dict[tuple[str, int], bytes] = field(default_factory=dict)
    hashes: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    records: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    sessions: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    documents: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    questions: dict[int, list[Question]] = field(default_factory=dict)
    payments: dict[str, PaymentAnswer] = field(default_factory=dict)
    says: list[BatchAnswer | ProblemError] = field(default_factory=list)
    """Answers to the next batches, whatever they hold."""
    seen: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    """How many records each batch held."""

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(self.entropy.token(32))

    def code(self, terminal: str = "01") -> str:
        """Return a new code for a terminal."""
        code = make_code(terminal, self.entropy.token(5))
        self.keys[terminal] = stretch(*split_code(code))
        return code

    def publish(self, name: str, version: int, body: msgspec.Struct | bytes) -> None:
        """Offer a document."""
        raw = body if isinstance(body, bytes) else msgspec.msgpack.encode(body)
        document = Document(name=name, version=version, valid_from_ns=0, body=msgspec.Raw(raw))
        self.documents[name] = (version, sign_document(document, self.key))

    def versions(self) -> dict[str, str]:
        """Return what is offered."""
        return {name: str(version) for name, (version, _) in self.documents.items()}

    def enrol(self, request: EnrolmentRequest) -> EnrolmentAnswer:
        key = self.keys.get(request.terminal)
        if key is None:
            raise ProblemError(403, "no_code")
        proof = terminal_proof(
            key, terminal=request.terminal, identity=request.identity, nonce=request.nonce
        )
        if proof != request.proof:
            raise ProblemError(403, "code_wrong")
        epoch = 1 + sum(terminal == request.terminal for terminal, _ in self.identities)
        if self.identities.get((request.terminal, epoch - 1)) == request.identity:
            epoch -= 1
        self.identities[request.terminal, epoch] = request.identity
        certificate = Certificate(
            organisation="O1",
            store=self.store,
            terminal=request.terminal,
            epoch=epoch,
            identity=request.identity,
            broker=self.key.public_key().public_bytes_raw(),
            issued_ns=self.clock.now_ns(),
            expires_ns=self.clock.now_ns() + 10**18,
        )
        data, signature = sign_certificate(certificate, self.key)
        return EnrolmentAnswer(
            certificate=data,
            signature=signature,
            proof=broker_proof(key, certificate=data, nonce=request.nonce),
        )

    def open_session(self, request: SessionRequest) -> msgspec.Struct:
        identity = self.identities.get((request.terminal, request.epoch))
        if identity is None:
            raise ProblemError(403, "unknown_terminal")
        now_ns = self.clock.now_ns()
        if abs(now_ns // 10**9 - request.created) > 60:
            raise ProblemError(401, "clock")
        verify_session_request(request, Ed25519PublicKey.from_public_bytes(identity))
        mine = X25519PrivateKey.from_private_bytes(self.entropy.token(32))
        key_id = f"s{len(self.sessions)}"
        expires_ns = now_ns + SESSION_LIFETIME_NS
        self.sessions[key_id] = (session_key(mine, request.exchange, key_id), expires_ns)
        return sign_session_answer(
            key_id=key_id,
            exchange=mine.public_key().public_bytes_raw(),
            theirs=request.exchange,
            expires_ns=expires_ns,
            server_time_ns=now_ns,
            key=self.key,
        )

    def batch(self, body: bytes) -> BatchAnswer:
        try:
            envelope, payload, signature = open_batch(body)
            self.batches.append(len(envelope.records))
            if self.says:
                said = self.says.pop(0)
                if isinstance(said, ProblemError):
                    raise said
                return said
            life = (envelope.terminal, envelope.epoch)
            if life not in self.identities:
                return BatchEpochClosed(epoch=envelope.epoch)
            verify_batch(
                payload, signature, Ed25519PublicKey.from_public_bytes(self.identities[life])
            )
        except BatchError as error:
            return BatchRefused(code=error.code, reason=str(error))
        hashes = self.hashes.setdefault(life, [])
        known = len(hashes)
        if envelope.first > known + 1:
            return BatchGap(expected=known + 1)
        before = hashes[envelope.first - 2] if envelope.first > 1 else genesis(*life)
        sequence = envelope.first - 1
        chain = Chain(*life, sequence=sequence, head=before if sequence else None)
        for number, data in enumerate(envelope.records, start=envelope.first):
            if number <= known and hashes[number - 1] != record_hash(data):
                return BatchFork(sequence=number, known_hash=hashes[number - 1].hex())
            chain.follow(data)
        assert chain.head == envelope.head
        fresh = envelope.records[known - envelope.first + 1 :]
        hashes += [record_hash(data) for data in fresh]
        self.records.setdefault(life, []).extend(fresh)
        asked = [q for n in range(known + 1, len(hashes) + 1) for q in self.questions.get(n, [])]
        return BatchAccepted(
            accepted=len(fresh),
            duplicates=len(envelope.records) - len(fresh),
            high_water=len(hashes),
            head=(hashes[-1] if hashes else genesis(*life)).hex(),
            questions=asked,
            documents=self.versions(),
            server_time_ns=self.clock.now_ns(),
        )

    def _admit(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> None:
        try:
            signed = read_signature(headers)
            key, expires_ns = self.sessions.get(signed.key_id, (b"", 0))
            if self.clock.now_ns() > expires_ns:
                raise ProblemError(401, "no_session")
            verify_request(
                signed,
                method=method,
                path=path,
                query=query,
                authority=headers["host"],
                body=body,
                key=key,
                now_seconds=self.clock.now_ns() // 10**9,
            )
        except SessionError as error:
            raise ProblemError(401, "mac") from error
        if signed.nonce in self.nonces:
            raise ProblemError(401, "nonce")
        self.nonces.add(signed.nonce)

    def answer(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        self.seen.append(f"{method} {path}")
        json = msgspec.json.encode
        match method, path:
            case "GET", "/v1/health":
                return 200, {}, json({"status": "ok", "documents": self.versions()})
            case "POST", "/v1/enrolments":
                return 200, {}, json(self.enrol(msgspec.json.decode(body, type=EnrolmentRequest)))
            case "POST", "/v1/sessions":
                opened = self.open_session(msgspec.json.decode(body, type=SessionRequest))
                return 200, {}, json(opened)
            case "POST", "/v1/batches":
                told = self.batch(body)
                return _STATUS.get(type(told), 400), {}, json(told)
        self._admit(method, path, query, headers, body)
        name = path.rpartition("/")[2]
        if path.startswith("/v1/documents/") and name in self.documents:
            version, data = self.documents[name]
            tag = f'"{name}-{version}"'
            if headers.get("if-none-match") == tag:
                return 304, {}, b""
            return 200, {"etag": tag}, data
        if (method, path) == ("POST", "/v1/payments"):
            request = msgspec.json.decode(body, type=PaymentRequest)
            done = PaymentAnswer(
                key=request.key, outcome="approved", state="settled", amount=request.amount
            )
            return 200, {}, json(self.payments.setdefault(request.key, done))
        if path.startswith("/v1/payments/") and name in self.payments:
            return 200, {}, json(self.payments[name])
        if path.startswith("/v1/inquiries/"):
            page = InquiryAnswer(name="settled", rows=[], count=0, totals={})
            return 200, {}, json(page)
        raise ProblemError(404, "not_found")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """Be an ASGI application."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        try:
            query = scope["query_string"].decode()
            status, extra, answer = self.answer(
                scope["method"], scope["path"], query, headers, body
            )
        except ProblemError as error:
            status, extra = error.status, error.headers
            answer = msgspec.json.encode(
                Problem(error=error.error, reason=f"because {error.error}")
            )
        date = _http_date(self.clock.now_ns())
        pairs = [(k.encode(), v.encode()) for k, v in {"date": date, **extra}.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": answer})


class Wire(Enum):
    """What happens to one request."""

    GOOD = "good"
    NO_ROUTE = "no_route"
    """Nothing leaves."""
    LOSE_REQUEST = "lose_request"
    """It leaves and never arrives; nothing comes back."""
    LOSE_ANSWER = "lose_answer"
    """It arrives and is answered; the answer is lost."""
    HANG_UP = "hang_up"
    """It arrives; the line breaks in the answer."""


class LossyTransport(httpx.AsyncBaseTransport):
    """The wire between a till and its broker: a plan for the next requests, then a standing state."""

    def __init__(self, app: SmallBroker | Any) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self.plan: list[Wire] = []
        self.state = Wire.GOOD
        self.tries: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.tries.append(request.url.path)
        match self.plan.pop(0) if self.plan else self.state:
            case Wire.NO_ROUTE:
                raise httpx.ConnectError("no route to host")
            case Wire.LOSE_REQUEST:
                await asyncio.sleep(10**6)
            case Wire.LOSE_ANSWER:
                await self._inner.handle_async_request(request)
                await asyncio.sleep(10**6)
            case Wire.HANG_UP:
                await self._inner.handle_async_request(request)
                raise httpx.RemoteProtocolError("peer closed connection")
            case Wire.GOOD:
                pass
        return await self._inner.handle_async_request(request)


def _http_date(now_ns: int) -> str:
    from email.utils import formatdate

    return formatdate(now_ns // 10**9, usegmt=True)


def nonce(entropy: Entropy) -> str:
    """Return a fresh nonce."""
    return base64.urlsafe_b64encode(entropy.token(18)).decode()
