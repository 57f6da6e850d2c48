"""The till's end of its broker: every failure is a value of the right kind, every call has a deadline."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from pos.broker_client import (
    HEALTH_SECONDS_MAX,
    PAYMENT_SECONDS_MAX,
    RENEW_BEFORE_NS,
    BrokerClient,
    Reached,
    Unchanged,
)
from pos.broker_link import (
    ANSWER_BYTES_MAX,
    RETRY_AFTER_SECONDS_MAX,
    BrokerLink,
    Busy,
    NotReached,
    Refused,
    Silent,
)
from protocols.broker import InquiryAnswer, PaymentAnswer, PaymentRequest, RefundRequest
from protocols.documents import Policy, open_document
from protocols.session import SESSION_LIFETIME_NS
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.support.joined_till import JoinedTill, till_in
from tests.support.small_broker import URL, ProblemError, SmallBroker, Wire

Story = Callable[[JoinedTill], Coroutine[Any, Any, None]]
KEY = "S1-01-20260417-0001-a"
PAYMENT = PaymentRequest(key=KEY, module="cash", amount=15_390, store="S1", terminal="01")


def play(folder: Path, story: Story) -> None:
    """Run a story of an enrolled till in virtual time."""

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        with till_in(folder, clock, entropy) as till:
            await story(await till.joined())

    run(told)


def raw(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> BrokerClient:
    """Return a client of a server that always answers so."""

    class Once(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield body

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, stream=Once(), headers=headers)

    return BrokerClient(
        URL, clock=VirtualClock(), entropy=SeededEntropy(1), transport=httpx.MockTransport(answer)
    )


def test_payment_is_asked_for_and_asked_about(tmp_path: Path) -> None:
    """The same key answers the same thing; one session serves all."""

    async def story(till: JoinedTill) -> None:
        paid = await till.client.pay(PAYMENT)
        assert isinstance(paid, PaymentAnswer) and paid.outcome == "approved"
        assert await till.client.pay(PAYMENT) == await till.client.ask(KEY) == paid
        assert isinstance(await till.client.inquire("settled", "a/b&c"), InquiryAnswer)
        assert till.broker.seen.count("POST /v1/sessions") == 1

    play(tmp_path, story)


def test_concurrent_requests_open_one_session(tmp_path: Path) -> None:
    """Ten at once wait for the same exchange; each has its own nonce."""

    async def story(till: JoinedTill) -> None:
        answers = await asyncio.gather(*(till.client.pay(PAYMENT) for _ in range(10)))
        assert all(isinstance(answer, PaymentAnswer) for answer in answers)
        assert till.broker.seen.count("POST /v1/sessions") == 1
        assert len(till.broker.nonces) == 10

    play(tmp_path, story)


@pytest.mark.parametrize(("early_ns", "sessions"), [(1, 1), (0, 2), (-1, 2)])
def test_session_is_renewed_before_it_ends(tmp_path: Path, early_ns: int, sessions: int) -> None:
    """Ten minutes before: not a nanosecond sooner, and no request fails for it."""

    async def story(till: JoinedTill) -> None:
        await till.client.pay(PAYMENT)
        till.clock.advance(SESSION_LIFETIME_NS - RENEW_BEFORE_NS - early_ns)
        assert isinstance(await till.client.pay(PAYMENT), PaymentAnswer)
        assert till.broker.seen.count("POST /v1/sessions") == sessions

    play(tmp_path, story)


def test_session_that_cannot_be_renewed_is_used_to_its_end(tmp_path: Path) -> None:
    """A broker that opens no sessions for a while takes requests of the old one."""

    async def story(till: JoinedTill) -> None:
        await till.client.pay(PAYMENT)
        till.clock.advance(SESSION_LIFETIME_NS - RENEW_BEFORE_NS)
        till.wire.plan = [Wire.NO_ROUTE]
        assert isinstance(await till.client.pay(PAYMENT), PaymentAnswer)

    play(tmp_path, story)


def test_forgotten_session_is_opened_anew_once(tmp_path: Path) -> None:
    """A broker that was restored knows no session; the request goes through all the same."""

    async def story(till: JoinedTill) -> None:
        await till.client.pay(PAYMENT)
        till.broker.sessions.clear()
        assert isinstance(await till.client.ask(KEY), PaymentAnswer)

    play(tmp_path, story)


def test_broker_that_never_takes_a_session_is_a_refusal_after_two_tries(tmp_path: Path) -> None:
    """No loop: the second 401 is the answer."""

    async def story(till: JoinedTill) -> None:
        def forget(*_: object) -> None:
            raise ProblemError(401, "no_session")

        till.broker._admit = forget  # type: ignore[method-assign]
        answer = await till.client.ask(KEY)
        assert isinstance(answer, Refused | PaymentAnswer | Silent)
        assert isinstance(answer, Refused) and answer.problem.error == "no_session"
        assert till.wire.tries.count(f"/v1/payments/{KEY}") == 2

    play(tmp_path, story)


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_wrong_clock_of_the_till_stops_nothing(tmp_path: Path, hours: int) -> None:
    """The broker's Date opens the session, its signed time keeps every request young."""

    async def story(till: JoinedTill) -> None:
        wrong = VirtualClock(epoch_ns=till.clock.now_ns() + hours * 3600 * 10**9)
        client = BrokerClient(URL, clock=wrong, entropy=SeededEntropy(5), transport=till.wire)
        assert till.client._certificate and till.client._identity
        client.identify(till.client._certificate, till.client._identity)

        assert isinstance(await client.pay(PAYMENT), PaymentAnswer)
        assert abs(client.server_now_ns() - till.clock.now_ns()) < 10**9

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("wire", "kind"),
    [
        (Wire.NO_ROUTE, NotReached),
        (Wire.LOSE_REQUEST, Silent),
        (Wire.LOSE_ANSWER, Silent),
        (Wire.HANG_UP, Silent),
    ],
)
def test_what_a_lost_payment_may_have_done_is_in_the_type(
    tmp_path: Path, wire: Wire, kind: type
) -> None:
    """NotReached only where nothing can have arrived; after Silent the key tells."""

    async def story(till: JoinedTill) -> None:
        await till.client.inquire("open")
        till.wire.plan = [wire]
        begin = asyncio.get_running_loop().time()

        assert isinstance(await till.client.pay(PAYMENT), kind)

        taken = asyncio.get_running_loop().time() - begin
        assert taken == pytest.approx(PAYMENT_SECONDS_MAX if "lose" in wire.value else 0, abs=0.01)
        arrived = KEY in till.broker.payments
        assert arrived == (wire in (Wire.LOSE_ANSWER, Wire.HANG_UP))
        assert isinstance(await till.client.ask(KEY), PaymentAnswer) == arrived

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("seconds", "kind"), [(HEALTH_SECONDS_MAX - 0.01, Reached), (HEALTH_SECONDS_MAX + 0.01, Silent)]
)
def test_deadline_holds_where_the_http_client_has_none(
    tmp_path: Path, seconds: float, kind: type
) -> None:
    """Just before it is an answer, just after it is silence (environment.md 13: ASGI ignores timeouts)."""

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        broker = SmallBroker(clock=clock, entropy=entropy)

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(seconds)
            await broker(scope, receive, send)

        transport = httpx.ASGITransport(app=slow)
        client = BrokerClient(URL, clock=clock, entropy=entropy, transport=transport)
        assert isinstance(await client.health(), kind)

    run(told)


def test_server_that_drips_is_cut_off() -> None:
    """One byte a second never trips a client's read time-out; ours it does."""

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        class Drip(httpx.AsyncByteStream):
            async def __aiter__(self) -> Any:
                while True:
                    await asyncio.sleep(1)
                    yield b"x"

        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drip()))
        client = BrokerClient(URL, clock=clock, entropy=entropy, transport=transport)
        assert isinstance(await client.health(), Silent)

    run(told)


def test_answer_without_end_is_cut_off() -> None:
    """A bounded buffer: more than a catalogue can have is no answer."""

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        class Flood(httpx.AsyncByteStream):
            async def __aiter__(self) -> Any:
                for _ in range(ANSWER_BYTES_MAX // 2**20 + 1):
                    yield bytes(2**20)

        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Flood()))
        client = BrokerClient(URL, clock=clock, entropy=entropy, transport=transport)
        answer = await client.health()
        assert isinstance(answer, Silent) and "more than" in answer.reason

    run(told)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>Welcome to our cafe</html>", Silent),
        (200, b"", Silent),
        (200, b"\xff\xfe", Silent),
        (200, b"[]", Silent),
        (302, b"", Silent),
        (404, b'{"error":"not_found","reason":"no"}', Refused),
        (404, b"nginx", Silent),
        (500, b'{"error":"oops","reason":"no"}', Silent),
        (502, b"", Silent),
        (429, b"", Busy),
        (503, b"anything", Busy),
    ],
)
async def test_only_the_brokers_own_words_are_believed(
    status: int, body: bytes, kind: type
) -> None:
    """A captive portal's 200 is silence, and so is a proxy's 502."""
    assert isinstance(await raw(status, body).health(), kind)
    assert isinstance(await raw(status, body).post_batch(b"x"), kind)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("999999", RETRY_AFTER_SECONDS_MAX),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Wed, 31 Dec 2025 00:00:30 GMT", 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("9" * 400, 0.0),
        ("٧", 0.0),
    ],
)
async def test_retry_after_in_both_its_forms(header: str, seconds: float) -> None:
    """RFC 9110 10.2.3: seconds or a date; nonsense is no time; an hour at most."""
    answer = await raw(503, headers={"retry-after": header.encode()}).health()  # type: ignore[dict-item]
    assert answer == Busy(retry_after_seconds=seconds)


async def test_till_that_joined_nothing_says_so() -> None:
    """No identity, no session: nothing is sent."""
    client = raw(200, b"{}")
    assert isinstance(await client.pay(PAYMENT), NotReached)
    assert isinstance(
        await client.refund(RefundRequest(key=KEY, payment=KEY, amount=1, reason="x", actor="1")),
        NotReached,
    )
    assert isinstance(await client.document("policy"), NotReached)


def test_stranger_in_the_middle_opens_no_session(tmp_path: Path) -> None:
    """An answer that another key signed is silence, and no request is made under it."""

    async def story(till: JoinedTill) -> None:
        stranger = SmallBroker(clock=till.clock, entropy=till.entropy.fork("stranger"))
        till.broker.key = stranger.key
        answer = await till.client.pay(PAYMENT)
        assert isinstance(answer, NotReached) and "not our broker" in answer.reason
        assert "/v1/payments" not in till.wire.tries

    play(tmp_path, story)


def test_document_comes_once_and_is_unchanged_after(tmp_path: Path) -> None:
    """By version; the bytes verify under the broker's key."""

    async def story(till: JoinedTill) -> None:
        till.broker.publish("policy", 3, Policy(vat_percent=7))
        data = await till.client.document("policy")
        assert isinstance(data, bytes)
        assert open_document(data, till.broker.key.public_key()).version == 3
        assert await till.client.document("policy", 3) == Unchanged()
        assert isinstance(await till.client.document("policy", 2), bytes)
        assert isinstance(await till.client.document("../hotlist"), Refused)

    play(tmp_path, story)


@pytest.mark.parametrize("url", ["", "broker", "ftp://x", "http://", "http://[", "https://x:port"])
def test_wrong_address_is_told_at_once(url: str) -> None:
    """A configuration's mistake is a clear error, not a silent broker."""
    with pytest.raises(ValueError, match="no address of a broker"):
        BrokerLink(url)


async def test_port_that_nobody_listens_on_is_not_reached(unused_tcp_port: int) -> None:
    """Over a real socket: refused at once."""
    client = BrokerClient(
        f"http://127.0.0.1:{unused_tcp_port}", clock=VirtualClock(), entropy=SeededEntropy(1)
    )
    assert isinstance(await client.health(), NotReached)
    await client.close()


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A till's money does not go where a variable says."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = BrokerClient(
        f"http://127.0.0.1:{port}", clock=VirtualClock(), entropy=SeededEntropy(1)
    )
    assert isinstance(await client.health(), Reached)
    assert heard[0].startswith(b"GET /v1/health HTTP/1.1") and f":{port}".encode() in heard[0]
    await client.close()
    server.close()
    await server.wait_closed()
