"""The broker's interface in process: real store, real rules, ASGI instead of a socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ips.bookkeeping import PREFETCH_FROM
from ips.broker import Broker, Threads
from ips.config import Config
from ips.documents import read_body
from ips.front.app import build_app
from ips.host import NoFaults
from ips.office import (
    CodeMade,
    DocumentPublish,
    ModuleChange,
    NotDone,
    Published,
    RefundAsked,
    RefundDecided,
    RefundNow,
    TerminalAdd,
    TerminalChange,
    perform,
)
from ips.purse.desk import CardCommand, ClaimOrder, PurseIssuer
from ips.rules import load_rules
from ips.sessions import Gate
from ips.store.audit import audit_chains, audit_ledger, audit_seals, audit_signatures
from ips.store.inquiries import inquire
from protocols.batch import BYTES_MAX, CONTENT_TYPE
from protocols.broker import PaymentRequest, PurseCommands
from protocols.documents import open_document, policy_of
from protocols.enrolment import EnrolmentAnswer
from protocols.session import SKEW_SECONDS_MAX, SessionAnswer, sign_request
from tests.support.broker_terminal import SeededEntropy, SetClock, Terminal

AUTHORITY = "broker.test"


class Shop:
    """A broker, a client, and a terminal that talks to it."""

    def __init__(self, broker: Broker, clock: SetClock, client: httpx.AsyncClient) -> None:
        self.broker = broker
        self.clock = clock
        self.client = client
        self.key = b""
        self.key_id = ""
        self.nonces = 0

    async def code(self, terminal: str = "01") -> str:
        made = await perform(self.broker, TerminalAdd(terminal=terminal, actor="park"))
        assert isinstance(made, CodeMade)
        return made.code

    async def enrol(self, terminal: Terminal, code: str = "") -> httpx.Response:
        request, key = terminal.enrolment(code or await self.code(terminal.name))
        reply = await self.client.post("/v1/enrolments", content=msgspec.json.encode(request))
        if reply.status_code == 200:
            answer = msgspec.json.decode(reply.content, type=EnrolmentAnswer)
            terminal.enrolled(answer, request, key)
        return reply

    async def session(self, terminal: Terminal, *, skew: int = 0) -> httpx.Response:
        request, mine = terminal.session_request(self.clock.ns // 1_000_000_000 + skew)
        reply = await self.client.post("/v1/sessions", content=msgspec.json.encode(request))
        if reply.status_code == 200:
            answer = msgspec.json.decode(reply.content, type=SessionAnswer)
            self.key, self.key_id = terminal.mac_key(answer, mine), answer.key_id
        return reply

    def headers(self, method: str, path: str, body: bytes = b"", **more: object) -> dict[str, str]:
        self.nonces += 1
        fields = {
            "method": method,
            "path": path,
            "authority": AUTHORITY,
            "body": body,
            "key": self.key,
            "key_id": self.key_id,
            "created": self.clock.ns // 1_000_000_000,
            "nonce": f"nonce-{self.nonces:06d}",
        }
        return sign_request(**(fields | more))

    async def get(self, path: str, /, **more: object) -> httpx.Response:
        bare, _, query = path.partition("?")
        fields = {"method": "GET", "path": bare, "query": query, "body": b""}
        signed = self.headers(**(fields | more))
        return await self.client.get(path, headers=signed)

    async def batch(self, body: bytes) -> httpx.Response:
        return await self.client.post(
            "/v1/batches", content=body, headers={"content-type": CONTENT_TYPE}
        )


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    clock = SetClock()
    broker = Broker.open(
        Config(folder=str(tmp_path / "b")),
        holder="test",
        clock=clock,
        entropy=SeededEntropy(),
        points=NoFaults(),
        threads=Threads.INLINE,
        rules=load_rules(),
    )
    transport = httpx.ASGITransport(app=build_app(broker))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{AUTHORITY}") as client:
        yield Shop(broker, clock, client)
    for audit in (audit_chains, audit_ledger, audit_seals, audit_signatures):
        assert audit(broker.reader).findings == []
    broker.close()


async def test_a_terminal_enrols_sells_and_is_settled(shop: Shop) -> None:
    """T1, I14: from the code to `inquire settled` through every layer of the broker."""
    terminal = Terminal()
    assert (await shop.enrol(terminal)).status_code == 200
    terminal.open_shift()
    key = terminal.sell(1, 11_000)

    reply = await shop.batch(terminal.batch(1))

    assert reply.status_code == 200, reply.text
    assert reply.json()["questions"] == []
    page = inquire(shop.broker.reader, "settled")
    assert [(row.key, row.amount, row.module) for row in page.rows] == [(key, 11_000, "cash")]
    assert page.totals == {"KRW": 11_000}
    till = shop.broker.reader.account("till/main/t01", "KRW") or shop.broker.reader.account(
        "till/main/01", "KRW"
    )
    assert till is not None and till.debits_posted - till.credits_posted == 111_000


async def test_the_broker_proves_itself_and_the_certificate_names_the_store(shop: Shop) -> None:
    """The terminal checks the broker's proof before it believes the certificate."""
    terminal = Terminal()
    await shop.enrol(terminal)

    assert terminal.certificate is not None
    assert terminal.certificate.store == "main"
    assert terminal.certificate.epoch == 1
    assert terminal.certificate.broker == shop.broker.identity.public_key().public_bytes_raw()


async def test_a_code_is_good_once(shop: Shop) -> None:
    """A used code opens nothing."""
    code = await shop.code()
    await shop.enrol(Terminal(), code)

    again = await shop.enrol(Terminal(entropy=SeededEntropy("another")), code)

    assert again.status_code == 403
    assert again.json()["error"] == "no_code"


async def test_a_code_is_good_for_ten_minutes_and_not_a_moment_longer(shop: Shop) -> None:
    """The deadline exactly, and just after."""
    code, other = await shop.code("01"), await shop.code("02")
    shop.clock.move(600)
    assert (await shop.enrol(Terminal("01"), code)).status_code == 200
    shop.clock.ns += 1

    late = await shop.enrol(Terminal("02"), other)

    assert late.json()["error"] == "code_expired"


async def test_five_wrong_tries_close_a_code(shop: Shop) -> None:
    """The tries are counted durably; the sixth is refused even with the right code."""
    code = await shop.code()
    wrong = "01-0000-0000"
    codes = [(await shop.enrol(Terminal(), wrong)).json()["error"] for _ in range(6)]

    assert codes == ["code_wrong"] * 5 + ["code_used_up"]
    assert (await shop.enrol(Terminal(), code)).json()["error"] == "code_used_up"
    assert (await shop.enrol(Terminal())).status_code == 200, "a new code opens again"


async def test_a_lost_enrolment_answer_is_given_again(shop: Shop) -> None:
    """The same request within the code's ten minutes gets the same bytes: the till joins after all."""
    terminal = Terminal()
    request, key = terminal.enrolment(await shop.code())
    body = msgspec.json.encode(request)
    lost = await shop.client.post("/v1/enrolments", content=body)
    shop.clock.move(600)

    again = await shop.client.post("/v1/enrolments", content=body)

    assert again.status_code == 200 and again.content == lost.content
    answer = msgspec.json.decode(again.content, type=EnrolmentAnswer)
    terminal.enrolled(answer, request, key)
    assert terminal.certificate is not None and terminal.certificate.epoch == 1
    assert (await shop.session(terminal)).status_code == 200


@pytest.mark.parametrize("changed", ["identity", "nonce", "proof"])
async def test_only_the_same_request_is_answered_again(shop: Shop, changed: str) -> None:
    """A used code is used: whoever overheard it gets nothing, and costs the terminal nothing."""
    terminal, stranger = Terminal(), Terminal(entropy=SeededEntropy("stranger"))
    code = await shop.code()
    request, _ = terminal.enrolment(code)
    first = await shop.client.post("/v1/enrolments", content=msgspec.json.encode(request))
    other, _ = stranger.enrolment(code)
    mixed = msgspec.structs.replace(request, **{changed: getattr(other, changed)})

    for asked in (mixed, other):
        refused = await shop.client.post("/v1/enrolments", content=msgspec.json.encode(asked))
        assert (refused.status_code, refused.json()["error"]) == (403, "no_code")

    again = await shop.client.post("/v1/enrolments", content=msgspec.json.encode(request))
    assert again.content == first.content


async def test_an_answer_is_not_given_again_when_its_time_is_over(shop: Shop) -> None:
    """After ten minutes, after a new code, and to a suspended terminal: the code is used."""
    for number, over in enumerate(("time", "new code", "suspended"), start=1):
        terminal = Terminal(f"0{number}")
        request, _ = terminal.enrolment(await shop.code(terminal.name))
        body = msgspec.json.encode(request)
        assert (await shop.client.post("/v1/enrolments", content=body)).status_code == 200
        match over:
            case "time":
                shop.clock.move(600.001)
            case "new code":
                await shop.code(terminal.name)
            case _:
                suspended = TerminalChange(
                    terminal=terminal.name, state="suspended", reason="lost", actor="park"
                )
                await perform(shop.broker, suspended)

        refused = await shop.client.post("/v1/enrolments", content=body)

        expected = {"time": "code_expired", "new code": "code_wrong", "suspended": "no_code"}
        assert (refused.status_code, refused.json()["error"]) == (403, expected[over])


@pytest.mark.parametrize(
    "body",
    [b"\x81\xa7tenders\x01", b"\x81\xa7tenders\x91\x81\xa7attempt\xa1\xff"],
    ids=["shape", "text"],
)
async def test_sales_that_cannot_be_read_are_kept_and_questioned(shop: Shop, body: bytes) -> None:
    """A signed record with bytes inside that are no fact: accepted, asked about, and nobody is hurt."""
    terminal = Terminal()
    await shop.enrol(terminal)
    for _ in range(PREFETCH_FROM):
        terminal.append_raw("sale.closed", body)

    reply = await shop.batch(terminal.batch(1))

    assert reply.status_code == 200, reply.text
    assert len(reply.json()["questions"]) == PREFETCH_FROM


async def test_enrolling_again_is_a_new_life(shop: Shop) -> None:
    """The epoch grows, the old session and the old chain are over."""
    old = Terminal()
    await shop.enrol(old)
    await shop.session(old)
    old.note(1)
    new = Terminal(entropy=SeededEntropy("new"))
    await shop.enrol(new)

    assert new.epoch == 2
    assert (await shop.batch(old.batch(1))).status_code == 410
    assert (await shop.get("/v1/documents/policy")).json()["error"] == "no_session"


async def test_a_document_is_pulled_once(shop: Shop, tmp_path: Path) -> None:
    """Publish, pull, verify, and 304 afterwards; equal content makes no new version."""
    file = tmp_path / "policy.toml"
    file.write_text('tenders = ["cash"]\nreceipt_footer_ko = "감사합니다"\n')
    deed = DocumentPublish(name="policy", body=read_body("policy", file), actor="park")
    first = await perform(shop.broker, deed)
    again = await perform(shop.broker, deed)
    terminal = Terminal()
    await shop.enrol(terminal)
    await shop.session(terminal)

    reply = await shop.get("/v1/documents/policy")

    assert first == again == Published(name="policy", version=1)
    assert terminal.certificate is not None
    document = open_document(
        reply.content, Ed25519PublicKey.from_public_bytes(terminal.certificate.broker)
    )
    assert policy_of(document).receipt_footer_ko == "감사합니다"
    signed = shop.headers("GET", "/v1/documents/policy")
    unchanged = await shop.client.get(
        "/v1/documents/policy", headers=signed | {"if-none-match": reply.headers["etag"]}
    )
    assert unchanged.status_code == 304
    terminal.note(1)
    assert (await shop.batch(terminal.batch(1))).json()["documents"] == {"policy": "1"}


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"nonce": "nonce-used"}, 401, "nonce"),
        ({"key": bytes(32)}, 401, "mac"),
        ({"path": "/v1/documents/other"}, 401, "mac"),
        ({"method": "POST"}, 401, "mac"),
        ({"authority": "elsewhere"}, 401, "mac"),
        ({"body": b"something"}, 401, "mac"),
        ({"key_id": "nobody"}, 401, "no_session"),
    ],
)
async def test_a_request_that_is_not_signed_right_is_refused(
    shop: Shop, change: dict[str, object], status: int, error: str
) -> None:
    """Every covered component counts, the digest is checked, a nonce is taken once."""
    terminal = Terminal()
    await shop.enrol(terminal)
    await shop.session(terminal)
    await shop.get("/v1/documents/policy", nonce="nonce-used")

    reply = await shop.get("/v1/documents/policy", **change)

    assert (reply.status_code, reply.json()["error"]) == (status, error)


@pytest.mark.parametrize(("skew", "status"), [(60, 404), (-60, 404), (61, 401), (-61, 401)])
async def test_the_age_of_a_request_is_bounded(shop: Shop, skew: int, status: int) -> None:
    """A minute either way, exactly."""
    terminal = Terminal()
    await shop.enrol(terminal)
    await shop.session(terminal)

    reply = await shop.get("/v1/documents/policy", created=shop.clock.ns // 10**9 + skew)

    assert reply.status_code == status


async def test_a_nonce_can_come_again_only_when_its_request_is_too_old(shop: Shop) -> None:
    """What was forgotten is refused by age."""
    terminal = Terminal()
    await shop.enrol(terminal)
    await shop.session(terminal)
    created = shop.clock.ns // 10**9 + SKEW_SECONDS_MAX
    await shop.get("/v1/documents/policy", nonce="nonce-once", created=created)
    errors = []
    for _ in range(5):
        shop.clock.move(30)
        reply = await shop.get("/v1/documents/policy", nonce="nonce-once", created=created)
        errors.append(reply.json()["error"])

    assert errors == ["nonce", "nonce", "nonce", "nonce", "mac"]


async def test_suspending_holds_from_the_next_request_on(shop: Shop) -> None:
    """Session, batch and new sessions are refused at once; resuming lets a new session in."""
    terminal = Terminal()
    await shop.enrol(terminal)
    await shop.session(terminal)
    terminal.note(1)
    change = {"terminal": "01", "reason": "left in the bus", "actor": "park"}
    await perform(shop.broker, TerminalChange(state="suspended", **change))

    refused = await shop.get("/v1/documents/policy")
    batch = await shop.batch(terminal.batch(1))
    session = await shop.session(terminal)

    assert (refused.status_code, refused.json()["error"]) == (403, "suspended")
    assert (batch.status_code, batch.json()["code"]) == (403, "suspended")
    assert (session.status_code, session.json()["error"]) == (403, "suspended")
    assert "left in the bus" in refused.json()["reason"]
    assert refused.json()["reason_ko"]
    await perform(shop.broker, TerminalChange(state="active", **change))
    assert (await shop.get("/v1/documents/policy")).status_code == 404
    assert (await shop.batch(terminal.batch(1))).status_code == 200


@pytest.mark.parametrize("skew", [61, -61])
async def test_a_session_needs_a_clock_within_a_minute(shop: Shop, skew: int) -> None:
    """The answer says what is wrong and what to do."""
    terminal = Terminal()
    await shop.enrol(terminal)

    reply = await shop.session(terminal, skew=skew)

    assert (reply.status_code, reply.json()["error"]) == (401, "clock")
    assert reply.json()["hint"]


async def test_a_session_ends_after_a_day(shop: Shop) -> None:
    """The lifetime exactly, and just after."""
    terminal = Terminal()
    await shop.enrol(terminal)
    await shop.session(terminal)
    shop.clock.move(24 * 3600)
    assert (await shop.get("/v1/documents/policy")).status_code == 404
    shop.clock.ns += 1

    assert (await shop.get("/v1/documents/policy")).json()["error"] == "no_session"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/enrolments", b"{", 400),
        ("POST", "/v1/enrolments", b'{"terminal": 5}', 400),
        ("POST", "/v1/sessions", b"[" * 60_000, 400),
        ("POST", "/v1/sessions", b"x" * 70_000, 413),
        ("GET", "/v1/nothing", b"", 404),
        ("PUT", "/v1/batches", b"", 405),
        ("POST", "/v1/batches", b"", 415),
        ("GET", "/v1/documents/policy", b"", 401),
    ],
)
async def test_every_refusal_is_a_problem(
    shop: Shop, method: str, path: str, body: bytes, status: int
) -> None:
    """Garbage never becomes a traceback; each answer names code and reason."""
    reply = await shop.client.request(method, path, content=body)

    assert reply.status_code == status
    assert reply.json()["error"] and reply.json()["reason"]


async def test_a_batch_over_the_limit_is_refused(shop: Shop) -> None:
    """One byte over is too large by the batch's own word; far over it is not even read."""
    near = await shop.batch(b"x" * (BYTES_MAX + 1))
    far = await shop.batch(b"x" * (3 * BYTES_MAX))

    assert (near.status_code, near.json()["code"]) == (413, "too_large")
    assert far.status_code == 413


async def post(shop: Shop, path: str, body: msgspec.Struct, **more: object) -> httpx.Response:
    data = msgspec.json.encode(body)
    signed = shop.headers("POST", path, data, **more)
    return await shop.client.post(path, content=data, headers=signed)


def ask_payment(key: str = "main-01-20260417-0001-a", **more: object) -> PaymentRequest:
    fields = {"key": key, "module": "cash", "amount": 5_000, "store": "main", "terminal": "01"}
    return PaymentRequest(**(fields | more))


async def at_the_desk(shop: Shop) -> Terminal:
    terminal = Terminal()
    await shop.enrol(terminal)
    await shop.session(terminal)
    return terminal


async def test_a_payment_is_asked_once_and_refunded_within_what_was_paid(shop: Shop) -> None:
    """I3, I12: pay, ask again, look, refund a part, and never more than is left."""
    await at_the_desk(shop)

    paid = await post(shop, "/v1/payments", ask_payment())
    again = await post(shop, "/v1/payments", ask_payment())
    looked = await shop.get(f"/v1/payments/{ask_payment().key}")
    other = await post(shop, "/v1/payments", ask_payment(amount=6_000))

    assert paid.status_code == 200, paid.text
    assert paid.json()["outcome"] == "approved"
    assert again.json() == looked.json() == paid.json()
    assert (other.status_code, other.json()["error"]) == (409, "key-reused")
    assert shop.broker.reader.payment_event_count(ask_payment().key) >= 2


async def test_a_captured_request_is_refused_even_after_a_restart(shop: Shop) -> None:
    """The nonce of what moved money is stored with it; another gate knows it."""
    await at_the_desk(shop)
    data = msgspec.json.encode(ask_payment())
    signed = shop.headers("POST", "/v1/payments", data)
    first = await shop.client.post("/v1/payments", content=data, headers=signed)
    shop.broker.gate = Gate(shop.broker.reader, shop.broker.vault, shop.clock)

    again = await shop.client.post("/v1/payments", content=data, headers=signed)

    assert first.status_code == 200
    assert (again.status_code, again.json()["error"]) == (401, "nonce")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"terminal": "02"}, 403, "other_terminal"),
        ({"store": "other"}, 403, "other_terminal"),
        ({"module": "chaos"}, 409, "inactive-module"),
        ({"module": "none"}, 409, "inactive-module"),
        ({"amount": -5}, 400, "amount"),
        ({"currency": "XXX"}, 400, "currency"),
        ({"fields": {"pan": "1"}}, 400, "field"),
    ],
)
async def test_a_payment_that_cannot_be_asked_is_a_problem(
    shop: Shop, change: dict[str, object], status: int, error: str
) -> None:
    """Nothing is written before the request is fit."""
    await at_the_desk(shop)

    reply = await post(shop, "/v1/payments", ask_payment(**change))

    assert (reply.status_code, reply.json()["error"]) == (status, error)
    assert shop.broker.reader.counters().event == 0


async def test_a_module_works_only_while_it_is_active(shop: Shop) -> None:
    """I19: found modules do nothing until they are activated, and again after."""
    await at_the_desk(shop)
    await perform(shop.broker, ModuleChange(module="chaos", verb="activate", actor="park"))
    during = await post(shop, "/v1/payments", ask_payment(module="chaos"))
    await perform(shop.broker, ModuleChange(module="chaos", verb="deactivate", actor="park"))

    after = await post(shop, "/v1/payments", ask_payment("k2", module="chaos"))

    assert during.status_code == 200, during.text
    assert after.json()["error"] == "inactive-module"


async def test_a_cash_sale_is_refunded_by_two_people(shop: Shop) -> None:
    """I10, I17: requested by one, approved by another, paid, and in the inquiries."""
    terminal = await at_the_desk(shop)
    terminal.open_shift()
    key = terminal.sell(1, 200_000)
    await shop.batch(terminal.batch(1))
    ask = RefundAsked(key="r1", payment=key, amount=150_000, reason="damaged", actor="kim")

    asked = await perform(shop.broker, ask)
    waiting = (await shop.get("/v1/inquiries/refund-requests")).json()
    same = await perform(
        shop.broker, RefundDecided(key="r1", verb="approve", why="seen", actor="kim")
    )
    done = await perform(
        shop.broker, RefundDecided(key="r1", verb="approve", why="seen", actor="lee")
    )
    more = await perform(
        shop.broker,
        RefundAsked(key="r2", payment=key, amount=60_000, reason="damaged", actor="kim"),
    )

    assert isinstance(asked, RefundNow) and asked.state == "requested"
    assert waiting["totals"] == {"KRW": 150_000}
    assert isinstance(same, NotDone) and same.code == "same-person"
    assert isinstance(done, RefundNow) and done.state == "paid"
    assert isinstance(more, NotDone) and more.code == "refundable"
    refunded = (await shop.get("/v1/inquiries/refunded")).json()
    settled = (await shop.get("/v1/inquiries/settled")).json()
    assert refunded["totals"] == {"KRW": 150_000}
    assert settled["totals"] == {"KRW": 50_000}


async def test_an_inquiry_comes_in_pages_of_the_terminals_own_store(shop: Shop) -> None:
    """I14: every row once over all pages; count and totals are of all."""
    terminal = await at_the_desk(shop)
    terminal.open_shift()
    keys = [terminal.sell(number, 1_000 * number) for number in range(1, 8)]
    await shop.batch(terminal.batch(1))
    found: list[str] = []
    after = ""
    while True:
        page = (await shop.get(f"/v1/inquiries/settled?limit=3&after={after}")).json()
        assert (page["count"], page["totals"]) == (7, {"KRW": 28_000})
        found += [row["key"] for row in page["rows"]]
        after = page["after"]
        if not after:
            break

    assert sorted(found) == sorted(keys)
    assert (await shop.get("/v1/inquiries/settled?after=x")).status_code == 400
    assert (await shop.get("/v1/inquiries/settled?after=x", query="")).status_code == 401
    assert (await shop.get("/v1/inquiries/settled?after=x", query="after=y")).status_code == 401
    assert (await shop.get("/v1/inquiries/profit")).status_code == 404


async def test_the_interface_describes_itself(shop: Shop) -> None:
    """W10: every route stands in the OpenAPI document, and every reference leads somewhere."""
    document = (await shop.client.get("/openapi.json")).json()
    text = msgspec.json.encode(document).decode()
    schemas = document["components"]["schemas"]

    assert document["openapi"].startswith("3.1")
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(schemas)
    served = {route.path for route in build_app(shop.broker).routes if route.path.startswith("/v1")}
    assert served <= set(document["paths"])


async def test_commands_for_a_purse_are_told_to_terminals_only(shop: Shop) -> None:
    """Under a session's MAC, by name; a name that is none is said so, an unknown one has nothing."""
    terminal, name = Terminal(), b"kim.....".hex()
    await shop.enrol(terminal)
    await perform(shop.broker, PurseIssuer(actor="park"))
    ordered = await perform(shop.broker, ClaimOrder(name=name, actor="park"))
    assert isinstance(ordered, CardCommand)
    path = f"/v1/purses/{name}/commands"
    assert (await shop.client.get(path)).status_code == 401
    await shop.session(terminal)

    reply = await shop.get(path)

    told = msgspec.json.decode(reply.content, type=PurseCommands)
    assert told.name == name
    [command] = told.commands
    assert (command.id, command.what) == (1, "claim")
    assert (command.apdu.hex(), command.nonce.hex()) == (ordered.apdu, ordered.nonce)
    assert (await shop.get("/v1/purses/kim/commands")).json()["error"] == "not_found"
    nobody = await shop.get(f"/v1/purses/{bytes(8).hex()}/commands")
    assert nobody.json()["commands"] == []
    assert (await shop.client.get("/v1/health")).json()["documents"] == {"purse-commands": "1"}


async def test_health_and_metrics_are_open(shop: Shop) -> None:
    """No MAC is needed to ask whether anybody is there."""
    health = (await shop.client.get("/v1/health")).json()
    metrics = (await shop.client.get("/metrics")).text

    assert health["status"] == "ok"
    assert health["server_time_ns"] == shop.clock.ns
    assert "ips_records_total 0" in metrics


async def test_unknown_stores_and_terminals_are_named(shop: Shop) -> None:
    """The operator is told what there is."""
    wrong_store = await perform(shop.broker, TerminalAdd(terminal="01", store="x", actor="p"))
    wrong_id = await perform(shop.broker, TerminalAdd(terminal="a-b", actor="p"))
    nobody = await perform(
        shop.broker, TerminalChange(terminal="77", state="suspended", reason="", actor="p")
    )

    assert isinstance(wrong_store, NotDone) and "main" in wrong_store.reason
    assert isinstance(wrong_id, NotDone) and wrong_id.code == "malformed"
    assert isinstance(nobody, NotDone) and "list" in nobody.reason
