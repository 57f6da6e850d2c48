"""The till's end of its broker: typed questions, typed answers, never an exception to the till.

A session (protocols.session) is opened when it is first needed, renewed before it ends, and opened
anew once when the broker no longer knows it. The broker's time, which that exchange signs, is kept
as an offset: a till whose clock is wrong by hours still makes requests of the right age. Where even
the exchange is refused for its age, the Date of the refusal (or the time that the broker's health
tells) is believed for one more try.
Source: broker.md 5.1, protocols.broker; failures: pos.broker_link.
"""

import asyncio
import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pos.broker_link import (
    Answer,
    BrokerLink,
    Failure,
    NotReached,
    Refused,
    Silent,
    decoded,
    failure,
)
from protocols.batch import CONTENT_TYPE, BatchAnswer
from protocols.broker import (
    CancelRequest,
    GiveBackRequest,
    HeldAnswer,
    HeldRequest,
    HeldSale,
    InquiryAnswer,
    InquiryName,
    MemberAnswer,
    MemberRequest,
    PaymentAnswer,
    PaymentRequest,
    PurseCommands,
    RefundRequest,
    SaleAnswer,
)
from protocols.enrolment import Certificate, EnrolmentAnswer, EnrolmentRequest
from protocols.malformed import MALFORMED
from protocols.ports import NANOSECONDS_PER_SECOND, Clock, Entropy
from protocols.session import (
    SKEW_SECONDS_MAX,
    SessionAnswer,
    SessionError,
    session_key,
    sign_request,
    sign_session_request,
    verify_session_answer,
)

HEALTH_SECONDS_MAX: Final = 4.0
QUESTION_SECONDS_MAX: Final = 10.0
"""For sessions, enrolments and inquiries."""
HELD_SECONDS_MAX: Final = 3.0
"""A clerk waits for it, with a customer."""
TRANSFER_SECONDS_MAX: Final = 30.0
"""For batches and documents."""
PAYMENT_SECONDS_MAX: Final = 40.0
"""Longer than a bank's own time-out, so that its answer is heard."""
RENEW_BEFORE_NS: Final = 600 * NANOSECONDS_PER_SECOND
_JSON: Final = {"content-type": "application/json"}
_BATCH_ANSWER: Final[msgspec.json.Decoder[BatchAnswer]] = msgspec.json.Decoder(BatchAnswer)
_BATCH_STATUS: Final = (200, 400, 403, 409, 410, 413)
_ALONE: Final = NotReached(reason="this till has joined no broker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The broker is there."""

    round_trip_ms: int
    documents: dict[str, str]
    """The newest versions it has, by name; unsigned, so no more than a reason to ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The document is still the version that we have."""


class _Health(msgspec.Struct, frozen=True, kw_only=True):
    documents: dict[str, str] = {}
    server_time_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    key_id: str
    key: bytes
    expires_ns: int


class BrokerClient:
    """Speaks to one broker. Knows who it is after `identify`; enrolment and health need no identity."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        entropy: Entropy,
        transport: httpx.AsyncBaseTransport | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """See BrokerLink for the arguments. Raises: ValueError for a url that is none."""
        self._link = BrokerLink(url, transport=transport, trust=trust)
        self._clock = clock
        self._entropy = entropy
        self._certificate: Certificate | None = None
        self._identity: Ed25519PrivateKey | None = None
        self._session: _Session | None = None
        self._opening = asyncio.Lock()
        self._offset_ns = 0

    async def close(self) -> None:
        """Close all connections."""
        await self._link.close()

    def identify(self, certificate: Certificate, identity: Ed25519PrivateKey) -> None:
        """Be this terminal from now on."""
        self._certificate, self._identity, self._session = certificate, identity, None

    def server_now_ns(self) -> int:
        """Return the broker's UTC as far as it is known here."""
        return self._clock.now_ns() + self._offset_ns

    async def health(self) -> Reached | Failure:
        """Ask whether anybody is there."""
        begin_ns = self._clock.monotonic_ns()
        health = await self._health()
        if not isinstance(health, _Health):
            return health
        taken_ns = self._clock.monotonic_ns() - begin_ns
        return Reached(round_trip_ms=taken_ns // 1_000_000, documents=health.documents)

    async def _health(self) -> _Health | Failure:
        answer = await self._link.exchange("GET", "/v1/health", b"", {}, HEALTH_SECONDS_MAX)
        return decoded(answer, _Health, self._clock)

    async def enrol(self, request: EnrolmentRequest) -> EnrolmentAnswer | Failure:
        """Ask to become a terminal; the answer is unverified (pos.enrol verifies it)."""
        body = msgspec.json.encode(request)
        answer = await self._link.exchange(
            "POST", "/v1/enrolments", body, _JSON, QUESTION_SECONDS_MAX
        )
        return decoded(answer, EnrolmentAnswer, self._clock)

    async def post_batch(self, body: bytes) -> BatchAnswer | Failure:
        """Send a batch (protocols.batch); its own signature says who sends it."""
        headers = {"content-type": CONTENT_TYPE}
        answer = await self._link.exchange(
            "POST", "/v1/batches", body, headers, TRANSFER_SECONDS_MAX
        )
        if not isinstance(answer, Answer):
            return answer
        if answer.status in _BATCH_STATUS:
            try:
                return _BATCH_ANSWER.decode(answer.body)
            except MALFORMED:
                pass
        return failure(answer, self._clock)

    async def document(self, name: str, version: int = 0) -> bytes | Unchanged | Failure:
        """Return the newest signed document, unverified; Unchanged while it is the given version."""
        headers = {"if-none-match": f'"{name}-{version}"'} if version else {}
        path = f"/v1/documents/{quote(name, safe='')}"
        answer = await self._online("GET", path, b"", TRANSFER_SECONDS_MAX, headers=headers)
        if not isinstance(answer, Answer):
            return answer
        if answer.status == 304:
            return Unchanged()
        return answer.body if answer.status == 200 else failure(answer, self._clock)

    async def pay(self, request: PaymentRequest) -> PaymentAnswer | Failure:
        """Ask for a payment. After Silent: `ask` about the same key, never a new one."""
        body = msgspec.json.encode(request)
        answer = await self._online("POST", "/v1/payments", body, PAYMENT_SECONDS_MAX)
        return decoded(answer, PaymentAnswer, self._clock)

    async def spend(self, request: PaymentRequest) -> PaymentAnswer | Failure:
        """Ask for what the broker itself keeps, such as points: it answers in no time, or not at all."""
        body = msgspec.json.encode(request)
        answer = await self._online("POST", "/v1/payments", body, QUESTION_SECONDS_MAX)
        return decoded(answer, PaymentAnswer, self._clock)

    async def members(self, named: str) -> MemberAnswer | Failure:
        """Ask who a card, a telephone or four digits may be."""
        body = msgspec.json.encode(MemberRequest(named=named))
        answer = await self._online("POST", "/v1/members", body, HELD_SECONDS_MAX)
        return decoded(answer, MemberAnswer, self._clock)

    async def ask(self, key: str) -> PaymentAnswer | Failure:
        """Ask what became of a payment."""
        path = f"/v1/payments/{quote(key, safe='')}"
        answer = await self._online("GET", path, b"", QUESTION_SECONDS_MAX)
        return decoded(answer, PaymentAnswer, self._clock)

    async def cancel(self, request: CancelRequest) -> PaymentAnswer | Failure:
        """Give a payment up. After Silent: the same again, under its key."""
        body = msgspec.json.encode(request)
        answer = await self._online("POST", "/v1/cancellations", body, PAYMENT_SECONDS_MAX)
        return decoded(answer, PaymentAnswer, self._clock)

    async def refund(self, request: RefundRequest) -> PaymentAnswer | Failure:
        """Ask for money back on a payment. After Silent: the same request again, under its key."""
        body = msgspec.json.encode(request)
        answer = await self._online("POST", "/v1/refunds", body, PAYMENT_SECONDS_MAX)
        return decoded(answer, PaymentAnswer, self._clock)

    async def give_back(self, request: GiveBackRequest) -> PaymentAnswer | Failure:
        """Give money of a payment back. After Silent: the same request again, under its key."""
        body = msgspec.json.encode(request)
        answer = await self._online("POST", "/v1/give-backs", body, PAYMENT_SECONDS_MAX)
        return decoded(answer, PaymentAnswer, self._clock)

    async def inquire(self, name: InquiryName, after: str = "") -> InquiryAnswer | Failure:
        """Ask one of the broker's four inquiries, page by page."""
        query = f"after={quote(after, safe='')}" if after else ""
        path = f"/v1/inquiries/{name}"
        answer = await self._online("GET", path, b"", QUESTION_SECONDS_MAX, query=query)
        return decoded(answer, InquiryAnswer, self._clock)

    async def sale(self, order: str) -> SaleAnswer | Failure:
        """Ask for a closed sale of this store, and what came back of it."""
        path = f"/v1/sales/{quote(order, safe='')}"
        answer = await self._online("GET", path, b"", HELD_SECONDS_MAX)
        return decoded(answer, SaleAnswer, self._clock)

    async def purse_commands(self, name: bytes) -> PurseCommands | Failure:
        """Ask what its issuer wants of a purse."""
        path = f"/v1/purses/{name.hex()}/commands"
        answer = await self._online("GET", path, b"", HELD_SECONDS_MAX)
        return decoded(answer, PurseCommands, self._clock)

    async def held(self) -> HeldAnswer | Failure:
        """Ask what tills of this store have put aside."""
        answer = await self._online("GET", "/v1/held", b"", HELD_SECONDS_MAX)
        return decoded(answer, HeldAnswer, self._clock)

    async def take_held(self, hold: str, sale: str) -> HeldSale | Failure:
        """Ask for one of them. After Silent: the same request again, it is ours if it was given."""
        body = msgspec.json.encode(HeldRequest(hold=hold, sale=sale))
        answer = await self._online("POST", "/v1/held", body, HELD_SECONDS_MAX)
        return decoded(answer, HeldSale, self._clock)

    async def _online(
        self,
        method: str,
        path: str,
        body: bytes,
        seconds: float,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer | Failure:
        """Send under the session's MAC; open the session anew once when it is not known any more."""
        answer: Answer | Failure = _ALONE
        for _ in range(2):
            session = await self._opened()
            if isinstance(session, Silent):
                # Silence about a session: nothing of this request has left.
                return NotReached(reason=session.reason)
            if not isinstance(session, _Session):
                return session
            signed = sign_request(
                method=method,
                path=path,
                query=query,
                authority=self._link.authority,
                body=body,
                key=session.key,
                key_id=session.key_id,
                created=self.server_now_ns() // NANOSECONDS_PER_SECOND,
                nonce=base64.urlsafe_b64encode(self._entropy.token(18)).decode(),
            )
            sent = {**(_JSON if body else {}), **(headers or {}), **signed}
            target = f"{path}?{query}" if query else path
            answer = await self._link.exchange(method, target, body, sent, seconds)
            if not isinstance(answer, Answer) or answer.status != 401:
                return answer
            # 401 is said before anything is done with a request: sending it again is safe.
            if self._session is session:
                self._session = None
        return answer

    async def _opened(self) -> _Session | Failure:
        """Return a session that lasts a while yet; whoever asks meanwhile waits for the same one."""
        async with self._opening:
            session = self._session
            if session and self.server_now_ns() < session.expires_ns - RENEW_BEFORE_NS:
                return session
            opened, date_ns = await self._open()
            if isinstance(opened, Refused) and await self._reset_clock(date_ns):
                opened, _ = await self._open()
            if isinstance(opened, _Session):
                self._session = opened
            elif session and self.server_now_ns() < session.expires_ns:
                # It could not be renewed just now, but has minutes left.
                return session
            return opened

    async def _reset_clock(self, date_ns: int | None) -> bool:
        """Take the server's time for its own, where ours is so far off that it may refuse us.

        It is unsigned here; the exchange that follows signs it, or there is no session.
        """
        if date_ns is None:
            health = await self._health()
            date_ns = health.server_time_ns if isinstance(health, _Health) else 0
        off_ns = date_ns - self.server_now_ns()
        if not date_ns or abs(off_ns) <= SKEW_SECONDS_MAX // 2 * NANOSECONDS_PER_SECOND:
            return False
        self._offset_ns += off_ns
        return True

    async def _open(self) -> tuple[_Session | Failure, int | None]:
        """Open a session; also return the server's Date."""
        if self._certificate is None or self._identity is None:
            return _ALONE, None
        mine = X25519PrivateKey.from_private_bytes(self._entropy.token(32))
        exchange = mine.public_key().public_bytes_raw()
        request = sign_session_request(
            terminal=self._certificate.terminal,
            epoch=self._certificate.epoch,
            exchange=exchange,
            created=self.server_now_ns() // NANOSECONDS_PER_SECOND,
            key=self._identity,
        )
        begin_ns = self._clock.now_ns()
        body = msgspec.json.encode(request)
        heard = await self._link.exchange("POST", "/v1/sessions", body, _JSON, QUESTION_SECONDS_MAX)
        date_ns = heard.date_ns if isinstance(heard, Answer) else None
        answer = decoded(heard, SessionAnswer, self._clock)
        if not isinstance(answer, SessionAnswer):
            return answer, date_ns
        try:
            broker = Ed25519PublicKey.from_public_bytes(self._certificate.broker)
            verify_session_answer(answer, mine=exchange, key=broker)
            key = session_key(mine, answer.exchange, answer.key_id)
        except SessionError as error:
            return Silent(reason=f"whoever answers is not our broker: {error}"), date_ns
        self._offset_ns = answer.server_time_ns - (begin_ns + self._clock.now_ns()) // 2
        return _Session(key_id=answer.key_id, key=key, expires_ns=answer.expires_ns), date_ns
